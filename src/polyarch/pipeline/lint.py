"""`lint`: files that were named, by their text alone; else what the project builds, as it does."""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from polyarch.ci.lint_compose import lint_compose
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.lint import lint
from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.textlines import Lines
from polyarch.errors import PolyarchError
from polyarch.pipeline.lint_files import Kind, LintFile, named_files
from polyarch.pipeline.lint_request import PLATFORMS, LintRequest
from polyarch.pipeline.lint_result import LintedFile, LintResult


def lint_files(
    names: tuple[str, ...],
    request: LintRequest,
    *,
    folder: Path,
    stdin: tuple[bytes, str] | None = None,
) -> LintResult:
    """Judge files by their text alone; relative paths begin at `folder`.

    What cannot be read is told in the result.

    Raises:
        NothingToLintError: a folder that holds nothing to look at.
    """
    files = named_files(names, folder, stdin)
    return LintResult(files=tuple(judged(file, request) for file in files), request=request)


def judged(file: LintFile, request: LintRequest) -> LintedFile:
    """One file, without the rules that were not asked for."""
    text = file.raw.decode("utf-8", "surrogateescape")
    linted = LintedFile(
        path=file.shown, kind=file.kind, lines=Lines.of(text), is_named=file.is_named
    )
    if file.error:
        return replace(linted, error=file.error)
    try:
        found = _JUDGES[file.kind](file, text, request)
        return replace(linted, findings=selected(found, request))
    except PolyarchError as error:
        return replace(linted, error=error)


def selected(found: Iterable[LintFinding], request: LintRequest) -> tuple[LintFinding, ...]:
    """Findings of the rules that were asked for, by line and rule."""
    taken = (each for each in found if request.selection.takes(each.rule))
    return tuple(sorted(taken, key=lambda each: (each.line, each.rule)))


def _dockerfile(file: LintFile, text: str, request: LintRequest) -> Iterable[LintFinding]:
    return lint(
        parse(text, path=file.shown),
        platforms=request.platforms or PLATFORMS,
        build_platform=request.build_platform,
        target=request.target,
    )


def _compose(file: LintFile, _: str, request: LintRequest) -> Iterable[LintFinding]:
    return lint_compose(file.raw, file.shown, request.platforms or PLATFORMS)


_JUDGES: Mapping[Kind, Callable[[LintFile, str, LintRequest], Iterable[LintFinding]]] = {
    Kind.DOCKERFILE: _dockerfile,
    Kind.COMPOSE: _compose,
}
