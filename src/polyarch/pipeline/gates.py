"""Gates: commands of the project's own that see each platform's image before any tag moves.

They run on what is staged, by digest, one after another: scanners share caches that only one of
them may write. All run, also when one refuses, so that everything can be mended at once.
"""

import shlex
import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Self

from polyarch.config.placeholders import fill_words
from polyarch.errors import GateFailedError, InterruptedByUserError
from polyarch.events import CommandEnded, CommandStarted, Listener
from polyarch.findings import Finding, Report, Severity
from polyarch.host.process import ending_all
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from polyarch.pipeline.commands import TIMEOUT_S, Commands, Ended
from polyarch.pipeline.job import Job, ProvenImage
from polyarch.pipeline.proof_record import ProofRecord
from polyarch.pipeline.reached import Reached
from polyarch.runs.folder import RunFolder
from polyarch.transaction.values import Submission, Target

GATE = "gate"
FAILED = "gate-failed"
"""The code of the finding, and of the error."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """One command for one platform of an image; `number` counts those of the platform from 1."""

    image: str
    platform: Platform
    digest: Digest
    words: tuple[str, ...]
    number: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Passage:
    """A gate that was run, and what came of it."""

    gate: Gate
    ended: Ended

    @property
    def finding(self) -> Finding | None:
        """What it found, if it refused."""
        if not self.ended.problem:
            return None
        return Finding(
            code=FAILED,
            severity=Severity.ERROR,
            subject=self.gate.image,
            platform=self.gate.platform,
            message=f"`{self.ended.shown}` {self.ended.problem}",
            details={"digest": str(self.gate.digest), "log": str(self.ended.log)},
        )

    def to_json(self) -> JsonObject:
        """As it stands in the record of a proof."""
        return {
            "image": self.gate.image,
            "platform": str(self.gate.platform),
            "digest": str(self.gate.digest),
            "command": list(self.gate.words),
            "ok": not self.ended.problem,
            "problem": self.ended.problem or None,
            "log": self.ended.log.name,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Gates:
    """The proof of a transaction that runs them; `passages` fills as they are run.

    `wanted` are the commands by the name of their image, placeholders still in them.
    """

    images: Mapping[str, ProvenImage]
    wanted: Mapping[str, Sequence[Sequence[str]]]
    commands: Commands
    there: Reached
    run: RunFolder
    record: ProofRecord
    listen: Listener
    passages: list[Passage] = field(default_factory=list)
    stopped: threading.Event = field(default_factory=threading.Event)

    @classmethod
    def of(cls, work: Job, images: Sequence[ProvenImage], there: Reached) -> Self | None:
        """The gates of these images; None where there are none."""
        settings = work.prepared.project.images
        wanted = {name: settings[name].gates for name in (image.plan.name for image in images)}
        if not any(wanted.values()):
            return None
        return cls(
            images={image.plan.name: image for image in images},
            wanted=wanted,
            commands=Commands.of(work.prepared.project, work.world),
            there=there,
            run=work.run,
            record=work.prover.record,
            listen=work.world.listen,
        )

    def __call__(self, staged: Sequence[Submission]) -> Report:
        """Run every gate of these images.

        Raises:
            GateFailedError: some refused.
            InterruptedByUserError: `stop` was called.
            StorageError: a log cannot be written.
        """
        with self.there.login(self.commands.environment) as login:
            for each in staged:
                for gate in self._gates(each):
                    self._pass(gate, login)
        refused = [each for each in self.passages if each.finding]
        if refused:
            raise _failure(refused)
        seen = sum(len(self.images[each.name].parts) for each in staged)
        return Report(subject=", ".join(each.name for each in staged), platforms=seen)

    def stop(self) -> None:
        """End what runs now, from another thread, and begin nothing more."""
        self.stopped.set()
        with ending_all():
            pass

    def _gates(self, staged: Submission) -> Iterator[Gate]:
        for built in self.images[staged.name].parts:
            digest, platform = built.part.manifest.digest, built.part.platform
            found = _first_with(digest, staged)
            if found is None:
                continue
            target, root = found
            values = {
                "ref": f"{self.there.name_of(target.repository)}@{digest}",
                "digest": str(digest),
                "platform": str(platform),
                "index": str(root.descriptor.digest),
            }
            for number, words in enumerate(self.wanted.get(staged.name, ()), start=1):
                yield Gate(
                    image=staged.name,
                    platform=platform,
                    digest=digest,
                    words=fill_words(words, values),
                    number=number,
                )

    def _pass(self, gate: Gate, login: Mapping[str, str]) -> None:
        if self.stopped.is_set():
            raise InterruptedByUserError
        begun = CommandStarted(
            what=GATE, image=gate.image, platform=gate.platform, command=shlex.join(gate.words)
        )
        self.listen(begun)
        log = self.run.command_log(GATE, gate.image, gate.platform.slug, gate.number)
        ended = self.commands.run(gate.words, log, login, timeout_s=TIMEOUT_S)
        if self.stopped.is_set():
            raise InterruptedByUserError
        passage = Passage(gate=gate, ended=ended)
        self.passages.append(passage)
        self.record.add_gate(passage.to_json())
        self.listen(CommandEnded.of(begun, ended.problem))


def _first_with(
    digest: Digest, staged: Submission
) -> tuple[Target, ImageIndex | ImageManifest] | None:
    """The first place that holds an image, and what holds it there."""
    for target in staged.targets:
        root = target.root or staged.root
        children = root.manifests if isinstance(root, ImageIndex) else (root.descriptor,)
        if any(child.digest == digest for child in children):
            return target, root
    return None


def _failure(refused: Sequence[Passage]) -> GateFailedError:
    first, *others = refused
    return GateFailedError(
        first.gate.image,
        str(first.gate.platform),
        first.ended.shown,
        problem=first.ended.problem,
        last_lines=first.ended.last_lines,
        log=str(first.ended.log),
        others=[f"{each.gate.image}: {each.finding}" for each in others],
    )
