"""The reference page of the command line, from the help texts of the verbs."""

from collections.abc import Iterator

import click

from polyarch.cli.app import app

_WIDTH = 100

_HEAD = """\
# The command line

<!-- made by `make generate` from the help of each verb -->

Results go to stdout, progress and hints to stderr. `--json` prints exactly one document. Colours
are off with `NO_COLOR`, and where stderr is no terminal progress is plain lines.
"""


def command_page() -> str:
    """Every verb with its help, in the order in which `polyarch --help` lists them."""
    return "\n".join([_HEAD, *_sections(app, _context(app, "polyarch"))])


def _context(
    command: click.Command, name: str, above: click.Context | None = None
) -> click.Context:
    # A command keeps the help option that it first shows, so it must be the real one here too.
    return click.Context(
        command,
        info_name=name,
        parent=above,
        max_content_width=_WIDTH,
        terminal_width=_WIDTH,
        help_option_names=app.context_settings["help_option_names"],
    )


def _sections(group: click.Group, above: click.Context) -> Iterator[str]:
    for name in group.list_commands(above):
        command = group.get_command(above, name)
        if command is None:
            continue
        context = _context(command, name, above)
        if not isinstance(command, click.Group):
            yield _section(command, context)
            continue
        if command.invoke_without_command:  # a verb by itself as well
            yield _section(command, context)
        yield from _sections(command, context)


def _section(command: click.Command, context: click.Context) -> str:
    text = "\n".join(line.rstrip() for line in command.get_help(context).splitlines())
    return f"## {context.command_path}\n\n```text\n{text}\n```\n"
