"""The Dockerfiles of a project, each judged as its images are built of it."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from polyarch.config.project import BuildSettings, ImageSettings, Project
from polyarch.dockerfile.lint.folder import ContextFolder
from polyarch.dockerfile.lint.given import Given
from polyarch.dockerfile.lint.lookup import BaseLookup
from polyarch.errors import NothingToLintError
from polyarch.oci.platform import Platform, unique
from polyarch.pipeline.contexts import context_of, dockerfile_of, is_direct
from polyarch.pipeline.lint import judged
from polyarch.pipeline.lint_builders import other_builder
from polyarch.pipeline.lint_files import Kind, LintFile, read_file, searched, shown_from
from polyarch.pipeline.lint_job import Job
from polyarch.pipeline.lint_request import PLATFORMS, LintRequest
from polyarch.pipeline.lint_result import LintResult

_PIPELINES = frozenset({Kind.COMPOSE, Kind.BAKE, Kind.WORKFLOW})
_HOMES = (".github/workflows", ".gitea/workflows", ".forgejo/workflows")
_EXPRESSION = "{{"


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """One way in which images are built of a Dockerfile."""

    target: str | None
    arguments: tuple[tuple[str, str], ...]
    contexts: tuple[str, ...]
    folder: Path


@dataclass(slots=True, kw_only=True)
class Work:
    """A Dockerfile, and in which ways it is built for which platforms of which images."""

    path: Path
    builds: dict[Build, list[tuple[str, Platform]]] = field(default_factory=dict)

    @property
    def images(self) -> tuple[str, ...]:
        """The images that it is for."""
        return tuple(dict.fromkeys(name for some in self.builds.values() for name, _ in some))

    @property
    def platforms(self) -> tuple[Platform, ...]:
        """The platforms that it is for."""
        return unique(platform for some in self.builds.values() for _, platform in some)

    def jobs(
        self,
        build_platform: Platform,
        *,
        target: str | None = None,
        lookup: BaseLookup | None = None,
        builder: str = "",
    ) -> dict[Build, Job]:
        """What is asked of it, for each way; `target` where its images have none.

        `builder` is what else than BuildKit builds it.
        """
        return {
            build: Job(
                platforms=unique(platform for _, platform in some),
                build_platform=build_platform,
                target=build.target or target,
                given=Given(
                    build_args=dict(build.arguments), contexts=build.contexts, builder=builder
                ),
                folder=ContextFolder(root=build.folder),
                lookup=lookup,
            )
            for build, some in self.builds.items()
        }


def lint_project(
    project: Project, request: LintRequest, *, folder: Path, lookup: BaseLookup | None = None
) -> LintResult:
    """Judge what the project builds; `request.platforms` leaves out the others of its images.

    Where no image has any of these, all are judged for them: what would break, were they added?
    The images' settings are then those of their first platforms.

    Compose files, bake files and workflows that lie where such files lie are judged with it.

    Raises:
        NothingToLintError: the project builds nothing from a Dockerfile, and has no such file.
    """
    works = works_of(project, _scope(project, request.platforms))
    builder, machine = other_builder(project.root), request.build_platform
    files = [
        judged(
            read_file(work.path, shown_from(work.path, folder), Kind.DOCKERFILE),
            tuple(
                work.jobs(machine, target=request.target, lookup=lookup, builder=builder).values()
            ),
            request,
            images=work.images,
        )
        for work in works
    ]
    platforms = unique(each for work in works for each in work.platforms)
    job = Job(platforms=platforms or PLATFORMS, build_platform=request.build_platform)
    files += [
        judged(file, (job,), request, root=project.root)
        for file in _pipelines(project.root, folder)
    ]
    if not files:
        raise NothingToLintError(shown_from(project.root, folder))
    return LintResult(files=tuple(files), request=request)


Scope = Mapping[str, Sequence[Platform]]
"""Platforms by image."""

Arguments = Callable[[ImageSettings, BuildSettings], Mapping[str, str]]


def known_arguments(_: ImageSettings, build: BuildSettings) -> Mapping[str, str]:
    """The build arguments without those that stand on metadata, which need an event."""
    return {name: text for name, text in build.build_args.items() if _EXPRESSION not in text}


def works_of(
    project: Project, scope: Scope, arguments: Arguments = known_arguments
) -> tuple[Work, ...]:
    """The Dockerfiles of what is in scope, in the project's order."""
    found: dict[Path, Work] = {}
    for name, platforms in scope.items():
        image = project.images[name]
        for platform in platforms:
            known = platform in image.platforms
            settings = image.for_platform(platform if known else image.platforms[0])
            if settings.source or is_direct(settings):
                continue
            path = dockerfile_of(project, settings)
            build = Build(
                target=settings.target or None,
                arguments=tuple(sorted(arguments(image, settings).items())),
                contexts=tuple(settings.contexts),
                folder=context_of(project, settings),
            )
            work = found.setdefault(path, Work(path=path))
            work.builds.setdefault(build, []).append((name, platform))
    return tuple(found.values())


def _scope(project: Project, only: tuple[Platform, ...]) -> Scope:
    images = project.images.values()
    is_new = not any(each in only for image in images for each in image.platforms)
    return {
        image.name: only or image.platforms
        if is_new
        else [each for each in image.platforms if each in only]
        for image in images
    }


def _pipelines(root: Path, folder: Path) -> Iterator[LintFile]:
    """Files that say what is built, where they usually lie: at the top, and in CI's own folder."""
    yield from searched(root, folder, _PIPELINES, depth=0)
    for home in _HOMES:
        yield from searched(root / home, folder, _PIPELINES, depth=0)
