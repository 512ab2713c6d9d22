"""What the end of a program tells of its cause: loaders, the kernel, QEMU, and its bounds.

Sources: glibc elf/dl-load.c and dl-version.c; musl ldso/dynlink.c; qemu linux-user/signal.c,
linux-user/elfload.c and linux-user/main.c; the `command not found` and `cannot execute` of shells.
"""

import re
import signal
from collections.abc import Callable
from dataclasses import dataclass

from polyarch.errors import shorten
from polyarch.host.watched import Cut
from polyarch.runtimes.advice import (
    ARCHITECTURE_HINT,
    COMMAND_HINT,
    LOADER_HINT,
    PERMISSION_HINT,
)
from polyarch.runtimes.base import Ended
from polyarch.runtimes.outcome import How, Reason, Status

_IDLE = 0.05
"""A program that hangs keeps less of a processor busy than this."""
_QUIET_S = 1.0
_NATIVE = "prove this platform on a machine of its own"
_UNCAUGHT = re.compile(r"qemu: uncaught target signal (\d+)")
_INTERNAL = re.compile(
    r"QEMU internal SIG[A-Z]+[^\n]*|^(?:tcg fatal error|qemu: fatal)[^\n]*"
    r"|^\*?\*?\s*ERROR:[^\n]*/(?:tcg|accel|linux-user)/[^\n]*",
    re.MULTILINE,
)
_NO_LOADER = re.compile(r"qemu-[\w-]+: Could not open '([^']+)'")
_INVALID = re.compile(r"qemu-[\w-]+: (\S+): Invalid ELF image for this architecture")
_LIBRARY = re.compile(
    r"error while loading shared libraries: ([^:\s]+): |Error loading shared library ([^:\s]+): "
)
_VERSION = re.compile(r"(\S+): version `([^']+)' not found \(required by ([^)]+)\)")
_SYMBOL = re.compile(
    r"Error relocating (\S+): (\S+): symbol not found"
    r"|(\S+): symbol lookup error: \S+: undefined symbol: ([^\s,]+)"
)
_FORMAT = re.compile(r"[Ee]xec format error")
_DENIED = re.compile(r"[Pp]ermission denied")
_SEGV, _ILL, _KILL = 128 + signal.SIGSEGV, 128 + signal.SIGILL, 128 + signal.SIGKILL
_BUS = 128 + signal.SIGBUS
_NOT_EXECUTED, _NOT_FOUND = 126, 127


@dataclass(frozen=True, slots=True, kw_only=True)
class Circumstances:
    """What explains an end: how it ran, and what the image is known to hold.

    `foreign` are the paths of programs for other machines, `is_java` says that a Java virtual
    machine is likely.
    """

    platform: str
    how: How
    runtime: str
    foreign: tuple[str, ...] = ()
    is_java: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Symptom:
    """A cause, why it is believed, and what to do.

    `certain`: it cannot have ended well, whatever its status.
    """

    reason: Reason
    message: str
    hint: str = ""
    status: Status = Status.FAILED
    certain: bool = False


def symptom_of(ended: Ended, about: Circumstances) -> Symptom | None:
    """What kept a program from ending by itself, or from starting; None where nothing is seen."""
    if ended.fault:
        return _fault(ended, about)
    for look in _LOOKS:
        if found := look(ended, about):
            return found
    return None


def _fault(ended: Ended, about: Circumstances) -> Symptom:
    """The runtime could not start what the image has, although it looked right before."""
    said = shorten(ended.fault, 300)
    if _FORMAT.search(ended.fault):
        return Symptom(
            reason=Reason.NO_EMULATOR,
            status=Status.NOT_RUN,
            message=f"{about.runtime} cannot run programs for {about.platform}: {said}",
            hint="install QEMU where it runs them (`docker run --privileged tonistiigi/binfmt "
            f"--install all`, or Debian's qemu-user-static), or {_NATIVE}",
            certain=True,
        )
    return Symptom(
        reason=Reason.RUNTIME_FAILED,
        status=Status.NOT_RUN,
        message=f"{about.runtime} did not start it: {said}",
        hint="try another runtime",
        certain=True,
    )


