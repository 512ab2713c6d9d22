"""Variables and quotes in Dockerfile words, as BuildKit's `frontend/dockerfile/shell` has them.

One lexer serves three readers: words of instructions (quotes and escapes taken out), the search for
here-documents (everything kept raw, split into words), and bodies of here-documents (quotes are
ordinary characters). Unset variables are empty text, or stay as written for the second reader.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from polyarch.dockerfile.glob import Glob
from polyarch.dockerfile.spacing import Word, WordCollector
from polyarch.errors import ExpansionError

Lookup = Callable[[str], str | None]
"""The value of a variable; None means unset, which is not the same as empty."""

_SPECIAL_PARAMETERS = "@*#?-$!0"
_MAX_DEPTH = 50
"""Levels of `${a:-${b:-…}}`; far above what people write, far below Python's own limit."""
_MAX_INSERTED = 1 << 20
"""Characters of values in one text: eight times what a program can be given (Linux,
MAX_ARG_STRLEN). `ARG B=$A$A`, a few times over, would fill any memory."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Expansion:
    """The outcome: one text, the same split into words, and the variables asked for."""

    text: str
    words: tuple[Word, ...]
    set_names: frozenset[str]
    unset_names: frozenset[str]


@dataclass(frozen=True, slots=True, kw_only=True)
class Reading:
    """How the lexer treats quotes, escapes and unset variables."""

    keep_quotes: bool = False
    keep_escapes: bool = False
    keep_unset: bool = False
    quotes_are_text: bool = False


PLAIN = Reading()
RAW = Reading(keep_quotes=True, keep_escapes=True, keep_unset=True)
BODY = Reading(quotes_are_text=True)


def unset(_name: str) -> None:
    """The lookup in which nothing is set."""


def expand(
    text: str, lookup: Lookup = unset, *, escape: str = "\\", reading: Reading = PLAIN
) -> Expansion:
    """Replace the variables of `text` and take quotes and escapes out, as `reading` says.

    Raises:
        ExpansionError: an unclosed quote or brace, an unknown modifier, a variable that `${X:?}`
            demands and that is not set.
    """
    lexer = _Lexer(text, lookup, escape, reading)
    words = WordCollector()
    expanded = lexer.until(None, keep_escapes=reading.keep_escapes, words=words)
    return Expansion(
        text=expanded,
        words=words.close(len(text)),
        set_names=frozenset(lexer.set_names),
        unset_names=frozenset(lexer.unset_names),
    )


class _Lexer:
    """Reads one text once, from left to right."""

    def __init__(self, text: str, lookup: Lookup, escape: str, reading: Reading) -> None:
        self.text = text
        self.at = 0
        self.lookup = lookup
        self.escape = escape
        self.reading = reading
        self.keep_escapes = reading.keep_escapes
        self.depth = 0
        self.inserted = 0
        self.words: WordCollector | None = None
        self.set_names: set[str] = set()
        self.unset_names: set[str] = set()
        self.ordinary = _ordinary_characters(escape)

    def until(
        self, stop: str | None, *, keep_escapes: bool, words: WordCollector | None = None
    ) -> str:
        """Read up to the character `stop`, which is consumed, or up to the end of the text."""
        before = self.keep_escapes, self.words
        self.keep_escapes = keep_escapes
        if words is not None:
            self.words = words
        self.depth += 1
        if self.depth > _MAX_DEPTH:
            raise self._error(f"`${{…}}` is nested deeper than {_MAX_DEPTH} levels")
        result: list[str] = []
        while self.at < len(self.text) and self.text[self.at] != stop:
            start = self.at
            piece, splits = self._piece(stop)
            result.append(piece)
            if words is not None:
                words.add(piece, start, splits=splits)
        if stop is not None:
            if self.at >= len(self.text):
                raise self._error(f"there is no closing `{stop}`")
            self.at += 1
        self.depth -= 1
        self.keep_escapes, self.words = before
        return "".join(result)

    def _piece(self, stop: str | None) -> tuple[str, bool]:
        """The next piece of text, and whether white space in it parts words."""
        character = self.text[self.at]
        if character == "$":
            return self._dollar(), True
        if character == "<":
            return self._angle(), False
        if character == "'" and not self.reading.quotes_are_text:
            return self._single_quoted(), False
        if character == '"' and not self.reading.quotes_are_text:
            return self._double_quoted(), False
        if character == self.escape:
            return self._escaped(), False
        ordinary = self.ordinary.match(self.text, self.at)
        end = ordinary.end() if ordinary else self.at + 1
        if stop is not None and (found := self.text.find(stop, self.at, end)) >= 0:
            end = found
        piece = self.text[self.at : end]
        self.at = end
        return piece, True

    def _escaped(self) -> str:
        kept = self.escape if self.keep_escapes else ""
        character = self.text[self.at + 1 : self.at + 2]
        self.at += 1 + len(character)
        return kept + character

    def _angle(self) -> str:
        """`<`, or `<<` with the blanks behind it: these do not part a here-document's word."""
        if not self.text.startswith("<<", self.at):
            self.at += 1
            return "<"
        start = self.at
        self.at += 2
        while self.text[self.at : self.at + 1] in {"\t", "\r", " "}:
            self.at += 1
        return self.text[start : self.at]

    def _single_quoted(self) -> str:
        end = self.text.find("'", self.at + 1)
        if end < 0:
            raise self._error("a single quote is not closed")
        quoted = self.text[self.at : end + 1]
        self.at = end + 1
        return quoted if self.reading.keep_quotes else quoted[1:-1]

    def _double_quoted(self) -> str:
        quote = '"' if self.reading.keep_quotes else ""
        result = [quote]
        self.at += 1
        while self.at < len(self.text):
            character = self.text[self.at]
            if character == '"':
                self.at += 1
                return "".join(result) + quote
            if character == "$":
                result.append(self._dollar())
            elif character == self.escape:
                result.append(self._escaped_in_quotes())
            else:
                ordinary = self.ordinary.match(self.text, self.at)
                end = ordinary.end() if ordinary else self.at + 1
                result.append(self.text[self.at : end])
                self.at = end
        raise self._error("a double quote is not closed")

    def _escaped_in_quotes(self) -> str:
        """Inside double quotes only `"`, `$` and the escape character itself can be escaped."""
        kept = self.escape if self.keep_escapes else ""
        character = self.text[self.at + 1 : self.at + 2]
        if character and character in f'"${self.escape}':
            self.at += 2
            return kept + character
        self.at += 1
        return kept + self.escape if character else kept

    def _dollar(self) -> str:
        self.at += 1
        if not self.text.startswith("{", self.at):
            name = self._name()
            if not name:
                return "$"
            value = self._value(name)
            return f"${name}" if value is None and self.reading.keep_unset else value or ""
        self.at += 1
        if self.text[self.at : self.at + 1] in {"{", "}", ":"}:
            raise self._error("`${` is not followed by a name")
        return self._substitution(self._name())

    def _name(self) -> str:
        """A variable's name: digits alone, one special parameter, or letters, digits and `_`."""
        start = self.at
        first = self.text[start : start + 1]
        if first.isdecimal():
            while self.text[self.at : self.at + 1].isdecimal():
                self.at += 1
        elif first and first in _SPECIAL_PARAMETERS:
            self.at += 1
        else:
            while (c := self.text[self.at : self.at + 1]).isalpha() or c.isdecimal() or c == "_":
                self.at += 1
        return self.text[start : self.at]

    def _substitution(self, name: str) -> str:
        """What stands behind the name in `${name…}`, up to the closing brace."""
        operator = self.text[self.at : self.at + 1]
        self.at += 1
        if operator == "}":
            value = self._value(name)
            return f"${{{name}}}" if value is None and self.reading.keep_unset else value or ""
        if operator == "/":
            return self._replacement(name)
        colon = operator == ":"
        if colon:
            operator = self.text[self.at : self.at + 1]
            self.at += 1
        written = f":{operator}" if colon else operator
        if not operator or operator not in ("-+?" if colon else "-+?#%"):
            raise self._error(
                f"`${{{name}{written}` is not closed or has an unknown modifier: there are `:-`, "
                "`-`, `:+`, `+`, `:?`, `?`, `#`, `##`, `%`, `%%`, `/` and `//`"
            )
        word = self._nested("}", keep_escapes=operator in "#%")
        value = self._value(name)
        if value is None and self.reading.keep_unset:
            return f"${{{name}{written}{word}}}"
        if operator in "#%":
            return _trim(value or "", operator, word)
        return self._choose(name, operator, value or None if colon else value, word)

    def _choose(self, name: str, operator: str, value: str | None, word: str) -> str:
        """`-`, `+` and `?`; None for a value that is unset or, with a colon, empty."""
        if operator == "-":
            return word if value is None else value
        if operator == "+":
            return "" if value is None else word
        if value is None:
            raise self._error(f"`{name}` {word or 'is not set, or empty where it must not be'}")
        return value

    def _replacement(self, name: str) -> str:
        every = self.text.startswith("/", self.at)
        self.at += every
        pattern = self._nested("/", keep_escapes=True)
        replacement = self._nested("}", keep_escapes=True)
        value = self._value(name)
        if value is None and self.reading.keep_unset:
            return f"${{{name}/{pattern}/{replacement}}}"
        self._count((len(value or "") + 1) * len(replacement))
        return Glob.parse(pattern).replace(value or "", replacement, every=every)

    def _nested(self, stop: str, *, keep_escapes: bool) -> str:
        if self.words is not None:
            self.words.forget()
        return self.until(stop, keep_escapes=keep_escapes)

    def _value(self, name: str) -> str | None:
        value = self.lookup(name)
        (self.unset_names if value is None else self.set_names).add(name)
        self._count(len(value or ""))
        return value

    def _count(self, characters: int) -> None:
        self.inserted += characters
        if self.inserted > _MAX_INSERTED:
            raise self._error(f"its variables hold more than {_MAX_INSERTED} characters")

    def _error(self, reason: str) -> ExpansionError:
        return ExpansionError(self.text, reason)


def _trim(value: str, operator: str, word: str) -> str:
    """`#` and `##` cut a match off the front, `%` and `%%` off the end."""
    longest = word.startswith(operator)
    glob = Glob.parse(word[longest:])
    if operator == "%":
        length = glob.reversed().prefix(value[::-1], longest=longest)
        return value if length is None else value[: len(value) - length]
    length = glob.prefix(value, longest=longest)
    return value if length is None else value[length:]


@lru_cache
def _ordinary_characters(escape: str) -> re.Pattern[str]:
    """A run of characters that mean nothing to the lexer, whatever its reading."""
    return re.compile(rf"[^$<'\"{re.escape(escape)}]+")
