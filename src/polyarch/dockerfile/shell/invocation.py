"""A simple command as the grammar has it: program, arguments, assignments, redirections."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from polyarch.dockerfile.shell.frame import Context, Frame
from polyarch.dockerfile.shell.inner import inner_text
from polyarch.dockerfile.shell.script import Redirect, ShellAssignment
from polyarch.dockerfile.shell.syntax import Source
from polyarch.dockerfile.shell.word import ShellWord, word_of
from polyarch.dockerfile.shell.wrappers import SHELLS, inner_script, unwrap
from polyarch.dockerfile.source import JoinedText, Span

if TYPE_CHECKING:
    from tree_sitter import Node

_SIMPLE = frozenset({"command", "declaration_command", "unset_command"})
_BLANKS = " \t"


@dataclass(frozen=True, slots=True, kw_only=True)
class Invocation:
    """A simple command.

    `declared` are what `export` and its like assign; `nodes` all parts in which a substitution may
    stand; `script` is the text that it runs itself, with the node that holds it.
    """

    words: tuple[ShellWord, ...]
    wrappers: tuple[str, ...]
    assignments: tuple[ShellAssignment, ...]
    declared: tuple[ShellAssignment, ...]
    redirects: tuple[Redirect, ...]
    is_fed: bool
    nodes: "tuple[Node, ...]"
    followers: "tuple[Node, ...]"
    script: "tuple[str, Node, JoinedText] | None"

    def steps(self, frame: Frame, context: Context) -> Iterator[Frame]:
        """What the walk has to look at within the command, and behind its here-documents."""
        skipped = self.script[1] if self.script else None
        inner = (_held(one) for one in self.nodes if one != skipped)
        yield from frame.at((one for one in inner if one), context.in_pipeline(None))
        yield from frame.at(self.followers, context)


def invocation_of(frame: Frame) -> Invocation | None:
    """Read a command with its redirections; None for redirections of something greater."""
    node, source = frame.node, frame.source
    redirects: list[Node] = list(frame.redirects)
    while node.type == "redirected_statement":
        redirects[:0] = node.children_by_field_name("redirect")
        body = node.child_by_field_name("body")
        if body is None or (body.type not in _SIMPLE and body.type != "redirected_statement"):
            return None
        node = body
    redirects[:0] = node.children_by_field_name("redirect")
    parts = _Parts.of(node, redirects)
    words = tuple(word_of(one, source) for one in parts.words)
    bare = unwrap(words)
    made = tuple(_made(word) for word in bare.assignments)
    script = _script(bare.words, words, parts, source)
    return Invocation(
        words=bare.words,
        wrappers=bare.wrappers,
        assignments=(*_assignments(parts.assignments, source), *made),
        declared=tuple(_assignments(parts.declared, source)),
        redirects=tuple(_redirects(redirects, source)),
        is_fed=any(one.type in {"heredoc_redirect", "herestring_redirect"} for one in redirects),
        nodes=(*parts.assignments, *parts.words, *parts.bodies),
        followers=parts.followers,
        script=script,
    )


def _held(node: "Node") -> "Node | None":
    """Of an assignment its value: that it assigns is known."""
    return node.child_by_field_name("value") if node.type == "variable_assignment" else node


@dataclass(frozen=True, slots=True, kw_only=True)
class _Parts:
    words: "tuple[Node, ...]"
    assignments: "tuple[Node, ...]"
    declared: "tuple[Node, ...]"
    bodies: "tuple[Node, ...]"
    followers: "tuple[Node, ...]"

    @classmethod
    def of(cls, node: "Node", redirects: "list[Node]") -> "_Parts":
        words: list[Node] = []
        assignments: list[Node] = []
        declared: list[Node] = []
        for one in node.children if node.type != "command" else node.named_children:
            if one.type == "variable_assignment":
                (assignments if node.type == "command" else declared).append(one)
            if one.type == "variable_assignment" and node.type == "command":
                continue
            if not one.type.endswith("_redirect") and one.type != "comment":
                words.append(one)
        bodies: list[Node] = []
        followers: list[Node] = []
        for redirect in redirects:
            words += redirect.children_by_field_name("argument")
            right = redirect.children_by_field_name("right")
            for one in redirect.named_children:
                if one.type == "heredoc_body" or one.type.endswith("_redirect"):
                    bodies.append(one)
                elif one in right or one.type == "pipeline":
                    followers.append(one)
                elif redirect.type != "heredoc_redirect":
                    bodies.append(one)
        return cls(
            words=tuple(words),
            assignments=tuple(assignments),
            declared=tuple(declared),
            bodies=tuple(bodies),
            followers=tuple(followers),
        )


def _redirects(nodes: "list[Node]", source: Source) -> Iterator[Redirect]:
    for node in nodes:
        if node.type == "file_redirect":
            target = node.child_by_field_name("destination")
            operator = next((one.type for one in node.children if not one.is_named), "")
            if target is not None:
                yield Redirect(operator=operator, target=word_of(target, source))
        elif node.type == "heredoc_redirect":
            yield from _redirects(node.children_by_field_name("redirect"), source)


# --- assignments -----------------------------------------------------------------------------


def _assignments(nodes: "tuple[Node, ...]", source: Source) -> Iterator[ShellAssignment]:
    for node in nodes:
        found = assignment_of(node, source)
        if found is not None:
            yield found


def assignment_of(node: "Node", source: Source) -> ShellAssignment | None:
    """`name=value`; None for an element of an array."""
    name, value = node.child_by_field_name("name"), node.child_by_field_name("value")
    if name is None or name.type != "variable_name":
        return None
    sign = next((one.type for one in node.children if one.type in {"=", "+="}), "=")
    end = source.end(node)
    return ShellAssignment(
        name=source.of(name),
        value=_empty(source.text.span(end, end)) if value is None else word_of(value, source),
        span=source.span(node),
        is_appended=sign == "+=",
    )


def _empty(span: Span) -> ShellWord:
    return ShellWord(text="", value="", variables=(), span=span)


def _made(word: ShellWord) -> ShellAssignment:
    """`name=value` as an argument of `env`."""
    name, _, text = word.text.partition("=")
    start = min(word.span.start + len(name) + 1, word.span.end)
    span = Span(start, word.span.end) if word.is_contiguous else word.span
    value = None if word.value is None else word.value.partition("=")[2]
    return ShellAssignment(
        name=name,
        value=ShellWord(
            text=text,
            value=value,
            variables=word.variables,
            span=span,
            is_contiguous=word.is_contiguous,
            asks=word.asks,
        ),
        span=word.span,
    )


# --- texts that are run ----------------------------------------------------------------------


def _script(
    bare: tuple[ShellWord, ...], words: tuple[ShellWord, ...], parts: _Parts, source: Source
) -> "tuple[str, Node, JoinedText] | None":
    """The text of `sh -c`, or the here-document that a shell without a file reads."""
    found = inner_script(bare)
    if found is not None:
        name, word = found
        index = next(index for index, one in enumerate(words) if one is word)
        node = parts.words[index]
        text = inner_text(source.text, source.start(node), source.end(node))
        return None if text is None else (name, node, text)
    if not bare or bare[0].value is None:
        return None
    name = bare[0].value.rpartition("/")[2]
    bodies = [one for one in parts.bodies if one.type == "heredoc_body"]
    if name in SHELLS and bodies and all(one.text.startswith("-") for one in bare[1:]):
        body = bodies[-1]
        return name, body, source.text.cut(source.start(body), source.end(body))
    return None
