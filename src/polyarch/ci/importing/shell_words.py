"""Words of small scripts: variables, what is cut off their ends, and letters made small.

Only what can be told for certain is told; all else is unknown.

Source: the Bash manual, "Shell Parameter Expansion".
"""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fnmatch import translate

from polyarch.ci.expression_values import (
    LONGEST,
    TOO_LONG,
    Unknown,
    Value,
    text_of,
    unknown_names,
)
from polyarch.ci.importing.written import EXPRESSION

Variables = Mapping[str, Value]

_PART = re.compile(
    r"'(?P<single>[^']*)'"
    r'|"(?P<double>(?:[^"\\]|\\.)*)"'
    r"|\\(?P<escaped>.)"
    r"|(?P<plain>(?:\$\{(?:\\.|[^}]){0,200}\}|[^'\"\\])+)",
    re.DOTALL,
)
_DOLLAR = re.compile(
    r"\$\{(?P<braced>[A-Za-z_][A-Za-z0-9_]*)(?P<how>[^{}]*)\}|\$(?P<bare>[A-Za-z_][A-Za-z0-9_]*)"
)
_LOWER = re.compile(
    r"""^\s*echo\s+(?:-n\s+)?(?P<word>.+?)\s*\|\s*tr\s+(?P<q>['"]?)(?:\[:upper:\]|A-Z)(?P=q)\s+"""
    r"""(?P<r>['"]?)(?:\[:lower:\]|a-z)(?P=r)\s*$""",
    re.DOTALL,
)
_EDITED = re.compile(
    r"""^\s*echo\s+(?P<word>\S+)\s*\|\s*sed(?P<edits>(?:\s+(?:-e\s+)?(?:"s/[^"']*"|'s/[^"']*'))+)\s*$"""
)
_EDIT = re.compile(r"s/(?P<old>(?:\\.|[^/\\])+)/(?P<new>(?:\\.|[^/\\])*)/(?P<all>g?)")
_CUT = re.compile(r"(##?|%%?)(.*)", re.DOTALL)
_REPLACED = re.compile(r"(//?)((?:\\.|[^/\\])+)/(.*)", re.DOTALL)
_LONGEST_CUT = 1000
_FIRST_MARK, _MOST_HELD = 0xF0000, 4096
_MARK = re.compile("[\U000f0000-\U000f0fff]")
"""Each stands for one expression of a word: signs of private use, that nobody writes."""
_NEVER = re.compile("[\0\U000f0000-\U0010ffff]")
_REF = "${{ github.ref }}"
_REF_NAME = Unknown.of("github.ref_name")
_REF_FRONTS = frozenset({"refs/tags/", "refs/heads/", "refs/*/"})


class UnclearError(Exception):
    """A word that only a shell can work out."""


def word_value(text: str, variables: Variables) -> Value:
    """What a word is worth: a text, or unknown with the text that it would have.

    Raises:
        UnclearError: it has something in it that is not understood here.
    """
    if _NEVER.search(text):
        raise UnclearError
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(found[0])
        return chr(_FIRST_MARK + len(held) - 1)

    bare = EXPRESSION.sub(hold, text)
    if len(held) > _MOST_HELD:
        raise UnclearError
    return _Word(variables=variables, held=tuple(held)).value(bare)


def joined(parts: Sequence[Value]) -> Value:
    """Several texts behind each other.

    Nothing is known of one that has no text of its own, nor of one that grows too long.
    """
    texts = [text_of(each) for each in parts]
    names = unknown_names(tuple(parts))
    if sum(map(len, texts)) > LONGEST:
        return Unknown(text="", names=(TOO_LONG,))
    if any(isinstance(each, Unknown) and not each.text for each in parts):
        return Unknown(text="", names=names)
    text = "".join(texts)
    return Unknown(text=text, names=names) if names else text


