"""A secret is hidden however it is said back, and nothing else is."""

import base64
import json
import threading
import urllib.parse

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.host.mask import HIDDEN, Mask, forms_of

SECRET = "c4n4ry/+ s3cr3t&x\u00e9"
SECRETS = st.text(st.characters(codec="utf-8", exclude_characters="*"), min_size=9, max_size=40)


@pytest.mark.parametrize(
    "said",
    [
        SECRET,
        SECRET.upper(),
        urllib.parse.quote(SECRET, safe=""),
        urllib.parse.quote_plus(SECRET),
        json.dumps(SECRET)[1:-1],
        json.dumps(SECRET)[1:-1].replace("/", "\\/"),
        SECRET.encode().hex(),
    ],
)
def test_every_form_of_it_is_hidden(said: str) -> None:
    assert Mask([SECRET])(f"say {said} again") == f"say {HIDDEN} again"


@given(SECRETS, st.binary(max_size=5), st.binary(max_size=5), st.booleans())
def test_in_base64_wherever_it_lies(secret: str, before: bytes, after: bytes, urls: bool) -> None:
    encode = base64.urlsafe_b64encode if urls else base64.b64encode
    said = encode(before + secret.encode() + after).decode()
    hidden = Mask([secret])(said)
    assert HIDDEN in hidden
    # What is left of it are the edges, which hold other bytes as well.
    assert len(hidden.replace(HIDDEN, "")) <= len(said) - len(secret.encode()) * 4 // 3 + 4


@given(SECRETS, st.text(max_size=20), st.text(max_size=20))
def test_nothing_of_it_is_left(secret: str, before: str, after: str) -> None:
    assert secret not in Mask([secret])(before + secret + after)


def test_longer_secrets_are_hidden_first() -> None:
    assert Mask(["secret", "secretive"])("say secretive and secret") == "say *** and ***"


@pytest.mark.parametrize("secret", ["", "abc"])
def test_what_is_too_short_is_no_secret(secret: str) -> None:
    assert forms_of(secret) == frozenset()
    assert Mask([secret])("abcdef") == "abcdef"


def test_who_has_learnt_nothing_changes_nothing() -> None:
    assert Mask()("anything") == "anything"


def test_the_lines_of_a_key_file_are_hidden_and_its_braces_are_not() -> None:
    key = '{\n  "private_key": "MIIEvQIBADANBg"\n}\n'
    mask = Mask([key])
    assert [mask(line) for line in key.splitlines()] == ["{", f"  {HIDDEN}", "}"]
    assert mask(json.dumps({"auth": key})) == f'{{"auth": "{HIDDEN}"}}'


def test_a_text_that_no_encoding_has_is_hidden_too() -> None:
    secret = "canary-\udcff-secret"
    assert Mask([secret])(f"it is {secret}") == f"it is {HIDDEN}"


def test_what_is_learnt_later_is_hidden_from_then_on() -> None:
    mask = Mask(["first one"])
    mask.learn("another")
    assert mask("first one, another") == f"{HIDDEN}, {HIDDEN}"


def test_many_threads_may_teach_it() -> None:
    mask = Mask()
    names = [f"secret-{number}-x" for number in range(50)]
    threads = [threading.Thread(target=mask.learn, args=(name,)) for name in names]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [mask(name) for name in names] == [HIDDEN] * 50
