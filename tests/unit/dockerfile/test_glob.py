"""The matcher without backtracking against Python's own expressions of the same meaning."""

import re

from hypothesis import given
from hypothesis import strategies as st

from polyarch.dockerfile.glob import Glob

patterns = st.text(alphabet="ab*?", max_size=8)
texts = st.text(alphabet="abc", max_size=12)


def expression(pattern: str, *, longest: bool) -> str:
    star = ".*" if longest else ".*?"
    return "".join({"*": star, "?": "."}.get(character, character) for character in pattern)


@given(patterns, texts, st.booleans())
def test_prefixes(pattern: str, text: str, longest: bool):
    found = re.match(expression(pattern, longest=longest), text)
    assert Glob.parse(pattern).prefix(text, longest=longest) == (found.end() if found else None)


@given(patterns, texts, st.booleans())
def test_suffixes_are_prefixes_of_the_mirror_image(pattern: str, text: str, longest: bool):
    lengths = [n for n in range(len(text) + 1) if _whole(pattern, text[len(text) - n :])]
    expected = (max(lengths) if longest else min(lengths)) if lengths else None
    assert Glob.parse(pattern).reversed().prefix(text[::-1], longest=longest) == expected


@given(patterns.filter(bool), texts)
def test_replacing_one(pattern: str, text: str):
    replaced = re.sub(expression(pattern, longest=True), "-", text, count=1)
    assert Glob.parse(pattern).replace(text, "-", every=False) == replaced


@given(patterns.filter(lambda pattern: re.search("[ab?]", pattern)), texts)
def test_replacing_all(pattern: str, text: str):
    replaced = re.sub(expression(pattern, longest=True), "-", text)
    assert Glob.parse(pattern).replace(text, "-", every=True) == replaced


def _whole(pattern: str, text: str) -> bool:
    return re.fullmatch(expression(pattern, longest=True), text) is not None
