"""Options that several verbs share, each declared once."""

import re
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import click

from polyarch.cli.projects import complete_environments, complete_images

Command = Callable[..., Any]

_SPAN = re.compile(r"([0-9]{1,9})([smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86400}


class Moment(click.ParamType[datetime]):
    """A fixed reading of the clock: RFC 3339, as `2026-01-02T03:04:05Z`."""

    name = "time"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> datetime:
        """Read the time; without an offset it is UTC."""
        if isinstance(value, datetime):
            return value
        try:
            moment = datetime.fromisoformat(value)
        except ValueError:
            self.fail(f"`{value}` is not a time; write it as `2026-01-02T03:04:05Z`", param, ctx)
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


class Span(click.ParamType[float]):
    """A length of time: `90s`, `30m`, `2h`, `7d`, never nothing; seconds where no unit is."""

    name = "duration"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> float:
        """Read it; gives seconds."""
        if isinstance(value, float):
            return value
        found = _SPAN.fullmatch(value)
        if found is None or not int(found[1]):
            problem = "is no length of time" if found is None else "has to be more than nothing"
            self.fail(f"`{value}` {problem}; write `90s`, `30m`, `2h` or `7d`", param, ctx)
        return float(found[1]) * _SECONDS[found[2]]


def _together(*options: Callable[[Command], Command]) -> Callable[[Command], Command]:
    def decorate(command: Command) -> Command:
        for option in reversed(options):
            command = option(command)
        return command

    return decorate


output = _together(
    click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document."),
    click.option("-q", "--quiet", is_flag=True, help="Only results, warnings and errors."),
)
"""How a verb prints its result."""

config = click.option(
    "-c",
    "--config",
    "config_file",
    type=click.Path(path_type=Path),
    metavar="FILE",
    help="The polyarch.toml to use; by default the nearest one, from here upwards.",
)

project = _together(
    config,
    click.option(
        "--env",
        "environment",
        metavar="NAME",
        shell_complete=complete_environments,
        help="Use [environments.NAME].",
    ),
)

images = click.argument(
    "images", nargs=-1, metavar="[IMAGE | @GROUP | GLOB]...", shell_complete=complete_images
)

selection = _together(
    click.option(
        "-p",
        "--platform",
        "platforms",
        multiple=True,
        metavar="P",
        help="Only this platform; repeatable, or separated by commas.",
    ),
    click.option(
        "--changed-since",
        metavar="REF",
        help="Only images that differ from this git revision, and those that stand on them.",
    ),
    click.option(
        "--with-dependencies",
        is_flag=True,
        help="Build the bases within the project too, instead of using the published ones.",
    ),
)

event = _together(
    click.option(
        "--event", "event_name", metavar="NAME", help="Pretend that this event happened, as `push`."
    ),
    click.option("--ref", metavar="REF", help="The event's ref, as `refs/tags/v1.2.3`."),
    click.option("--sha", metavar="SHA", help="The event's commit, else the one checked out."),
    click.option("--now", type=Moment(), metavar="TIME", help="Take this as the time of day."),
)

sandbox = click.option(
    "--sandbox",
    is_flag=True,
    help="Publish to registries of its own on this machine; nothing leaves it.",
)

stage_to = click.option(
    "--stage-to",
    metavar="REPOSITORY",
    help="The one repository that takes parts, in place of `[publish] stage-to`.",
)

ending = _together(
    click.option(
        "--no-rollback",
        is_flag=True,
        help="Leave the tags that have moved when others cannot follow, instead of putting back"
        " what they had.",
    ),
    click.option(
        "--deadline",
        type=Span(),
        metavar="DURATION",
        help="Within this time after the first upload all tags have moved, or none has: `30m`.",
    ),
    click.option(
        "--fewer-platforms",
        is_flag=True,
        help="Let an image of one platform take the place of one of several.",
    ),
)
"""How publishing and copying may end."""

act = _together(
    click.option(
        "--why", metavar="TEXT", default="", help="The reason, for the record and for who is told."
    ),
    click.option(
        "--on-registry-failure",
        type=click.Choice(("abort", "continue")),
        help="Whether one registry that refuses ends it for all.  [default: as the config says]",
    ),
    click.option("--dry-run", is_flag=True, help="Show what would move, and move nothing."),
    ending,
)
"""What verbs share that move what is published."""

force = _together(
    click.option("--force", is_flag=True, help="Build although nothing changed."),
    click.option(
        "--no-cache",
        is_flag=True,
        help="Build although nothing changed, and take no layer from any cache.",
    ),
)
"""What is not to be taken from earlier builds."""
