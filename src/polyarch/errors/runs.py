"""Records of runs that are not there, or cannot be read."""

from collections.abc import Sequence

from polyarch.errors.asked import UsageError
from polyarch.errors.base import PolyarchError, shorten
from polyarch.errors.missing import NothingSelectedError
from polyarch.errors.work import WorkError


class RunNotFoundError(NothingSelectedError):
    """A run that was named and is not among those that are known."""

    code = "run-not-found"

    def __init__(self, run: str, place: str, known: Sequence[str]) -> None:
        newest = ", ".join(f"`{shorten(each)}`" for each in known[:3])
        PolyarchError.__init__(
            self,
            f"there is no run `{shorten(run)}`",
            where=shorten(place, 300),
            hint=f"`polyarch runs` lists them; the newest are {newest}"
            if known
            else "no run is recorded here; `polyarch runs import` brings those of other machines",
        )


class SeveralRunsError(NothingSelectedError):
    """A piece of an id that several runs have."""

    code = "several-runs"

    def __init__(self, run: str, known: Sequence[str]) -> None:
        names = ", ".join(f"`{shorten(each)}`" for each in known[:5])
        PolyarchError.__init__(
            self,
            f"`{shorten(run)}` may be any of {len(known)} runs",
            where="the command line",
            hint=f"write more of the id; there are {names}",
        )


class LogNotFoundError(NothingSelectedError):
    """A log that a run has not."""

    code = "log-not-found"

    def __init__(self, what: str, run: str, known: Sequence[str]) -> None:
        names = ", ".join(f"`{shorten(each)}`" for each in known[:8])
        PolyarchError.__init__(
            self,
            f"run `{shorten(run)}` has no log of {shorten(what)}",
            where=f"run {shorten(run)}",
            hint=f"its logs: {names}"
            if known
            else "it has no logs: records that travel through a store leave them behind",
        )


class RunUnreadableError(WorkError):
    """The record of a run that is none, or says what cannot be."""

    code = "run-unreadable"

    def __init__(self, where: str, reason: str) -> None:
        super().__init__(
            f"this record of a run cannot be used: {shorten(reason, 300)}",
            where=shorten(where, 300),
            hint="hand over the folder `.polyarch/runs` as polyarch wrote it",
        )


class NoRecordsError(NothingSelectedError):
    """A folder or archive that was to be imported and has no record of a run."""

    code = "no-records"

    def __init__(self, place: str) -> None:
        PolyarchError.__init__(
            self,
            "there is no record of a run",
            where=shorten(place, 300),
            hint="name a folder, or a .zip or .tar file, that holds `.polyarch/runs` of a job",
        )


class NoRunStoreError(UsageError):
    """A store of records is asked for, and the project names none."""

    code = "no-run-store"

    def __init__(self, where: str, *, in_ci: bool = False) -> None:
        name = 'name one in polyarch.toml: `[runs] store = "ghcr.io/team/runs"`'
        take = "its records are artifacts of the CI: download them, and `polyarch runs import` them"
        super().__init__(
            "this project keeps no records in a repository",
            where=where,
            hint=take if in_ci else name,
        )
