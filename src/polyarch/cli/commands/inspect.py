"""`polyarch inspect`: an index and its children."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import is_pull_request
from polyarch.cli.invocation import Invocation
from polyarch.cli.places import complete_places, platforms_of
from polyarch.cli.projects import find_project
from polyarch.cli.verb import Verb
from polyarch.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polyarch.pipeline.inspection import Inspection


@click.command("inspect", cls=Verb)
@click.argument("place", metavar="PLACE", shell_complete=complete_places)
@click.option(
    "-p",
    "--platform",
    "platforms",
    multiple=True,
    metavar="P",
    help="Only this platform, with its layers; repeatable, or separated by commas.",
)
@click.option(
    "--referrers/--no-referrers",
    default=True,
    help="Look for signatures, SBOMs and other artifacts about the image.",
    show_default=True,
)
@click.option(
    "--raw",
    is_flag=True,
    help="Print the bytes of the index, or with one platform of its manifest, as they stand there.",
)
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    place: str,
    platforms: tuple[str, ...],
    referrers: bool,
    raw: bool,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    r"""Show what an image is made of: its index, and each platform's image.

    A place is a registry reference, `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`,
    `docker-archive:FILE[:REF]`, `docker-daemon:REF` or `image:NAME`, what this project built.
    Inside a project its registries' settings and logins are used.

    \b
      polyarch inspect debian:bookworm
      polyarch inspect --platform linux/arm64 ghcr.io/team/app@sha256:...
      polyarch inspect oci:./layout:latest
      polyarch inspect --raw ghcr.io/team/app:1.2 | sha256sum
    """
    from polyarch.content.places import Place
    from polyarch.pipeline.inspect import inspect
    from polyarch.pipeline.reach import Reach

    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    wanted = platforms_of(platforms)
    if raw and (as_json or len(wanted) > 1):
        raise UsageError(
            "`--raw` prints one manifest, as it stands there",
            where="the command line",
            hint="leave `--json` out, and name one platform at most",
        )
    where = Place.parse(place)
    project = find_project(surroundings, config_file, environment)
    root = project.root if project else None
    with invocation.progress() as listen:
        world = invocation.world(listen, root=root, now=None)
        anonymous = is_pull_request(surroundings, root or surroundings.folder)
        found = inspect(
            where,
            Reach(project, world, anonymous=anonymous),
            world,
            project=project,
            folder=surroundings.folder,
            platforms=wanted,
            referrers=referrers and not raw,
        )
    if raw:
        _print_bytes(found.children[0].raw if wanted else found.raw)
        return
    _show(found, invocation)


def _show(found: "Inspection", invocation: Invocation) -> None:
    def view() -> "RenderableType":
        from polyarch.cli.inspect_tables import inspection_view

        return inspection_view(found)

    invocation.emit(found.to_json(), view)


def _print_bytes(raw: bytes) -> None:
    """Exactly these, with no line end of our own: their digest is what counts."""
    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    if buffer is None:  # a stream of texts that somebody put in its place
        sys.stdout.write(raw.decode("utf-8", "replace"))
    else:
        buffer.write(raw)
        buffer.flush()
