"""What checks found: one `Finding` for every kind of check, and the `Report` of them."""

from dataclasses import dataclass
from enum import StrEnum

from polyarch.oci.platform import Platform


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    ERROR = "error"
    WARNING = "warning"
    PERF = "perf"
    INFO = "info"


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong or worth knowing.

    `code` is stable text for scripts; `subject` is what was checked; `path` is the place within it.
    """

    code: str
    severity: Severity
    subject: str
    message: str
    platform: Platform | None = None
    path: str = ""
    hint: str = ""

    def __str__(self) -> str:
        platform = f"{self.platform}: " if self.platform else ""
        path = f"{self.path}: " if self.path else ""
        return f"{platform}{path}{self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was checked and what was found; nothing checked is never `ok`."""

    subject: str
    findings: tuple[Finding, ...] = ()
    platforms: int = 0
    binaries: int = 0
    layers: int = 0
    bytes: int = 0

    @property
    def ok(self) -> bool:
        """Whether something was checked and no finding is an error."""
        return self.platforms > 0 and not self.errors

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that fail a run."""
        return tuple(found for found in self.findings if found.severity is Severity.ERROR)