def matches(value: Value, glob: str) -> bool | None:
    """Whether a pattern of `[[ … == … ]]` fits; None where nobody knows."""
    expression = re.compile(translate(glob))
    if isinstance(value, Unknown):
        front, star, rest = glob.partition("*")
        known = value.text.partition("${{")[0]
        if known.startswith(front) and star and not rest:
            return True
        limit = min(len(front), len(known))
        return False if known[:limit] != front[:limit] else None
    return bool(expression.fullmatch(text_of(value)))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Word:
    """Works out words in which each expression is one mark; `held` is what the marks stand for."""

    variables: Variables
    held: tuple[str, ...]

    def value(self, bare: str) -> Value:
        if alone := re.fullmatch(r"\$\(((?:(?!\$\().)*)\)", bare.strip(), re.DOTALL):
            return self._substituted(alone[1])
        parts: list[Value] = []
        at = 0
        for found in _PART.finditer(bare):
            if found.start() != at:
                raise UnclearError
            at = found.end()
            parts.extend(self._part(found))
        if at != len(bare):
            raise UnclearError
        return joined(parts)

    def _literal(self, text: str) -> Value:
        """A text as it is written, with its expressions back in their places."""
        found = [self.held[ord(mark) - _FIRST_MARK] for mark in _MARK.findall(text)]
        if not found:
            return text
        whole = _MARK.sub(lambda mark: self.held[ord(mark[0]) - _FIRST_MARK], text)
        return Unknown(text=whole, names=tuple(dict.fromkeys(e[3:-2].strip() for e in found)))

    def _part(self, found: re.Match[str]) -> list[Value]:
        for name in ("single", "escaped"):
            if found[name] is not None:
                return [self._literal(found[name])]
        text = found["double"] if found["double"] is not None else found["plain"]
        if found["double"] is not None:
            text = re.sub(r"\\([\"\\$`])", r"\1", text)
        elif any(sign in re.sub(r"\$\(.*\)|`.*`", "", text) for sign in "|&<>;()"):
            raise UnclearError
        return self._expanded(text)

    def _expanded(self, text: str) -> list[Value]:
        for opening, closing in (("$(", ")"), ("`", "`")):
            start = text.find(opening)
            if start >= 0:
                stop = text.rfind(closing)
                if stop <= start:
                    raise UnclearError
                inside = self._substituted(text[start + len(opening) : stop])
                before = self._expanded(text[:start])
                return [*before, inside, *self._expanded(text[stop + 1 :])]
        parts: list[Value] = []
        at = 0
        for found in _DOLLAR.finditer(text):
            parts += [self._literal(text[at : found.start()]), self._variable(found)]
            at = found.end()
        if "$" in _DOLLAR.sub("", text):
            raise UnclearError
        return [*parts, self._literal(text[at:])]

    def _substituted(self, command: str) -> Value:
        if lower := _LOWER.match(command):
            return _changed(self.value(lower["word"]), str.lower)
        found = _EDITED.match(command)
        if found is None:
            raise UnclearError
        value = self.value(found["word"])
        for edit in _EDIT.finditer(found["edits"]):
            old, new = (re.sub(r"\\(.)", r"\1", edit[name]) for name in ("old", "new"))
            if isinstance(value, Unknown) or set(old) & set("*[]^$+?|()") or _MARK.search(new):
                raise UnclearError
            value = _put(text_of(value), old, new, -1 if edit["all"] else 1)
        return value

    def _variable(self, found: re.Match[str]) -> Value:
        name, how = found["braced"] or found["bare"], found["how"] or ""
        if name not in self.variables:
            raise UnclearError
        value = self.variables[name]
        value = "" if value is None else value
        if not how:
            return value
        if how == ",,":
            return _changed(value, str.lower)
        if how.startswith(":-"):
            empty = not isinstance(value, Unknown) and not text_of(value)
            return self.value(how[2:]) if empty else value
        if _MARK.search(how):
            raise UnclearError
        if cut := _CUT.fullmatch(how):
            return _cut(value, cut[1], cut[2])
        if replaced := _REPLACED.fullmatch(how):
            old, new = replaced[2].replace("\\", ""), replaced[3].replace("\\", "")
            if any(sign in old for sign in "*?["):
                raise UnclearError
            count = -1 if replaced[1] == "//" else 1
            return _changed(value, lambda text: _put(text, old, new, count))
        raise UnclearError


def _put(text: str, old: str, new: str, count: int) -> str:
    """A text with one word for another in it; -1 counts all."""
    found = text.count(old) if count < 0 else count
    if len(text) + found * len(new) > LONGEST + found * len(old):
        raise UnclearError
    return text.replace(old, new, count)


def _cut(value: Value, sign: str, glob: str) -> Value:
    if isinstance(value, Unknown):
        if value.text == _REF and sign == "#" and glob in _REF_FRONTS:
            return _REF_NAME
        raise UnclearError
    text = text_of(value)
    if len(text) > _LONGEST_CUT:
        raise UnclearError
    expression = re.compile(translate(glob))
    lengths = range(len(text) + 1)
    for length in reversed(lengths) if len(sign) > 1 else lengths:
        piece = text[:length] if sign[0] == "#" else text[len(text) - length :]
        if expression.fullmatch(piece):
            return text[length:] if sign[0] == "#" else text[: len(text) - length]
    return text


def _changed(value: Value, change: Callable[[str], str]) -> Value:
    """A change of letters; within an expression there is nothing to change yet."""
    if not isinstance(value, Unknown):
        return change(text_of(value))
    parts = re.split(r"(\$\{\{(?:[^$}]|\$(?!\{\{)|\}(?!\}))*\}\})", value.text)
    made = "".join(each if each.startswith("${{") else change(each) for each in parts)
    return Unknown(text=made, names=value.names)
