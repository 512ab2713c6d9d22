"""`polyarch tag`: not written yet."""

import click

from polyarch.cli.verb import Verb


@click.command("tag", cls=Verb)
def command() -> int:
    """Give what is published in a registry more tags."""
    raise click.UsageError("not written yet")
