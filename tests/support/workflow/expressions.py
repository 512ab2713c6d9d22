"""Expressions where a run has come to them: worked out by the project's own evaluator.

What that one leaves open, or answers for a run that goes well, a run knows or the test fails.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from polyarch.ci.expression_functions import FUNCTIONS
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
from polyarch.ci.expression_values import text_of, truth_of
from polyarch.ci.expressions import evaluate
from polyarch.errors import ExpressionSyntaxError
from tests.support.workflow.values import WorkflowError, given, member, taken

STATUS = frozenset({"success", "failure", "always", "cancelled"})

_INSIDE = re.compile(r"\$\{\{((?:[^'}]|'(?:[^']|'')*'|\}(?!\}))*)\}\}")


@dataclass(frozen=True, kw_only=True)
class Scope:
    """The names that may stand in an expression at some place of a workflow.

    `status` answers the functions that ask how it went so far, where they may stand.
    """

    contexts: Mapping[str, Any]
    status: Mapping[str, bool] | None = None

    def evaluate(self, text: str) -> Any:
        """The value of an expression without its `${{ }}`."""
        try:
            tree = parse_expression(text)
        except ExpressionSyntaxError as error:
            raise WorkflowError(str(error)) from error
        for node in _nodes(tree):
            self._check(node)
        contexts = {name: given(value) for name, value in self.contexts.items()}
        return taken(evaluate(_answered(tree, self.status or {}), contexts))

    def value(self, text: str) -> Any:
        """A value of the workflow: of any kind where it is one expression, a text else."""
        whole = _INSIDE.fullmatch(text.strip())
        return self.evaluate(whole[1]) if whole else self.text(text)

    def text(self, text: str) -> str:
        """A text of the workflow with its expressions worked out."""
        if "${{" in _INSIDE.sub("", text):
            raise WorkflowError(f"an expression has no end: {text}")
        return _INSIDE.sub(lambda each: text_of(given(self.evaluate(each[1]))), text)

    def deep(self, value: Any) -> Any:
        """A tree of the workflow with its expressions worked out."""
        if isinstance(value, str):
            return self.value(value)
        if isinstance(value, list):
            return [self.deep(each) for each in value]
        if isinstance(value, dict):
            return {key: self.deep(each) for key, each in value.items()}
        return value

    def holds(self, condition: Any) -> bool:
        """Whether an `if` holds: one that does not ask how it went wants that all went well.

        Raises:
            WorkflowError: text stands beside its `${{ }}`, which makes it a text, and always true.
        """
        if condition is None or isinstance(condition, bool):
            text = "success()" if condition is None else str(condition).lower()
        else:
            text = condition.strip()
        if "${{" in text:
            whole = _INSIDE.fullmatch(text)
            if whole is None:
                raise WorkflowError(f"always true, as it is a text: {condition}")
            text = whole[1]
        value = is_true(self.evaluate(text))
        asks = any(isinstance(x, Call) and x.name in STATUS for x in _nodes(parse_expression(text)))
        return value if asks else value and self.evaluate("success()")

    def _check(self, node: Node) -> None:
        if isinstance(node, Name | Member):
            self._known(node)
        if isinstance(node, Call):
            known = set(FUNCTIONS) - STATUS | set(self.status or ())
            if node.name not in known:
                raise WorkflowError(f"no function `{node.name}` here")

    def _known(self, node: Node) -> Any:
        """The value of names after each other, each of which must be there to be asked for."""
        if isinstance(node, Name):
            if node.name not in self.contexts:
                raise WorkflowError(f"nothing is called `{node.source}` here")
            return self.contexts[node.name]
        if isinstance(node, Member) and isinstance(node.key, Literal):
            return member(self._known(node.of), str(node.key.value))
        return None


def is_true(value: Any) -> bool:
    """Whether a condition of this value holds."""
    return truth_of(given(value)) is True


def as_text(value: Any) -> str:
    """The text that stands for a value."""
    return text_of(given(value))


def _nodes(node: Node) -> Iterator[Node]:
    yield node
    match node:
        case Member(of=of, key=key):
            yield from _nodes(of)
            if key is not None:
                yield from _nodes(key)
        case Call(arguments=arguments):
            for each in arguments:
                yield from _nodes(each)
        case Not(of=of):
            yield from _nodes(of)
        case Binary(left=left, right=right):
            yield from _nodes(left)
            yield from _nodes(right)
        case _:
            pass


def _answered(node: Node, status: Mapping[str, bool]) -> Node:
    """The same tree, with the answers in place of the questions how it went."""
    match node:
        case Call(name=name, source=source) if name in status:
            return Literal(value=status[name], source=source)
        case Call(arguments=arguments):
            return replace(node, arguments=tuple(_answered(each, status) for each in arguments))
        case Member(of=of, key=key):
            return replace(node, of=_answered(of, status), key=key and _answered(key, status))
        case Not(of=of):
            return replace(node, of=_answered(of, status))
        case Binary(left=left, right=right):
            return replace(node, left=_answered(left, status), right=_answered(right, status))
        case _:
            return node
