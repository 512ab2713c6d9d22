"""Mending what was found: each file in one step, its mode and its line ends kept."""

import difflib
import os
import stat
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from polyarch.ci.fix_compose import unpinned
from polyarch.ci.lint_compose import lint_compose
from polyarch.content.files import write_bytes
from polyarch.dockerfile.fix.fix import fix_file
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.lint import findings_in
from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.tree import Dockerfile
from polyarch.errors import PolyarchError, StorageError
from polyarch.findings import Severity
from polyarch.pipeline.lint import judged
from polyarch.pipeline.lint_files import Kind, LintFile
from polyarch.pipeline.lint_job import Job
from polyarch.pipeline.lint_request import LintRequest
from polyarch.pipeline.lint_result import LintedFile, LintResult, Mended

_MOST_TRIED = 200
"""Fixes of one file that are tried only to tell what they come to: it takes milliseconds each."""

_LEFT = "the file would not be valid without the line"
_HARMFUL = "another image that is built of this file would get worse"


def mended(result: LintResult, *, allow: FixClass, write: bool) -> LintResult:
    """Mend every Dockerfile as far as `allow` goes.

    With `write` the files are changed, and what is left in them is found; without, findings stay as
    they are and only the texts that would be are told.
    """
    files = tuple(_mended(file, result.request, allow=allow, write=write) for file in result.files)
    return replace(result, files=files)


def tried(result: LintResult) -> LintResult:
    """The same findings, and of those with a fix which would stay, so that none is promised."""
    return replace(result, files=tuple(_tried(file, result.request) for file in result.files))


def _tried(file: LintedFile, request: LintRequest) -> LintedFile:
    count = sum(found.fix is not FixClass.NONE for found in file.findings)
    if file.error or file.never or file.kind is not Kind.DOCKERFILE or not 0 < count <= _MOST_TRIED:
        return file
    made = _made(file, request, FixClass.REVIEW)
    return replace(file, hindered=_reasons(made))


def _reasons(made: Mended) -> Mapping[tuple[str, int], str]:
    return {(each.rule, each.line): why for each, why in made.refused}


def diff_of(file: LintedFile) -> str:
    """What mending changes, as `patch` takes it; empty where it changes nothing."""
    if file.mended is None:
        return ""
    name = file.path.lstrip("/")
    lines = difflib.unified_diff(
        _lines(file.mended.before),
        _lines(file.mended.after),
        f"a/{name}",
        f"b/{name}",
    )
    return "".join(
        line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n" for line in lines
    )


def _lines(text: str) -> list[str]:
    """Lines as `patch` counts them: a form feed or a lone CR ends none."""
    lines = [f"{line}\n" for line in text.split("\n")]
    last = lines.pop().removesuffix("\n")
    return [*lines, last] if last else lines


def _mended(file: LintedFile, request: LintRequest, *, allow: FixClass, write: bool) -> LintedFile:
    if file.error or not file.findings:
        return file
    if file.kind is Kind.DOCKERFILE:
        made = _made(file, request, allow)
    elif file.kind is Kind.COMPOSE and allow is FixClass.REVIEW:
        made = _compose(file)
    else:
        return file
    if made.after == made.before or not write:
        return replace(file, mended=made, hindered=_reasons(made))
    try:
        _write(file, made)
    except PolyarchError as error:
        return replace(file, unwritten=error)
    raw = made.after.encode("utf-8", "surrogateescape")
    again = LintFile(path=file.place, shown=file.path, kind=file.kind, raw=raw)
    left = judged(again, file.jobs, request, images=file.images)
    return replace(left, mended=made)


def _compose(file: LintedFile) -> Mended:
    """A compose file; what could not be read any more, or is worse, is not done."""
    text = file.lines.text
    after, applied = unpinned(text, file.findings)
    try:
        raw = after.encode("utf-8", "surrogateescape")
        left = [*lint_compose(raw, file.path, file.jobs[0].platforms)]
    except PolyarchError:
        left = list(file.findings)
    if Counter(_bad(left)) < Counter(_bad(file.findings)):
        return Mended(before=text, after=after, applied=applied, refused=(), outputs=())
    refused = tuple((found, _LEFT) for found in applied)
    return Mended(before=text, after=text, applied=(), refused=refused, outputs=())


def _made(file: LintedFile, request: LintRequest, allow: FixClass) -> Mended:
    """One file, in every way in which it is built one after the other."""
    before = file.lines.text
    tree = parse(before, path=file.path)
    applied: list[LintFinding] = []
    refused: dict[LintFinding, str] = {}
    outputs: dict[str, None] = {}
    for job in file.jobs:
        view = job.view(tree)
        done = fix_file(tree, findings_in(view), view, allow=allow, takes=request.selection.takes)
        new = parse(done.text, path=file.path)
        if done.text != tree.text and _harms(tree, new, [x for x in file.jobs if x is not job]):
            refused |= dict.fromkeys(done.applied, _HARMFUL)
            continue
        tree = new
        applied += done.applied
        refused |= dict(done.refused)
        outputs |= dict.fromkeys(done.outputs_to_check)
    return Mended(
        before=before,
        after=tree.text,
        applied=tuple(applied),
        refused=tuple(refused.items()),
        outputs=tuple(outputs),
    )


def _harms(before: Dockerfile, after: Dockerfile, jobs: Sequence[Job]) -> bool:
    """Whether what mends one way of building a file brings something bad to another one."""
    for job in jobs:
        was, now = (Counter(_bad(job.findings(each))) for each in (before, after))
        if now - was:
            return True
    return False


def _bad(found: Sequence[LintFinding]) -> Iterator[str]:
    return (each.rule for each in found if each.severity.reaches(Severity.WARNING))


def _write(file: LintedFile, made: Mended) -> None:
    """Put the new text into the place of the old one; a link to the file stays one.

    Raises:
        StorageError: the file may not be written, or is another one by now.
    """
    try:
        path = file.place.resolve(strict=True)
        mode = stat.S_IMODE(path.stat().st_mode)
        now = path.read_bytes()
    except OSError as error:
        raise StorageError(file.path, error.strerror or str(error)) from error
    if not (mode & 0o222 and os.access(path, os.W_OK)):
        raise StorageError(file.path, "the file is not writable")
    if now != made.before.encode("utf-8", "surrogateescape"):
        raise StorageError(file.path, "somebody else has changed it in the meantime")
    write_bytes(path, made.after.encode("utf-8", "surrogateescape"), mode=mode)
