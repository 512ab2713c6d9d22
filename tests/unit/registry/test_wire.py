import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.oci.digest import Digest
from polyarch.registry.redact import redact_url
from polyarch.registry.refusal import Judge
from polyarch.registry.retry import Clock
from polyarch.registry.transport import Headers
from polyarch.registry.wire import (
    digest_of,
    media_type_of,
    next_page,
    parse_error,
    size_of,
    upload_url,
    warnings_of,
    with_digest,
)

DIGEST = Digest.of(b"x")
PAGE = "https://reg.example/v2/a/tags/list?n=2"


def test_an_error_body_gives_codes_and_words():
    errors = [
        {"code": "denied", "message": "no\nway", "detail": {"secret": 1}},
        {"code": "DENIED", "message": "no way"},
        {"code": 5, "message": None},
        "odd",
    ]
    said = parse_error(json.dumps({"errors": errors}).encode())
    assert said.codes == ("DENIED",)
    assert said.words == "no way"


@pytest.mark.parametrize(
    ("body", "words"),
    [
        (b"", ""),
        (b"rate limit\nexceeded", "rate limit exceeded"),
        (b"<html>login here</html>", ""),
        (b'{"details":"incorrect username or password"}', "incorrect username or password"),
        (b'{"message":"nope"}', "nope"),
        (b"[1]", ""),
        (b"null", ""),
    ],
)
def test_bodies_of_others_give_their_words(body, words):
    said = parse_error(body)
    assert (said.codes, said.words) == ((), words)


@given(st.binary(max_size=300))
def test_any_error_body_is_read_and_told_in_one_printable_line(body):
    said = parse_error(body)
    judge = Judge("reg.example", Clock())
    assert judge.scrub(said.words).isprintable()
    assert all(code.isidentifier() or code.isdigit() or code[0].isdigit() for code in said.codes)


def test_a_secret_that_is_echoed_is_not_told_even_where_the_text_is_cut():
    judge = Judge("reg.example", Clock())
    judge.keep_secret("Canary/Secret", "x")
    for place in range(380, 410):
        told = judge.scrub("." * place + "canary/secret canary%2Fsecret")
        assert "canar" not in told
        assert len(told) <= 400
    assert judge.scrub("x stays") == "x stays"


@given(
    st.recursive(
        st.none() | st.text() | st.integers(),
        lambda x: st.lists(x) | st.dictionaries(st.sampled_from(["errors", "code", "message"]), x),
    )
)
def test_any_json_is_read_without_harm(value):
    parse_error(json.dumps(value).encode())


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        (
            '</v2/a/tags/list?n=2&last=b>; rel="next"',
            "https://reg.example/v2/a/tags/list?n=2&last=b",
        ),
        ("<list?next_page=abc>; rel=next", "https://reg.example/v2/a/tags/list?next_page=abc"),
        ('<https://other/x>; type="a"; rel="next"', "https://other/x"),
        ('</p>; rel="prev", </n>; rel="next"', "https://reg.example/n"),
        ('</n>; rel="last next"', "https://reg.example/n"),
        ('</p>; rel="prev"', None),
        ("</p>", None),
        ('</p>; rel="nextish"', None),
        ("", None),
    ],
)
def test_the_next_page_is_what_the_link_says(header, expected):
    assert next_page(Headers([("Link", header)]), PAGE) == expected


@given(st.text(max_size=100))
def test_any_link_is_read_without_harm(text):
    try:
        next_page(Headers([("Link", text)]), PAGE)
    except ValueError as error:
        pytest.fail(str(error))


def test_warnings_are_unescaped_and_others_ignored():
    headers = Headers(
        [
            ("Warning", r'299 - "say \"hello\""'),
            ("warning", '110 - "stale"'),
            ("WARNING", "nonsense"),
        ]
    )
    assert warnings_of(headers) == ('say "hello"',)


def test_headers_know_no_case_and_keep_order():
    headers = Headers([("A", " 1 "), ("b", "2"), ("a", "3")])
    assert headers.all("A") == ("1", "3")
    assert (headers.get("B"), headers.get("c")) == ("2", "")


def test_typed_headers():
    good = Headers(
        [
            ("Content-Type", "Application/JSON; charset=utf-8"),
            ("Content-Length", "12"),
            ("Docker-Content-Digest", str(DIGEST)),
        ]
    )
    assert (media_type_of(good), size_of(good), digest_of(good)) == ("application/json", 12, DIGEST)
    bad = Headers([("Content-Length", "-1"), ("Docker-Content-Digest", "sha256:xyz")])
    assert (media_type_of(bad), size_of(bad), digest_of(bad)) == ("", None, None)


@pytest.mark.parametrize(
    ("location", "answered", "expected"),
    [
        (
            "/v2/a/uploads/1?_state=x%2Fy",
            "https://r/v2/a/",
            "https://r/v2/a/uploads/1?_state=x%2Fy",
        ),
        ("u/1", "https://r:5000/v2/", "https://r:5000/v2/u/1"),
        ("http://r/v2/u/1", "https://r/v2/", "https://r/v2/u/1"),
        ("http://r/u", "https://r:5000/v2/", "https://r:5000/u"),
        ("https://r/u", "https://r:5000/v2/", "https://r:5000/u"),
        ("https://r:443/u", "https://r:5000/v2/", "https://r:443/u"),
        ("https://other/u", "https://r:5000/v2/", "https://other/u"),
        ("http://other/u", "https://r/v2/", "http://other/u"),
        ("http://r:5000/u", "http://r:5000/v2/", "http://r:5000/u"),
    ],
)
def test_locations_of_registries_behind_proxies_are_mended(location, answered, expected):
    assert upload_url(location, answered) == expected


def test_the_digest_joins_the_query_that_is_there():
    assert with_digest("https://r/u", DIGEST).startswith("https://r/u?digest=sha256%3A")
    assert "/u?_state=a%2Fb&digest=" in with_digest("https://r/u?_state=a%2Fb", DIGEST)


def test_urls_in_messages_hold_no_secret():
    url = "https://user:canary@store/x?X-Amz-Signature=canary&n=5&digest=sha256:a#canary"
    assert redact_url(url) == "https://store/x?X-Amz-Signature=***&n=5&digest=sha256:a"


@given(st.text(max_size=100))
def test_any_url_is_redacted_without_harm(text):
    assert redact_url(text).isprintable()
