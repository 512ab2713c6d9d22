"""`polyarch watch`: whether what is published is whole, the same everywhere, and fresh."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.documents import error_object
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import EventOptions, event_of
from polyarch.cli.exit_codes import ExitCode, exit_code, refusal_code, worst
from polyarch.cli.invocation import Invocation
from polyarch.cli.outcomes import tell_quotas
from polyarch.cli.projects import open_project
from polyarch.cli.recorded import recorded
from polyarch.cli.text import error_lines
from polyarch.cli.verb import Verb
from polyarch.errors import PullRequestActError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from rich.console import RenderableType

    from polyarch.oci.fields import JsonObject
    from polyarch.pipeline.watching.result import WatchResult
    from polyarch.transaction.values import Outcome

_SEVERITIES = ("error", "warning")


@click.command("watch", cls=Verb)
@options.images
@click.option(
    "--fail-on",
    type=click.Choice(_SEVERITIES),
    default="warning",
    show_default=True,
    help="End with 1 from findings as bad as this.",
)
@click.option(
    "--sample",
    type=click.IntRange(min=0),
    metavar="N",
    help="Prove so many platforms of each image again in full, others every day."
    "  [default: `[watch] sample`]",
)
@click.option(
    "--repair",
    is_flag=True,
    help="Copy what one registry lacks from another that has it, as one transaction.",
)
@click.option(
    "--bases",
    is_flag=True,
    help="Show what published images stand on, and what that is now; nothing else is judged.",
)
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    images: tuple[str, ...],
    fail_on: str,
    sample: int | None,
    repair: bool,
    bases: bool,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    r"""See that what is published is whole, the same everywhere, and fresh.

    Every tag in every repository of the images: all platforms are there, each manifest and blob
    below them too, registries agree, the newest version stands everywhere, nightly tags are
    fresh, bases have not moved. What a registry does not say is never taken for well. Made for a
    schedule: people are told when what is found changes.

    \b
      polyarch watch                                  exit 1 with findings, 5 with a registry down
      polyarch watch server @release --fail-on error
      polyarch watch --repair                         bring what one registry lacks from another
      polyarch watch --bases                          what stands on which base, and what it is now
      polyarch watch --sample 4 --json
    """
    from polyarch.findings import Severity
    from polyarch.pipeline.reach import Reach
    from polyarch.pipeline.watching.watch import WatchRequest, watch_project

    if repair and bases:
        raise click.UsageError("`--bases` only shows bases, and there is nothing to repair there")
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    project = open_project(surroundings, config_file, environment)
    event = event_of(EventOptions(), surroundings, project.root)
    if repair and event.is_pull_request:
        raise PullRequestActError("watch --repair")
    request = WatchRequest(
        selectors=images,
        fail_on=Severity(fail_on),
        sample=project.watch.sample if sample is None else sample,
        repair=repair,
        bases_only=bases,
    )
    with recorded(
        "watch",
        surroundings,
        project=project,
        name=project.root.name,
        started_by=event,
        environment=environment,
        stays=bases,
    ) as log:
        with invocation.progress() as listen:
            world = invocation.world(log.hearing(listen), root=project.root, now=None)
            reach = Reach(project, world, anonymous=event.is_pull_request)
            result = watch_project(project, event, request, reach, world)
        log.result(_document(result), _code(result), result.reason)
    _tell(result, invocation, bases=bases)
    return _code(result)


def _code(result: "WatchResult") -> ExitCode:
    """The worst of all: what was found, what could not be asked, what could not be mended."""
    if result.ok:
        return ExitCode.DONE
    codes = [exit_code(error) for image in result.images for error in image.errors]
    codes += [refusal_code(each.error) for each in result.refused if each.error]
    if result.failed or not codes:
        codes.append(ExitCode.FAILED)
    return worst(codes)


def _document(result: "WatchResult") -> "JsonObject":
    return result.to_json(error_object, lambda error: error_object(error, refusal_code(error)))


def _tell(result: "WatchResult", invocation: Invocation, *, bases: bool) -> None:
    def view() -> "RenderableType":
        from polyarch.cli import watch_view
        from polyarch.findings import Severity

        if bases:
            return watch_view.bases_view(result)
        if invocation.quiet:
            return watch_view.findings_view(result, Severity.WARNING)
        return watch_view.watch_view(result)

    if result.mended:
        _tell_mended(result, invocation)
    invocation.emit(_document(result), view)
    tell_quotas(result.usage, invocation)
    told = ("\n".join(error_lines(error)) for error in result.errors)
    for text in dict.fromkeys(told):
        invocation.complain(text)
    if result.reason:
        invocation.hint(f"nothing was mended: {result.reason}")


def _tell_mended(result: "WatchResult", invocation: Invocation) -> None:
    """What was brought where, beside the result."""
    lines = [
        f"{each.repository}: {told}"
        for image in result.mended
        for each in image.outcomes
        for told in _become(each)
    ]
    for line in dict.fromkeys(lines):
        invocation.hint(line)


def _become(outcome: "Outcome") -> "Iterator[str]":
    """What became of one place; a tag that was kept is as wrong as it was."""
    from polyarch.pipeline.outcomes import STANDS
    from polyarch.transaction.values import TagStatus

    if outcome.status not in STANDS:
        yield "not mended"
        return
    kept = [tag for tag in outcome.tags if tag.status is TagStatus.KEPT]
    done = [tag for tag in outcome.tags if tag.status is not TagStatus.KEPT]
    if done:
        yield f"mended: {', '.join(f'`{tag.tag}` {tag.status.value}' for tag in done)}"
    elif not kept:
        yield "mended: what was missing is there again"
    for tag in kept:
        yield f"not mended: `{tag.tag}` is kept{f': {tag.reason}' if tag.reason else ''}"
