"""Which branches a `case`, an `if` or a guard has, and when each is taken."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from polyarch.dockerfile.shell.comparison import condition_of, is_test
from polyarch.dockerfile.shell.condition import (
    NEVER_KNOWN,
    Condition,
    PatternKind,
    either,
    every,
    match,
    negation,
)
from polyarch.dockerfile.shell.frame import Chain, Context, Frame, Link, Step
from polyarch.dockerfile.shell.syntax import Source
from polyarch.dockerfile.shell.word import ShellWord, word_of
from polyarch.dockerfile.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node

_SPECIAL = re.compile(r"[*?\[]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Branch:
    """One way. `tests` are the statements that decide, outside of the arm; `body` is the arm."""

    condition: Condition
    patterns: tuple[str, ...]
    is_else: bool
    tests: "tuple[Node, ...]"
    body: "tuple[Node, ...] | Chain"
    span: Span

    def steps(self, frame: Frame, context: Context) -> Iterator[Step]:
        """What the walk does in the arm."""
        if isinstance(self.body, Chain):
            yield self.body.part(self.body.start, self.body.stop, context)
        else:
            yield from frame.at(self.body, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Branching:
    """All the ways of one choice; `rest` is the part of a chain that stands behind the arms."""

    is_case: bool
    branches: tuple[Branch, ...]
    frame: Frame
    span: Span
    rest: Chain | None = None


def case_of(frame: Frame) -> Branching:
    """`case word in a|b) …;; *) …;; esac`."""
    node, source = frame.node, frame.source
    subject = node.child_by_field_name("value")
    items = [one for one in node.named_children if one.type == "case_item"]
    branches = [_item(one, subject, source) for one in items]
    if branches and subject is not None:
        # The word is asked once, in front of all arms.
        branches[0] = replace(branches[0], tests=(subject,))
    return Branching(is_case=True, branches=tuple(branches), frame=frame, span=frame.span)


def _item(item: "Node", subject: "Node | None", source: Source) -> Branch:
    values = item.children_by_field_name("value")
    words = [word_of(one, source) for one in values if one.is_named]
    patterns = tuple(str(word) for word in words)
    condition = NEVER_KNOWN
    if subject is not None:
        globs = (_glob(word) for word in words)
        condition = match(word_of(subject, source), *globs, kind=PatternKind.GLOB)
    body = tuple(_behind(item, ")"))
    return Branch(
        condition=condition,
        patterns=patterns,
        is_else=any(word.text == "*" for word in words),
        tests=(),
        body=body,
        span=_span(body, item, source),
    )


def _glob(word: ShellWord) -> str:
    """The pattern that a word is: between quotes a star is a star."""
    value = str(word)
    if word.text[:1] in {"'", '"'} and word.text[-1:] == word.text[:1]:
        return _SPECIAL.sub(r"[\g<0>]", value)
    return value


def if_of(frame: Frame) -> Branching:
    """`if …; then …; elif …; then …; else …; fi`."""
    node = frame.node
    branches = [_tested(node, frame.source)]
    for one in node.named_children:
        if one.type == "elif_clause":
            branches.append(_tested(one, frame.source))
        elif one.type == "else_clause":
            branches.append(_else(one, frame.source))
    return Branching(is_case=False, branches=tuple(branches), frame=frame, span=frame.span)


def _tested(clause: "Node", source: Source) -> Branch:
    tests = tuple(_before(clause, "then"))
    body = tuple(one for one in _behind(clause, "then") if not one.type.endswith("_clause"))
    condition = condition_of(tests[-1], source) if tests else NEVER_KNOWN
    return Branch(
        condition=condition,
        patterns=_patterns(condition),
        is_else=False,
        tests=tests,
        body=body,
        span=_span(body, clause, source),
    )


def _else(clause: "Node", source: Source) -> Branch:
    body = tuple(clause.named_children)
    return _otherwise(body, _span(body, clause, source))


def _otherwise(body: "tuple[Node, ...] | Chain", span: Span) -> Branch:
    return Branch(condition=NEVER_KNOWN, patterns=(), is_else=True, tests=(), body=body, span=span)


def _patterns(condition: Condition) -> tuple[str, ...]:
    return tuple(pattern for one in condition.matches for pattern in one.patterns)


def _before(node: "Node", token: str) -> "Iterator[Node]":
    for one in node.children:
        if one.type == token:
            return
        if one.is_named:
            yield one


def _behind(node: "Node", token: str) -> "Iterator[Node]":
    children = iter(node.children)
    for one in children:
        if one.type == token:
            break
    return (one for one in children if one.is_named)


def _span(body: "tuple[Node, ...]", outer: "Node", source: Source) -> Span:
    if not body:
        end = source.end(outer)
        return source.text.span(end, end)
    return source.text.span(source.start(body[0]), source.end(body[-1]))


# --- guards ----------------------------------------------------------------------------------


def chain_of(frame: Frame) -> Chain:
    """`a && b || c` as its links; the left side is the one that grows."""
    links: list[Link] = []
    node, redirects = frame.node, frame.redirects
    while node.type in {"list", "redirected_statement"}:
        if node.type == "redirected_statement":
            body = node.child_by_field_name("body")
            if body is None or body.type != "list":
                break
            redirects = (*node.children_by_field_name("redirect"), *redirects)
            node = body
        elif len(node.children) == len(("left", "&&", "right")):
            left, operator, right = node.children
            links.append(Link(operator=operator.type, node=right, redirects=redirects))
            node, redirects = left, ()
        else:
            break
    if node.type == "list":
        # The grammar met something that it does not know.
        links += (Link(operator="&&", node=one) for one in reversed(node.named_children))
    else:
        links.append(Link(operator="&&", node=node, redirects=redirects))
    links.reverse()
    return Chain(links=tuple(links), start=0, stop=len(links), frame=frame)


def guards_of(chain: Chain, tests: range) -> Branching:
    """What the tests at these links of a chain decide about the links behind them."""
    links, context, source = chain.links, chain.frame.context, chain.frame.source
    condition = condition_of(links[tests.start].node, source)
    for index in tests[1:]:
        join = every if links[index].operator == "&&" else either
        condition = join(condition, condition_of(links[index].node, source))
    operator = links[tests.stop].operator
    if operator == "||":
        condition = negation(condition)
    stop = _other(chain, tests.stop + 1, operator)
    body = chain.part(tests.stop, stop, context)
    branches = [
        Branch(
            condition=condition,
            patterns=_patterns(condition),
            is_else=False,
            tests=tuple(link.node for link in links[tests.start : tests.stop]),
            body=body,
            span=body.span,
        )
    ]
    if operator == "&&" and stop < chain.stop:
        body = chain.part(stop, _other(chain, stop + 1, "||"), context)
        stop = body.stop
        branches.append(_otherwise(body, body.span))
    return Branching(
        is_case=False,
        branches=tuple(branches),
        frame=chain.frame,
        span=chain.part(tests.start, stop, context).span,
        rest=chain.part(stop, chain.stop, context) if stop < chain.stop else None,
    )


def _other(chain: Chain, start: int, operator: str) -> int:
    """The first link from `start` on that another operator joins."""
    for index in range(start, chain.stop):
        if chain.links[index].operator != operator:
            return index
    return chain.stop


def first_tests(chain: Chain) -> range:
    """The first links that are tests, as many as follow each other; empty if there are none.

    A test at the very end decides about nothing.
    """
    links, source = chain.links, chain.frame.source
    for index in range(chain.start, chain.stop):
        if is_test(links[index].node, source):
            stop = index + 1
            while stop < chain.stop and is_test(links[stop].node, source):
                stop += 1
            return range(index, stop) if stop < chain.stop else range(0)
    return range(0)


def subjects(branches: Iterable[Branch]) -> Iterator[Condition]:
    """All comparisons of a choice."""
    for branch in branches:
        yield from branch.condition.matches
