"""What checks found: one `Finding` for every kind of check, and the `Report` of them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from types import MappingProxyType

from polyarch.oci.fields import JsonObject
from polyarch.oci.platform import Platform

_NOTHING: Mapping[str, str] = MappingProxyType({})


class Severity(StrEnum):
    """How bad a finding is, worst first."""

    ERROR = "error"
    WARNING = "warning"
    PERF = "perf"
    INFO = "info"

    def reaches(self, other: "Severity") -> bool:
        """Whether it is as bad as `other`, or worse."""
        order = list(Severity)
        return order.index(self) <= order.index(other)


@dataclass(frozen=True, slots=True, kw_only=True)
class Finding:
    """One thing that is wrong or worth knowing.

    `code` is stable text for scripts; `subject` is what was checked; `path` is the place within it,
    `line` counts from 1 and is 0 where there is none. `details` are more facts for scripts, such as
    the layer that brought a file.
    """

    code: str
    severity: Severity
    subject: str
    message: str
    platform: Platform | None = None
    path: str = ""
    line: int = 0
    hint: str = ""
    details: Mapping[str, str] = field(default_factory=lambda: _NOTHING, hash=False)

    @property
    def place(self) -> str:
        """The path, with the line where there is one."""
        return f"{self.path}:{self.line}" if self.line else self.path

    def to_json(self) -> JsonObject:
        """As it stands in every document."""
        return {
            "code": self.code,
            "severity": self.severity.value,
            "platform": str(self.platform) if self.platform else None,
            "path": self.path or None,
            **({"line": self.line} if self.line else {}),
            "message": self.message,
            "hint": self.hint or None,
            **({"details": dict(self.details)} if self.details else {}),
        }

    def __str__(self) -> str:
        platform = f"{self.platform}: " if self.platform else ""
        path = f"{self.place}: " if self.path else ""
        return f"{platform}{path}{self.message}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Report:
    """What was checked and what was found; nothing checked is never `ok`.

    `unknown` says why something that should have been checked could not be; it is empty where all
    was. `left_out` says why there was nothing to check, where that is no fault.
    """

    subject: str
    findings: tuple[Finding, ...] = ()
    platforms: int = 0
    binaries: int = 0
    layers: int = 0
    bytes: int = 0
    unknown: str = ""
    left_out: str = ""

    @property
    def ok(self) -> bool:
        """Whether something was checked and no finding is an error."""
        return self.holds(Severity.ERROR)

    @property
    def is_empty(self) -> bool:
        """Whether nothing was checked."""
        return not (self.platforms or self.binaries)

    def holds(self, fail_on: Severity) -> bool:
        """Whether all was checked and no finding is as bad as `fail_on`."""
        lacks = self.unknown or (self.is_empty and not self.left_out)
        return not (lacks or self.at_least(fail_on))

    @property
    def not_checked(self) -> str:
        """Why something that should have been checked was not, where no error says it already."""
        is_told = self.left_out or self.errors
        return self.unknown or ("nothing could be checked" if self.is_empty and not is_told else "")

    def at_least(self, severity: Severity) -> tuple[Finding, ...]:
        """The findings that are as bad as that, or worse."""
        return tuple(found for found in self.findings if found.severity.reaches(severity))

    @property
    def errors(self) -> tuple[Finding, ...]:
        """The findings that fail a run."""
        return self.at_least(Severity.ERROR)

    def counts(self) -> JsonObject:
        """How much was looked at, as it stands in every document."""
        return {
            "platforms": self.platforms,
            "binaries": self.binaries,
            "layers": self.layers,
            "bytes": self.bytes,
        }

    def of(self, subject: str) -> "Report":
        """The same, found in the same content under another name."""
        findings = tuple(replace(found, subject=subject) for found in self.findings)
        return replace(self, subject=subject, findings=findings)


def joined(subject: str, reports: Iterable[Report]) -> Report:
    """Several reports about one thing as one: findings once, in order, counts summed."""
    parts = tuple(reports)
    reasons = dict.fromkeys(part.unknown for part in parts if part.unknown)
    return Report(
        subject=subject,
        findings=tuple(dict.fromkeys(found for part in parts for found in part.findings)),
        platforms=sum(part.platforms for part in parts),
        binaries=sum(part.binaries for part in parts),
        layers=sum(part.layers for part in parts),
        bytes=sum(part.bytes for part in parts),
        unknown="; ".join(reasons),
    )
