import time
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.ci.yaml import MAX_BYTES, Tree, read_yaml
from polyarch.errors import YamlError


def plain(tree: Tree) -> Any:
    if tree.table is not None:
        return {key: plain(value) for key, value in tree.table.items()}
    if tree.items is not None:
        return [plain(each) for each in tree.items]
    return tree.text


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("", None),
        ("# only\n", None),
        ("a: b", {"a": "b"}),
        ("a: 1.10\nb: yes\nc: 0o7\nd: 2026-01-02", {"a": "1.10", "b": "yes", "c": "0o7",
                                                   "d": "2026-01-02"}),
        ("a: null\nb: ~\nc:\nd: ''\ne: 'null'", {"a": None, "b": None, "c": None, "d": "",
                                                 "e": "null"}),
        ("[a, {b: c}]", ["a", {"b": "c"}]),
        ('{"a": ["b"]}', {"a": ["b"]}),
        ("x: &x {a: 1}\ny: *x", {"x": {"a": "1"}, "y": {"a": "1"}}),
        ("x: &x {a: 1, b: 2}\ny:\n  <<: *x\n  b: 3", {"x": {"a": "1", "b": "2"},
                                                      "y": {"a": "1", "b": "3"}}),
        ("x: &x {a: 1}\nz: &z {a: 2, b: 2}\ny: {<<: [*x, *z]}",
         {"x": {"a": "1"}, "z": {"a": "2", "b": "2"}, "y": {"a": "1", "b": "2"}}),
        ("a: |\n  b\n  c\n", {"a": "b\nc\n"}),
        ("\ufeffa: b", {"a": "b"}),
    ],
)  # fmt: skip
def test_what_is_read(text: str, found: Any):
    assert plain(read_yaml(text.encode(), "x")) == found


def test_lines_and_tags():
    tree = read_yaml(b"a:\n  b: !reset null\n  c: !override [1]\n", "x")
    inner = tree.get("a")
    assert inner is not None
    b, c = inner.get("b"), inner.get("c")
    assert b is not None
    assert c is not None
    assert (b.line, b.tag, c.line, c.tag) == (2, "!reset", 3, "!override")


@pytest.mark.parametrize(
    ("raw", "line"),
    [
        (b"a: 1\na: 2", 2),
        (b"a: [", 1),
        (b"a: *nobody", 1),
        (b"a:\n\t- b", 2),
        (b"ok: 1\nbad: \xff", 2),
        (b"a: 1\n---\nb: 2", 2),
        (b"? [a]\n: b", 1),
        (b"<<: text", 1),
        (b"a: &x [*x]", 1),
        (b"a: " + b"[" * 3000, 1),
        (b"a: " + b"[" * 100 + b"]" * 100, 1),
        (b"#" * (MAX_BYTES + 1), 1),
        (b"a: \x00", 1),
    ],
)
def test_what_is_refused(raw: bytes, line: int):
    with pytest.raises(YamlError) as caught:
        read_yaml(raw, "x.yaml")
    assert caught.value.where
    assert caught.value.where.startswith("x.yaml, line ")
    assert abs(caught.value.line - line) <= 1


def test_a_billion_laughs_are_refused_soon():
    lines = ["a0: &a0 [x, x, x, x, x, x, x, x, x, x]"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 10)}]" for n in range(1, 12)]
    started = time.monotonic()
    with pytest.raises(YamlError, match="aliases"):
        read_yaml("\n".join(lines).encode(), "x")
    assert time.monotonic() - started < 20


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(raw: bytes):
    try:
        read_yaml(raw, "x")
    except YamlError:
        return


@given(st.text(alphabet="ab:-[]{}&*!#|>'\"\n ,?<%@`~", max_size=60))
def test_any_signs_of_the_language(text: str):
    try:
        read_yaml(text.encode(), "x")
    except YamlError:
        return


trees = st.recursive(
    st.none() | st.text(alphabet="abc $:#", max_size=6),
    lambda each: (
        st.lists(each, max_size=3) | st.dictionaries(st.sampled_from("abcd"), each, max_size=3)
    ),
    max_leaves=8,
)


@given(trees)
def test_json_is_yaml(value: Any):
    import json

    assert plain(read_yaml(json.dumps(value).encode(), "x")) == value
