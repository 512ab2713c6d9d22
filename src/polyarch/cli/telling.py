"""Telling people at the end of a run, of which nothing may change how the run ends."""

import sys
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

from polyarch.cli.environment import Surroundings
from polyarch.cli.invocation import read_clock
from polyarch.cli.text import one_line
from polyarch.config.project import Project
from polyarch.errors import PolyarchError
from polyarch.host.ci_event import CiEvent
from polyarch.oci.fields import JsonObject
from polyarch.runs.folder import RunFolder
from polyarch.runs.summary import RunSummary

if TYPE_CHECKING:
    from polyarch.notify.send import Delivery
    from polyarch.pipeline.telling_past import Sources
    from polyarch.pipeline.telling_run import EndedRun

SWITCH = "POLYARCH_NOTIFY"
OUTPUT = "notice"

WATCH = "watch"
ACTS = frozenset({"promote", "tag", "rollback", "undo"})
"""The verbs that move what is published already: they are told wherever they are done."""

_MOST_WATCHES = 20

_ON = frozenset({"on", "true", "yes", "1"})
_OFF = frozenset({"off", "false", "no", "0"})


@dataclass(frozen=True, slots=True)
class Teller:
    """What the end of a run calls; one that `stays` is a rehearsal or was not to publish."""

    surroundings: Surroundings
    project: Project
    event: CiEvent
    stays: bool = False

    def __call__(self, about: RunSummary, result: JsonObject | None, run: RunFolder | None) -> None:
        """Tell whoever is to be told; what goes wrong is a warning."""
        try:
            warn(self._tell(about, result, run))
        except PolyarchError as error:
            warn([f"nobody was told of this run: {error.message}"])
        except KeyboardInterrupt:
            warn(["nobody may have been told of this run: it was interrupted"])
        except Exception as error:  # noqa: BLE001 - a run that went well stays one
            warn([f"nobody was told of this run: a bug in polyarch: {type(error).__name__}"])

    def _tell(
        self, about: RunSummary, result: JsonObject | None, run: RunFolder | None
    ) -> list[str]:
        environment = self.surroundings.environment
        said = environment.get(SWITCH, "").strip().lower()
        unknown = f"`{SWITCH}` says neither `on` nor `off`, and is not heeded"
        warnings = [unknown] if said and said not in _ON | _OFF else []
        named = environment.get(self.project.notify.urls_env, "").strip()
        leaves = environment.get("GITHUB_OUTPUT", "") if said in _OFF else ""
        if (said in _OFF and not leaves) or (said not in _OFF and not named):
            return warnings
        from polyarch.pipeline.telling import audience_of, silence
        from polyarch.pipeline.telling_run import (
            BY_ITSELF,
            EndedRun,
            left_behind,
            tell_of,
            tell_of_watch,
        )

        if about.verb in {WATCH, *ACTS}:  # as runs for an event call it, so that both are found
            about = replace(about, project=self.event.repository or about.project)
        ended = EndedRun(about=about, result=result, folder=run.path if run else None)
        audience = audience_of(self.project, environment, read_clock())
        if leaves:
            _append(Path(leaves), f"{OUTPUT}={left_behind(ended, self.event, audience)}\n")
            return warnings
        if about.verb in {WATCH, *ACTS}:
            by_itself = not self.stays
        else:
            by_itself = about.verb == BY_ITSELF and not (self.stays or silence(self.event))
        if not (by_itself or said in _ON):
            return warnings
        if about.verb == WATCH:
            told = tell_of_watch(ended, self.event, self.project, audience, self._watches)
        else:
            sources = sources_of(self.project, self.surroundings)
            told = tell_of(ended, self.event, self.project, audience, sources)
        return [*warnings, *problems(audience.wrong, told.deliveries)]

    def _watches(self) -> "Iterator[EndedRun]":
        """The watches before, newest first: of this machine, and of the store."""
        from polyarch.cli.telling_stored import stored_watches
        from polyarch.pipeline.telling_run import runs_of, watches_in

        here = watches_in(runs_of(self.project))
        found = {each.about.id: each for each in islice(here, _MOST_WATCHES)}
        for each in stored_watches(self.project, self.surroundings):
            found.setdefault(each.about.id, each)
        return iter(sorted(found.values(), key=lambda each: each.about.id, reverse=True))


def sources_of(project: Project, surroundings: Surroundings) -> "Sources":
    """Where it is looked up how runs before ended."""
    from polyarch.cli.telling_stored import stored_runs
    from polyarch.pipeline.telling_past import Sources
    from polyarch.pipeline.telling_run import runs_of

    return Sources(
        environment=surroundings.environment,
        runs=runs_of(project),
        stored=lambda: stored_runs(project, surroundings),
    )


def problems(wrong: Iterable[PolyarchError], deliveries: "Iterable[Delivery]") -> list[str]:
    """What is to be said of addresses that are none, and of those that took nothing."""
    errors = [*wrong, *(each.error for each in deliveries if each.error)]
    return [f"{error.message} ({error.where})" for error in errors]


def warn(texts: Iterable[str]) -> None:
    """Say it on stderr."""
    for text in texts:
        print(f"warning: {one_line(text)}", file=sys.stderr)


def _append(path: Path, text: str) -> None:
    try:
        with path.open("a", encoding="utf-8") as file:
            file.write(text)
    except OSError as error:
        warn([f"the output `{OUTPUT}` was not written: {error.strerror}"])
