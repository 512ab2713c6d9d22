"""`polyarch builders`: the machines that build, as polyarch.toml names them."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.exit_codes import ExitCode
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import open_project
from polyarch.cli.verb import Verb

if TYPE_CHECKING:
    from rich.console import RenderableType

_ACTIONS = ("list", "up", "check", "rm")


@click.command("builders", cls=Verb)
@click.argument("action", type=click.Choice(_ACTIONS), default="list", metavar="[list|up|check|rm]")
@click.argument("names", nargs=-1, metavar="[NAME]...")
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    action: str,
    names: tuple[str, ...],
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    r"""Show the machines that build, start, try and remove what polyarch makes on them.

    A builder is a table of polyarch.toml, and its platforms are built there natively:

    \b
      [builders.arm]
      endpoint = "ssh://me@arm-box"     # a Docker Engine; or a Docker context, tcp://, unix://

    \b
      polyarch builders               what each is: platforms that it runs itself, or what is wrong
      polyarch builders up [NAME]     make and start BuildKits of our own; anew where keys changed
      polyarch builders check [NAME]  let each build an empty image
      polyarch builders rm [NAME]     remove what `up` made, with its cache

    Builders with the driver `docker` are the Engine's own BuildKit: there is nothing to make or
    remove. `build` and `publish` start the others by themselves, except those in Kubernetes.
    Exit code 4 when one is broken.
    """
    from polyarch.pipeline.builders import Builders, to_json

    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    project = open_project(surroundings, config_file, environment)
    with invocation.progress() as listen:
        world = invocation.world(listen, root=project.root, now=None)
        builders = Builders(project=project, world=world)
        work = {
            "list": builders.look,
            "up": builders.start,
            "check": builders.try_out,
            "rm": builders.remove,
        }
        found = work[action](names)

    def view() -> "RenderableType":
        from polyarch.cli.builder_tables import builders_view

        return builders_view(found)

    invocation.emit(to_json(found), view)
    return ExitCode.DONE if all(each.info.usable for each in found) else ExitCode.ENVIRONMENT
