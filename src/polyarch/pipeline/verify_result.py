"""What `verify` found: an outcome for each place, and the document of them all."""

from collections.abc import Callable
from dataclasses import dataclass, replace

from polyarch.errors import PolyarchError, RegistryError
from polyarch.findings import Finding, Report, Severity
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.platform import Platform
from polyarch.pipeline.verify_request import Level

SCHEMA = "polyarch.verify/v1"
TellError = Callable[[PolyarchError], JsonObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One platform of one image, as far as it was looked at.

    `unknown` says why it could not be; `how` says of a run whether it was native or emulated, or
    why there was none.
    """

    platform: Platform | None
    digest: Digest
    level: Level
    report: Report
    unknown: PolyarchError | None = None
    how: str = ""

    def state(self, fail_on: Severity) -> str:
        """One word: `ok`, `wrong` or `unknown`."""
        if self.unknown:
            return "unknown"
        return "wrong" if self.report.at_least(fail_on) else "ok"

    def to_json(self, fail_on: Severity) -> JsonObject:
        """As it stands in the document."""
        return {
            "platform": str(self.platform) if self.platform else None,
            "digest": str(self.digest),
            "level": self.level.value,
            "state": self.state(fail_on),
            "reason": why(self.unknown) if self.unknown else None,
            "how": self.how or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyOutcome:
    """What became of one place.

    `report` has all that was found; `error` is why it could not be looked at, or not all of it.
    `images` are those of its index, looked at or not.
    """

    subject: str
    report: Report
    level: Level
    digest: Digest | None = None
    proofs: tuple[Proof, ...] = ()
    images: tuple[Descriptor, ...] = ()
    attestations: int = 0
    error: PolyarchError | None = None

    def ok(self, fail_on: Severity) -> bool:
        """Whether all was checked, and nothing found that is as bad as that."""
        return self.error is None and self.report.holds(fail_on)

    def told(self, *findings: Finding) -> "VerifyOutcome":
        """The same with more findings."""
        more = (*self.report.findings, *findings)
        return replace(self, report=replace(self.report, findings=more))

    def to_json(self, fail_on: Severity, tell: TellError) -> JsonObject:
        """As it stands in the document."""
        return {
            "subject": self.subject,
            "ok": self.ok(fail_on),
            "level": self.level.value,
            "digest": str(self.digest) if self.digest else None,
            "checked": self.report.counts(),
            "platforms": [proof.to_json(fail_on) for proof in self.proofs],
            "findings": [found.to_json() for found in self.report.findings],
            "error": tell(self.error) if self.error else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyResult:
    """All outcomes, in the order in which the places were named."""

    outcomes: tuple[VerifyOutcome, ...]
    fail_on: Severity = Severity.ERROR

    @property
    def ok(self) -> bool:
        """Whether there was something to check, and all of it held."""
        checked = any(not each.report.is_empty for each in self.outcomes)
        return checked and all(each.ok(self.fail_on) for each in self.outcomes)

    @property
    def errors(self) -> tuple[PolyarchError, ...]:
        """What could not be looked at."""
        return tuple(each.error for each in self.outcomes if each.error)

    @property
    def failed(self) -> bool:
        """Whether something was looked at and is not as it should be."""
        return any(not each.error and not each.ok(self.fail_on) for each in self.outcomes) or any(
            each.report.at_least(self.fail_on) for each in self.outcomes
        )

    @property
    def file(self) -> str:
        """What named the places: nothing but the command line."""
        return ""

    @property
    def reports(self) -> tuple[Report, ...]:
        """What other forms are made of."""
        return tuple(each.report for each in self.outcomes)

    @property
    def platforms(self) -> tuple[tuple[str, ...], ...]:
        """Those of each outcome that were looked at."""
        return tuple(
            tuple(str(proof.platform) for proof in each.proofs if proof.platform)
            for each in self.outcomes
        )

    def to_json(self, tell: TellError) -> JsonObject:
        """The document `polyarch.verify/v1`."""
        return {
            "schema": SCHEMA,
            "ok": self.ok,
            "fail_on": self.fail_on.value,
            "results": [each.to_json(self.fail_on, tell) for each in self.outcomes],
        }


def why(error: PolyarchError) -> str:
    """An error in a few words, with the status that a registry answered."""
    told = error.message.partition("\n")[0]
    status = error.status if isinstance(error, RegistryError) else None
    return f"{told} ({status})" if status else told
