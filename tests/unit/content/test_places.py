"""Places as people write them: every form, every mistake, and back again."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.content.places import Kind, Place
from polyarch.errors import InvalidPlaceError, InvalidReferenceError, PolyarchError
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository

DIGEST = Digest.of(b"x")
ALPINE = Repository.parse("alpine")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("oci:dir", Place(kind=Kind.LAYOUT, path="dir")),
        ("oci:/a/b:1.2", Place(kind=Kind.LAYOUT, path="/a/b", tag="1.2")),
        (
            "oci:dir:docker.io/library/alpine:3",
            Place(kind=Kind.LAYOUT, path="dir", tag="docker.io/library/alpine:3"),
        ),
        (f"oci:dir@{DIGEST}", Place(kind=Kind.LAYOUT, path="dir", digest=DIGEST)),
        (f"oci:dir:t@{DIGEST}", Place(kind=Kind.LAYOUT, path="dir", tag="t", digest=DIGEST)),
        ("oci:a@b", Place(kind=Kind.LAYOUT, path="a@b")),
        ("oci-archive:x.tar", Place(kind=Kind.OCI_ARCHIVE, path="x.tar")),
        ("oci-archive:x.tar:1", Place(kind=Kind.OCI_ARCHIVE, path="x.tar", tag="1")),
        ("docker-archive:x.tar", Place(kind=Kind.DOCKER_ARCHIVE, path="x.tar")),
        (
            "docker-archive:x.tar:alpine",
            Place(kind=Kind.DOCKER_ARCHIVE, path="x.tar", repository=ALPINE, tag="latest"),
        ),
        ("docker-archive:x.tar:@3", Place(kind=Kind.DOCKER_ARCHIVE, path="x.tar", tag="@3")),
        ("docker-daemon:alpine", Place(kind=Kind.DOCKER_DAEMON, repository=ALPINE, tag="latest")),
        (f"docker-daemon:{DIGEST}", Place(kind=Kind.DOCKER_DAEMON, digest=DIGEST)),
        (
            f"docker-daemon:alpine@{DIGEST}",
            Place(kind=Kind.DOCKER_DAEMON, repository=ALPINE, digest=DIGEST),
        ),
        ("image:server", Place(kind=Kind.BUILT, path="server")),
        ("alpine", Place(kind=Kind.REGISTRY, repository=ALPINE)),
        ("docker://alpine:3", Place(kind=Kind.REGISTRY, repository=ALPINE, tag="3")),
        (
            f"localhost:5000/a:1@{DIGEST}",
            Place(
                kind=Kind.REGISTRY,
                repository=Repository.parse("localhost:5000/a"),
                tag="1",
                digest=DIGEST,
            ),
        ),
    ],
)
def test_each_form(text: str, place: Place):
    assert Place.parse(text) == place
    assert Place.parse(f"  {text}\n") == place
    assert Place.parse(str(place)) == place


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("file:/bin/ls", "only `verify`"),
        ("dir:/tmp/x", "no kind of place"),
        ("dir:x", "no kind of place"),
        ("containers-storage:alpine", "no kind of place"),
        ("oci:", "the path is missing"),
        ("oci::tag", "the path is missing"),
        ("oci:dir:", "is missing"),
        ("oci-archive:", "the path is missing"),
        ("oci:dir@sha256:12", "hexadecimal"),
        ("image:", "name of the image is missing"),
        ("docker-archive:x:Not A Reference", "not an image reference"),
        ("docker-daemon:UPPER", "not an image reference"),
        ("docker-daemon:", "name of the image is missing"),
        ("docker-daemon:sha256:12", "hexadecimal"),
    ],
)
def test_what_is_no_place(text: str, words: str):
    with pytest.raises(InvalidPlaceError, match=words) as caught:
        Place.parse(text)
    assert caught.value.hint


@pytest.mark.parametrize("text", ["Debian:Bookworm", "alpine@sha256:123", "", "docker://", "a b"])
def test_what_is_no_reference(text: str):
    with pytest.raises(InvalidReferenceError):
        Place.parse(text)


def test_what_is_printed_for_scripts_can_be_read_again():
    for text in ("oci:dir:1", "oci-archive:f:1", "alpine:3", "docker-daemon:alpine:3"):
        place = Place.parse(text)
        again = Place.parse(place.pinned(DIGEST))
        assert (again.kind, again.path, again.repository) == (
            place.kind,
            place.path,
            place.repository,
        )
        assert again.digest == DIGEST


PATHS = st.text(st.characters(exclude_characters=":@\0", exclude_categories=("Cc", "Cs", "Z")))
NAMES = st.from_regex(r"[A-Za-z0-9][A-Za-z0-9._/-]{0,20}(:[a-z0-9]{1,9})?", fullmatch=True)
TAGS = st.from_regex(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,30}", fullmatch=True)
DIGESTS = st.binary(max_size=8).map(Digest.of)
REPOSITORIES = st.builds(
    Repository,
    registry=st.sampled_from(["docker.io", "ghcr.io", "localhost:5000", "127.0.0.1:1"]),
    path=st.from_regex(r"[a-z0-9]{1,9}/[a-z0-9]{1,9}((_|-)[a-z0-9]{1,9})?", fullmatch=True),
)
NO_DIGEST = st.none() | DIGESTS
PLACES = st.one_of(
    st.builds(
        Place,
        kind=st.sampled_from([Kind.LAYOUT, Kind.OCI_ARCHIVE]),
        path=PATHS.filter(bool),
        tag=st.just("") | NAMES,
        digest=NO_DIGEST,
    ),
    st.builds(
        Place,
        kind=st.just(Kind.DOCKER_ARCHIVE),
        path=PATHS.filter(bool),
        repository=REPOSITORIES,
        tag=TAGS,
        digest=NO_DIGEST,
    ),
    st.builds(
        Place,
        kind=st.just(Kind.DOCKER_DAEMON),
        repository=REPOSITORIES,
        tag=TAGS,
        digest=NO_DIGEST,
    ),
    st.builds(
        Place,
        kind=st.just(Kind.REGISTRY),
        repository=REPOSITORIES,
        tag=st.just("") | TAGS,
        digest=NO_DIGEST,
    ),
)


@given(PLACES)
def test_written_and_read_it_is_the_same(place: Place):
    assert Place.parse(str(place)) == place


@given(
    st.text(max_size=60)
    | st.sampled_from(list(Kind)).flatmap(lambda k: st.text().map(f"{k.value}:{{}}".format))
)
def test_any_text_is_a_place_or_a_refusal(text: str):
    try:
        place = Place.parse(text)
    except PolyarchError as error:
        assert error.message
        assert error.hint
    else:
        assert Place.parse(str(place)) == place
