"""`polyarch promote`: not written yet."""

import click

from polyarch.cli.verb import Verb


@click.command("promote", cls=Verb)
def command() -> int:
    """Bring what was proven in one environment to another, without building."""
    raise click.UsageError("not written yet")
