"""GITHUB_OUTPUT and GITHUB_ENV, read as the runner reads them.

Source: github.com/actions/runner, src/Runner.Worker/FileCommandManager.cs.
"""

from pathlib import Path


def runner_reads(path: Path) -> dict[str, str]:
    """The values by name; a file that the runner would refuse is an `AssertionError`."""
    rest = path.read_bytes().decode("utf-8", "replace")
    found: dict[str, str] = {}
    while rest:
        line, _, rest = rest.partition("\n")
        if not line:
            continue
        equals, heredoc = line.find("="), line.find("<<")
        if equals >= 0 and (heredoc < 0 or equals < heredoc):
            name, _, found[name] = line.partition("=")
            continue
        assert heredoc >= 0, f"the runner refuses {line!r}"
        name, _, delimiter = line.partition("<<")
        assert name, "a name is missing"
        assert delimiter, "a delimiter is missing"
        lines: list[str] = []
        while True:
            assert rest, f"{name!r} has no end"
            line, _, rest = rest.partition("\n")
            if line == delimiter:
                break
            lines.append(line)
        assert name not in found, f"{name!r} is there twice"
        found[name] = "\n".join(lines)
    return found
