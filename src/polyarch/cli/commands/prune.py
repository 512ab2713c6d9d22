"""`polyarch prune`: not written yet."""

import click

from polyarch.cli.verb import Verb


@click.command("prune", cls=Verb)
def command() -> int:
    """Show what may go from registries, and remove it with --apply."""
    raise click.UsageError("not written yet")
