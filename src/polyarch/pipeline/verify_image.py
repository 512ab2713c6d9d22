"""Looking at one image: its index, then each platform of it as deep as is asked."""

import threading
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, Future
from dataclasses import dataclass, field, replace
from functools import partial

from polyarch.checks.structure import (
    Counts,
    check_attestations,
    check_image,
    check_platforms,
    explain_sparse,
)
from polyarch.checks.structure_census import Census, take_census
from polyarch.content.store import Fetcher
from polyarch.errors import NotRunError, PolyarchError, RegistryError
from polyarch.events import Listener, PlatformProven, ProofStep, ignore
from polyarch.findings import Finding, Report, Severity
from polyarch.findings.report import joined
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform
from polyarch.pipeline.copy_source import Source
from polyarch.pipeline.stopping import Stopping
from polyarch.pipeline.verify_request import Level
from polyarch.pipeline.verify_result import Proof, VerifyOutcome, why

Look = Callable[[Fetcher, Descriptor, Platform, str], tuple[Report, str]]
"""Looks into one platform's image under a subject's name; the text says how it was run."""

_STEPS = {Level.DEEP: "reading its files", Level.RUN: "starting its program"}

Key = tuple[Digest, Platform, Level, str]
"""What was looked at how."""


@dataclass(slots=True)
class Known:
    """What was found out about the content of images, whatever they are called."""

    reports: dict[Key, "Future[tuple[Report, str]]"] = field(default_factory=dict)
    guard: threading.Lock = field(default_factory=threading.Lock)

    def once(self, key: Key, look: Callable[[], tuple[Report, str]]) -> tuple[Report, str]:
        """Look, unless somebody did or does; what fails is looked at again."""
        while True:
            mine: Future[tuple[Report, str]] = Future()
            with self.guard:
                known = self.reports.setdefault(key, mine)
            if known is mine:
                return self._look(key, mine, look)
            if known.exception() is None:
                return known.result()

    def _look(
        self,
        key: Key,
        mine: "Future[tuple[Report, str]]",
        look: Callable[[], tuple[Report, str]],
    ) -> tuple[Report, str]:
        try:
            found = look()
        except BaseException as error:
            with self.guard:
                del self.reports[key]
            mine.set_exception(error)
            raise
        mine.set_result(found)
        return found


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageCheck:
    """Looks at images; `looks` are what each level beyond the structure does, in their order.

    `pool` looks at platforms beside each other.
    """

    level: Level
    platforms: tuple[Platform, ...]
    pool: Executor
    looks: Sequence[tuple[Level, Look]] = ()
    listen: Listener = ignore
    known: Known = field(default_factory=Known)

    def outcome(self, source: Source) -> VerifyOutcome:
        """All that is found of one image.

        Raises:
            RegistryError: not even its index could be read.
        """
        subject = str(source.place)
        store = Stopping(source.store)
        census = take_census(store, source.root, subject=subject)
        images, missing = self._chosen(census, subject)
        counts = Counts()
        waiting = [self.pool.submit(self._proof, store, image, counts, subject) for image in images]
        proofs = tuple(each.result() for each in waiting)
        told = (*census.findings, *missing, *check_platforms(census, None, subject=subject))
        parts = [Report(subject=subject, findings=told), *(each.report for each in proofs)]
        error = next((each.unknown for each in proofs if each.unknown), None)
        if self.level.reaches(Level.CONFIG) and not self.platforms:
            attested, trouble = _attestations(store, census, counts, subject)
            parts.append(attested)
            error = error or trouble
        whole = explain_sparse(joined(subject, parts), census)
        return VerifyOutcome(
            subject=subject,
            report=whole,
            level=self.level,
            digest=source.root.descriptor.digest,
            proofs=proofs,
            images=census.images,
            attestations=len(census.attestations),
            error=error,
        )

    def _chosen(self, census: Census, subject: str) -> tuple[tuple[Descriptor, ...], list[Finding]]:
        """The images to be looked at, and what is said of platforms that are asked for."""
        if not self.platforms:
            return census.images, []
        chosen: dict[Descriptor, None] = {}
        told: list[Finding] = []
        for wanted in self.platforms:
            image = census.image_for(wanted)
            if image is None:
                told.append(_missing(census, wanted, subject))
                continue
            chosen[image] = None
            if image.platform and image.platform.variant != wanted.variant:
                told.append(_nearest(image.platform, wanted, subject))
        return tuple(chosen), told

    def _proof(self, store: Fetcher, image: Descriptor, counts: Counts, subject: str) -> Proof:
        """One platform; a registry that does not answer leaves it unknown."""
        proof = Proof(
            platform=image.platform,
            digest=image.digest,
            level=Level.DECLARED,
            report=Report(subject=subject, platforms=int(image.platform is not None)),
        )
        try:
            return self._deeper(proof, store, image, counts)
        except RegistryError as error:
            unknown = replace(proof.report, platforms=0, unknown=_unknown(image, error))
            return replace(proof, report=unknown, unknown=error)

    def _deeper(self, proof: Proof, store: Fetcher, image: Descriptor, counts: Counts) -> Proof:
        subject = proof.report.subject
        if not self.level.reaches(Level.CONFIG):
            return proof
        report = check_image(store, image, counts, subject=subject)
        proof = replace(proof, level=Level.CONFIG, report=report)
        if image.platform is None or not report.platforms or _is_cut(report):
            return proof
        proof = self._looked_into(proof, store, image, image.platform)
        if self.looks:
            self._tell_end(proof, image.platform)
        return proof

    def _looked_into(
        self, proof: Proof, store: Fetcher, image: Descriptor, platform: Platform
    ) -> Proof:
        subject = proof.report.subject
        for level, look in self.looks:
            if not self.level.reaches(level) or (level is Level.RUN and proof.report.errors):
                break
            self.listen(ProofStep(image=subject, platform=platform, text=_STEPS[level]))
            # What is run may hang on the image's name in this project, what is read does not.
            name = subject if level is Level.RUN else ""
            key = image.digest, platform, level, name
            try:
                found, how = self.known.once(key, partial(look, store, image, platform, subject))
            except NotRunError as error:
                unknown = replace(proof.report, unknown=_unknown(image, error))
                return replace(proof, report=unknown, unknown=error)
            proof = replace(proof, level=level, how=how, report=_with(proof.report, found))
        return proof

    def _tell_end(self, proof: Proof, platform: Platform) -> None:
        how, _, runtime = proof.how.partition(", ")
        self.listen(
            PlatformProven(
                image=proof.report.subject,
                platform=platform,
                digest=proof.digest,
                level="" if proof.report.errors else proof.level.value,
                how=how or "read",
                runtime=runtime,
                inspected_only=proof.unknown is not None,
            )
        )


