from string import ascii_letters, digits

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.registry.challenge import Challenge, choose, parse_challenges

HUB = (
    'Bearer realm="https://auth.docker.io/token",service="registry.docker.io",'
    'scope="repository:library/hello:pull,push"'
)


def parse(*headers: str) -> list[tuple[str, dict[str, str]]]:
    return [(found.scheme, dict(found.parameters)) for found in parse_challenges(headers)]


def test_a_bearer_challenge_keeps_the_commas_within_quotes():
    (challenge,) = parse_challenges([HUB])
    assert challenge.scheme == "bearer"
    assert challenge.realm == "https://auth.docker.io/token"
    assert challenge.service == "registry.docker.io"
    assert challenge.scope == "repository:library/hello:pull,push"


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("", []),
        (", ,", []),
        ("Basic", [("basic", {})]),
        ('BASIC realm="x"', [("basic", {"realm": "x"})]),
        (
            "Bearer realm=https://a/b,service=s",
            [("bearer", {"realm": "https://a/b", "service": "s"})],
        ),
        (r'Basic realm="a \"quoted\" \\ word"', [("basic", {"realm": 'a "quoted" \\ word'})]),
        ('Bearer REALM = "r" , Service="s"', [("bearer", {"realm": "r", "service": "s"})]),
        ("Negotiate abc==, Basic realm=x", [("negotiate", {}), ("basic", {"realm": "x"})]),
        (
            'Basic realm="b", Bearer realm="r"',
            [("basic", {"realm": "b"}), ("bearer", {"realm": "r"})],
        ),
        ("Digest, Basic", [("digest", {}), ("basic", {})]),
        ('Basic realm="cut off', [("basic", {"realm": ""})]),
        ('"odd" Basic realm=x', []),
        ('=, Bearer realm="r"', [("bearer", {"realm": "r"})]),
        ('Basic realm="first", realm="second"', [("basic", {"realm": "first"})]),
    ],
)
def test_forms_of_the_field(header, expected):
    assert parse(header)[: len(expected)] == expected
    if not expected:
        assert parse(header) == []


def test_every_header_counts():
    assert [scheme for scheme, _ in parse("Basic", HUB)] == ["basic", "bearer"]


def test_bearer_is_chosen_before_basic_and_unknown_schemes_are_passed_over():
    assert choose(parse_challenges(["Negotiate", "Basic", HUB])) == parse_challenges([HUB])[0]
    for header in ("Negotiate, Basic realm=x", "Bearer service=x, Basic"):
        chosen = choose(parse_challenges([header]))
        assert chosen is not None
        assert chosen.scheme == "basic"
    assert choose(parse_challenges(["Negotiate"])) is None


def quoted(text: str) -> str:
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


words = st.text(ascii_letters + digits + "-_", min_size=1, max_size=12)
values = st.text(st.characters(min_codepoint=32, max_codepoint=126), max_size=30)
challenges = st.builds(
    lambda scheme, parameters: (scheme.lower(), {k.lower(): v for k, v in parameters.items()}),
    words.filter(lambda word: word[0].isalpha()),
    st.dictionaries(words.map(str.lower), values, min_size=1, max_size=4),
)


@given(st.lists(challenges, max_size=4))
def test_what_is_written_is_read(written):
    header = ", ".join(
        f"{scheme} " + ", ".join(f"{name}={quoted(value)}" for name, value in parameters.items())
        for scheme, parameters in written
    )
    assert parse(header) == written


@given(st.text(max_size=200))
def test_any_header_is_read_without_harm(text):
    assert all(isinstance(found, Challenge) for found in parse_challenges([text]))
