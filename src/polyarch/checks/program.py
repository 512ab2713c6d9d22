"""One program or library on disk: what `file` would say of it, held against a platform."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from polyarch.checks import headers
from polyarch.checks.binary import Kind, Misfit, Program
from polyarch.checks.told import BUILT_WRONG, an
from polyarch.checks.window import Window
from polyarch.content.files import open_regular
from polyarch.errors import ProgramFileError, shorten
from polyarch.findings import Finding, Report, Severity
from polyarch.oci.platform import Platform

_MAX_BYTES = 64 * 1024 * 1024
_ARCHIVE = b"!<arch>\n"
_MEMBER = 60
_SIZE = slice(48, 58)


def check_program(path: Path, platform: Platform | None, *, subject: str) -> Report:
    """Say what a file is, and with a platform whether it can be loaded there.

    What it is stands in a finding of its own, `program`, whatever else is found.

    Raises:
        ProgramFileError: there is no such file, or it cannot be read.
    """
    program, said = _looked_at(path)
    tell = _Teller(subject, platform, path)
    if program is None:
        hint = "name a program, a shared library or a static one"
        found = tell.finding("not-a-program", Severity.ERROR, f"it is {said}", hint)
        return Report(subject=subject, findings=(found,), binaries=1)
    told = tell.finding("program", Severity.INFO, program.description)
    findings = (*_judged(program, platform, tell), told)
    return Report(subject=subject, findings=findings, platforms=1, binaries=1)


def program_in(path: Path) -> Program | None:
    """The program or library in a file by its header; None for any other file.

    Raises:
        ProgramFileError: it cannot be read.
    """
    try:
        with open_regular(path) as file:
            head = file.read(4)
    except OSError as error:
        raise ProgramFileError(str(path), error.strerror or str(error)) from error
    return _looked_at(path)[0] if headers.is_program(head) else None


@dataclass(frozen=True, slots=True)
class _Teller:
    subject: str
    platform: Platform | None
    path: Path

    def finding(self, code: str, severity: Severity, text: str, hint: str = "") -> Finding:
        return Finding(
            code=code,
            severity=severity,
            subject=self.subject,
            message=text,
            platform=self.platform,
            path=str(self.path),
            hint=hint,
        )


def _judged(program: Program, platform: Platform | None, tell: _Teller) -> Iterator[Finding]:
    if program.damage:
        hint = "it was cut off or changed after it was built; build it again"
        yield tell.finding("program-damaged", Severity.ERROR, an(program), hint)
        return
    why = program.misfit(platform) if platform else None
    if why:
        # What a library was compiled for may be chosen when it is loaded.
        mild = why is Misfit.VARIANT and program.kind is not Kind.PROGRAM
        severity = Severity.WARNING if mild else Severity.ERROR
        text = f"{an(program)}, and it should be for {platform}"
        yield tell.finding(why.value, severity, text, BUILT_WRONG)


def _looked_at(path: Path) -> tuple[Program | None, str]:
    """The program in a file, or what it is instead."""
    try:
        with open_regular(path) as file:
            size = path.stat().st_size
            data = file.read(min(size, _MAX_BYTES))
    except OSError as error:
        raise ProgramFileError(str(path), error.strerror or str(error)) from error
    if data.startswith(_ARCHIVE):
        return _first_member(data), "a static library without any code that is known"
    window = Window(size)
    window.add(0, memoryview(data))
    found = headers.read_program(window) if headers.is_program(data[:4]) else None
    if found:
        return found, ""
    if data.startswith(headers.SCRIPT):
        line = data.partition(b"\n")[0][:100].decode("utf-8", "replace")
        return None, f"a script (`{shorten(line)}`), which runs wherever its interpreter does"
    return None, "no program or library of a known form" if data else "empty"


def _first_member(data: bytes) -> Program | None:
    """The first object file of a static library; all are of one machine."""
    at = len(_ARCHIVE)
    while at + _MEMBER <= len(data):
        digits = data[at + _SIZE.start : at + _SIZE.stop].strip()
        if not digits.isdigit():
            return None
        size, start = int(digits), at + _MEMBER
        member = memoryview(data)[start : start + size]
        if headers.is_program(bytes(member[:4])):
            return headers.read_program(Window.of(member))
        at = start + size + size % 2
    return None