def _with(report: Report, found: Report) -> Report:
    """What was found deeper, told of this image; it counts no platform and no layer twice."""
    deeper = replace(found.of(report.subject), platforms=0, layers=0, bytes=0)
    return joined(report.subject, [report, deeper])


def _is_cut(report: Report) -> bool:
    """Whether layers are missing, so that looking into them can only say so again."""
    return any(each.code == "layer-missing" for each in report.findings)


def _attestations(
    store: Fetcher, census: Census, counts: Counts, subject: str
) -> tuple[Report, PolyarchError | None]:
    try:
        return check_attestations(store, census, counts, subject=subject), None
    except RegistryError as error:
        return Report(subject=subject, unknown=f"attestations: {why(error)}"), error


def _unknown(image: Descriptor, error: PolyarchError) -> str:
    named = f"{image.platform}: " if image.platform else ""
    return f"{named}{why(error)}"


def _missing(census: Census, wanted: Platform, subject: str) -> Finding:
    has = ", ".join(dict.fromkeys(str(each) for each in census.platforms)) or "none that is named"
    newer = [
        each
        for each in census.platforms
        if (each.os, each.architecture) == (wanted.os, wanted.architecture)
    ]
    text = f"there is no image for it; there are {has}"
    if newer:
        text = f"there is none for it, only for machines that can more: {has}"
    return Finding(
        code="platform-missing",
        severity=Severity.ERROR,
        subject=subject,
        platform=wanted,
        message=text,
    )


def _nearest(found: Platform, wanted: Platform, subject: str) -> Finding:
    return Finding(
        code="platform-by-variant",
        severity=Severity.INFO,
        subject=subject,
        platform=wanted,
        message=f"machines get the image for {found}, which runs on them",
    )
