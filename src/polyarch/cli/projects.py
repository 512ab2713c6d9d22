"""The project that a command line is about."""

from collections.abc import Sequence
from pathlib import Path

import click
from click.shell_completion import CompletionItem

from polyarch.cli.environment import Surroundings
from polyarch.config.document import find_config
from polyarch.config.load import load_project
from polyarch.config.project import PRODUCTION, Project
from polyarch.config.resolve import Override
from polyarch.errors import ConfigNotFoundError, PolyarchError


def open_project(
    surroundings: Surroundings,
    config_file: Path | None,
    environment: str | None,
    overrides: Sequence[Override] = (),
) -> Project:
    """Read the config that was named, else the nearest one; flags of the verb lie over it.

    Raises:
        ConfigNotFoundError, ConfigUnreadableError, InvalidConfigError: as the names say.
        InvalidOverrideError: a flag sets something that cannot be.
        NothingSelectedError: it has no such environment.
    """
    named = config_file and surroundings.folder / config_file
    file = named or find_config(surroundings.folder)
    return load_project(file, environment=environment, overrides=overrides)


def staging_at(repository: str | None) -> tuple[Override, ...]:
    """What `--stage-to` lays over the config; nothing where it was not given."""
    if repository is None:
        return ()
    return (Override(flag="--stage-to", publish={"stage-to": repository}),)


def find_project(
    surroundings: Surroundings, config_file: Path | None, environment: str | None
) -> Project | None:
    """As `open_project`, but None where nothing was named and there is none."""
    try:
        return open_project(surroundings, config_file, environment)
    except ConfigNotFoundError:
        if environment:
            raise
        return None


def complete_images(
    _context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The images and groups of the nearest polyarch.toml; none where it cannot be read."""
    try:
        project = open_project(Surroundings.read(), None, None)
    except PolyarchError:
        return []
    names = [*project.images, *(f"@{group}" for group in project.groups)]
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]


def complete_environments(
    context: click.Context, _parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    """The environments of the polyarch.toml that is named, else of the nearest one."""
    try:
        project = open_project(Surroundings.read(), context.params.get("config_file"), None)
    except PolyarchError:
        return []
    names = dict.fromkeys([*project.environments, PRODUCTION])
    return [CompletionItem(name) for name in names if name.startswith(incomplete)]
