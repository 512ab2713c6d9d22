"""Words of small scripts: variables, what is cut off their ends, and letters made small.

Only what can be told for certain is told; all else is unknown.

Source: the Bash manual, "Shell Parameter Expansion".
"""

import re
from collections.abc import Callable, Mapping
from fnmatch import translate

from polyarch.ci.expression_values import Unknown, Value, text_of, unknown_names
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
    held: list[str] = []

    def hold(found: re.Match[str]) -> str:
        held.append(found[0])
        return f"\0{len(held) - 1}\0"

    bare = EXPRESSION.sub(hold, text)
    if not held and (alone := re.fullmatch(r"\$\(((?:(?!\$\().)*)\)", bare.strip(), re.DOTALL)):
        return _substituted(alone[1], variables)
    parts: list[Value] = []
    at = 0
    for found in _PART.finditer(bare):
        if found.start() != at:
            raise UnclearError
        at = found.end()
        parts.extend(_part(found, variables))
    if at != len(bare):
        raise UnclearError
    made = joined(parts)
    if isinstance(made, Unknown) and not made.text:
        return made
    whole = re.sub(r"\0([0-9]+)\0", lambda found: held[int(found[1])], text_of(made))
    names = (*unknown_names((made,)), *(each[3:-2].strip() for each in held))
    return Unknown(text=whole, names=tuple(dict.fromkeys(names))) if names else whole


def joined(parts: list[Value]) -> Value:
    """Several texts behind each other; nothing is known of one that has no text of its own."""
    text = "".join(text_of(each) for each in parts)
    names = unknown_names(tuple(parts))
    if any(isinstance(each, Unknown) and not each.text for each in parts):
        return Unknown(text="", names=names)
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


def _part(found: re.Match[str], variables: Variables) -> list[Value]:
    if found["single"] is not None:
        return [found["single"]]
    if found["escaped"] is not None:
        return [found["escaped"]]
    text = found["double"] if found["double"] is not None else found["plain"]
    if found["double"] is not None:
        text = re.sub(r"\\([\"\\$`])", r"\1", text)
    elif any(sign in re.sub(r"\$\(.*\)|`.*`", "", text) for sign in "|&<>;()"):
        raise UnclearError
    return _expanded(text, variables)


def _expanded(text: str, variables: Variables) -> list[Value]:
    for opening, closing in (("$(", ")"), ("`", "`")):
        start = text.find(opening)
        if start >= 0:
            stop = text.rfind(closing)
            if stop <= start:
                raise UnclearError
            inside = _substituted(text[start + len(opening) : stop], variables)
            before = _expanded(text[:start], variables)
            return [*before, inside, *_expanded(text[stop + 1 :], variables)]
    parts: list[Value] = []
    at = 0
    for found in _DOLLAR.finditer(text):
        parts += [text[at : found.start()], _variable(found, variables)]
        at = found.end()
    if "$" in _DOLLAR.sub("", text):
        raise UnclearError
    return [*parts, text[at:]]


def _substituted(command: str, variables: Variables) -> Value:
    if lower := _LOWER.match(command):
        return _changed(word_value(lower["word"], variables), str.lower)
    found = _EDITED.match(command)
    if found is None:
        raise UnclearError
    value = word_value(found["word"], variables)
    for edit in _EDIT.finditer(found["edits"]):
        old, new = (re.sub(r"\\(.)", r"\1", edit[name]) for name in ("old", "new"))
        if isinstance(value, Unknown) or set(old) & set("*[]^$+?|()"):
            raise UnclearError
        value = text_of(value).replace(old, new, -1 if edit["all"] else 1)
    return value


def _variable(found: re.Match[str], variables: Variables) -> Value:
    name, how = found["braced"] or found["bare"], found["how"] or ""
    if name not in variables:
        raise UnclearError
    value = variables[name]
    value = "" if value is None else value
    if not how:
        return value
    if how == ",,":
        return _changed(value, str.lower)
    if how.startswith(":-"):
        empty = not isinstance(value, Unknown) and not text_of(value)
        return word_value(how[2:], variables) if empty else value
    if cut := _CUT.fullmatch(how):
        return _cut(value, cut[1], cut[2])
    if put := _REPLACED.fullmatch(how):
        old, new = put[2].replace("\\", ""), put[3].replace("\\", "")
        if any(sign in old for sign in "*?["):
            raise UnclearError
        count = -1 if put[1] == "//" else 1
        return _changed(value, lambda text: text.replace(old, new, count))
    raise UnclearError


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
