"""The project that a command line is about."""

from pathlib import Path
from typing import Any

import click
from click.shell_completion import CompletionItem

from polyarch.cli.environment import Surroundings
from polyarch.config.document import find_config
from polyarch.config.load import load_project
from polyarch.config.project import Project
from polyarch.errors import PolyarchError
from polyarch.pipeline.world import Ask


def open_project(
    surroundings: Surroundings, config_file: Path | None, environment: str | None
) -> Project:
    """Read the config that was named, else the nearest one.

    Raises:
        ConfigNotFoundError, ConfigUnreadableError, InvalidConfigError: as the names say.
        NothingSelectedError: it has no such environment.
    """
    file = config_file or find_config(surroundings.folder)
    return load_project(file.absolute(), environment=environment)


def ask_of(images: tuple[str, ...], platforms: tuple[str, ...], **rest: Any) -> Ask:
    """The common words of a command line as a value."""
    split = tuple(part.strip() for text in platforms for part in text.split(",") if part.strip())
    return Ask(selectors=images, platforms=split, **rest)


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
