"""`polyarch inspect`: an index and its children."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import is_pull_request
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import find_project
from polyarch.cli.verb import Verb

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polyarch.pipeline.inspection import Inspection


@click.command("inspect", cls=Verb)
@click.argument("place", metavar="REFERENCE | oci:DIR[:TAG]")
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    place: str,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    r"""Show what an image is made of: its index, and each platform's image.

    Inside a project its registries' settings and logins are used.

    \b
      polyarch inspect debian:bookworm
      polyarch inspect ghcr.io/team/app@sha256:...
      polyarch inspect oci:./layout:latest
    """
    from polyarch.pipeline.inspection import inspect
    from polyarch.pipeline.reach import Reach

    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    project = find_project(surroundings, config_file, environment)
    with invocation.progress() as listen:
        world = invocation.world(listen, root=project.root if project else None, now=None)
        anonymous = is_pull_request(surroundings, project.root if project else surroundings.folder)
        reach = Reach(project, world, anonymous=anonymous)
        found = inspect(place, reach, surroundings.folder)

    def view() -> "RenderableType":
        from polyarch.cli.tables import inspection_view

        return inspection_view(found)

    invocation.emit(found.to_json(), view)
    _how_to_pull(found, invocation)


def _how_to_pull(found: "Inspection", invocation: Invocation) -> None:
    if found.place.startswith("oci:"):
        return
    for child in found.children:
        if child.platform and child.about is None:
            invocation.hint(
                f"pull one platform: docker pull --platform {child.platform} {found.place}"
            )
            return
