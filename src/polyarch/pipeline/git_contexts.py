"""Git repositories that are build contexts: brought here before anything is planned.

Every engine then builds of the same files, and what has not changed is known by them and not by
the name of a branch.
"""

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import Path

from polyarch.config.project import BuildSettings, Project
from polyarch.errors import GitContextError
from polyarch.host.git_fetch import GitFetcher
from polyarch.host.git_url import is_git, parse_git
from polyarch.pipeline.contexts import is_direct

FOLDER = "git"
"""Below the state folder."""


def with_checkouts(
    project: Project,
    selected: Collection[str],
    environment: Mapping[str, str],
    *,
    state: Path,
    offline: bool,
    anonymous: bool,
) -> Project:
    """The project that knows where its Git contexts lie here.

    Images that are not selected are nobody's concern where theirs cannot be had.

    Raises:
        GitContextError: a repository of a selected image cannot be had.
    """
    fetcher = GitFetcher(
        store=state / FOLDER, environment=environment, anonymous=anonymous, offline=offline
    )
    found: dict[str, Path] = {}
    for name, image in project.images.items():
        for text in dict.fromkeys(
            text for settings in image.per_platform.values() for text in _named(settings)
        ):
            try:
                found[text] = found.get(text) or fetcher.folder(parse_git(text))
            except GitContextError:
                if name in selected:
                    raise
    return replace(project, checkouts=found) if found else project


def _named(settings: BuildSettings) -> Iterator[str]:
    if settings.source is None and not is_direct(settings):
        yield from filter(is_git, (settings.context, *settings.contexts.values()))
