import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import InvalidReferenceError
from polyarch.oci.digest import Digest
from polyarch.oci.reference import DigestReference, Repository, TagReference, parse_reference

DIGEST = str(Digest.of(b"x"))


@pytest.mark.parametrize(
    ("text", "full", "familiar"),
    [
        ("alpine", "docker.io/library/alpine", "alpine"),
        ("openim/openkf-server", "docker.io/openim/openkf-server", "openim/openkf-server"),
        ("docker.io/alpine", "docker.io/library/alpine", "alpine"),
        ("index.docker.io/library/alpine", "docker.io/library/alpine", "alpine"),
        ("registry-1.docker.io/team/app", "docker.io/team/app", "team/app"),
        ("ghcr.io/team/app", "ghcr.io/team/app", "ghcr.io/team/app"),
        ("localhost/app", "localhost/app", "localhost/app"),
        ("localhost:5000/app", "localhost:5000/app", "localhost:5000/app"),
        ("127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c", "127.0.0.1:5000/a/b/c"),
        ("[::1]:5000/app", "[::1]:5000/app", "[::1]:5000/app"),
        ("Registry/app", "Registry/app", "Registry/app"),
    ],
)
def test_short_names_become_whole(text, full, familiar):
    repository = Repository.parse(text)
    assert (str(repository), repository.familiar) == (full, familiar)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "a//b",
        "team/App",
        "app:",
        "-app",
        "a/../b",
        "a/b/",
        "ghcr.io/",
        "app@",
        "app:1",
        "a b",
        "x" * 300,
        "host:999999/app",
        "ghcr.io/a/..",
        "\n",
    ],
)
def test_what_is_no_repository_is_refused(text):
    with pytest.raises(InvalidReferenceError):
        Repository.parse(text)


def test_reference_forms():
    assert parse_reference("alpine") == Repository.parse("alpine").tag("latest")
    assert parse_reference("localhost:5000/app") == Repository.parse("localhost:5000/app").tag(
        "latest"
    )
    assert parse_reference("ghcr.io/a/b:v1") == Repository.parse("ghcr.io/a/b").tag("v1")
    pinned = parse_reference(f"ghcr.io/a/b:v1@{DIGEST}")
    assert pinned == Repository.parse("ghcr.io/a/b").at(Digest.parse(DIGEST))


@pytest.mark.parametrize(
    "text", ["a:" + "x" * 129, "a:-x", "a:.x", "a@sha256:1", "a:b:c", "a:$(x)", "a:\n"]
)
def test_bad_tags_and_digests_are_refused(text):
    with pytest.raises(InvalidReferenceError):
        parse_reference(text)


@given(st.text(max_size=60))
def test_any_text_is_a_reference_or_refused(text):
    try:
        reference = parse_reference(text)
    except InvalidReferenceError:
        return
    assert isinstance(reference, TagReference | DigestReference)
    assert parse_reference(str(reference)) == reference


@given(st.from_regex(r"\A[a-z0-9]{1,8}(/[a-z0-9]{1,8}){0,3}(:[a-zA-Z0-9_][a-zA-Z0-9._-]{0,20})?\Z"))
def test_common_references_survive(text):
    reference = parse_reference(text)
    assert parse_reference(str(reference)) == reference
