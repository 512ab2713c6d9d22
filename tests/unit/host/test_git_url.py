import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.host.git_url import GitAddress, is_git, parse_git

GOOD = [
    ("https://host/o/r.git", GitAddress(url="https://host/o/r.git")),
    ("https://host/o/r.git#main", GitAddress(url="https://host/o/r.git", ref="main")),
    (
        "https://host/o/r.git#release/v1:docker/app",
        GitAddress(url="https://host/o/r.git", ref="release/v1", folder="docker/app"),
    ),
    ("http://127.0.0.1:80/r.git#:sub/", GitAddress(url="http://127.0.0.1:80/r.git", folder="sub")),
    ("git@host:o/r.git#v1", GitAddress(url="git@host:o/r.git", ref="v1")),
    ("ssh://git@host:22/o/r", GitAddress(url="ssh://git@host:22/o/r")),
    ("git://127.0.0.1:9418/r", GitAddress(url="git://127.0.0.1:9418/r")),
]
BAD = [
    ("https://user:t0ken@host/r.git", "login"),
    ("https://t0ken@host/r.git", "login"),
    ("ssh://git:t0ken@host/r.git", "login"),
    ("https://host/r.git?token=t0ken", "written"),
    ("https://host/page", "ends with `.git`"),
    ("file:///r.git", "https, http, ssh or git"),
    ("https://host/r.git#-upload-pack=x", "behind `#`"),
    ("https://host/r.git#a..b", "behind `#`"),
    ("https://host/r.git#main:../..", "behind `:`"),
    ("https://[host/r.git", "no URL"),
    ("https://host/r.git\n", "control"),
]


@pytest.mark.parametrize(("text", "address"), GOOD)
def test_addresses(text: str, address: GitAddress) -> None:
    assert is_git(text)
    assert parse_git(text) == address


@pytest.mark.parametrize(("text", "words"), BAD)
def test_what_is_no_address_or_holds_a_secret(text: str, words: str) -> None:
    assert is_git(text)
    with pytest.raises(ValueError, match=re.escape(words)) as caught:
        parse_git(text)
    assert "t0ken" not in str(caught.value)


@pytest.mark.parametrize("text", [".", "a/b", "image:base", "docker-image://r/x", "C:/x", "a@b"])
def test_other_contexts(text: str) -> None:
    assert not is_git(text)


@given(st.text())
def test_any_text_is_judged(text: str) -> None:
    try:
        address = parse_git(text)
    except ValueError:
        return
    assert not address.url.startswith("-")
    assert not address.ref.startswith("-")


def test_only_a_full_commit_is_pinned() -> None:
    assert parse_git(f"git://h/r#{'a' * 40}").is_pinned
    assert not parse_git(f"git://h/r#{'a' * 39}").is_pinned
