"""`polyarch build`: every platform into parts, proven."""

from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.documents import error_object
from polyarch.cli.environment import Surroundings
from polyarch.cli.exit_codes import ExitCode, exit_code
from polyarch.cli.text import error_lines
from polyarch.cli.verb import Verb
from polyarch.cli.words import Words, with_words

if TYPE_CHECKING:
    from polyarch.pipeline.result import BuildResult


@click.command("build", cls=Verb)
@options.force
@click.option(
    "--load", is_flag=True, help="Load the image of this machine's platform into the local engine."
)
@click.pass_obj
@with_words
def command(surroundings: Surroundings, words: Words, *, force: bool, load: bool) -> int:
    r"""Build what the plan says, check what came out, and push nothing.

    Each platform becomes a part under .polyarch/parts; a part whose inputs have not changed is
    taken as it is. Prints one digest per platform.

    \b
      polyarch build
      polyarch build server --platform linux/arm64
      polyarch build server --load
    """
    from polyarch.pipeline.story import build_project

    invocation, project = words.invocation(surroundings), words.project(surroundings)
    event = words.event(surroundings, project)
    with invocation.progress() as listen:
        world = invocation.world(listen, root=project.root, now=words.now)
        ask = words.ask(offline=True, force=force)
        result = build_project(project, event, ask, world, into_engine=load)
    invocation.emit(result.to_json(error_object), lambda: _lines(result))
    if result.error:
        invocation.complain("\n".join(error_lines(result.error)))
        return exit_code(result.error)
    if not result.plan.images:
        invocation.hint(f"nothing was built: {result.plan.reason}")
        return ExitCode.DONE
    for image in result.images:
        if image.loaded:
            invocation.hint(f"run it: {image.loaded.command}")
    if not load:
        invocation.hint(
            "run it here: `polyarch build --load`; the rest: `polyarch publish --sandbox`"
        )
    return ExitCode.DONE


def _lines(result: "BuildResult") -> str:
    parts = (built.part for built in result.parts)
    return "\n".join(f"{part.image} {part.platform} {part.manifest.digest}" for part in parts)
