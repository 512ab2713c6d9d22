"""`polyarch rollback`: not written yet."""

import click

from polyarch.cli.verb import Verb


@click.command("rollback", cls=Verb)
def command() -> int:
    """Put the moving tags of an image back to an older version, in every registry."""
    raise click.UsageError("not written yet")
