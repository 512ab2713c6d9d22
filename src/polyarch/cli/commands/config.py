"""`polyarch config show`: an image's settings as they come out, each with its source."""

from pathlib import Path

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import open_project
from polyarch.cli.verb import Family, Verb
from polyarch.config.show import as_toml, image_rows, together
from polyarch.pipeline.selection import select_images

SCHEMA = "polyarch.config/v1"


@click.group("config", cls=Family)
def command() -> None:
    """Look at polyarch.toml."""


@command.command("show", cls=Verb)
@options.images
@options.project
@options.output
@click.pass_obj
def show(
    surroundings: Surroundings,
    *,
    images: tuple[str, ...],
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    r"""Print the resolved settings of images, each value with where it comes from.

    Defaults, [defaults], [images.X], its platforms' tables and --env are laid over each other; a
    comment behind each value names the line that won.

    \b
      polyarch config show server
      polyarch config show --env staging --json
    """
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    project = open_project(surroundings, config_file, environment)
    names = select_images(images, tuple(project.images), project.groups)
    rows = {name: image_rows(project, name) for name in names}
    document = {
        "schema": SCHEMA,
        "file": str(project.file),
        "environment": project.environment,
        "images": [
            {"name": name, "values": [row.to_json() for row in found]}
            for name, found in rows.items()
        ],
    }
    invocation.emit(document, lambda: as_toml(together(rows.values())).rstrip())
    for warning in project.warnings:
        invocation.hint(f"warning: {warning}")
