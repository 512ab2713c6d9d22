"""The proof of images before any tag moves: structure, then each platform's files and programs.

What a part's own machine has proven, of the same digest and against the same questions, is not done
again; the structure is always checked.
"""

import os
import shlex
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarch.checks.allow import Allowances
from polyarch.checks.architecture import check_architecture
from polyarch.checks.memory import LayerMemory
from polyarch.checks.structure import check_structure
from polyarch.config.project import Project
from polyarch.content.store import Fetcher
from polyarch.errors import SmokeTestFailedError, VerificationError
from polyarch.events import ImageChecked, Listener, PlatformProven, ProofStep, Warned
from polyarch.findings import Report
from polyarch.host import process
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.platform import Platform
from polyarch.pipeline.part import Part
from polyarch.pipeline.plan import ImagePlan
from polyarch.pipeline.proof import ImageProof, Level, PlatformProof, Wanted
from polyarch.pipeline.proof_record import ProofRecord
from polyarch.pipeline.stopping import Stopping
from polyarch.runtimes.outcome import Outcome

if TYPE_CHECKING:
    from polyarch.pipeline.smoke import Smoke

_FEW = 3
"""How many warnings of one platform are told one by one; the record has them all."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Prover:
    """Proves images of one run; `memory` knows layers that were read before.

    `smoke` is None where nothing of the project has a smoke test.
    """

    project: Project
    memory: LayerMemory
    smoke: "Smoke | None"
    record: ProofRecord
    listen: Listener

    def prove(
        self, image: ImagePlan, index: ImageIndex, parts: Sequence[Part], store: Fetcher
    ) -> ImageProof:
        """Prove an assembled image, its platforms at once.

        The proof comes back also where it does not hold, for `insist` to complain of: what was
        proven of other platforms is worth keeping.

        Raises:
            RegistryError: what only a registry holds could not be read.
        """
        planned = [platform.platform for platform in image.platforms]
        return self.prove_index(image.name, index, parts, store, planned=planned)

    def prove_index(
        self,
        name: str,
        index: ImageIndex,
        parts: Sequence[Part],
        store: Fetcher,
        *,
        planned: Sequence[Platform] | None = None,
    ) -> ImageProof:
        """As `prove`, for an image that was published long ago: nothing of it need be planned.

        Raises:
            RegistryError: what only a registry holds could not be read.
        """
        structure = check_structure(store, index, planned, subject=name)
        proof = ImageProof(name=name, digest=index.descriptor.digest, structure=structure)
        if structure.ok:
            platforms = self._platforms(parts, Stopping(store))
            proof = ImageProof(
                name=proof.name, digest=proof.digest, structure=structure, platforms=platforms
            )
        self.record.add(proof)
        return proof

    def insist(self, proof: ImageProof) -> None:
        """Go on only with an image whose proof holds.

        Raises:
            VerificationError: it does not; each finding is a line of it.
        """
        if not proof.structure.ok:
            raise _not_what_it_says(proof.name, [proof.structure])
        reports = [each.report for each in proof.platforms if each.report and not each.report.ok]
        failed = [(each.platform, *bad) for each in proof.platforms for bad in each.failures]
        lines = [_failure_line(platform, outcome) for platform, _, outcome in failed]
        if reports:
            raise _not_what_it_says(proof.name, reports, lines)
        if failed:
            platform, number, first = failed[0]
            log = str(self.smoke.log(proof.name, platform, number)) if self.smoke else ""
            raise SmokeTestFailedError(proof.name, lines, hint=first.hint, log=log)
        self.listen(
            ImageChecked(image=proof.name, digest=proof.digest, platforms=proof.structure.platforms)
        )

    def _platforms(self, parts: Sequence[Part], store: Fetcher) -> tuple[PlatformProof, ...]:
        workers = max(1, min(len(parts), os.cpu_count() or 1))
        with ThreadPoolExecutor(workers, thread_name_prefix="prove") as pool:
            try:
                found: list[PlatformProof] = []
                for part, proof in zip(
                    parts, pool.map(lambda part: self._platform(part, store), parts), strict=True
                ):
                    self._tell(part, proof)  # in their order, whichever is the first
                    found.append(proof)
                return tuple(found)
            except BaseException:
                pool.shutdown(wait=False, cancel_futures=True)
                with process.ending_all():
                    pool.shutdown()
                raise

    def _platform(self, part: Part, store: Fetcher) -> PlatformProof:
        settings = self.project.images[part.image].per_platform.get(part.platform)
        tests = settings.smoke_test if settings else ()  # the config knows it no more
        wanted = Wanted(allow=self.project.verify.allow, tests=tests)
        levels = (Level.DEEP, *([Level.RUN] if wanted.tests else []))
        held = {level: wanted.held_by(part, level) for level in levels}
        report = None if held[Level.DEEP] else self._read(part, wanted, store)
        smoke: tuple[Outcome, ...] = ()
        if held.get(Level.RUN) is None and (report is None or report.ok):
            smoke = self.smoke.test(part, wanted.tests, store) if self.smoke else ()
        return PlatformProof(
            platform=part.platform,
            digest=part.manifest.digest,
            wanted=wanted,
            report=report,
            smoke=smoke,
            before=tuple(each for each in held.values() if each),
        )

    def _read(self, part: Part, wanted: Wanted, store: Fetcher) -> Report:
        self.listen(ProofStep(image=part.image, platform=part.platform, text="reading its files"))
        return check_architecture(
            store,
            part.manifest,
            part.platform,
            subject=part.image,
            allow=Allowances.of(wanted.allow),
            seen=self.memory,
        )

    def _tell(self, part: Part, proof: PlatformProof) -> None:
        name = f"{part.image} {part.platform}"
        for found in proof.warnings[:_FEW]:
            self.listen(Warned(text=f"{part.image} {found}"))
        if more := len(proof.warnings[_FEW:]):
            text = f"{name}: {more} more warnings stand in {self.record.path}"
            self.listen(Warned(text=text))
        if proof.inspected_only:
            self.listen(Warned(text=f"{name}: inspected only: {proof.inspected_only}"))
        self.listen(
            PlatformProven(
                image=part.image,
                platform=part.platform,
                digest=proof.digest,
                level=proof.level.value if proof.level else "",
                how=proof.how,
                runtime=proof.runtime,
                reused=proof.is_reused,
                inspected_only=bool(proof.inspected_only),
            )
        )


def _not_what_it_says(
    name: str, reports: Sequence[Report], more: Sequence[str] = ()
) -> VerificationError:
    found = [each for report in reports for each in report.errors]
    unknown = [report.unknown or "nothing could be checked" for report in reports]
    told = [str(each) for each in found] or unknown
    hint = next((each.hint for each in found if each.hint), "")
    return VerificationError(name, [*told, *more], hint=hint)


def _failure_line(platform: Platform, outcome: Outcome) -> str:
    """Why a smoke test failed, in one line."""
    where = f" ({outcome.how}, {outcome.runtime})" if outcome.how else ""
    return f"{platform}: `{shlex.join(outcome.command)}`: {outcome.message}{where}"
