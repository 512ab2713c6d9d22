"""`polyarch runs`: what each build and push did, and who put what under which tag."""

import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.invocation import Invocation
from polyarch.cli.runs_open import Records
from polyarch.cli.text import for_terminal, one_line, size
from polyarch.cli.verb import Family, Verb

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polyarch.oci.fields import JsonObject
    from polyarch.runs.logs import Log
    from polyarch.runs.report import Report
    from polyarch.runs.run import RunRecord

SCHEMA = "polyarch.runs/v1"
IMPORT_SCHEMA = "polyarch.runs-import/v1"

_RESULTS = ("done", "partly", "failed", "interrupted", "running", "died")

_store = click.option(
    "--store", "stored", is_flag=True, help="Look in the repository of `[runs] store`."
)
_run = click.argument("run", metavar="RUN")


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
@_store
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

    Every build, publish and copy leaves a record: what it was for, who started it, what became of
    each image, platform, registry and tag, and its logs. RUN is an id, a piece of one, or `last`.

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

    surroundings: Surroundings = context.obj
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    records = Records.find(surroundings, config_file, environment)
    with invocation.progress() as listen:
        runs = records.listed(listen, stored=stored)
    wanted = RunFilter(images=images, results=frozenset(results), since=since, until=until)
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
        invocation.hint(f"{len(found) - limit} older ones; `--limit` shows more")


@command.command("show", cls=Verb)
@_run
@_store
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
    found = _records(invocation, run, config_file, environment, stored=stored)
    report = _report(found)

    def view() -> "RenderableType":
        from polyarch.cli.runs_view import report_view

        return report_view(report)

    invocation.emit({"schema": SCHEMA, "runs": [_document(each) for each in found]}, view)


@command.command("logs", cls=Verb)
@_run
@click.argument("image", default="", metavar="[IMAGE]")
@click.argument("platform", default="", metavar="[PLATFORM]")
@options.project
@click.pass_obj
def logs(
    surroundings: Surroundings,
    *,
    run: str,
    image: str,
    platform: str,
    config_file: Path | None,
    environment: str | None,
) -> None:
    r"""Print the logs of an image, or of one platform of it; without IMAGE, list what there is.

    In place of IMAGE the name of a log may stand, as the list has it.

    \b
      polyarch runs logs last
      polyarch runs logs last server linux/arm64
      polyarch runs logs last push-ghcr.io-team-server
    """
    from polyarch.runs.logs import chosen_logs, logs_of

    invocation = Invocation(surroundings=surroundings)
    found = _records(invocation, run, config_file, environment, stored=False)
    if not image:
        for log in logs_of(found[0].run):
            print(f"{one_line(log.name)}  {size(log.size)}")
        return
    report = _report(found[:1])
    platforms = sorted({row.platform for row in report.rows})
    images = [each.name for each in report.images]
    chosen = chosen_logs(found[0].run, image, platform, images, platforms)
    for log in chosen:
        if len(chosen) > 1:
            print(f"==> {one_line(log.name)} <==")
        _print_log(log, safe=surroundings.stdout_is_terminal)


@command.command("report", cls=Verb)
@_run
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write one page to this file."
)
@click.option("--markdown", is_flag=True, help="Print Markdown; it is what is printed by itself.")
@_store
@options.project
@click.pass_obj
def report(
    surroundings: Surroundings,
    *,
    run: str,
    html: Path | None,
    markdown: bool,
    stored: bool,
    config_file: Path | None,
    environment: str | None,
) -> None:
    r"""Write a report: Markdown for the summary of a job, or one page that stands alone.

    The page needs no network: a matrix of images, platforms and registries, a line of time,
    findings, and digests to copy. The records of other jobs of the same CI run are joined.

    \b
      polyarch runs report last >> "$GITHUB_STEP_SUMMARY"
      polyarch runs report last --html report.html
    """
    from polyarch.content.files import write_bytes
    from polyarch.runs.report_html import report_page
    from polyarch.runs.report_markdown import report_markdown

    invocation = Invocation(surroundings=surroundings)
    made = _report(_records(invocation, run, config_file, environment, stored=stored))
    if html:
        write_bytes(surroundings.folder / html, report_page(made).encode())
        if not markdown:
            print(html)
    if markdown or not html:
        print(report_markdown(made), end="")


@command.command("import", cls=Verb)
@click.argument(
    "paths", nargs=-1, required=True, metavar="PATH...", type=click.Path(path_type=Path)
)
@options.project
@options.output
@click.pass_obj
def import_(
    surroundings: Surroundings,
    *,
    paths: tuple[Path, ...],
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    r"""Take over the records of other machines: folders, .zip and .tar archives of CI jobs.

    What is not a record is left alone, and so is a run that is here already.

    \b
      polyarch runs import artifacts/
      polyarch runs import run-amd64.zip run-arm64.zip
    """
    from polyarch.runs.folder import prepare_state
    from polyarch.runs.importing import import_records

    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    folder = Records.find(surroundings, config_file, environment).folder
    prepare_state(folder.parent)
    found = [each for path in paths for each in import_records(surroundings.folder / path, folder)]
    invocation.emit(
        {
            "schema": IMPORT_SCHEMA,
            "runs": [{**each.run.to_json(), "taken": each.taken} for each in found],
        },
        lambda: "\n".join(each.run.id for each in found if each.taken),
    )
    if left := sum(not each.taken for each in found):
        invocation.hint(f"{left} were here already")


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

    The records of this machine answer, else those of `[runs] store`, else what the image in the
    registry says of itself; and which of them it was is told. A tag alone, as `1.2`, is asked for
    in every repository of the project.

    \b
      polyarch runs who ghcr.io/team/app:1.2
      polyarch runs who latest
    """
    from polyarch.cli.runs_who import ask_who

    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    records = Records.find(surroundings, config_file, environment)
    return ask_who(invocation, records, tag, digest or "")


def _records(
    invocation: Invocation,
    run: str,
    config_file: Path | None,
    environment: str | None,
    *,
    stored: bool,
) -> "tuple[RunRecord, ...]":
    records = Records.find(invocation.surroundings, config_file, environment)
    with invocation.progress() as listen:
        return records.records(listen, run, stored=stored)


def _report(records: "tuple[RunRecord, ...]") -> "Report":
    from polyarch.runs.report import report_of

    return report_of(records)


def _document(record: "RunRecord") -> "JsonObject":
    """A run with its result and tags, as they stand in its record."""
    from polyarch.pipeline.run_listing import moves_in, result_in

    return {
        **record.run.to_json(),
        "result": result_in(record),
        "tags": [move.to_json() for move in moves_in(record)],
    }


def _print_log(log: "Log", *, safe: bool) -> None:
    """Its bytes; on a terminal as text that cannot steer it."""
    from polyarch.runs.logs import chunks_of

    sys.stdout.flush()
    buffer = getattr(sys.stdout, "buffer", None)
    for chunk in chunks_of(log):
        if buffer is not None and not safe:
            buffer.write(chunk)
            continue
        words = chunk.decode("utf-8", "replace")
        sys.stdout.write(for_terminal(words.replace("\t", "    ")) if safe else words)
    if buffer is not None:
        buffer.flush()
