"""`polyarch undo`: the tags as they were before a run."""

from pathlib import Path
from typing import Unpack

import click

from polyarch.cli import options
from polyarch.cli.acting import Actor, Said
from polyarch.cli.environment import Surroundings
from polyarch.cli.invocation import Invocation
from polyarch.cli.runs_open import Records, complete_runs
from polyarch.cli.verb import Verb


@click.command("undo", cls=Verb)
@click.argument("run", metavar="RUN", shell_complete=complete_runs)
@click.option(
    "--store", "stored", is_flag=True, help="Look in the repository of `[runs] store` alone."
)
@options.act
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    run: str,
    stored: bool,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
    **said: Unpack[Said],
) -> int:
    r"""Put the tags back to what they were before a run.

    RUN is the id of a publish, promote, copy, tag, rollback or undo, a piece of the id, or `last`
    for the newest that moved tags, of the environment that `--env` names, or of none. It is looked
    for on this machine, among imported records, and in the repository of `[runs] store`. A tag that
    somebody has moved since stays, and is told. Tags that were new are removed at the very end,
    where nothing else goes with them. What is taken away is held back until something newer is
    published.

    \b
      polyarch undo last --dry-run
      polyarch undo last --why "1.3.0 loses sessions"
      polyarch undo 20260301T120000.000Z-abcdef
      polyarch undo last --env staging
      polyarch runs                      which runs there are
    """
    from polyarch.cli.undone import find_undone
    from polyarch.pipeline.moving.undoing import undo_run

    records = Records.find(surroundings, config_file, environment)
    project = records.project
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    actor = Actor(verb="undo", invocation=invocation, project=project, environment=environment)
    actor.check()
    with invocation.progress() as listen:
        undone = find_undone(records, run, listen, stored=stored)
    return actor.do(
        said,
        lambda terms, reach, world, event: undo_run(
            undone, terms, reach, world, project=project, who=event.actor
        ),
    )
