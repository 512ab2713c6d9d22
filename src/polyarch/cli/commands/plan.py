"""`polyarch plan`: what would be built, and which tags would move from what to what."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.commands.init import init_request
from polyarch.cli.environment import Surroundings
from polyarch.cli.verb import Verb
from polyarch.cli.words import Words, with_words
from polyarch.errors import LonelyOptionError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polyarch.pipeline.init import InitRequest


@click.command("plan", cls=Verb)
@options.sandbox
@click.option("--offline", is_flag=True, help="Ask no registry; what tags have now is unknown.")
@click.option(
    "--compare-workflow",
    "workflow",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="Compare the tags with those that a GitHub workflow gives, event by event.",
)
@click.option(
    "--default-branch", metavar="NAME", help="For that: the default branch, else what git says."
)
@click.option(
    "--value",
    "values",
    multiple=True,
    metavar="NAME=TEXT",
    help="For that: what a name of the workflow is worth, as `init --value` has it.",
)
@click.pass_obj
@with_words
def command(
    surroundings: Surroundings,
    words: Words,
    *,
    sandbox: bool,
    offline: bool,
    workflow: Path | None,
    default_branch: str | None,
    values: tuple[str, ...],
) -> int:
    r"""Show what would be done, and do nothing.

    For each image and platform: which engine builds it how, and why. For each tag in each
    registry: what it has now, and what would happen to it. Try any event before it happens:

    \b
      polyarch plan
      polyarch plan --event push --ref refs/tags/v1.2.3
      polyarch plan server web --platform linux/arm64 --offline
      polyarch plan --compare-workflow .github/workflows/docker.yml
    """
    if workflow is not None:
        request = init_request(surroundings, None, default_branch, values)
        return _compared(surroundings, words, workflow, request)
    if values or default_branch is not None:
        option = "--value" if values else "--default-branch"
        raise LonelyOptionError(option, "--compare-workflow")
    from polyarch.pipeline.story import plan_project

    invocation, project = words.invocation(surroundings), words.project(surroundings)
    event = words.event(surroundings, project)
    with invocation.progress() as listen:
        world = invocation.world(listen, root=project.root, now=words.now)
        ask = words.ask(sandbox=sandbox, offline=offline)
        plan = plan_project(project, event, ask, world)

    def view() -> "RenderableType":
        from polyarch.cli.tables import plan_view

        return plan_view(plan)

    invocation.emit(plan.to_json(), view)
    return 0


def _compared(
    surroundings: Surroundings, words: Words, workflow: Path, request: "InitRequest"
) -> int:
    """Show whether a workflow and polyarch.toml publish the same tags; 1 where they do not."""
    from polyarch.pipeline.compare import compare
    from polyarch.pipeline.init import read_flow_file, workflow_reading

    invocation, project = words.invocation(surroundings), words.project(surroundings)
    flow = read_flow_file(surroundings.folder / workflow)
    reading = workflow_reading(flow, request)
    comparison = compare(project, reading)

    def view() -> "RenderableType":
        from polyarch.cli.init_view import comparison_view

        return comparison_view(comparison)

    invocation.emit(comparison.to_json(), view)
    return 0 if comparison.same else 1
