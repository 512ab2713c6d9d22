"""Files in the forms of other programs that a verb writes beside its own result."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Protocol, Self

from polyarch._version import __version__
from polyarch.errors import EmptyOptionError, StorageError, UsageError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from polyarch.findings import Report, Severity

STDOUT = "-"


class Reported(Protocol):
    """A result that reports were made for."""

    @property
    def reports(self) -> "Sequence[Report]":
        """One for each thing that was checked."""
        ...

    @property
    def fail_on(self) -> "Severity":
        """What fails it."""
        ...

    @property
    def file(self) -> str:
        """What named the things that were checked, empty where no file did."""
        ...

    @property
    def platforms(self) -> "Sequence[Sequence[str]]":
        """The platforms of each report that were looked at."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Forms:
    """Where SARIF and JUnit go; each is a file, `-` for stdout, or None."""

    folder: Path
    sarif: str | None
    junit: str | None

    @classmethod
    def parse(cls, folder: Path, *, sarif: str | None, junit: str | None, as_json: bool) -> Self:
        """See that the options go together.

        Raises:
            UsageError: stdout is to hold more than one document, or an option is empty.
        """
        for option, name in (("--sarif", sarif), ("--junit", junit)):
            if name == "":
                raise EmptyOptionError(option)
        if [sarif, junit, STDOUT if as_json else None].count(STDOUT) > 1:
            raise UsageError(
                "only one document can go to stdout",
                where="`--json`, `--sarif -` and `--junit -` on the command line",
                hint="name a file for the others",
            )
        return cls(folder=folder, sarif=sarif, junit=junit)

    @property
    def take_stdout(self) -> bool:
        """Whether one of them is what the verb prints."""
        return STDOUT in {self.sarif, self.junit}

    def write(self, result: Reported) -> None:
        """Write them.

        Raises:
            StorageError: a file cannot be written.
        """
        if self.sarif:
            from polyarch.findings.sarif import sarif

            document = sarif(result.reports, version=__version__, file=result.file)
            self.put(self.sarif, json.dumps(document, indent=2) + "\n")
        if self.junit:
            from polyarch.findings.junit import junit

            text = junit(result.reports, platforms=result.platforms, fail_on=result.fail_on)
            self.put(self.junit, text)

    def put(self, name: str, text: str) -> None:
        """Write one.

        Raises:
            StorageError: the file cannot be written.
        """
        if name == STDOUT:
            print(text, end="", flush=True)
            return
        path = self.folder / name
        try:
            path.write_text(text, encoding="utf-8", errors="replace")
        except OSError as error:
            raise StorageError(str(path), error.strerror or str(error)) from error
