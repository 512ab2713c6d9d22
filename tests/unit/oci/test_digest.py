import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import InvalidDigestError
from polyarch.oci.digest import Digest
from tests.support.strategies import digests

EMPTY = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def test_of_known_bytes():
    assert str(Digest.of(b"")) == EMPTY
    assert Digest.of(b"", "sha512").encoded.startswith("cf83e1357eefb8bd")


@given(digests)
def test_text_and_back(digest):
    assert Digest.parse(str(digest)) == digest


@pytest.mark.parametrize(
    "text",
    [
        "",
        "sha256",
        "sha256:",
        "sha256:abc",
        EMPTY.upper(),
        EMPTY + "0",
        EMPTY + "\n",
        "md5:d41d8cd98f00b204e9800998ecf8427e",
        "sha512:" + EMPTY.partition(":")[2],
        "sha256:../../../../etc/passwd",
        " " + EMPTY,
    ],
)
def test_what_is_no_digest_is_refused(text):
    with pytest.raises(InvalidDigestError):
        Digest.parse(text)


@given(st.text())
def test_any_text_is_a_digest_or_refused(text):
    try:
        assert str(Digest.parse(text)) == text
    except InvalidDigestError as error:
        assert "\n" not in error.message
