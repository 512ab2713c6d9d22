"""Whether programs of a platform run here: a real one is started, and its status looked at."""

import errno
import os
import re
import shutil
import stat
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from polyarch.errors import PolyarchError, ProcessFailedError, ProgramNotFoundError
from polyarch.host.emulation import Emulator, Machine
from polyarch.host.process import Finished, run
from polyarch.host.search_path import administrators
from polyarch.host.tiny_programs import STATUS, tiny_program
from polyarch.oci.platform import Platform

LIMIT_S = 10.0
"""QEMU takes some 10 ms; a machine that is busy with builds takes longer."""

_NOT_FOUND = re.compile(r"/program'?: (No such file|Exec format)")
"""What chroot says of a program, or of an interpreter, that is not in the root folder."""
_BUSY_TRIES = 20
_BUSY_WAIT_S = 0.05


class Outcome(StrEnum):
    """`absent`: nothing runs such programs; `broken`: something should, and does not.

    `untried`: no program could be started at all, or none can be made for the platform.
    """

    NATIVE = "native"
    WORKS = "works"
    ABSENT = "absent"
    BROKEN = "broken"
    UNTRIED = "untried"


@dataclass(frozen=True, slots=True, kw_only=True)
class Trial:
    """What came of starting a program of `platform`; `problem` says what is wrong, if anything.

    `in_containers`: it also ran where there is no file but itself, as in a container; where that
    could not be tried, what flag F promises.
    """

    platform: Platform
    outcome: Outcome
    emulator: Emulator | None = None
    problem: str = ""
    in_containers: bool = False

    @property
    def runs(self) -> bool:
        """Whether programs of the platform run here."""
        return self.outcome in {Outcome.NATIVE, Outcome.WORKS}


def try_platforms(
    machine: Machine,
    platforms: Iterable[Platform],
    environment: Mapping[str, str],
    *,
    folders: Sequence[Path] = (),
) -> tuple[Trial, ...]:
    """Start a program of each platform, several at once; never raises for one that fails.

    The programs lie for a moment in the first of `folders`, or else of the system's folders for
    temporary files, from which programs may be started.
    """
    wanted = tuple(platforms)
    with _shelf(folders) as shelf, ThreadPoolExecutor(4, thread_name_prefix="trial") as pool:
        return tuple(pool.map(lambda each: _try(machine, each, environment, shelf), wanted))


def _try(
    machine: Machine, platform: Platform, environment: Mapping[str, str], shelf: Path | None
) -> Trial:
    emulator = machine.emulator_for(platform)
    content = tiny_program(platform.architecture) if platform.os == "linux" else None

    def trial(outcome: Outcome, problem: str = "", *, in_containers: bool = False) -> Trial:
        return Trial(
            platform=platform,
            outcome=outcome,
            emulator=emulator,
            problem=problem,
            in_containers=in_containers,
        )

    if machine.platform.os != "linux" or content is None:
        return trial(Outcome.UNTRIED, "there is no trial program for it here")
    if shelf is None:
        return trial(Outcome.UNTRIED, "no folder for temporary files lets programs start (noexec)")
    program = _written(shelf / platform.slug, content)
    by = (emulator.interpreter,) if emulator and emulator.kind == "program" else ()
    problem = _run((*by, str(program)), environment)
    if problem is None:
        outcome = Outcome.WORKS if emulator else Outcome.NATIVE
        return trial(outcome, in_containers=_runs_alone(program, emulator, environment))
    if emulator is None and not machine.runs_natively(platform):
        return trial(Outcome.ABSENT)
    return trial(Outcome.BROKEN, _explained(problem, emulator))


def _written(folder: Path, content: bytes) -> Path:
    folder.mkdir(mode=stat.S_IRWXU)
    program = folder / "program"
    program.write_bytes(content)
    program.chmod(stat.S_IRWXU)
    return program


