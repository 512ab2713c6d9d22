"""What was proven of an image, as a value: by platform, how far, how, and what was found.

`deep`: its files were read. `run`: its smoke tests ran besides, on the exact digest. What could not
be run is `deep` with the reason, and never more.
"""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from polyarch._version import __version__
from polyarch.config.project import SmokeTest
from polyarch.findings import Finding, Report, Severity
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.platform import Platform
from polyarch.pipeline.part import Part, Proof
from polyarch.runtimes.outcome import Outcome, Status

SCHEMA = "polyarch.proof/v1"
READ = "read"
"""How a level is proven for which no program was started."""


class Level(StrEnum):
    """How far a platform was proven."""

    DEEP = "deep"
    RUN = "run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wanted:
    """What is to be proven of one platform: `allow` and `tests` as the config has them."""

    allow: tuple[str, ...] = ()
    tests: tuple[SmokeTest, ...] = ()

    def definition(self, level: Level) -> str:
        """A digest of what that level asks; a proof of something else is none.

        Another version of polyarch may read files otherwise, so it reads them again.
        """
        asked: object = [__version__, sorted(self.allow)]
        if level is Level.RUN:
            asked = [[each.run, each.exit, each.matches, each.timeout_s] for each in self.tests]
        return f"sha256:{hashlib.sha256(json.dumps([level, asked]).encode()).hexdigest()}"

    def held_by(self, part: Part, level: Level) -> Proof | None:
        """The proof of that level that came with a part and is about exactly this."""
        subject, definition = str(part.manifest.digest), self.definition(level)
        return next(
            (
                proof
                for proof in part.proofs
                if (proof.subject, proof.level, proof.definition) == (subject, level, definition)
            ),
            None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PlatformProof:
    """The proof of one platform of an image.

    `report` is None where a proof that came with the part took its place; `before` are those.
    """

    platform: Platform
    digest: Digest
    wanted: Wanted
    report: Report | None = None
    smoke: tuple[Outcome, ...] = ()
    before: tuple[Proof, ...] = ()

    @property
    def failures(self) -> tuple[tuple[int, Outcome], ...]:
        """Smoke tests that did not end as they should, each with its number from 1."""
        numbered = enumerate(self.smoke, start=1)
        return tuple(each for each in numbered if each[1].status is Status.FAILED)

    @property
    def inspected_only(self) -> str:
        """Why wanted smoke tests did not run, and what to do; empty where they did."""
        found = next((each for each in self.smoke if each.status is Status.NOT_RUN), None)
        return "; ".join(filter(None, (found.message, found.hint))) if found else ""

    @property
    def errors(self) -> tuple[Finding, ...]:
        """What is wrong with its files."""
        return self.report.errors if self.report else ()

    @property
    def warnings(self) -> tuple[Finding, ...]:
        """What may be wrong with its files."""
        found = self.report.findings if self.report else ()
        return tuple(each for each in found if each.severity is Severity.WARNING)

    @property
    def ok(self) -> bool:
        """Whether all that was asked held, as far as it could be asked."""
        return (self.report is None or self.report.ok) and not self.failures

    @property
    def level(self) -> Level | None:
        """How far it is proven; None where it is not."""
        if not self.ok:
            return None
        ran = any(proof.level == Level.RUN for proof in self.before) or bool(self.smoke)
        return Level.RUN if ran and not self.inspected_only else Level.DEEP

    @property
    def how(self) -> str:
        """`native` or `emulated` where programs ran, else `read`."""
        ran: list[str] = [each.how for each in self.smoke if each.how]
        ran += [proof.how for proof in self.before if proof.level == Level.RUN]
        return ran[0] if ran and self.level is Level.RUN else READ

    @property
    def runtime(self) -> str:
        """What ran its programs, empty where nothing did."""
        ran = [each.runtime for each in self.smoke if each.runtime]
        ran += [proof.runtime for proof in self.before if proof.level == Level.RUN]
        return ran[0] if ran and self.level is Level.RUN else ""

    @property
    def is_reused(self) -> bool:
        """Whether nothing of it was done in this run but the cheap checks."""
        return bool(self.before) and self.report is None and not self.smoke

    def proofs(self, revision: str, ci_run: str | None) -> tuple[Proof, ...]:
        """What the part's record may say of it from now on."""
        known = {proof.level for proof in self.before}
        levels = [Level.DEEP, *([Level.RUN] if self.level is Level.RUN else [])]
        new = (
            Proof(
                subject=str(self.digest),
                level=level.value,
                how=self.how if level is Level.RUN else READ,
                definition=self.wanted.definition(level),
                runtime=self.runtime if level is Level.RUN else "",
                revision=revision,
                ci_run=ci_run,
            )
            for level in (levels if self.level else ())
            if level not in known
        )
        return (*self.before, *new)

    def summary(self) -> JsonObject:
        """What documents of publishing say of it."""
        return {
            "level": self.level.value if self.level else None,
            "how": self.how,
            "runtime": self.runtime or None,
            "reused": self.is_reused,
            "inspected_only": self.inspected_only or None,
            "warnings": len(self.warnings),
        }

    def to_json(self) -> JsonObject:
        """As it stands in the record of a proof."""
        return {
            "platform": str(self.platform),
            "digest": str(self.digest),
            "ok": self.ok,
            **self.summary(),
            "checked": self.report.counts() if self.report else None,
            "findings": [each.to_json() for each in self.report.findings] if self.report else [],
            "smoke": [outcome_to_json(each) for each in self.smoke],
        }


def outcome_to_json(outcome: Outcome) -> JsonObject:
    """One smoke test, as it stands in the record of a proof."""
    return {
        "command": list(outcome.command),
        "status": outcome.status.value,
        "reason": outcome.reason.value or None,
        "message": outcome.message or None,
        "hint": outcome.hint or None,
        "notes": list(outcome.notes),
        "exit_code": outcome.exit_code,
        "how": outcome.how or None,
        "runtime": outcome.runtime or None,
        "seconds": round(outcome.seconds, 3),
    }


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageProof:
    """The proof of one image, whose index is `digest`; `structure` is what its manifests say."""

    name: str
    digest: Digest
    structure: Report
    platforms: tuple[PlatformProof, ...] = ()

    @property
    def ok(self) -> bool:
        """Whether all of it held."""
        return self.structure.ok and all(each.ok for each in self.platforms)

    def of(self, platform: Platform) -> PlatformProof | None:
        """The proof of one platform."""
        return next((each for each in self.platforms if each.platform == platform), None)

    def to_json(self) -> JsonObject:
        """As it stands in the record of a proof."""
        return {
            "name": self.name,
            "digest": str(self.digest),
            "ok": self.ok,
            "structure": {
                "ok": self.structure.ok,
                "checked": self.structure.counts(),
                "findings": [each.to_json() for each in self.structure.findings],
            },
            "platforms": [each.to_json() for each in self.platforms],
        }


def record_to_json(images: Sequence[ImageProof], gates: Sequence[JsonObject]) -> JsonObject:
    """The document `polyarch.proof/v1` of a run's folder."""
    return {
        "schema": SCHEMA,
        "tool": {"name": "polyarch", "version": __version__},
        "ok": all(image.ok for image in images) and all(gate["ok"] for gate in gates),
        "images": [image.to_json() for image in images],
        "gates": list(gates),
    }
