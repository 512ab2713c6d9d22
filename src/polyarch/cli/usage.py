"""What click says of a wrong command line, in polyarch's words."""

import re

import click

from polyarch.errors import UsageError

_QUOTED = re.compile(r"'([^']*)'")


def usage_error(error: click.ClickException) -> UsageError:
    """The error with its three lines; values stand in backticks as everywhere."""
    context = error.ctx if isinstance(error, click.UsageError) else None
    path = context.command_path if context else "polyarch"
    return UsageError(
        _words(error), where="the command line", hint=f"`{path} --help` shows what there is"
    )


def _words(error: click.ClickException) -> str:
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        return "a word is missing: what should be done"
    message = " ".join(error.format_message().split()).removesuffix(".")
    return _QUOTED.sub(r"`\1`", message[:1].lower() + message[1:])
