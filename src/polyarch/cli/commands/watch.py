"""`polyarch watch`: not written yet."""

import click

from polyarch.cli.verb import Verb


@click.command("watch", cls=Verb)
def command() -> int:
    """See that what is published is whole, the same everywhere, and fresh."""
    raise click.UsageError("not written yet")
