"""From the syntax of a test to what it compares: `[ … ]`, `[[ … ]]`, `test`, `… | grep -q …`.

The grammar's own trees of such expressions have other priorities than the shell's, so an expression
is taken as its words and read here.
"""

from typing import TYPE_CHECKING

from polyarch.dockerfile.shell.condition import (
    NEVER_KNOWN,
    Condition,
    PatternKind,
    either,
    every,
    match,
    negation,
)
from polyarch.dockerfile.shell.syntax import Source
from polyarch.dockerfile.shell.word import ShellWord, word_of

if TYPE_CHECKING:
    from tree_sitter import Node

_EQUAL = frozenset({"=", "==", "!="})
_OR = frozenset({"-o", "||"})
_AND = frozenset({"-a", "&&"})
_TESTS = frozenset({"test", "[", "[["})
_EXPRESSIONS = frozenset({"binary_expression", "unary_expression", "parenthesized_expression"})
_COMPARISON = 3
_DEEPEST = 40
"""Levels of one test that are looked at."""
_LONGEST = 1000
"""Words of one test that are looked at."""


def is_test(node: "Node", source: Source) -> bool:
    """Whether a statement does nothing but compare."""
    for _ in range(_DEEPEST):
        if node.type not in {"negated_command", "redirected_statement"}:
            break
        node = node.named_children[-1 if node.type == "negated_command" else 0]
    if node.type == "command":
        name = node.child_by_field_name("name")
        return name is not None and source.of(name) in _TESTS
    return node.type == "test_command" or _grep(node, source) is not None


def condition_of(node: "Node", source: Source, depth: int = 0) -> Condition:
    """What a statement compares."""
    kind = node.type
    inner = [one for one in node.named_children if one.type != "comment"]
    if depth > _DEEPEST:
        return NEVER_KNOWN
    if kind in {"test_command", "command"}:
        return _of_words(test_words(node, source))
    if kind == "pipeline":
        return _grep(node, source) or NEVER_KNOWN
    if kind == "list":
        return _of_list(node, source, depth)
    if kind == "negated_command" and inner:
        return negation(condition_of(inner[-1], source, depth + 1))
    if kind == "redirected_statement" and inner:
        return condition_of(inner[0], source, depth + 1)
    if kind in {"subshell", "compound_statement"} and len(inner) == 1:
        return condition_of(inner[0], source, depth + 1)
    return NEVER_KNOWN


def test_words(node: "Node", source: Source) -> list[ShellWord]:
    """A test as the words that the shell sees, the program first; empty for other commands."""
    if node.type == "command":
        words = command_words(node, source)
        return words if words and words[0].value in _TESTS else []
    waiting = list(reversed(node.children))
    found: list[ShellWord] = []
    while waiting and len(found) < _LONGEST:
        one = waiting.pop()
        if one.type in _EXPRESSIONS:
            waiting += reversed(one.children)
        elif one.type != "comment":
            found.append(word_of(one, source))
    return found


def _of_list(node: "Node", source: Source, depth: int) -> Condition:
    """`a && b || c`, whose left side is the one that grows."""
    chain: list[tuple[str, Node]] = []
    while node.type == "list" and node.child_count == _COMPARISON:
        left, operator, right = node.children
        chain.append((operator.type, right))
        node = left
    found = condition_of(node, source, depth + 1)
    for operator_name, right in reversed(chain):
        join = every if operator_name == "&&" else either
        found = join(found, condition_of(right, source, depth + 1))
    return found


# --- words -----------------------------------------------------------------------------------


def _of_words(words: list[ShellWord], depth: int = 0) -> Condition:
    if not words or depth > _DEEPEST:
        return NEVER_KNOWN
    is_double = words[0].text == "[["
    rest = words[1:]
    if rest and rest[-1].text in {"]", "]]"}:
        rest.pop()
    return _expression(rest, is_double=is_double, depth=depth)


def _expression(words: list[ShellWord], *, is_double: bool, depth: int = 0) -> Condition:
    """`a = b -o c = d -a e = f`: and binds closer than or."""
    if depth > _DEEPEST:
        return NEVER_KNOWN
    ways = (
        every(*(_term(part, is_double=is_double, depth=depth) for part in _split(way, _AND)))
        for way in _split(words, _OR)
    )
    return either(*ways)


