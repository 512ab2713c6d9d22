"""`polyarch runs`: what each build and push did, and who put what under which tag."""

from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.invocation import Invocation
from polyarch.cli.runs_files import (
    from_store,
    import_,
    logs,
    records_of,
    report,
    report_for,
    which_run,
)
from polyarch.cli.runs_open import Records
from polyarch.cli.verb import Family, Verb

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polyarch.oci.fields import JsonObject
    from polyarch.runs.run import RunRecord

SCHEMA = "polyarch.runs/v1"

_RESULTS = ("done", "partly", "failed", "interrupted", "running", "died")


@click.group("runs", cls=Family, invoke_without_command=True)
@click.option("--image", "images", multiple=True, metavar="GLOB", help="Only runs with this image.")
@click.option(
    "--result",
    "results",
    multiple=True,
    type=click.Choice(_RESULTS),
    help="Only runs that came to this; repeatable.",
)
@click.option("--since", type=options.Moment(), metavar="TIME", help="Only runs begun since then.")
@click.option("--until", type=options.Moment(), metavar="TIME", help="Only runs begun before then.")
@click.option(
    "-n",
    "--limit",
    type=click.IntRange(min=1),
    default=20,
    show_default=True,
    help="How many at most, the newest.",
)
@from_store
@options.project
@options.output
@click.pass_context
def command(
    context: click.Context,
    *,
    images: tuple[str, ...],
    results: tuple[str, ...],
    since: datetime | None,
    until: datetime | None,
    limit: int,
    stored: bool,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    r"""List what polyarch did here, newest first; show, join and report single runs.

    Every build, publish and copy, whatever moved published images, and every watch leave a record:
    what it was for, who started it and why, what became of each image, platform, registry and tag,
    and its logs. RUN is an id, a piece of one, or `last`.

    \b
      polyarch runs --result failed --since 2026-03-01
      polyarch runs show last
      polyarch runs logs last server linux/arm64
      polyarch runs report last --html report.html
      polyarch runs who ghcr.io/team/app:1.2
    """
    if context.invoked_subcommand is not None:
        return
    from polyarch.pipeline.run_listing import RunFilter
    from polyarch.runs.history import unreadable

    surroundings: Surroundings = context.obj
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    records = Records.find(surroundings, config_file, environment)
    with invocation.progress() as listen:
        runs = records.listed(listen, stored=stored)
    wanted = RunFilter(
        images=images,
        results=frozenset(results),
        since=since,
        until=until,
        environment=records.environment if environment else None,
    )
    found = [run for run in runs if wanted.takes(run)]

    def view() -> "RenderableType":
        from polyarch.cli.runs_view import runs_view

        return runs_view(found[:limit])

    invocation.emit(
        {"schema": SCHEMA, "runs": [run.to_json() for run in found[:limit]]},
        view if found else lambda: "",
    )
    if not found:
        invocation.hint("no such run is recorded" if runs else "no run is recorded yet")
    elif len(found) > limit:
        invocation.hint(f"older runs left out: {len(found) - limit}; `--limit` shows more")
    for broken in () if stored else unreadable(records.folder):
        invocation.complain(f"warning: the record of the run {broken} cannot be read")


@command.command("show", cls=Verb)
@which_run
@from_store
@options.project
@options.output
@click.pass_obj
def show(
    surroundings: Surroundings,
    *,
    run: str,
    stored: bool,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    r"""Show one run: what it was for, and what became of each image, registry and tag.

    The records of other jobs of the same CI run are shown with it.

    \b
      polyarch runs show last
      polyarch runs show 20260301T120000.000Z-abcdef --json
    """
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    found = records_of(invocation, run, config_file, environment, stored=stored)
    drawn = report_for(found)

    def view() -> "RenderableType":
        from polyarch.cli.runs_view import report_view

        return report_view(drawn)

    invocation.emit({"schema": SCHEMA, "runs": [_document(each) for each in found]}, view)


@command.command("who", cls=Verb)
@click.argument("tag", metavar="REFERENCE|TAG")
@click.option("--digest", metavar="DIGEST", help="Ask who put this there, not what stands there.")
@options.project
@options.output
@click.pass_obj
def who(
    surroundings: Surroundings,
    *,
    tag: str,
    digest: str | None,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    r"""Say who put a digest under a tag, from which commit, when, by which run, in place of what.

    The records of this machine answer, else those of `[runs] store`, else, of a tag that was put
    back, the hold beside its image, else what the image in the registry says of itself; and which
    of them it was is told. A tag alone, as `1.2`, is asked for in every repository of the project.

    \b
      polyarch runs who ghcr.io/team/app:1.2
      polyarch runs who latest
    """
    from polyarch.cli.runs_who import ask_who

    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    records = Records.find(surroundings, config_file, environment)
    return ask_who(invocation, records, tag, digest or "")


def _document(record: "RunRecord") -> "JsonObject":
    """A run with its result and tags, as they stand in its record."""
    from polyarch.pipeline.run_listing import moves_in, result_in

    return {
        **record.run.to_json(),
        "result": result_in(record),
        "tags": [move.to_json() for move in moves_in(record)],
    }


for each in (logs, report, import_):
    command.add_command(each)
