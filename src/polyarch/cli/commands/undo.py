"""`polyarch undo`: not written yet."""

import click

from polyarch.cli.verb import Verb


@click.command("undo", cls=Verb)
def command() -> int:
    """Put the tags back to what they were before a run."""
    raise click.UsageError("not written yet")
