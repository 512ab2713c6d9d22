"""`polyarch prune`: what may go from registries, and its removal."""

from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.documents import error_object
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import EventOptions, event_of
from polyarch.cli.exit_codes import refusal_code, worst
from polyarch.cli.invocation import Invocation
from polyarch.cli.outcomes import tell_quotas
from polyarch.cli.projects import open_project
from polyarch.cli.recorded import recorded
from polyarch.cli.text import error_lines
from polyarch.cli.verb import Verb
from polyarch.errors import EmptyOptionError, PullRequestActError

if TYPE_CHECKING:
    from datetime import datetime

    from rich.console import RenderableType

    from polyarch.config.project import Project
    from polyarch.oci.fields import JsonObject
    from polyarch.pipeline.pruning.choosing import Bounds
    from polyarch.pipeline.pruning.result import PruneResult


@click.command("prune", cls=Verb)
@options.images
@click.option("--apply", is_flag=True, help="Remove what goes, instead of only showing it.")
@click.option(
    "--max-age",
    type=options.Span(),
    metavar="DURATION",
    help="Tags stay at least as long, by the time of their commit: `30d`."
    "  [default: as the config says]",
)
@click.option(
    "--keep",
    type=click.IntRange(min=0),
    metavar="N",
    help="How many of each kind stay whatever their age.  [default: as the config says]",
)
@click.option(
    "--keep-tag",
    "keep_tags",
    multiple=True,
    metavar="GLOB",
    help="These tags stay, beside those of the config; repeatable.",
)
@click.option("-v", "--verbose", is_flag=True, help="Show manifests too, and what stays and why.")
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    images: tuple[str, ...],
    apply: bool,
    max_age: float | None,
    keep: int | None,
    keep_tags: tuple[str, ...],
    verbose: bool,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    r"""Show what may go from registries, and remove it with --apply.

    Old tags go that the rules for pull requests, single commits and branches gave, of branches only
    those that git does not have any more. Then what no tag that stays needs: indexes, their images,
    and artifacts about them. What another tag shows or lists stays, and so does all of a repository
    that cannot be read whole. How long tags stay is told by `[prune]`.

    \b
      polyarch prune                          what may go, and nothing is removed
      polyarch prune --verbose server         what stays, too, and why
      polyarch prune --max-age 14d --keep 5   other bounds than the config has
      polyarch prune --apply @release
    """
    from polyarch.cli.prune_view import prune_view
    from polyarch.pipeline.pruning.prune import PruneRequest, prune_project

    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    project = open_project(surroundings, config_file, environment)
    event = event_of(EventOptions(), surroundings, project.root)
    if apply and event.is_pull_request:
        raise PullRequestActError("prune")
    with recorded(
        "prune",
        surroundings,
        project=project,
        name=project.root.name,
        started_by=event,
        environment=environment,
        stays=not apply,
    ) as log:
        with invocation.progress() as listen:
            world = invocation.world(log.hearing(listen), root=project.root, now=None)
            request = PruneRequest(
                selectors=images,
                bounds=_bounds(project, world.now, max_age, keep, keep_tags),
                apply=apply,
                default_branch=event.default_branch or "",
            )
            result = prune_project(request, project, world, anonymous=event.is_pull_request)
        code = worst(refusal_code(error) for error in result.errors)
        log.result(_document(result), code)

    def view() -> "RenderableType":
        return prune_view(result, verbose=verbose)

    invocation.emit(_document(result), view)
    _tell(result, invocation)
    return code


def _bounds(
    project: "Project",
    now: "datetime",
    max_age: float | None,
    keep: int | None,
    keep_tags: tuple[str, ...],
) -> "Bounds":
    """What the command line says, else the config.

    Raises:
        EmptyOptionError: a tag to keep has no name.
    """
    from polyarch.pipeline.pruning.choosing import Bounds

    if "" in keep_tags:
        raise EmptyOptionError("--keep-tag")
    age = project.prune.max_age_s if max_age is None else max_age
    return Bounds(
        now=now,
        max_age=timedelta(seconds=age),
        keep=project.prune.keep if keep is None else keep,
        keep_tags=(*project.prune.keep_tags, *keep_tags),
    )


def _document(result: "PruneResult") -> "JsonObject":
    return result.to_json(lambda error: error_object(error, refusal_code(error)))


def _tell(result: "PruneResult", invocation: Invocation) -> None:
    tell_quotas(result.usage, invocation)
    for note in (*result.notes, *result.hints):
        invocation.hint(note)
    for error in result.errors:
        invocation.complain("\n".join(error_lines(error)))
    if not result.applied and result.going:
        invocation.hint("nothing was removed; `--apply` removes what goes")