def _runs_alone(program: Path, emulator: Emulator | None, environment: Mapping[str, str]) -> bool:
    """Whether it runs in a root folder with nothing else in it."""
    if emulator is None or not emulator.in_containers:
        return emulator is None
    own_root = ("chroot", str(program.parent), f"/{program.name}")
    alone = own_root if os.geteuid() == 0 else ("unshare", "--user", "--map-root-user", *own_root)
    try:
        told = {**administrators(environment), "LC_ALL": "C"}
        done = run(alone, environment=told, check=False, timeout_s=LIMIT_S)
    except PolyarchError:
        return True
    # Other words than the program's own are those of chroot or unshare, which may be forbidden.
    return done.status == STATUS or not _NOT_FOUND.search(done.stderr)


@dataclass(frozen=True, slots=True)
class _Problem:
    text: str
    number: int = 0


def _run(arguments: Sequence[str], environment: Mapping[str, str]) -> _Problem | None:
    try:
        done = _when_closed(arguments, environment)
    except ProcessFailedError:
        return _Problem(f"a trial program did not end within {LIMIT_S:g} s")
    except ProgramNotFoundError as error:
        cause = error.__cause__
        number = cause.errno or 0 if isinstance(cause, OSError) else 0
        return _Problem(os.strerror(number).lower() if number else error.message, number)
    except PolyarchError as error:
        return _Problem(error.message)
    if done.status == STATUS:
        return None
    said = (done.stderr or done.stdout).strip().splitlines()[-1:]
    ended = f"signal {-done.status}" if done.status < 0 else f"status {done.status}"
    return _Problem(f"a trial program ended with {ended}" + "".join(f": {x}" for x in said))


def _when_closed(arguments: Sequence[str], environment: Mapping[str, str]) -> Finished:
    """Start it once nobody has it open for writing.

    A program that another thread is just starting holds every open file for the moment between its
    fork and its exec, and the kernel starts no program that somebody may still write to.
    """
    for _ in range(_BUSY_TRIES):
        try:
            return run(arguments, environment=environment, check=False, timeout_s=LIMIT_S)
        except ProgramNotFoundError as error:
            cause = error.__cause__
            if not (isinstance(cause, OSError) and cause.errno == errno.ETXTBSY):
                raise
            time.sleep(_BUSY_WAIT_S)
    return run(arguments, environment=environment, check=False, timeout_s=LIMIT_S)


def _explained(problem: _Problem, emulator: Emulator | None) -> str:
    if emulator is None:
        return problem.text
    if emulator.kind == "binfmt" and problem.number == errno.ENOENT:
        return f"its interpreter `{emulator.interpreter}` is gone"
    if emulator.kind == "binfmt" and problem.number == errno.ENOEXEC:
        return f"`{emulator.interpreter}` is registered and does not start (exec format error)"
    if emulator.kind == "binfmt" and problem.number == errno.EACCES:
        return f"`{emulator.interpreter}` is registered and may not be started"
    return problem.text


@contextmanager
def _shelf(folders: Sequence[Path]) -> Iterator[Path | None]:
    """A folder that programs can be started from, None where there is none."""
    made = next((found for found in map(_made, _places(folders)) if found), None)
    try:
        yield made
    finally:
        if made:
            shutil.rmtree(made, ignore_errors=True)


def _places(folders: Sequence[Path]) -> Iterator[Path]:
    yield from (folder for folder in folders if folder.is_dir())
    with suppress(OSError):
        yield Path(tempfile.gettempdir())
    yield from (place for place in (Path("/var/tmp"), Path("/dev/shm")) if place.is_dir())  # noqa: S108 - a private folder is made there


def _made(place: Path) -> Path | None:
    try:
        if os.statvfs(place).f_flag & os.ST_NOEXEC:
            return None
        return Path(tempfile.mkdtemp(prefix="polyarch-trial-", dir=place))
    except OSError:
        return None
