"""What tables and the live board are drawn on; imported only where something is drawn."""

from collections.abc import Mapping
from typing import TextIO

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table

PLAIN_WIDTH = 200
"""Columns of tables that go to a file or a pipe: nothing is cut off there."""


def make_console(
    stream: TextIO, *, terminal: bool, colour: bool, environment: Mapping[str, str]
) -> Console:
    """A console that takes every text as it is: brackets and `:x:` may come from anywhere.

    `environment` is where rich finds the variables that it knows, such as COLUMNS.
    """
    return Console(
        file=stream,
        force_terminal=terminal or colour,
        no_color=not colour,
        highlight=False,
        markup=False,
        emoji=False,
        width=None if terminal else PLAIN_WIDTH,
        _environ=environment,
    )


def table(*headings: str) -> Table:
    """An empty table in the one style that all have."""
    made = Table(box=SIMPLE_HEAD, pad_edge=False, show_edge=False, header_style="bold")
    for heading in headings:
        made.add_column(heading, overflow="fold")
    return made