def _crashed(ended: Ended, about: Circumstances) -> Symptom | None:
    if about.how != "emulated":
        return None
    if found := _INTERNAL.search(ended.output):
        return _qemu_crashed(shorten(found[0].strip(), 200), certain=True)
    found = _UNCAUGHT.search(ended.output)
    number = int(found[1]) if found else 0
    if number == signal.SIGILL:
        return _illegal(about, certain=ended.status != 0)
    if not number and ended.status == _SEGV:
        # Of a fault of the program it would have told.
        return _qemu_crashed("a segmentation fault", certain=False)
    if number == signal.SIGSEGV:
        return Symptom(
            reason=Reason.EMULATOR_CRASH,
            message="it ended with a segmentation fault under QEMU",
            hint="the fault is in the program, or in QEMU, which has many that no processor has: "
            f"{_NATIVE} to tell which, or install a newer QEMU",
            certain=ended.status != 0,
        )
    return _by_signal(number, certain=ended.status != 0) if number else None


def _qemu_crashed(what: str, *, certain: bool) -> Symptom:
    return Symptom(
        reason=Reason.EMULATOR_CRASH,
        message=f"QEMU itself crashed: {what}",
        hint=f"{_NATIVE}, or install a newer QEMU",
        certain=certain,
    )


def _natively_crashed(ended: Ended, about: Circumstances) -> Symptom | None:
    if ended.status in {_SEGV, _BUS} and about.how == "native":
        return Symptom(
            reason=Reason.SEGMENTATION_FAULT,
            message="it ended with a segmentation fault, on a processor of its platform",
            hint="the fault is in the program: run it in a debugger",
        )
    if ended.status == _ILL:
        return _illegal(about, certain=False)
    return None


def _illegal(about: Circumstances, *, certain: bool) -> Symptom:
    played = " that QEMU plays" if about.how == "emulated" else ""
    return Symptom(
        reason=Reason.ILLEGAL_INSTRUCTION,
        message=f"it used an instruction that the processor{played} does not have",
        hint=f"it was compiled for a newer processor than {about.platform} means: set the compiler "
        "to that (`-march`, GOARM, GOAMD64)",
        certain=certain,
    )


def _over_bounds(ended: Ended, about: Circumstances) -> Symptom | None:
    if ended.out_of_memory or ended.cut is Cut.MEMORY:
        return Symptom(
            reason=Reason.OUT_OF_MEMORY,
            message="it took more memory than it may",
            hint="give it less to do, or settings for less memory",
            certain=True,
        )
    if ended.cut is Cut.PROCESSES:
        return Symptom(
            reason=Reason.TOO_MANY_PROCESSES,
            message="it started more processes than it may",
            hint="give it less to do",
            certain=True,
        )
    return _late(ended, about) if ended.cut is Cut.TIME else None


def _late(ended: Ended, about: Circumstances) -> Symptom:
    idle = ended.load is not None and ended.load < _IDLE and ended.quiet_s >= _QUIET_S
    under = " under QEMU" if about.how == "emulated" else ""
    busy = "it did nothing any more" if idle else "it was still at work"
    doing = "" if ended.load is None else f", and {busy}"
    if about.is_java and about.how == "emulated":
        hint = (
            f"Java virtual machines are known to hang under QEMU: {_NATIVE}, or try "
            "`-XX:TieredStopAtLevel=1` or `-Xint`"
        )
    elif idle:
        hint = "a command that ends by itself is needed, as `--version`; a server never does"
    elif about.how == "emulated":
        hint = f"emulation is slow: give it more `timeout`, or {_NATIVE}"
    else:
        hint = "give it more `timeout`, or a command that does less"
    return Symptom(
        reason=Reason.HANG if idle else Reason.TIMEOUT,
        message=f"it did not end within {ended.seconds:.0f} s{under}{doing}",
        hint=hint,
        certain=True,
    )


