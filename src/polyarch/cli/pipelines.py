"""What the verbs of `polyarch ci` have in common: their options, and how they end."""

import shlex
from collections.abc import Callable, Mapping
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import click

from polyarch.cli.environment import Surroundings
from polyarch.cli.event import EventOptions, event_of
from polyarch.cli.exit_codes import ExitCode
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import open_project, staging_at
from polyarch.cli.text import error_lines
from polyarch.errors import UsageError
from polyarch.events import ignore

if TYPE_CHECKING:
    from polyarch.ci.pipelines.pins import Pin
    from polyarch.pipeline.ci_writing import Request, Written

_STDOUT = "-"


def shared(command: Callable[..., Any]) -> Callable[..., Any]:
    """Options of every CI's verb."""
    for option in (
        click.option("--check", is_flag=True, help="Write nothing; end with 1 if it is stale."),
        click.option("--install", default="", metavar="COMMAND", help="How jobs install polyarch."),
        click.option(
            "--stage-to",
            default="",
            metavar="REPOSITORY",
            help="Where building jobs stage parts, in place of the CI's own registry.",
        ),
        click.option(
            "--branch",
            default="",
            metavar="NAME",
            help="With --env: a rehearsal, started by pushes of this branch.",
        ),
    ):
        command = option(command)
    return command


def output(command: Callable[..., Any]) -> Callable[..., Any]:
    """Where it goes, and how it is told."""
    for option in (
        click.option("-q", "--quiet", is_flag=True, help="Only the path, warnings and errors."),
        click.option("--json", "as_json", is_flag=True, help="Print exactly one JSON document."),
        click.option(
            "-o",
            "--output",
            default="",
            metavar="FILE",
            help="Write this file instead; `-` prints it.",
        ),
    ):
        command = option(command)
    return command


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of such a verb; `given` are its options by their parameters."""

    dialect: str
    command: click.Command
    surroundings: Surroundings
    given: Mapping[str, Any]

    @property
    def invocation(self) -> Invocation:
        """How it shows what it does."""
        return Invocation(
            surroundings=self.surroundings,
            as_json=self.given["as_json"],
            quiet=self.given["quiet"],
        )

    def run(self, pins: "Mapping[str, Pin] | None" = None) -> int:
        """Make it, and write, print or compare it."""
        from polyarch.pipeline.ci_writing import write_pipeline

        written = self._made(self.given, pins)
        if self.given["check"]:
            return self._checked(written, pins)
        if self.given["output"] == _STDOUT:
            self._tell(written, "printed", written.text.removesuffix("\n"))
            return ExitCode.DONE
        write_pipeline(written)
        self._tell(written, "unchanged" if written.fresh else "written", str(written.path))
        return ExitCode.DONE

    def _made(self, given: Mapping[str, Any], pins: "Mapping[str, Pin] | None") -> "Written":
        from polyarch.pipeline.ci_writing import make_pipeline

        project = open_project(
            self.surroundings,
            given["config_file"],
            given["environment"],
            staging_at(given.get("stage_to") or None),
        )
        return make_pipeline(project, self._request(given), pins=pins)

    def _request(self, given: Mapping[str, Any]) -> "Request":
        from polyarch.pipeline.ci_writing import Request

        known = {field.name for field in fields(Request)}
        values = {name: value for name, value in given.items() if name in known}
        named = given["output"] if given["output"] != _STDOUT else ""
        values["output"] = self.surroundings.folder / named if named else None
        return Request(dialect=self.dialect, **values)

    def _checked(self, written: "Written", pins: "Mapping[str, Pin] | None") -> ExitCode:
        """Compare; the options of the call that made the file count where none are given."""
        again = self._options_of(written)
        if again:
            written = self._made({**self.given, **again}, pins)
        if self.invocation.as_json:
            from polyarch.cli.documents import print_document
            from polyarch.pipeline.ci_told import to_json

            print_document(to_json(written, state="unchanged" if written.fresh else "stale"))
        elif not written.fresh:
            print(written.difference, end="")
        if written.fresh:
            self.invocation.hint(f"{written.path} is what {written.pipeline.file} says")
            return ExitCode.DONE
        hint = f"run `{written.pipeline.command}`, and commit what it writes"
        stale = UsageError("the pipeline is stale", where=str(written.path), hint=hint)
        self.invocation.complain("\n".join(error_lines(stale)))
        return ExitCode.FAILED

    def _options_of(self, written: "Written") -> dict[str, Any]:
        """What the head of the file says that it was made with."""
        from polyarch.ci.pipelines.head import command_in

        words = _words(command_in(written.before or "") or "")
        if words[:3] != ["polyarch", "ci", self.dialect] or self._has_wishes():
            return {}
        context = self.command.make_context("ci", words[3:], resilient_parsing=True)
        places = {"config_file", "environment", "output", "check", "as_json", "quiet"}
        return {name: value for name, value in context.params.items() if name not in places}

    def _has_wishes(self) -> bool:
        places = {"config_file", "environment", "output", "check", "as_json", "quiet"}
        return any(value for name, value in self.given.items() if name not in places)

    def _tell(self, written: "Written", state: str, result: str) -> None:
        from polyarch.pipeline.ci_told import lines, to_json

        warnings = self._warnings(written)
        document = {**to_json(written, state=state), "warnings": list(warnings)}
        self.invocation.emit(document, lambda: result)
        for line in lines(written):
            self.invocation.hint(line)
        for warning in warnings:
            self.invocation.complain(f"warning: {warning}")

    def _warnings(self, written: "Written") -> tuple[str, ...]:
        from polyarch.pipeline.ci_crossings import crossings

        if not written.dialect.starts:
            return ()
        root = written.project.root
        event = event_of(EventOptions(), self.surroundings, root)
        world = self.invocation.world(ignore, root=root, now=None)
        return crossings(written.project, written.pipeline, event, world)


def _words(command: str) -> list[str]:
    try:
        return shlex.split(command)
    except ValueError:
        return []
