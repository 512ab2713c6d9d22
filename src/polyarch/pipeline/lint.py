"""`lint` for files that were named: each is judged by its text alone."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from pathlib import Path

from polyarch.dockerfile.fix.never import why_never
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.lookup import BaseLookup
from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.textlines import Lines
from polyarch.errors import PolyarchError
from polyarch.pipeline.lint_builders import other_builder
from polyarch.pipeline.lint_ci import lint_pipeline
from polyarch.pipeline.lint_files import Kind, LintFile, named_files
from polyarch.pipeline.lint_job import Job, findings_of
from polyarch.pipeline.lint_request import PLATFORMS, LintRequest
from polyarch.pipeline.lint_result import LintedFile, LintResult


def lint_files(
    names: tuple[str, ...],
    request: LintRequest,
    *,
    folder: Path,
    stdin: tuple[bytes, str] | None = None,
    lookup: BaseLookup | None = None,
) -> LintResult:
    """Judge files by their text alone; relative paths begin at `folder`.

    Of a folder that is named it counts what else than BuildKit its CI builds with.

    What cannot be read is told in the result.

    Raises:
        NothingToLintError: a folder that holds nothing to look at.
    """
    job = Job(
        platforms=request.platforms or PLATFORMS,
        build_platform=request.build_platform,
        target=request.target,
        lookup=lookup,
    )
    tops = [folder / name for name in names if (folder / name).is_dir()]
    builders = {top: name for top in tops if (name := other_builder(top))}
    files = tuple(
        judged(file, (_built_by(builders, file, job),), request)
        for file in named_files(names, folder, stdin)
    )
    return LintResult(files=files, request=request)


def _built_by(builders: Mapping[Path, str], file: LintFile, job: Job) -> Job:
    """The job with what else builds what lies below a folder that was named."""
    for top, name in builders.items():
        if file.path.is_relative_to(top):
            return replace(job, given=replace(job.given, builder=name))
    return job


def judged(
    file: LintFile,
    jobs: tuple[Job, ...],
    request: LintRequest,
    *,
    images: tuple[str, ...] = (),
    root: Path | None = None,
) -> LintedFile:
    """One file, without the rules that were not asked for.

    `images` are those that it is for; `root` is where the files lie that it names, None where its
    text alone counts.
    """
    text = file.raw.decode("utf-8", "surrogateescape")
    linted = LintedFile(
        path=file.shown,
        place=file.path,
        kind=file.kind,
        lines=Lines.of(text),
        jobs=jobs,
        images=images,
        is_named=file.is_named,
        error=file.error,
    )
    if file.error:
        return linted
    try:
        if file.kind is Kind.DOCKERFILE:
            tree = parse(text, path=file.shown)
            linted = replace(linted, never=why_never(tree))
            found: Iterable[LintFinding] = findings_of(tree, jobs)
        else:
            platforms, wanted = jobs[0].platforms, request.platforms
            found = lint_pipeline(file, text, platforms, wanted=wanted, root=root)
        taken = [each for each in found if request.selection.takes(each.rule)]
    except PolyarchError as error:
        return replace(linted, error=error)
    taken.sort(key=lambda each: (each.line, each.rule))
    return replace(linted, findings=tuple(taken))
