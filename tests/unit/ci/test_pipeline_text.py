"""Generated YAML says what its writer meant, whatever stands in it."""

from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from ruamel.yaml import YAML

from polyarch.ci.pipelines.yaml_text import Node, Noted, comment, quoted, scalar, yaml_text

ODD = st.sampled_from(
    [
        "yes", "No", "null", "~", "1", "1.5", "0x1f", "2026-01-02", "a: b", "a #b", "- a", "?",
        " a", "a ", "\n", "a\nb", "a\nb\n", "\n\na\n", "a\n\n", "&a", "*a", "!a", "@a", "`a", "%a",
        "|", ">", "{a}", "[a]", "a]", "'", '"', "\\", "\t", "\x00", "\x85", "\u2028", "\ufeff", "é",
        "${{ a: b }}", "${{ a }} # b", "${{ always() }}", "true", "on", "=", "<<", "a=b", "\x7f",
    ]
)  # fmt: skip
TEXT = st.one_of(ODD, st.text(), st.text(alphabet="a \n:#-'\"\\$\\{}"))
TREES = st.dictionaries(
    TEXT,
    st.recursive(
        st.one_of(TEXT, st.integers(), st.booleans()),
        lambda below: st.one_of(
            st.dictionaries(TEXT, below, max_size=4),
            st.lists(below.filter(lambda each: not isinstance(each, list)), max_size=4),
        ),
        max_leaves=12,
    ),
    max_size=4,
)


def read(text: str) -> object:
    return YAML(typ="safe", pure=True).load(text)


@given(TREES)
def test_what_was_meant_is_read(tree: dict[str, Node]):
    assert read(yaml_text(tree)) == (tree or None)


@given(TEXT)
def test_a_single_value_is_one_line(text: str):
    for written in (scalar(text), quoted(text)):
        assert written.isprintable()
        assert read(written) == text


@given(TEXT, TEXT)
def test_a_comment_ends_with_its_line(text: str, note: str):
    written = yaml_text({"a": Noted(text=text, note=note), "b": "c"})
    assert read(written) == {"a": text, "b": "c"}
    assert comment(note).isprintable()


def test_lists_stand_in_no_list():
    with pytest.raises(TypeError):
        yaml_text({"a": [["b"]]})


def test_scripts_are_shown_as_lines():
    tree: Mapping[str, Node] = {"run": 'set -e\necho "a: b" # c\n'}
    assert yaml_text(tree) == 'run: |\n  set -e\n  echo "a: b" # c\n'
