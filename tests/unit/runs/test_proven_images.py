"""Which digests a record may say are proven: it may come from anywhere."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.runs.proven_images import proven_images

INDEX, ONE, TWO = (f"sha256:{digit * 64}" for digit in "abc")


def platform(digest: str, **changed: Any) -> dict[str, Any]:
    return {"platform": "linux/amd64", "digest": digest, "ok": True, "level": "deep", **changed}


def image(**changed: Any) -> dict[str, Any]:
    return {
        "name": "app",
        "digest": INDEX,
        "ok": True,
        "structure": {"ok": True},
        "platforms": [platform(ONE), platform(TWO, level="run")],
        **changed,
    }


def record(*images: Any, **changed: Any) -> bytes:
    told = {"schema": "polyarch.proof/v1", "images": list(images), "gates": [], **changed}
    return json.dumps(told).encode()


def test_what_held_is_told_with_the_level_of_each_platform():
    [found] = proven_images(record(image()))
    assert (found.name, found.digest) == ("app", INDEX)
    assert found.levels == {ONE: "deep", TWO: "run"}


@pytest.mark.parametrize(
    "damaged",
    [
        image(ok=False),
        image(ok="yes"),
        image(structure={}),
        image(structure={"ok": False}),
        image(digest="sha256:abc"),
        image(digest=None),
        image(platforms=[]),
        image(platforms=[platform(ONE), platform(TWO, ok=False)]),
        image(platforms=[platform(ONE), platform(TWO, level=None)]),
        image(platforms=[platform(ONE), platform("")]),
        "app",
    ],
)
def test_what_did_not_hold_everywhere_proves_nothing(damaged: Any):
    assert proven_images(record(damaged)) == ()
    assert [each.digest for each in proven_images(record(damaged, image(name="web")))] == [INDEX]


def test_a_gate_that_refused_speaks_for_its_image_alone():
    gates = [{"image": "app", "ok": True}, {"image": "app", "ok": False}, {"image": "x"}]
    raw = record(image(), image(name="web"), gates=gates)
    assert [each.name for each in proven_images(raw)] == ["web"]


def test_another_document_is_no_proof():
    assert proven_images(record(image(), schema="polyarch.proof/v2")) == ()
    assert proven_images(b"[]") == ()
    assert proven_images(b"") == ()


_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.text(max_size=5) | st.sampled_from([INDEX, ONE]),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["name", "digest", "ok", "structure", "platforms", "level", "image"]),
            inner,
            max_size=5,
        )
    ),
    max_leaves=20,
)


@given(_VALUES, _VALUES)
def test_whatever_stands_there_is_read_or_passed_over(images: Any, gates: Any):
    raw = json.dumps({"schema": "polyarch.proof/v1", "images": images, "gates": gates}).encode()
    for found in proven_images(raw):
        assert found.levels
        assert all(found.levels.values())


@given(st.binary(max_size=200))
def test_bytes_that_are_no_record(raw: bytes):
    assert isinstance(proven_images(raw), tuple)
