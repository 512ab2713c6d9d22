"""Telling people at the end of a run, of which nothing may change how the run ends."""

import sys
import threading
from collections.abc import Iterable
from contextlib import suppress
from dataclasses import dataclass
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

SWITCH = "POLYARCH_NOTIFY"
OUTPUT = "notice"

ACTS = frozenset({"promote", "tag", "rollback", "undo"})
"""Told wherever they are done: pipeline.telling_act says more, and is imported where needed."""

_MOST_STORED = 20
_STORE_S = 8.0

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
        from polyarch.pipeline.telling_run import BY_ITSELF, EndedRun, left_behind, tell_of

        ended = EndedRun(about=about, result=result, folder=run.path if run else None)
        audience = audience_of(self.project, environment, read_clock())
        if leaves:
            _append(Path(leaves), f"{OUTPUT}={left_behind(ended, self.event, audience)}\n")
            return warnings
        if about.verb in ACTS:
            by_itself = not self.stays
        else:
            by_itself = about.verb == BY_ITSELF and not (self.stays or silence(self.event))
        if not (by_itself or said in _ON):
            return warnings
        sources = sources_of(self.project, self.surroundings)
        told = tell_of(ended, self.event, self.project, audience, sources)
        return [*warnings, *problems(audience.wrong, told.deliveries)]


def sources_of(project: Project, surroundings: Surroundings) -> "Sources":
    """Where it is looked up how runs before ended."""
    from polyarch.pipeline.telling_past import Sources
    from polyarch.pipeline.telling_run import runs_of

    return Sources(
        environment=surroundings.environment,
        runs=runs_of(project),
        stored=lambda: _stored(project, surroundings),
    )


def _stored(project: Project, surroundings: Surroundings) -> "tuple[RunSummary, ...]":
    """The newest records of the store; none where there is no store, or it does not answer."""
    if project.runs.repository is None:
        return ()
    from polyarch.cli.runs_open import Records
    from polyarch.events import ignore

    records = Records(surroundings=surroundings, project=project)
    found: list[tuple[RunSummary, ...]] = []

    def ask() -> None:
        with suppress(PolyarchError, TimeoutError), records.registries(ignore) as registries:
            listed = records.store(registries).list(_MOST_STORED)
            found.append(tuple(each.run.summary for each in listed))

    # A thread of its own: registries are waited for with more patience than a notice is worth.
    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    thread.join(_STORE_S)
    return found[0] if found else ()


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
