"""What a hold says, and what hostile artifacts may pretend."""

import json
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import TAG_PATTERN
from polyarch.transaction.hold import Hold

SUBJECT = Descriptor.of(mediatype.OCI_INDEX, b"what the tag is put back to")
TIME = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC)
TAKEN = Digest.of(b"what it pointed to before")
HOLD = Hold(
    tag="latest",
    digest=TAKEN,
    time=TIME,
    version="1.3.0",
    revision="c0ffee",
    committed=TIME.replace(day=1),
    who="ada",
    why="it loses data",
    run="20260102-030405-abcd",
)
KEYS = tuple(HOLD.to_manifest(SUBJECT).annotations)

texts = st.text(alphabet=st.characters(codec="utf-8"), max_size=20)
moments = st.integers(40_000_000, 200_000_000_000).map(lambda s: datetime.fromtimestamp(s, UTC))
holds = st.builds(
    Hold,
    tag=st.from_regex(TAG_PATTERN, fullmatch=True),
    digest=st.binary(max_size=4).map(Digest.of),
    time=moments,
    version=st.text(alphabet="0123456789.rc-", max_size=12),
    revision=st.text(alphabet="0123456789abcdef", max_size=40),
    committed=st.none() | moments,
    who=st.text(alphabet="abc @.", max_size=12),
    why=st.text(alphabet="abc :;'", max_size=12),
    run=st.text(alphabet="0123-", max_size=12),
)


@given(holds)
def test_it_is_read_as_it_was_written(hold: Hold):
    made = hold.to_manifest(SUBJECT)
    assert Hold.read(ImageManifest.parse(made.raw)) == hold
    assert made.subject == SUBJECT
    assert hold.to_manifest(SUBJECT) == made


def changed(**said: Any) -> ImageManifest:
    """The hold with other annotations; None takes one away."""
    value = json.loads(HOLD.to_manifest(SUBJECT).raw)
    value["annotations"] = {
        key: text for key, text in {**value["annotations"], **said}.items() if text is not None
    }
    return ImageManifest.parse(json.dumps(value).encode())


@given(st.dictionaries(st.sampled_from(KEYS), st.none() | texts, max_size=4))
def test_no_annotation_breaks_it(said: dict[str, str | None]):
    found = Hold.read(changed(**said))
    if found is None:
        return
    assert TAG_PATTERN.fullmatch(found.tag)
    assert found.time.tzinfo
    told = (found.version, found.revision, found.who, found.why, found.run)
    assert all(text.isprintable() for text in told)
    json.dumps(found.to_json()).encode()


@given(st.sampled_from(KEYS), st.integers(min_value=501, max_value=5000))
def test_long_texts_are_cut(key: str, length: int):
    found = Hold.read(changed(**{key: "a" * length}))
    assert found is None or max(len(str(each)) for each in found.to_json().values()) <= 500


@pytest.mark.parametrize(
    "said",
    [
        {"dev.polyarch.hold.tag": None},
        {"dev.polyarch.hold.tag": "../latest"},
        {"dev.polyarch.hold.tag": "a b"},
        {"dev.polyarch.hold.digest": None},
        {"dev.polyarch.hold.digest": "sha256:short"},
        {"dev.polyarch.hold.digest": "md5:00"},
        {"org.opencontainers.image.created": None},
        {"org.opencontainers.image.created": "yesterday"},
    ],
)
def test_what_lacks_what_counts_holds_nothing(said: dict[str, str | None]):
    assert Hold.read(changed(**said)) is None


def test_what_is_of_another_kind_holds_nothing():
    value = json.loads(HOLD.to_manifest(SUBJECT).raw)
    value["artifactType"] = "application/vnd.example"
    assert Hold.read(ImageManifest.parse(json.dumps(value).encode())) is None
    assert Hold.read(ImageIndex.build([])) is None
    assert Hold.read(None) is None


def test_a_time_of_commit_that_is_none_is_unknown():
    found = Hold.read(changed(**{"dev.polyarch.hold.committed": "soon"}))
    assert found
    assert found.committed is None
    assert found.version == "1.3.0"


def test_the_document():
    assert HOLD.to_json() == {
        "tag": "latest",
        "digest": str(TAKEN),
        "version": "1.3.0",
        "revision": "c0ffee",
        "committed": "2026-01-01T03:04:05+00:00",
        "time": "2026-01-02T03:04:05+00:00",
        "who": "ada",
        "why": "it loses data",
        "run": "20260102-030405-abcd",
    }
    bare = Hold(tag="a", digest=TAKEN, time=TIME).to_json()
    assert [key for key, value in bare.items() if value is not None] == ["tag", "digest", "time"]


@pytest.mark.parametrize(
    ("tag", "version", "revision", "told"),
    [
        ("latest", "1.3.0", "c0ffee", "1.3.0"),
        ("1", "v1.3.0", "c0ffee", "v1.3.0"),
        ("main", "main", "c0ffee" * 6, "commit c0ffeec0ffee"),
        ("nightly", "main", "c0ffee", "commit c0ffee"),
        ("1.2.3", "1.2.3", "c0ffee", "commit c0ffee"),
        ("main", "main", "", TAKEN.short),
        ("latest", "", "c0ffee", "commit c0ffee"),
    ],
)
def test_it_names_what_tells_it_apart(tag: str, version: str, revision: str, told: str):
    hold = replace(HOLD, tag=tag, version=version, revision=revision)
    assert hold.told.startswith(f"was put back from {told} by ada, and waits")
