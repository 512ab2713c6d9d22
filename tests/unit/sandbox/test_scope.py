import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.sandbox.scope import EVERYBODY, EVERYTHING, NOBODY, Permit, Scope

WORDS = st.text("abcxyz0189._-/", min_size=1)
NAMES = WORDS | st.tuples(WORDS, WORDS).map(":".join)
ACTIONS = st.frozensets(st.sampled_from(["pull", "push", "delete", "*", "custom"]), min_size=1)


@given(kind=WORDS, name=NAMES, actions=ACTIONS)
def test_round_trip(kind: str, name: str, actions: frozenset[str]) -> None:
    scope = Scope(kind=kind, name=name, actions=actions)
    assert Scope.parse(str(scope)) == scope


@given(st.text())
def test_parse_takes_any_text(text: str) -> None:
    found = Scope.parse(text)
    assert found is None or Scope.parse(str(found)) == found


@pytest.mark.parametrize(
    "text",
    ["", "repository", "repository:a", ":a:pull", "repository::pull", "repository:a:", "a:b:,"],
)
def test_what_is_no_scope(text: str) -> None:
    assert Scope.parse(text) is None


def test_the_order_of_actions_is_that_of_registries() -> None:
    text = "repository:localhost:5000/a:pull,push,delete,other"
    assert str(Scope.parse("repository:localhost:5000/a:other,delete,push,pull")) == text


@given(name=NAMES, actions=ACTIONS)
def test_a_permit_never_grants_more_than_was_wanted(name: str, actions: frozenset[str]) -> None:
    wanted = Scope(name=name, actions=actions)
    if "*" not in actions:
        assert EVERYBODY.granted(wanted) == actions - {"custom"}
    assert NOBODY.granted(wanted) == frozenset()


def test_grants_join_and_globs_match_whole_names() -> None:
    grants = (
        Scope(name="team/*", actions=frozenset({"pull"})),
        Scope(name="team/app", actions=frozenset({"push"})),
    )
    permit = Permit(known=True, grants=grants)
    both = frozenset({"pull", "push"})
    assert permit.allows(Scope(name="team/app", actions=both))
    assert not permit.allows(Scope(name="team/other", actions=both))
    assert not permit.allows(Scope(name="my-team/app", actions=frozenset({"pull"})))
    assert not permit.allows(Scope(kind="registry", name="team/app", actions=both))


def test_star_stands_for_all_that_an_account_has() -> None:
    every = Scope(name="a", actions=frozenset({"*"}))
    assert EVERYTHING.covers(every) == EVERYTHING.actions
    assert every.covers(Scope(name="a", actions=frozenset({"push"}))) == {"push"}
