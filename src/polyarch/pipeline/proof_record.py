"""What a run has proven, in its folder: one record, and for each image a statement to hand on.

The statement is in-toto's (in-toto/attestation, spec/v1/statement.md), so that other tools can
attach and sign it. It holds nothing that differs from run to run of the same commit by itself.
"""

import threading
from pathlib import Path

from polyarch._version import __version__
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.proof import ImageProof, PlatformProof, record_to_json
from polyarch.runs.folder import RunFolder

RECORD_FILE = "proof.json"
STATEMENT = "https://in-toto.io/Statement/v1"
PREDICATE = "polyarch:proof/v1"
"""A type URI with a scheme of its own: it names no host that somebody else might come to own."""


class ProofRecord:
    """Written anew whenever something is added; any thread may."""

    def __init__(self, run: RunFolder, revision: str, ci_run: str | None) -> None:
        self._run = run
        self._source = {"revision": revision or None, "ci_run": ci_run}
        self._images: list[ImageProof] = []
        self._gates: list[JsonObject] = []
        self._lock = threading.Lock()

    @property
    def path(self) -> Path:
        """The record's file."""
        return self._run.path / RECORD_FILE

    def add(self, proof: ImageProof) -> None:
        """Add an image; one whose proof holds gets its statement.

        Raises:
            StorageError: it cannot be written.
        """
        with self._lock:
            self._images.append(proof)
            self._write()
            if proof.ok:
                self._run.write(statement_file(proof.name), statement(proof, self._source))

    def add_gate(self, gate: JsonObject) -> None:
        """Add what a gate came to.

        Raises:
            StorageError: it cannot be written.
        """
        with self._lock:
            self._gates.append(gate)
            self._write()

    def _write(self) -> None:
        self._run.write(RECORD_FILE, record_to_json(self._images, self._gates))


def statement_file(image: str) -> str:
    """The name of an image's statement in a run's folder."""
    return f"proof-{image}.intoto.json"


def statement(proof: ImageProof, source: JsonObject) -> JsonObject:
    """The statement about an image: the index and each platform's manifest are its subjects."""
    subjects = [(proof.name, proof.digest)]
    subjects += [(f"{proof.name} {each.platform}", each.digest) for each in proof.platforms]
    return {
        "_type": STATEMENT,
        "subject": [
            {"name": name, "digest": {digest.algorithm: digest.encoded}}
            for name, digest in subjects
        ],
        "predicateType": PREDICATE,
        "predicate": {
            "tool": {"name": "polyarch", "version": __version__},
            "source": source,
            "structure": {"findings": [each.to_json() for each in proof.structure.findings]},
            "platforms": [_platform(each) for each in proof.platforms],
        },
    }


def _platform(proof: PlatformProof) -> JsonObject:
    findings = proof.report.findings if proof.report else ()
    return {
        "platform": str(proof.platform),
        "digest": str(proof.digest),
        "level": proof.level.value if proof.level else None,
        "how": proof.how,
        "runtime": proof.runtime or None,
        "inspected_only": proof.inspected_only or None,
        "allowed": list(proof.wanted.allow),
        "findings": [each.to_json() for each in findings],
        "smoke": [
            {"command": list(test.run), "exit": test.exit, "matches": test.matches}
            for test in proof.wanted.tests
        ],
        "before": [each.to_json() for each in proof.before],
    }