def _split(words: list[ShellWord], operators: frozenset[str]) -> list[list[ShellWord]]:
    """The words between the operators that stand outside of parentheses."""
    parts: list[list[ShellWord]] = [[]]
    level = 0
    for word in words:
        level += (word.text in {"(", r"\("}) - (word.text in {")", r"\)"})
        if level == 0 and word.text in operators:
            parts.append([])
        else:
            parts[-1].append(word)
    return parts


def _term(words: list[ShellWord], *, is_double: bool, depth: int) -> Condition:
    is_negated = False
    while words and words[0].text == "!":
        is_negated, words = not is_negated, words[1:]
    if words and words[0].text in {"(", r"\("} and words[-1].text in {")", r"\)"}:
        found = _expression(words[1:-1], is_double=is_double, depth=depth + 1)
    elif len(words) == _COMPARISON:
        found = _comparison(words[0], words[1].text, words[2], is_double=is_double)
    elif len(words) == len(("-n", "word")):
        found = _emptiness(words[0].text, words[1])
    else:
        found = _emptiness("-n", words[0]) if len(words) == 1 else NEVER_KNOWN
    return negation(found) if is_negated else found


def _comparison(left: ShellWord, operator: str, right: ShellWord, *, is_double: bool) -> Condition:
    """`left operator right`; the side without a value is the subject."""
    if operator == "=~":
        return match(left, right.text, kind=PatternKind.REGEX)
    if operator not in _EQUAL:
        return NEVER_KNOWN
    subject, pattern = (left, right) if right.value is not None else (right, left)
    if pattern.value is None or subject.value is not None:
        return NEVER_KNOWN
    kind = PatternKind.GLOB if is_double else PatternKind.TEXT
    # Between quotes a star is a star, so that a quoted pattern is a text.
    is_quoted = pattern.text[:1] in {"'", '"'} and pattern.text[-1:] == pattern.text[:1]
    found = match(subject, pattern.value, kind=PatternKind.TEXT if is_quoted else kind)
    return negation(found) if operator == "!=" else found


def _emptiness(operator: str, word: ShellWord) -> Condition:
    if operator not in {"-z", "-n"} or word.value is not None:
        return NEVER_KNOWN
    return match(word, "") if operator == "-z" else negation(match(word, ""))


# --- grep ------------------------------------------------------------------------------------


def _grep(node: "Node", source: Source) -> Condition | None:
    """`uname -m | grep -q arm64` and `echo "$a" | grep -q arm64` compare as well."""
    if node.type != "pipeline" or node.named_child_count != len(("asked", "grep")):
        return None
    asked, grep = (_body(one) for one in node.named_children)
    is_negated = asked.type == "negated_command"
    asked = asked.named_children[-1] if is_negated else asked
    if asked.type != "command" or grep.type != "command":
        return None
    found = _grepped(command_words(grep, source), _shown(asked, source))
    return negation(found) if found and is_negated else found


def _body(node: "Node") -> "Node":
    inner = node.child_by_field_name("body") if node.type == "redirected_statement" else None
    return node if inner is None else inner


def _grepped(words: list[ShellWord], subject: ShellWord | None) -> Condition | None:
    if subject is None or not words or words[0].value not in {"grep", "egrep"}:
        return None
    options = "".join(one.text for one in words[1:] if one.text.startswith("-"))
    patterns = [one.value for one in words[1:] if not one.text.startswith("-")]
    if len(patterns) != 1 or patterns[0] is None or "f" in options:
        return None
    found = match(subject, patterns[0], kind=PatternKind.REGEX)
    return negation(found) if "v" in options else found


def command_words(node: "Node", source: Source) -> list[ShellWord]:
    """The words of a simple command, assignments and redirections left out."""
    name = node.child_by_field_name("name")
    arguments = [word_of(one, source) for one in node.children_by_field_name("argument")]
    return arguments if name is None else [word_of(name, source), *arguments]


def _shown(node: "Node", source: Source) -> ShellWord | None:
    """What a command in front of a pipe shows, as a word: `echo` its own, others their answer."""
    words = command_words(node, source)
    if not words or words[0].value is None:
        return None
    if words[0].value in {"echo", "printf"}:
        return words[-1] if words[-1].value is None else None
    text = source.of(node)
    ask = " ".join(text.split())
    return ShellWord(text=text, value=None, variables=(), span=source.span(node), asks=(ask,))
