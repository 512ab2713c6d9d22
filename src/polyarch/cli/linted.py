"""What a judgement of files comes to: what is asked, how it is shown, and its exit code."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from polyarch.cli.documents import error_object
from polyarch.cli.exit_codes import ExitCode, exit_code, worst
from polyarch.cli.invocation import Invocation
from polyarch.cli.lint_bases import Look
from polyarch.cli.places import platforms_of
from polyarch.cli.text import error_lines, one_line
from polyarch.errors import EmptyOptionError, PolyarchError, SeveralPlatformsError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polyarch.config.project import Project
    from polyarch.pipeline.lint_request import LintRequest
    from polyarch.pipeline.lint_result import LintResult


def request_of(
    *,
    platforms: tuple[str, ...],
    build_platform: str | None,
    target: str | None,
    rules: tuple[str, ...],
    ignored: tuple[str, ...],
    fail_on: str,
    severity: str,
) -> "LintRequest":
    """What the command line asks.

    Raises:
        UsageError: a rule that there is not.
        EmptyOptionError: an option that is empty.
        InvalidPlatformError: a platform that is none.
    """
    from polyarch.findings import Severity
    from polyarch.pipeline.lint_request import BUILD_PLATFORM, LintRequest, Selection
    from polyarch.pipeline.lint_rules import rules_named

    if target == "":
        raise EmptyOptionError("--target")
    builders = platforms_of((build_platform,), "--build-platform") if build_platform else ()
    if len(builders) > 1:
        raise SeveralPlatformsError("--build-platform", [str(each) for each in builders])
    return LintRequest(
        platforms=platforms_of(platforms),
        build_platform=builders[0] if builders else BUILD_PLATFORM,
        target=target,
        selection=Selection(
            only=rules_named(_words(rules, "--rule"), "--rule"),
            ignored=rules_named(_words(ignored, "--ignore"), "--ignore"),
        ),
        fail_on=Severity(fail_on),
        least=Severity(severity),
    )


@contextmanager
def linted(
    files: tuple[str, ...],
    request: "LintRequest",
    invocation: Invocation,
    *,
    stdin: tuple[bytes, str] | None,
    project: "Callable[[], Project | None]",
    online: bool,
    layouts: tuple[str, ...],
) -> "Iterator[LintResult]":
    """Judge the files that were named, else the project's, else those below the folder.

    Bases can be looked up as long as the block lasts. A project's config is read where it counts:
    for what is built of it, and for logins.
    """
    from polyarch.pipeline.lint import lint_files
    from polyarch.pipeline.lint_project import lint_project

    folder = invocation.surroundings.folder
    found = project() if online or not files else None
    look = Look(online=online, layouts=layouts, keeps=bool(found) and not files)
    with look.up(invocation, found) as lookup:
        if files or found is None:
            names = files or (".",)
            yield lint_files(names, request, folder=folder, stdin=stdin, lookup=lookup)
        else:
            yield lint_project(found, request, folder=folder, lookup=lookup)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manner:
    """How a result is printed: `form` is None where nobody says, `diff` shows changes instead."""

    form: str | None
    diff: bool
    take_stdout: bool


def shown(result: "LintResult", invocation: Invocation, manner: Manner) -> ExitCode:
    """Print what was found in the form that was asked for; gives the exit code."""

    def view() -> "RenderableType | str":
        from polyarch.cli.lint_view import LintView

        if manner.form == "github":
            return "\n".join(_annotations(result, invocation))
        return LintView(result, quiet=invocation.quiet)

    if manner.diff and manner.take_stdout and not invocation.as_json:
        _show_changes(result, invocation)
    elif manner.take_stdout:
        invocation.emit(result.to_json(error_object), view)
    if manner.form is None and invocation.surroundings.environment.get("GITHUB_ACTIONS") == "true":
        for line in _annotations(result, invocation):
            invocation.complain(line)
    _complain(result, invocation)
    return _code(result)


def _show_changes(result: "LintResult", invocation: Invocation) -> None:
    """The changes on stdout, byte by byte where it is no terminal; all else is said beside them."""
    from polyarch.cli.lint_view import changes_view, mended_lines, summary
    from polyarch.pipeline.lint_fix import diff_of

    text = "".join(map(diff_of, result.files))
    raw = getattr(sys.stdout, "buffer", None)
    if invocation.surroundings.stdout_is_terminal:
        invocation.emit({}, lambda: changes_view(text))
    elif raw is not None:
        sys.stdout.flush()
        raw.write(text.encode("utf-8", "surrogateescape"))
        raw.flush()
    else:
        print(text, end="")
    for line in (*mended_lines(result, would=True), *summary(result).split("\n")):
        invocation.hint(one_line(line))


def _annotations(result: "LintResult", invocation: Invocation) -> list[str]:
    from polyarch.cli.annotations import annotations

    surroundings = invocation.surroundings
    top = Path(surroundings.environment.get("GITHUB_WORKSPACE") or surroundings.folder)
    return list(annotations(result, surroundings.folder, top))


def _complain(result: "LintResult", invocation: Invocation) -> None:
    for file in result.files:
        if file.unwritten:
            invocation.complain(_told(file.unwritten))
        if file.error and file.error in result.errors:
            invocation.complain(_told(file.error))
        elif file.error:
            invocation.complain(one_line(f"warning: {file.path}: {file.error.message}"))


def _told(error: PolyarchError) -> str:
    return "\n".join(map(one_line, error_lines(error)))


def _code(result: "LintResult") -> ExitCode:
    codes = [exit_code(error) for error in result.errors]
    if result.failing:
        codes.append(ExitCode.FAILED)
    return worst(codes)


def _words(texts: tuple[str, ...], option: str) -> tuple[str, ...]:
    words = tuple(word.strip() for text in texts for word in text.split(",") if word.strip())
    if texts and not words:
        raise EmptyOptionError(option)
    return words