def _not_loaded(ended: Ended, _about: Circumstances) -> Symptom | None:
    if found := _NO_LOADER.search(ended.output):
        return Symptom(
            reason=Reason.MISSING_LOADER,
            message=f"a program needs the loader `{shorten(found[1])}`, which is not in the image",
            hint=LOADER_HINT,
        )
    if found := _LIBRARY.search(ended.output):
        return Symptom(
            reason=Reason.MISSING_LIBRARY,
            message=f"the library `{shorten(found[1] or found[2])}` is not in the image",
            hint="install the package that has it in the image's last stage, or link it statically",
        )
    if found := _VERSION.search(ended.output):
        return Symptom(
            reason=Reason.MISSING_LIBRARY,
            message=f"`{shorten(found[3])}` needs {shorten(found[2])} of `{shorten(found[1])}`",
            hint="it was built against a newer library than the image has: build it on the base "
            "that it runs on",
        )
    if found := _SYMBOL.search(ended.output):
        program, name = found[1] or found[3], found[2] or found[4]
        return Symptom(
            reason=Reason.MISSING_LIBRARY,
            message=f"`{shorten(program)}` finds no `{shorten(name)}` in the image's libraries",
            hint="a library is missing or of another version: build it on the base that it runs on",
        )
    return None


def _not_executed(ended: Ended, about: Circumstances) -> Symptom | None:
    invalid = _INVALID.search(ended.output)
    named = invalid[1] if invalid else next((p for p in about.foreign if p in ended.output), "")
    refused = _FORMAT.search(ended.output) or _DENIED.search(ended.output)
    if invalid or (refused and named):
        return Symptom(
            reason=Reason.WRONG_ARCHITECTURE,
            message=f"`{shorten(named)}` is a program for another machine than {about.platform}",
            hint=ARCHITECTURE_HINT,
        )
    if _FORMAT.search(ended.output):
        return Symptom(
            reason=Reason.EXEC_FORMAT,
            message=f"what it starts is no program for {about.platform} (exec format error)",
            hint=ARCHITECTURE_HINT,
        )
    if ended.status == _NOT_EXECUTED:
        return Symptom(
            reason=Reason.PERMISSION_DENIED,
            message="something that it starts may not be executed (exit code 126)",
            hint=PERMISSION_HINT,
        )
    if ended.status == _NOT_FOUND:
        return Symptom(
            reason=Reason.COMMAND_NOT_FOUND,
            message="something that it starts is not in the image (exit code 127)",
            hint=COMMAND_HINT,
        )
    return None


def _other_signal(ended: Ended, _about: Circumstances) -> Symptom | None:
    if ended.status == _KILL:
        return Symptom(
            reason=Reason.OUT_OF_MEMORY,
            message="it was killed, as the kernel does when memory runs out (exit code 137)",
            hint="give it less to do, or run it where there is more memory",
        )
    return _by_signal((ended.status or 0) - 128, certain=False)


def _by_signal(number: int, *, certain: bool) -> Symptom | None:
    names = {each.value: each.name for each in signal.Signals}
    if number not in names or number > signal.SIGSYS:
        return None
    return Symptom(
        reason=Reason.SIGNAL,
        message=f"it was ended by {names[number]} (exit code {128 + number})",
        hint="read what it printed before",
        certain=certain,
    )


def uncaught_signal(output: str) -> int | None:
    """The number of the signal that ended a program under QEMU, as QEMU tells it."""
    found = _UNCAUGHT.search(output)
    return int(found[1]) if found else None


_LOOKS: tuple[Callable[[Ended, Circumstances], Symptom | None], ...] = (
    _crashed,
    _over_bounds,
    _not_loaded,
    _natively_crashed,
    _not_executed,
    _other_signal,
)
