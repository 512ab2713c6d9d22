"""Texts of a workflow with their `${{ }}` worked out, as far as the file and an event tell.

`matrix` knows the two simple contexts that judging a file needs; this is the whole language.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from polyarch.ci.expression_functions import (
    FUNCTIONS,
    LAZY,
    NotKnownHereError,
    format_text,
)
from polyarch.ci.expression_tree import (
    Binary,
    Call,
    Literal,
    Member,
    Name,
    Node,
    Not,
    parse_expression,
)
from polyarch.ci.expression_values import (
    LONGEST,
    TOO_LONG,
    Several,
    Table,
    Unknown,
    Value,
    below,
    same,
    text_of,
    truth_of,
    unknown_names,
)
from polyarch.errors import ExpressionSyntaxError

_EXPRESSION = re.compile(
    r"\$\{\{((?:'[^']*'|[^'}$]++|\$(?!\{\{)|\}(?!\})){0,2000}+)\}\}", re.DOTALL
)

Contexts = Mapping[str, Value]
"""By name in lower case; a context that is missing has no value at all, as a misspelt one."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Filled:
    """A text worked out; what is unknown still stands in it as an expression."""

    text: str
    unknown: tuple[str, ...] = ()
    problems: tuple[str, ...] = ()

    @property
    def is_known(self) -> bool:
        """Whether nothing in it is left to a run."""
        return not self.unknown


def evaluate(node: Node, contexts: Contexts) -> Value:
    """What a tree is worth. Never raises: what cannot be worked out is unknown."""
    match node:
        case Literal(value=value):
            return value
        case Name(name=name):
            return contexts.get(name)
        case Not(of=of):
            inner = evaluate(of, contexts)
            truth = truth_of(inner)
            return _unknown(node, (inner,)) if truth is None else not truth
        case Member():
            return _member(node, contexts)
        case Call():
            return _call(node, contexts)
        case Binary():
            return _chain(node, contexts)


def value_of_text(text: str, contexts: Contexts) -> Value:
    """What a whole text is worth: the value itself where it is one expression and nothing else."""
    stripped = text.strip()
    found = _EXPRESSION.fullmatch(stripped)
    if found is not None and "${{" not in found[1]:
        return _worked_out(found[1], contexts)[0]
    filled = fill(text, contexts)
    if filled.is_known:
        return filled.text
    return Unknown(text=filled.text, names=filled.unknown)


def fill(text: str, contexts: Contexts) -> Filled:
    """Work out all expressions of a text; one that grows too long stays as it is written."""
    names: dict[str, None] = {}
    problems: list[str] = []
    pieces: list[str] = []
    at = length = 0
    for found in _EXPRESSION.finditer(text) if len(text) <= LONGEST else ():
        value, problem = _worked_out(found[1], contexts)
        names |= dict.fromkeys(unknown_names((value,)))
        problems.extend(problem)
        pieces += [text[at : found.start()], text_of(value)]
        at = found.end()
        length += len(pieces[-2]) + len(pieces[-1])
        if length > LONGEST:
            break
    if length + len(text) - at > LONGEST:
        return Filled(text=text, unknown=(TOO_LONG,), problems=tuple(problems))
    made = "".join((*pieces, text[at:]))
    return Filled(text=made, unknown=tuple(names), problems=tuple(problems))


def condition(text: str, contexts: Contexts) -> Value:
    """What an `if` is worth: it may stand without braces; an empty one is true.

    Text around braces makes a text of it, which is true whatever the braces say.
    """
    if not text.strip():
        return True
    if "${{" in text:
        return value_of_text(text, contexts)
    return _worked_out(text, contexts)[0]


def expressions_in(text: str) -> tuple[str, ...]:
    """What stands between the braces of a text."""
    return tuple(found[1].strip() for found in _EXPRESSION.finditer(text[:LONGEST]))


def _worked_out(expression: str, contexts: Contexts) -> tuple[Value, tuple[str, ...]]:
    try:
        return evaluate(parse_expression(expression), contexts), ()
    except ExpressionSyntaxError as error:
        bare = expression.strip()
        return Unknown.of(bare), (error.message,)


def _unknown(node: Node, parts: tuple[Value, ...], truth: bool | None = None) -> Unknown:  # noqa: FBT001 - the value is what it is about
    names = unknown_names(parts) or (node.source,)
    return Unknown(text=f"${{{{ {node.source} }}}}", names=names, truth=truth)


def _member(node: Member, contexts: Contexts) -> Value:
    of = evaluate(node.of, contexts)
    key = None if node.key is None else evaluate(node.key, contexts)
    if isinstance(of, Unknown):
        return Unknown(text=f"${{{{ {node.source} }}}}", names=(node.source,))
    if isinstance(key, Unknown):
        return _unknown(node, (key,))
    if node.key is None:
        if isinstance(of, Table) and of.rest is not None:
            return Unknown.of(node.source)
        return Several(of.values.values() if isinstance(of, Table) else _items(of))
    if isinstance(of, Several) and isinstance(key, str):
        held = (each.get(key) for each in of if isinstance(each, Table))
        return Several(each for each in held if each is not None)
    if isinstance(of, tuple) and isinstance(key, float):
        return of[int(key)] if 0 <= key < len(of) else None
    return of.get(text_of(key)) if isinstance(of, Table) else None


def _items(value: Value) -> tuple[Value, ...]:
    return value if isinstance(value, tuple) else ()


def _call(node: Call, contexts: Contexts) -> Value:
    given = tuple(evaluate(each, contexts) for each in node.arguments)
    unknown = unknown_names(given)
    function = FUNCTIONS.get(node.name)
    if function is None:
        return _unknown(node, given)
    try:
        if unknown and node.name == "format" and not isinstance(given[0], Unknown):
            return Unknown(text=format_text(given), names=unknown)
        if unknown and node.name not in LAZY:
            return _unknown(node, given)
        return function(given)
    except NotKnownHereError:
        return _unknown(node, given)


def _chain(node: Binary, contexts: Contexts) -> Value:
    """What several operators behind each other give, however many there are."""
    links: list[Binary] = []
    first: Node = node
    while isinstance(first, Binary):
        links.append(first)
        first = first.left
    value = evaluate(first, contexts)
    for link in reversed(links):
        join = _logic if link.operator in {"&&", "||"} else _comparison
        value = join(link, value, contexts)
    return value


def _logic(node: Binary, left: Value, contexts: Contexts) -> Value:
    truth = truth_of(left)
    decisive = node.operator == "||"
    if truth is decisive:
        return left
    right = evaluate(node.right, contexts)
    if truth is not None:
        return right
    known = decisive if truth_of(right) is decisive else None
    return _unknown(node, (left, right), known)


def _comparison(node: Binary, left: Value, contexts: Contexts) -> Value:
    right = evaluate(node.right, contexts)
    if isinstance(left, Unknown) or isinstance(right, Unknown):
        return _unknown(node, (left, right))
    match node.operator:
        case "==":
            return same(left, right)
        case "!=":
            return not same(left, right)
        case "<":
            return below(left, right)
        case ">":
            return below(right, left)
        case "<=":
            return below(left, right) or same(left, right)
        case _:
            return below(right, left) or same(left, right)
