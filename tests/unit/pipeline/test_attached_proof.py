"""What a statement beside an image may claim, however it came there."""

import json
from datetime import UTC, datetime
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from polyarch.findings import Finding, Report, Severity
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform
from polyarch.pipeline.attached_proof import (
    AttachedProof,
    ProofArtifact,
    proof_artifact,
    read_proof,
)
from polyarch.pipeline.proof import ImageProof, Level, PlatformProof, Wanted
from polyarch.pipeline.proof_record import statement
from polyarch.runtimes.outcome import Outcome, Status

AMD, ARM = Platform.parse("linux/amd64"), Platform.parse("linux/arm64")
INDEX = Descriptor.of(mediatype.OCI_INDEX, b"index")
TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
RAN = (Outcome(status=Status.PASSED, how="native"),)


def platform(which: Platform, *smoke: Outcome, report: Report | None = None) -> PlatformProof:
    return PlatformProof(
        platform=which,
        digest=Digest.of(str(which).encode()),
        wanted=Wanted(),
        report=report or Report(subject="app", platforms=1),
        smoke=smoke,
    )


def proof(*platforms: PlatformProof) -> ImageProof:
    return ImageProof(
        name="app",
        digest=INDEX.digest,
        structure=Report(subject="app", platforms=len(platforms)),
        platforms=platforms,
    )


def artifact(made: ImageProof) -> ProofArtifact:
    return proof_artifact(statement(made, {"revision": "c0ffee", "ci_run": "7"}), INDEX, TIME)


def raw_of(made: ProofArtifact) -> bytes:
    return made.blobs[made.manifest.layers[0].bare()]


def read(made: ImageProof, **changed: Any) -> AttachedProof | None:
    """What is read of a proof whose statement was changed on its way."""
    attached = artifact(made)
    value = json.loads(raw_of(attached)) | changed
    return read_proof(attached.manifest, json.dumps(value).encode())


def test_what_was_attached_is_read_back():
    made = proof(platform(AMD, *RAN), platform(ARM))
    attached = artifact(made)
    assert attached.manifest.artifact_type == "application/vnd.in-toto+json"
    assert attached.manifest.subject == INDEX
    assert {each.digest for each in attached.manifest.blobs} == {
        each.digest for each in attached.blobs
    }
    found = read_proof(attached.manifest, raw_of(attached))
    assert found
    assert found.ok
    assert found.time == TIME
    assert (found.revision, found.ci_run) == ("c0ffee", "7")
    assert found.subjects == (INDEX.digest, *(each.digest for each in made.platforms))
    levels = [(each.platform, each.digest, each.level) for each in found.platforms]
    amd, arm = (each.digest for each in made.platforms)
    assert levels == [(AMD, amd, Level.RUN), (ARM, arm, Level.DEEP)]
    assert found.proves(amd)
    assert not found.proves(INDEX.digest)


def test_the_same_proof_has_the_same_bytes_but_for_its_time():
    made = proof(platform(AMD))
    first, again = artifact(made), artifact(made)
    assert first == again
    later = proof_artifact(
        statement(made, {"revision": "c0ffee", "ci_run": "7"}), INDEX, TIME.replace(day=3)
    )
    assert later.blobs == first.blobs
    assert later.manifest != first.manifest


def test_a_proof_that_says_less_is_no_substitute():
    ran, deep = read(proof(platform(AMD, *RAN))), read(proof(platform(AMD)))
    both = read(proof(platform(AMD, *RAN), platform(ARM)))
    assert ran
    assert deep
    assert both
    assert ran.says_as_much(deep)
    assert not deep.says_as_much(ran)
    assert both.says_as_much(ran)
    assert not ran.says_as_much(both)


def test_what_failed_proves_nothing():
    bad = Finding(code="x", severity=Severity.ERROR, subject="app", message="bad")
    report = Report(subject="app", platforms=1, findings=(bad,))
    found = read(proof(platform(AMD), platform(ARM, report=report)))
    assert found
    assert not found.ok
    assert not found.proves(platform(AMD).digest)


def test_it_is_about_what_it_is_attached_to():
    made = proof(platform(AMD))
    assert read(made, subject=[]) is None
    assert read(made, subject=[{"digest": {"sha256": "f" * 64}}]) is None
    assert read(made, predicateType="https://slsa.dev/provenance/v1") is None
    assert read(made, _type="https://in-toto.io/Statement/v0.1") is None


def test_a_platform_that_is_no_subject_is_not_proven():
    made = proof(platform(AMD))
    own = [{"digest": {"sha256": INDEX.digest.encoded}}]
    found = read(made, subject=own)
    assert found
    assert not found.ok


def test_nothing_proven_is_not_proven():
    found = read(proof())
    assert found
    assert not found.ok


json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.floats()
    | st.text(max_size=8)
    | st.sampled_from(["run", "deep"]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["platform", "digest", "level", "platforms", "findings", "sha256"]),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)


@given(
    st.dictionaries(
        st.sampled_from(["subject", "predicate", "predicateType", "_type"]), json_values
    )
)
def test_no_statement_breaks_the_reader(changed: dict[str, Any]):
    found = read(proof(platform(AMD)), **changed)
    assert found is None or INDEX.digest in found.subjects
    assert found is None or not found.ok or found.platforms


@given(st.binary(max_size=60))
def test_no_bytes_break_the_reader(raw: bytes):
    made = artifact(proof(platform(AMD)))
    assert read_proof(made.manifest, raw) is None


@given(st.text(max_size=30))
def test_a_proof_without_a_time_is_none(text: str):
    made = artifact(proof(platform(AMD)))
    value = json.loads(made.manifest.raw)
    value["annotations"] = {"org.opencontainers.image.created": f"x{text}"}
    manifest = ImageManifest.parse(json.dumps(value).encode())
    assert read_proof(manifest, raw_of(made)) is None
