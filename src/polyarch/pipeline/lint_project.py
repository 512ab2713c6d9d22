"""The Dockerfiles of a project, each judged as its images are built of it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from polyarch.config.project import BuildSettings, Project
from polyarch.dockerfile.lint.folder import ContextFolder
from polyarch.dockerfile.lint.given import Given
from polyarch.dockerfile.lint.lookup import BaseLookup
from polyarch.errors import NothingToLintError
from polyarch.oci.platform import Platform, unique
from polyarch.pipeline.contexts import context_of, dockerfile_of, is_direct
from polyarch.pipeline.lint import judged
from polyarch.pipeline.lint_files import Kind, LintFile, read_file, searched, shown_from
from polyarch.pipeline.lint_job import Job
from polyarch.pipeline.lint_request import PLATFORMS, LintRequest
from polyarch.pipeline.lint_result import LintResult

_PIPELINES = frozenset({Kind.COMPOSE, Kind.BAKE, Kind.WORKFLOW})
_HOMES = (".github/workflows", ".gitea/workflows", ".forgejo/workflows")
_EXPRESSION = "{{"


@dataclass(frozen=True, slots=True, kw_only=True)
class _Build:
    """One way in which images are built of a Dockerfile."""

    target: str | None
    arguments: tuple[tuple[str, str], ...]
    contexts: tuple[str, ...]
    folder: Path


@dataclass(slots=True, kw_only=True)
class Work:
    """A Dockerfile, and for which images and platforms it is built in which way."""

    path: Path
    images: list[str] = field(default_factory=list)
    builds: dict[_Build, list[Platform]] = field(default_factory=dict)

    def jobs(self, request: LintRequest, lookup: BaseLookup | None) -> tuple[Job, ...]:
        """What is asked of it."""
        return tuple(
            Job(
                platforms=unique(platforms),
                build_platform=request.build_platform,
                target=build.target or request.target,
                given=Given(build_args=dict(build.arguments), contexts=build.contexts),
                folder=ContextFolder(root=build.folder),
                lookup=lookup,
            )
            for build, platforms in self.builds.items()
        )


def lint_project(
    project: Project, request: LintRequest, *, folder: Path, lookup: BaseLookup | None = None
) -> LintResult:
    """Judge what the project builds; `request.platforms` leaves out the others of its images.

    Compose files, bake files and workflows that lie where such files lie are judged with it.

    Raises:
        NothingToLintError: the project builds nothing from a Dockerfile, and has no such file.
    """
    works = works_of(project, request.platforms).values()
    files = [
        judged(
            read_file(work.path, shown_from(work.path, folder), Kind.DOCKERFILE),
            work.jobs(request, lookup),
            request,
            tuple(work.images),
        )
        for work in works
    ]
    platforms = unique(each for work in works for some in work.builds.values() for each in some)
    job = Job(platforms=platforms or PLATFORMS, build_platform=request.build_platform)
    files += [judged(file, (job,), request) for file in _pipelines(project.root, folder)]
    if not files:
        raise NothingToLintError(shown_from(project.root, folder))
    return LintResult(files=tuple(files), request=request)


def works_of(
    project: Project, only: tuple[Platform, ...] = (), names: Mapping[str, object] | None = None
) -> dict[Path, Work]:
    """The Dockerfiles of a project's images in its order; `names` leaves other images out."""
    found: dict[Path, Work] = {}
    for image in project.images.values():
        for platform in image.platforms if names is None or image.name in names else ():
            settings = image.for_platform(platform)
            if settings.source or is_direct(settings) or (only and platform not in only):
                continue
            path = dockerfile_of(project, settings)
            work = found.setdefault(path, Work(path=path))
            if image.name not in work.images:
                work.images.append(image.name)
            work.builds.setdefault(_build(project, settings), []).append(platform)
    return found


def _build(project: Project, settings: BuildSettings) -> _Build:
    """What an expression of the metadata comes to is not known before there is an event."""
    known = {name: each for name, each in settings.build_args.items() if _EXPRESSION not in each}
    return _Build(
        target=settings.target or None,
        arguments=tuple(sorted(known.items())),
        contexts=tuple(settings.contexts),
        folder=context_of(project, settings),
    )


def _pipelines(root: Path, folder: Path) -> Iterator[LintFile]:
    """Files that say what is built, where they usually lie: at the top, and in CI's own folder."""
    yield from searched(root, folder, _PIPELINES, depth=0)
    for home in _HOMES:
        yield from searched(root / home, folder, _PIPELINES, depth=0)
