"""`polyarch plan`: what would be built, and which tags would move from what to what."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import EventOptions, event_of
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import ask_of, open_project
from polyarch.pipeline.story import plan_project

if TYPE_CHECKING:
    from rich.console import RenderableType


@click.command("plan")
@options.images
@options.selection
@options.event
@options.sandbox
@click.option("--offline", is_flag=True, help="Ask no registry; what tags have now is unknown.")
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
    sandbox: bool,
    offline: bool,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    r"""Show what would be done, and do nothing.

    For each image and platform: which engine builds it how, and why. For each tag in each
    registry: what it has now, and what would happen to it. Try any event before it happens:

    \b
      polyarch plan
      polyarch plan --event push --ref refs/tags/v1.2.3
      polyarch plan server web --platform linux/arm64 --offline
    """
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    project = open_project(surroundings, config_file, environment)
    event = event_of(EventOptions(name=event_name, ref=ref, sha=sha), surroundings, project.root)
    ask = ask_of(
        images,
        platforms,
        changed_since=changed_since,
        with_dependencies=with_dependencies,
        sandbox=sandbox,
        offline=offline,
    )
    with invocation.progress() as listen:
        plan = plan_project(
            project, event, ask, invocation.world(listen, root=project.root, now=now)
        )

    def view() -> "RenderableType":
        from polyarch.cli.tables import plan_view

        return plan_view(plan)

    invocation.emit(plan.to_json(), view)
