"""`polyarch build`: every platform into parts, proven."""

from datetime import datetime
from pathlib import Path

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import EventOptions, event_of
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import ask_of, open_project
from polyarch.pipeline.result import BuildResult
from polyarch.pipeline.story import build_project


@click.command("build")
@options.images
@options.selection
@options.event
@options.force
@click.option(
    "--load", is_flag=True, help="Load the image of this machine's platform into the local engine."
)
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    images: tuple[str, ...],
    platforms: tuple[str, ...],
    changed_since: str | None,
    with_dependencies: bool,
    event_name: str | None,
    ref: str | None,
    sha: str | None,
    now: datetime | None,
    force: bool,
    load: bool,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    r"""Build what the plan says, check what came out, and push nothing.

    Each platform becomes a part under .polyarch/parts; a part whose inputs have not changed is
    taken as it is. Prints one digest per platform.

    \b
      polyarch build
      polyarch build server --platform linux/arm64
      polyarch build server --load
    """
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    project = open_project(surroundings, config_file, environment)
    event = event_of(EventOptions(name=event_name, ref=ref, sha=sha), surroundings, project.root)
    ask = ask_of(
        images,
        platforms,
        changed_since=changed_since,
        with_dependencies=with_dependencies,
        offline=True,
        force=force,
    )
    with invocation.progress() as listen:
        world = invocation.world(listen, root=project.root, now=now)
        result = build_project(project, event, ask, world, into_engine=load)
    invocation.emit(result.to_json(), lambda: _lines(result))
    for image in result.images:
        if image.loaded:
            invocation.hint(f"run it: {image.loaded.command}")
    if not load:
        invocation.hint("to run one here: `polyarch build --load`; all of it: `polyarch publish`")


def _lines(result: BuildResult) -> str:
    return "\n".join(
        f"{image.name} {built.part.platform} {built.part.manifest.digest}"
        for image in result.images
        for built in image.parts
    )
