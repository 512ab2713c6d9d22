import random
from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from polyarch.checks.structure import check_structure
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.platform import UNKNOWN
from polyarch.pipeline.assemble import assemble_index
from polyarch.pipeline.part import Part
from tests.support.images import make_index

NAMES = ("linux/amd64", "linux/arm64", "linux/arm/v7")
MADE = make_index(NAMES)
ATTESTATION = Descriptor(
    media_type="application/vnd.oci.image.manifest.v1+json", digest=Digest.of(b"a"), size=1
)


def parts() -> list[Part]:
    return [
        Part(
            image="app",
            platform=child.platform,  # type: ignore[arg-type]
            manifest=replace(child, annotations={"x": "made by an engine"}),
            attestations=(ATTESTATION,) if number == 0 else (),
            sources=("oci:x",),
            input_key="sha256:1",
            revision="abc",
            built=child,
        )
        for number, child in enumerate(MADE.children)
    ]


@given(st.randoms())
def test_the_order_of_finishing_does_not_matter(order: random.Random):
    platforms = [part.platform for part in parts()]
    shuffled = parts()
    order.shuffle(shuffled)
    one = assemble_index(parts(), platforms, {"b": "2", "a": "1"})
    two = assemble_index(shuffled, platforms, {"a": "1", "b": "2"})
    assert one.raw == two.raw


def test_annotations_beside_platforms_and_nothing_of_the_engine_s():
    platforms = [part.platform for part in parts()]
    index = assemble_index(parts(), platforms, {"a": "1"}, beside={"b": "2"})
    assert dict(index.annotations) == {"a": "1"}
    images, [attestation] = index.manifests[:-1], index.manifests[-1:]
    claim = {"dev.polyarch.input-key": "sha256:1"}
    assert [dict(child.annotations) for child in images] == [{"b": "2", **claim}] * 3
    assert "b" not in attestation.annotations


def test_platforms_in_plan_order_then_attestations():
    platforms = [part.platform for part in reversed(parts())]
    index = assemble_index(parts(), platforms, {})
    assert [str(child.platform) for child in index.manifests] == [*reversed(NAMES), str(UNKNOWN)]
    assert index.attestations_of(index.images[-1])[0].digest == ATTESTATION.digest


def test_what_is_claimed_stands_beside_each_platform():
    bases = {"debian:12": "sha256:d", "image:a/x": "sha256:e"}
    one, *others = parts()
    built = replace(one, built_on="2026-01-31", bases=bases)
    index = assemble_index([built, *others], [p.platform for p in parts()], {})
    assert dict(index.images[0].annotations) == {
        "dev.polyarch.bases": '{"debian:12":"sha256:d","image:a/x":"sha256:e"}',
        "dev.polyarch.built": "2026-01-31",
        "dev.polyarch.input-key": "sha256:1",
    }
    assert dict(index.images[1].annotations) == {"dev.polyarch.input-key": "sha256:1"}


def test_what_was_taken_and_not_built_claims_nothing():
    taken = [replace(part, input_key=f"ghcr.io/a/b@{part.manifest.digest}") for part in parts()]
    index = assemble_index(taken, [part.platform for part in taken], {})
    assert all(not child.annotations for child in index.images)


def test_an_assembled_index_holds_up_to_the_checks():
    whole = [replace(part, attestations=()) for part in parts()]
    index = assemble_index(whole, [part.platform for part in whole], {})
    report = check_structure(MADE.store, index, [part.platform for part in whole], subject="app")
    assert report.ok
    assert report.platforms == 3
