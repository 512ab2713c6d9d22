"""The Dockerfiles of a project, each judged as its images are built of it."""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

from polyarch.config.project import BuildSettings, Project
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.lint import lint
from polyarch.dockerfile.parse import parse
from polyarch.dockerfile.textlines import Lines
from polyarch.dockerfile.tree import Dockerfile
from polyarch.errors import NothingToLintError, PolyarchError
from polyarch.findings import Severity
from polyarch.oci.platform import Platform, unique
from polyarch.pipeline.contexts import dockerfile_of, is_direct
from polyarch.pipeline.lint import judged, selected
from polyarch.pipeline.lint_files import Kind, LintFile, read_file, searched, shown_from
from polyarch.pipeline.lint_request import LintRequest
from polyarch.pipeline.lint_result import LintedFile, LintResult

_PIPELINES = frozenset({Kind.COMPOSE, Kind.BAKE, Kind.WORKFLOW})
_HOMES = (".github/workflows", ".gitea/workflows", ".forgejo/workflows")


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One way in which images are built of a Dockerfile; `arguments` still have expressions."""

    target: str | None
    arguments: tuple[tuple[str, str], ...]
    contexts: tuple[str, ...]


@dataclass(slots=True, kw_only=True)
class Work:
    """A Dockerfile, and for which images and platforms it is built in which way."""

    path: Path
    images: list[str] = field(default_factory=list)
    builds: dict[Build, list[Platform]] = field(default_factory=dict)


def lint_project(project: Project, request: LintRequest, *, folder: Path) -> LintResult:
    """Judge what the project builds; `request.platforms` leaves out the others of its images.

    Compose files, bake files and workflows that lie where such files lie are judged with it.

    Raises:
        NothingToLintError: the project builds nothing from a Dockerfile, and has no such file.
    """
    works = works_of(project, request.platforms).values()
    files = [_judged(work, request, folder) for work in works]
    platforms = unique(each for work in works for some in work.builds.values() for each in some)
    asked = replace(request, platforms=request.platforms or platforms)
    files += [judged(file, asked) for file in _pipelines(project.root, folder)]
    if not files:
        raise NothingToLintError(shown_from(project.root, folder))
    return LintResult(files=tuple(files), request=request)


def works_of(
    project: Project, only: tuple[Platform, ...] = (), names: tuple[str, ...] = ()
) -> dict[Path, Work]:
    """The Dockerfiles of a project's images in its order; `names` are all where there are none."""
    found: dict[Path, Work] = {}
    for image in project.images.values():
        for platform in image.platforms if not names or image.name in names else ():
            settings = image.for_platform(platform)
            if settings.source or is_direct(settings) or (only and platform not in only):
                continue
            path = dockerfile_of(project, settings)
            work = found.setdefault(path, Work(path=path))
            if image.name not in work.images:
                work.images.append(image.name)
            work.builds.setdefault(_build(settings), []).append(platform)
    return found


def findings_of(file: Dockerfile, work: Work, request: LintRequest) -> tuple[LintFinding, ...]:
    """The findings of all ways in which a Dockerfile is built, each once.

    Raises:
        DockerfileError: it cannot be read, or has no such stage.
    """
    found: dict[tuple[str, int, int], LintFinding] = {}
    for build, platforms in work.builds.items():
        for each in lint(
            file,
            platforms=unique(platforms),
            build_platform=request.build_platform,
            target=build.target or request.target,
        ):
            key = (each.rule, each.line, each.span.start)
            found[key] = _joined(found[key], each) if key in found else each
    return selected(found.values(), request)


def _judged(work: Work, request: LintRequest, folder: Path) -> LintedFile:
    file = read_file(work.path, shown_from(work.path, folder), Kind.DOCKERFILE)
    text = file.raw.decode("utf-8", "surrogateescape")
    linted = LintedFile(
        path=file.shown,
        kind=file.kind,
        lines=Lines.of(text),
        images=tuple(work.images),
        error=file.error,
    )
    if file.error:
        return linted
    try:
        return replace(linted, findings=findings_of(parse(text, path=file.shown), work, request))
    except PolyarchError as error:
        return replace(linted, error=error)


def _joined(first: LintFinding, second: LintFinding) -> LintFinding:
    """The worse one, for the platforms of both."""
    order = list(Severity)
    worse = min(first, second, key=lambda each: order.index(each.severity))
    return replace(worse, platforms=unique((*first.platforms, *second.platforms)))


def _build(settings: BuildSettings) -> Build:
    return Build(
        target=settings.target or None,
        arguments=tuple(sorted(settings.build_args.items())),
        contexts=tuple(settings.contexts),
    )


def _pipelines(root: Path, folder: Path) -> Iterator[LintFile]:
    """Files that say what is built, where they usually lie: at the top, and in CI's own folder."""
    yield from searched(root, folder, _PIPELINES, depth=0)
    for home in _HOMES:
        yield from searched(root / home, folder, _PIPELINES, depth=0)
