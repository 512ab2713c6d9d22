r"""Commands whose help comes from raw docstrings: `\b` in them keeps the lines that follow."""

from typing import Any

import click

_KEEP_LINES = r"\b"


class _Told(click.Command):
    """Help as docstrings have it."""

    def __init__(self, *arguments: Any, **keywords: Any) -> None:
        keywords["help"] = kept_lines(keywords.get("help"))
        super().__init__(*arguments, **keywords)

    def get_short_help_str(self, limit: int = 0) -> str:  # noqa: ARG002 - click's interface
        """The first line of the help, whole: lists wrap it."""
        return (self.help or "").strip().partition("\n")[0].removesuffix(".")


class Verb(_Told):
    """A verb of polyarch."""


class Family(_Told, click.Group):
    """A verb that has verbs of its own."""


def kept_lines(text: str | None) -> str | None:
    """The text with click's own mark, a backspace, for the one that can be written down."""
    return text.replace(_KEEP_LINES, "\b") if text else text
