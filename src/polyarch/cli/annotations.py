"""Findings as commands of GitHub Actions, which shows them at their lines.

Source: docs.github.com, "Workflow commands"; actions/toolkit, packages/core/src/command.ts, for
what is escaped.
"""

from collections.abc import Iterator
from pathlib import Path

from polyarch.cli.text import for_terminal
from polyarch.findings import Severity
from polyarch.pipeline.lint_result import LintedFile, LintResult
from polyarch.pipeline.lint_rules import rule_of

_COMMANDS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.PERF: "warning",
    Severity.INFO: "notice",
}


def annotations(result: LintResult, folder: Path, top: Path) -> Iterator[str]:
    """One line for each finding; paths are told from `top`, the root of the repository."""
    for file in result.files:
        for found in file.findings:
            if result.request.shows(found):
                begin, end = file.begin(found), file.end(found)
                hint = f"\n{found.hint}" if found.hint else ""
                properties = {
                    "file": _from(file, folder, top),
                    "line": str(begin.line),
                    "endLine": str(end.line),
                    "title": f"{found.rule} {rule_of(found.rule).name}",
                }
                if begin.line == end.line:
                    properties |= {"col": str(begin.column), "endColumn": str(end.column)}
                yield _line(_COMMANDS[found.severity], properties, f"{found.message}{hint}")
        if file.error:
            properties = {
                "file": _from(file, folder, top),
                "line": str(_line_of(file)),
            }
            command = "error" if file.is_named else "warning"
            yield _line(command, properties, file.error.message)


def _line_of(file: LintedFile) -> int:
    return int(getattr(file.error, "line", 1))


def _from(file: LintedFile, folder: Path, top: Path) -> str:
    path = Path(folder / file.path)
    return path.relative_to(top).as_posix() if path.is_relative_to(top) else file.path


def _line(command: str, properties: dict[str, str], message: str) -> str:
    told = ",".join(f"{key}={_property(value)}" for key, value in properties.items())
    return f"::{command} {told}::{_data(message)}"


def _data(text: str) -> str:
    text = for_terminal(text)
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
