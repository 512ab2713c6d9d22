"""`polyarch runs logs`, `report` and `import`: what is read from records, and taken over."""

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.invocation import Invocation
from polyarch.cli.runs_open import Records, complete_runs
from polyarch.cli.text import for_terminal, one_line, size
from polyarch.cli.verb import Verb

if TYPE_CHECKING:
    from polyarch.runs.logs import Log
    from polyarch.runs.report import Report
    from polyarch.runs.run import RunRecord

IMPORT_SCHEMA = "polyarch.runs-import/v1"

from_store = click.option(
    "--store", "stored", is_flag=True, help="Look in the repository of `[runs] store`."
)
which_run = click.argument("run", metavar="RUN", shell_complete=complete_runs)


@click.command("logs", cls=Verb)
@which_run
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

    In place of IMAGE the name of a log may stand, as the list has it. The logs of other jobs of the
    same CI run, whose records were imported, count as well.

    \b
      polyarch runs logs last
      polyarch runs logs last server linux/arm64
      polyarch runs logs last push-ghcr.io-team-server
    """
    from polyarch.runs.logs import chosen_logs, logs_of

    invocation = Invocation(surroundings=surroundings)
    found = records_of(invocation, run, config_file, environment, stored=False)
    runs = [record.run for record in found]
    if not image:
        for each in runs:
            for log in logs_of(each):
                behind = f"  {each.id}" if len(runs) > 1 else ""
                print(f"{one_line(log.name)}  {size(log.size)}{behind}")
        return
    report = report_for(found)
    platforms = sorted({row.platform for row in report.rows})
    images = [each.name for each in report.images]
    chosen = chosen_logs(runs, image, platform, images, platforms)
    for log in chosen:
        if len(chosen) > 1:
            print(f"==> {one_line(log.name)} <==")
        _print_log(log, safe=surroundings.stdout_is_terminal)


@click.command("report", cls=Verb)
@which_run
@click.option(
    "--html", type=click.Path(path_type=Path, dir_okay=False), help="Write one page to this file."
)
@click.option("--markdown", is_flag=True, help="Print Markdown; it is what is printed by itself.")
@from_store
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
    made = report_for(records_of(invocation, run, config_file, environment, stored=stored))
    if html:
        write_bytes(surroundings.folder / html, report_page(made).encode())
        if not markdown:
            print(html)
    if markdown or not html:
        print(report_markdown(made), end="")


@click.command("import", cls=Verb)
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


def records_of(
    invocation: Invocation,
    run: str,
    config_file: Path | None,
    environment: str | None,
    *,
    stored: bool,
) -> "tuple[RunRecord, ...]":
    """The record of a run, and behind it those of the other jobs of its CI run."""
    records = Records.find(invocation.surroundings, config_file, environment)
    with invocation.progress() as listen:
        return records.records(listen, run, stored=stored)


def report_for(records: "tuple[RunRecord, ...]") -> "Report":
    """The report that is drawn from records."""
    from polyarch.runs.report import report_of

    return report_of(records)


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
