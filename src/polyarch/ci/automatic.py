"""Build arguments that take the place of what the builder itself knows of a platform.

Source: BuildKit, frontend/dockerfile/dockerfile2llb/platform.go (`defaultArgs`): a build argument
of the same name comes first.
"""

from collections.abc import Iterator, Sequence

from polyarch.ci.yaml import Tree
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.textlines import Lines
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

RULE = "PA304"
"""What the same slip is called in a Dockerfile."""

NAMES = frozenset({"TARGETPLATFORM", "TARGETARCH", "TARGETVARIANT", "BUILDPLATFORM", "BUILDARCH"})


def overridden(
    arguments: Tree, lines: Lines, platforms: Sequence[Platform]
) -> Iterator[LintFinding]:
    """Findings in the build arguments of a file: a table, or a list of `NAME=value`."""
    if arguments.table is not None:
        told = [(name, tree.text, tree.line) for name, tree in arguments.table.items()]
    else:
        texts = [(item.text or "", item.line) for item in arguments.items or ()]
        told = [(*_pair(text), line) for text, line in texts]
    for name, value, line in told:
        if name in NAMES and value:
            yield override(name, value, line, lines, platforms)


def override(
    name: str, value: str, line: int, lines: Lines, platforms: Sequence[Platform]
) -> LintFinding:
    """One argument with a value that holds for every platform."""
    return LintFinding(
        rule=RULE,
        severity=Severity.ERROR,
        line=line,
        span=lines.word_at(line, name),
        platforms=tuple(platforms),
        message=f"the build argument `{name}` takes the place of what the builder says: every"
        f" platform of the build gets `{value}`",
        hint=f"leave `{name}` out; the builder sets it for each platform",
        why_not="only Dockerfiles are edited",
    )


def _pair(text: str) -> tuple[str, str | None]:
    name, equals, value = text.partition("=")
    return name.strip(), value.strip() if equals else None
