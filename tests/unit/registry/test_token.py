import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.registry.challenge import Challenge
from polyarch.registry.credential import Credential
from polyarch.registry.scope import Scope, Scopes
from polyarch.registry.token import Token, TokenQuestion, parse_token

NOW, WALL = 1000.0, 1_700_000_000.0


def parse(**fields: object) -> Token | None:
    return parse_token(json.dumps(fields).encode(), monotonic=NOW, wall=WALL)


@pytest.mark.parametrize("key", ["token", "access_token"])
def test_either_name_of_a_token_will_do(key):
    token = parse(**{key: "abc", "expires_in": 300})
    assert token == Token(text="abc", expires=NOW + 300, lifetime_s=300)


@pytest.mark.parametrize("life", [None, 0, -5, 5, 59, "300", True, [1]])
def test_a_token_that_says_less_than_a_minute_or_nothing_lives_one(life):
    token = parse(token="abc", expires_in=life)
    assert token is not None
    assert token.lifetime_s == 60


@pytest.mark.parametrize("life", [10**400, 1e400, 10**9])
def test_no_token_lives_longer_than_a_month(life):
    token = parse(token="abc", expires_in=life)
    assert token is not None
    assert token.lifetime_s == 30 * 24 * 3600


@pytest.mark.parametrize(
    ("issued", "left"),
    [
        ("2023-11-14T22:13:20Z", 300),
        ("2023-11-14T22:11:40Z", 200),
        ("2023-11-14T23:13:20Z", 300),
        ("2020-01-01T00:00:00Z", 300),
        ("2023-11-14T22:11:40", 300),
        ("yesterday", 300),
        (5, 300),
    ],
)
def test_a_time_of_issue_counts_only_where_it_makes_sense(issued, left):
    token = parse(token="abc", expires_in=300, issued_at=issued)
    assert token is not None
    assert token.expires == NOW + left


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"{}", b'{"token":""}', b'{"token":5}', b'{"token":"a\\nb"}', b"\xff"]
)
def test_what_is_no_token_is_none(body):
    assert parse_token(body, monotonic=NOW, wall=WALL) is None


def test_a_token_is_renewed_early_and_earlier_for_long_work():
    token = Token(text="t", expires=NOW + 300, lifetime_s=300)
    assert token.lives(NOW + 269)
    assert not token.lives(NOW + 271)
    assert token.lives(NOW, 200)
    assert not token.lives(NOW + 101, 200)


def test_a_new_token_is_used_however_short_it_lives():
    assert Token(text="t", expires=NOW + 60, lifetime_s=60).lives(NOW, 3600)


def test_a_token_is_not_shown():
    assert "canary" not in repr(Token(text="canary", expires=1, lifetime_s=1))


def test_the_realm_may_be_relative():
    challenge = Challenge(scheme="bearer", parameters={"realm": "/token?x=1", "service": "s"})
    login = Credential(source="test")
    scopes = Scopes.of([Scope.pull("a")])
    question = TokenQuestion.of(challenge, "https://reg.example/v2/", scopes, login)
    assert question.realm == "https://reg.example/token?x=1"


@given(st.binary(max_size=200))
def test_any_answer_is_read_without_harm(body):
    parse_token(body, monotonic=NOW, wall=WALL)
