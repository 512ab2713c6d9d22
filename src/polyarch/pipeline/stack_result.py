"""What is known of a stack: for each service and platform one word, and why."""

from dataclasses import dataclass
from enum import StrEnum

from polyarch.findings import Report, Severity
from polyarch.oci.fields import JsonObject
from polyarch.oci.platform import Platform
from polyarch.pipeline.verify_result import SCHEMA, TellError, VerifyOutcome, VerifyResult


class Has(StrEnum):
    """Whether a service's image has a platform."""

    YES = "yes"
    NO = "no"
    NEWER = "newer"
    """It has not; a newer version of it has."""
    WRONG = "wrong"
    """It says so, and it is not true."""
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """For one platform; `newer` is a reference that has it."""

    platform: Platform
    has: Has
    reason: str = ""
    newer: str = ""
    digest: str = ""

    def to_json(self) -> JsonObject:
        """As it stands in the document."""
        return {
            "platform": str(self.platform),
            "state": self.has.value,
            "reason": self.reason or None,
            "newer": self.newer or None,
            "digest": self.digest or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class ServiceOutcome:
    """One service: its image as it is worked out, what it is pinned to, and what is known."""

    service: str
    image: str
    pinned: Platform | None
    answers: tuple[Answer, ...]
    outcome: VerifyOutcome

    def to_json(self, fail_on: Severity, tell: TellError) -> JsonObject:
        """As it stands in the document."""
        return {
            **self.outcome.to_json(fail_on, tell),
            "service": self.service,
            "image": self.image or None,
            "pinned": str(self.pinned) if self.pinned else None,
            "platforms": [each.to_json() for each in self.answers],
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class StackResult:
    """All services that would start; `left_out` are those of other profiles."""

    file: str
    services: tuple[ServiceOutcome, ...]
    left_out: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    fail_on: Severity = Severity.ERROR

    @property
    def result(self) -> VerifyResult:
        """The same as of any places."""
        return VerifyResult(
            outcomes=tuple(each.outcome for each in self.services), fail_on=self.fail_on
        )

    @property
    def reports(self) -> tuple[Report, ...]:
        """What other forms are made of."""
        return self.result.reports

    @property
    def platforms(self) -> tuple[tuple[str, ...], ...]:
        """Those that were asked for."""
        return tuple(
            tuple(str(answer.platform) for answer in each.answers) for each in self.services
        )

    def to_json(self, tell: TellError) -> JsonObject:
        """The document `polyarch.verify/v1`."""
        return {
            "schema": SCHEMA,
            "ok": self.result.ok,
            "fail_on": self.fail_on.value,
            "compose": self.file,
            "left_out": list(self.left_out),
            "notes": list(self.notes),
            "results": [each.to_json(self.fail_on, tell) for each in self.services],
        }
