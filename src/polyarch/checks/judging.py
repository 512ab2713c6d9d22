"""Judging all programs and libraries of an image that its entrypoint does not run.

How bad a finding is follows whether the file can be what runs: a program in a folder of PATH or a
library in one where loaders look is an error, another that may be executed or loaded a warning, the
rest is worth knowing.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.checks.allow import Allowances
from polyarch.checks.binary import Format, Kind, Misfit, Program
from polyarch.checks.entry import RUN_BITS
from polyarch.checks.filesystem import Filesystem
from polyarch.checks.searchpath import (
    glibc_folders,
    library_folders,
    musl_folders,
    program_folders,
    real_folders,
)
from polyarch.checks.told import Teller
from polyarch.checks.tree import File
from polyarch.findings import Finding, Severity
from polyarch.oci.config import ImageConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Judge:
    """`programs` and `libraries` are the real folders in which what lies there can be what runs."""

    tell: Teller
    allow: Allowances
    programs: frozenset[str]
    libraries: frozenset[str]

    @classmethod
    def of(cls, files: Filesystem, config: ImageConfig, tell: Teller, allow: Allowances) -> "Judge":
        """Find the folders in the image."""
        looked = (
            *library_folders(config),
            *glibc_folders(files, tell.platform),
            *musl_folders(files),
        )
        return cls(
            tell=tell,
            allow=allow,
            programs=real_folders(files, program_folders(config)),
            libraries=real_folders(files, looked),
        )

    def findings(self, files: Filesystem, running: set[str]) -> Iterator[Finding]:
        """Of every file but those in `running`, which are judged already."""
        for path, file in files.files():
            if file.program and path not in running:
                yield from self._judged(path, file, file.program)

    def _judged(self, path: str, file: File, program: Program) -> Iterator[Finding]:
        if program.format is Format.WASM:
            return  # no kernel runs it by itself: an engine in the image takes it as data
        why = program.misfit(self.tell.platform) if not program.damage else None
        if not (why or program.damage) or self.allow.covers(path, self.tell.platform):
            return
        if why:
            severity = self._severity(path, file, program, why)
            if severity:
                yield self.tell.misfit(path, program, why, severity, file.layer)
        else:
            runs = file.mode & RUN_BITS
            severity = Severity.WARNING if runs else Severity.INFO
            yield self.tell.damaged(path, program, severity, file.layer)

    def _severity(self, path: str, file: File, program: Program, why: Misfit) -> Severity | None:
        folder = path.rpartition("/")[0] or "/"
        runs = bool(file.mode & RUN_BITS)
        is_library = program.kind is Kind.LIBRARY
        if program.kind not in {Kind.PROGRAM, Kind.LIBRARY}:
            return Severity.INFO if why is Misfit.ARCHITECTURE else None
        if why is Misfit.VARIANT and is_library:
            return None
        if (runs and folder in self.programs) or (is_library and folder in self.libraries):
            return Severity.ERROR
        if runs or (is_library and program.format is Format.ELF):
            return Severity.WARNING
        return Severity.INFO if why is Misfit.ARCHITECTURE else None
