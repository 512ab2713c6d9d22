"""Keeps what a call of a verb was for and what it came to, in the folder of its run."""

from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from pathlib import Path

import click

from polyarch._version import __version__
from polyarch.cli.documents import error_object
from polyarch.cli.environment import Surroundings
from polyarch.cli.exit_codes import ExitCode, exit_code
from polyarch.cli.invocation import read_clock
from polyarch.cli.run_keeping import keep_elsewhere, leaves, write_tags
from polyarch.cli.telling import ACTS, WATCH, Teller
from polyarch.config.project import Project
from polyarch.errors import InterruptedByUserError, PolyarchError, StorageError
from polyarch.events import Event, Listener, RunStarted
from polyarch.host.ci_event import CiEvent
from polyarch.oci.fields import JsonObject
from polyarch.runs.alive import Held
from polyarch.runs.folder import RunFolder
from polyarch.runs.summary import FILE, RESULT_FILE, RunSummary


@dataclass(kw_only=True)
class RunLog:
    """What becomes of one call; `run` is None as long as it has no folder.

    `caller` is the event of whoever started it, `project` None outside one. `stays`: nothing of it
    is to leave this machine.
    """

    about: RunSummary
    surroundings: Surroundings
    project: Project | None = None
    caller: CiEvent | None = None
    stays: bool = False
    run: RunFolder | None = None
    held: Held | None = None
    document: JsonObject | None = None

    def hearing(self, listen: Listener) -> Listener:
        """A listener that learns which folder the run has, and hands everything on."""

        def heard(event: Event) -> None:
            if isinstance(event, RunStarted):
                self._begun(event)
            listen(event)

        return heard

    def result(self, document: JsonObject, code: ExitCode, reason: str = "") -> None:
        """The run has something to show; `reason` says why it did no more."""
        self.about = replace(
            self.about, exit_code=int(code), reason=reason, images=_images(document)
        )
        self.document = document
        self._write(RESULT_FILE, document)

    def failed(self, error: PolyarchError, code: ExitCode) -> None:
        """The run ended with an error and nothing to show, or with an error among its results."""
        told = error_object(error, code)
        self.about = replace(self.about, exit_code=int(code), error=told, reason=error.message)

    def end(self) -> None:
        """Write down what it came to."""
        code = self.about.exit_code
        code = int(ExitCode.BUG) if code is None else code
        self.about = replace(self.about, ended=read_clock(), exit_code=code)
        self._write(FILE, self.about.to_json())
        if self.run:
            with suppress(OSError, PolyarchError):
                write_tags(self.run)
        if self.run and self.project and self.caller and not self.stays:
            hurried = code == int(ExitCode.INTERRUPTED)
            trial = bool(self.about.event) and self.about.verb not in ACTS
            if leaves(self.caller, trial=trial):
                keep_elsewhere(self.run, self.project, self.surroundings, hurried=hurried)
        if self.held:
            self.held.release()
        if self.project and self.caller and (self.about.event or self.about.verb in {WATCH, *ACTS}):
            tell = Teller(self.surroundings, self.project, self.caller, stays=self.stays)
            tell(self.about, self.document, self.run)

    def _begun(self, event: RunStarted) -> None:
        self.run = RunFolder(id=event.id, path=Path(event.folder))
        self.about = replace(self.about, id=event.id)
        with suppress(StorageError):  # then it only looks as if it had died
            self.held = Held(self.run.path)
        self._write(FILE, self.about.to_json())
        with suppress(OSError, PolyarchError):  # nothing of this may end the run
            self._forget_oldest(self.run)

    def _forget_oldest(self, run: RunFolder) -> None:
        from polyarch.config.running_tables import RunsTable
        from polyarch.pipeline.history import forget_oldest

        keep = self.project.runs.keep if self.project else RunsTable().keep
        forget_oldest(run.path.parent, keep, run.id)

    def _write(self, name: str, document: JsonObject) -> None:
        if self.run:
            with suppress(StorageError):  # a full disk ends no run
                self.run.write(name, document)


def _images(document: JsonObject) -> tuple[str, ...]:
    """The images of a result, in its order; those of parts where it has nothing but these."""
    rows = document.get("images") or document.get("parts") or []
    names = (row.get("name") or row.get("image") for row in rows)
    return tuple(dict.fromkeys(name for name in names if isinstance(name, str)))


@contextmanager
def recorded(
    verb: str,
    surroundings: Surroundings,
    *,
    project: Project | None,
    name: str,
    event: CiEvent | None = None,
    started_by: CiEvent | None = None,
    environment: str | None = None,
    sandbox: bool = False,
    stays: bool = False,
    why: str = "",
) -> Iterator[RunLog]:
    """Write `run.json` when the run has begun, and again at its end, whatever that is.

    A disk that cannot take it changes nothing of the run. `started_by` says who started a run that
    is about no event, as a copy is, `why` are their words. `name` is what the project is called; a
    run of a `sandbox`, and one that `stays`, tells nobody but this machine.
    """
    caller = event or started_by
    about = RunSummary(
        id="",
        verb=verb,
        project=name,
        version=__version__,
        started=read_clock(),
        event={"name": event.name, "ref": event.ref, "sha": event.sha} if event else {},
        actor=caller.actor if caller else "",
        ci_run=(caller.ci_run or "") if caller else "",
        environment=(project.environment if project else environment) or "",
        sandbox=sandbox,
        why=why,
    )
    log = RunLog(
        about=about,
        surroundings=surroundings,
        project=project,
        caller=caller,
        stays=stays or sandbox,
    )
    try:
        yield log
    except PolyarchError as error:
        log.failed(error, exit_code(error))
        raise
    except (click.Abort, KeyboardInterrupt):
        log.failed(InterruptedByUserError(), ExitCode.INTERRUPTED)
        raise
    finally:
        log.end()
