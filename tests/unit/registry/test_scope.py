from hypothesis import given
from hypothesis import strategies as st

from polyarch.registry.scope import Scope, Scopes

names = st.sampled_from(["a/b", "c", "host:5000/d"])
actions = st.lists(st.sampled_from(["pull", "push", "delete", "*", "metadata_read"]), min_size=1)
scopes = st.builds(
    lambda name, found: Scope(kind="repository", name=name, actions=tuple(found)), names, actions
)


def test_a_name_may_hold_colons():
    scope = Scope.parse("repository:host:5000/app:pull,push")
    assert scope == Scope(kind="repository", name="host:5000/app", actions=("pull", "push"))


def test_what_is_no_scope_is_none():
    assert [Scope.parse(text) for text in ("", "a", "a:b", ":b:c", "a::c", "a:b:")] == [None] * 6


def test_one_repository_is_named_once_with_all_its_actions():
    merged = Scopes.of([Scope.pull("a"), Scope.pull("b"), Scope.delete("a"), Scope.push("a")])
    assert str(merged) == "repository:a:pull,push,delete repository:b:pull"


def test_actions_of_the_server_are_kept():
    merged = Scopes.parse("repository:a:metadata_read,pull").first([Scope.push("a")])
    assert str(merged) == "repository:a:pull,push,metadata_read"


def test_what_is_demanded_comes_first():
    grown = Scopes.of([Scope.push("mine")]).first([Scope.pull("theirs")])
    assert str(grown) == "repository:theirs:pull repository:mine:pull,push"


def test_what_is_withdrawn_is_gone():
    left = Scopes.of([Scope.push("mine"), Scope.pull("theirs")]).without([Scope.pull("theirs")])
    assert str(left) == "repository:mine:pull,push"


def test_a_star_covers_all():
    assert Scopes.parse("repository:a:*").cover([Scope.delete("a")])
    assert not Scopes.parse("repository:a:*").cover([Scope.pull("b")])


@given(st.lists(scopes, max_size=5), st.lists(scopes, max_size=5))
def test_a_union_covers_both_and_only_grows(some, more):
    union = Scopes.of(some).first(more)
    assert union.cover(some)
    assert union.cover(more)
    assert set(union.first(some)) == set(union)
    assert len({(scope.kind, scope.name) for scope in union}) == len(union.items)


@given(st.lists(scopes, max_size=5))
def test_written_scopes_are_read(some):
    union = Scopes.of(some)
    assert Scopes.parse(str(union)) == union


@given(st.text(max_size=80))
def test_any_text_is_read_without_harm(text):
    Scopes.parse(text)
