"""One joined line becomes one instruction: keyword, flags, arguments and their special forms.

Source: BuildKit, frontend/dockerfile/parser, split_command.go and line_parsers.go.
"""

import json
import re
from dataclasses import dataclass

from polyarch.dockerfile.source import JoinedText
from polyarch.dockerfile.spacing import WHITE_SPACE, Word
from polyarch.dockerfile.tree import Assignment, Flag, Token
from polyarch.dockerfile.words import flag_words, quoted_words
from polyarch.errors import InstructionError

HEREDOC_INSTRUCTIONS = frozenset({"ADD", "COPY", "RUN"})
_JSON_INSTRUCTIONS = frozenset({"ADD", "CMD", "COPY", "ENTRYPOINT", "RUN", "SHELL", "VOLUME"})
_NO_TRIGGERS = frozenset({"FROM", "MAINTAINER", "ONBUILD"})
_KEYWORD = re.compile(r"[^\t\v\f\r ]+")
_LEGACY = re.compile(r"([^\t\v\f\r ]*)[\t\v\f\r ]+(.*)", re.DOTALL)
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_REPLACEMENT = "\N{REPLACEMENT CHARACTER}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Statement:
    """What one joined line says; `trigger` is the statement inside ONBUILD."""

    line: JoinedText
    keyword: Token
    flags: tuple[Flag, ...]
    arguments: JoinedText
    json: tuple[str, ...] | None
    assignments: tuple[Assignment, ...]
    trigger: "Statement | None"

    @property
    def name(self) -> str:
        """The keyword in upper case."""
        return self.keyword.text.upper()

    @property
    def takes_heredocs(self) -> bool:
        """Whether here-documents may follow the line; inside ONBUILD its trigger decides."""
        if self.trigger:
            return self.trigger.name in HEREDOC_INSTRUCTIONS and self.trigger.json is None
        return self.name in HEREDOC_INSTRUCTIONS and self.json is None


def read_statement(line: JoinedText, escape: str) -> Statement:
    """Read a joined line that is not blank.

    Raises:
        InstructionError: ENV or LABEL without `=`, a JSON form of other things than strings, an
            instruction that ONBUILD cannot hold.
    """
    line = line.strip(WHITE_SPACE)
    found = _KEYWORD.match(line.text)
    if not found:
        raise InstructionError("a continuation is followed by no instruction")
    keyword = Token(text=found[0], span=line.span(0, found.end()))
    behind = line.cut(found.end())
    flags = flag_words(behind.text, escape)
    arguments = behind.cut(flags.rest).strip(WHITE_SPACE)
    name = keyword.text.upper()
    return Statement(
        line=line,
        keyword=keyword,
        flags=tuple(_flag(behind, word) for word in flags.words),
        arguments=arguments,
        json=_json_form(name, arguments.text),
        assignments=_assignments(name, arguments, escape),
        trigger=_trigger(arguments, escape) if name == "ONBUILD" else None,
    )


def _flag(text: JoinedText, word: Word) -> Flag:
    name, equals, value = word.text[2:].partition("=")
    sign = text.text.find("=", word.start, word.end)
    return Flag(
        name=name,
        value=value if equals else None,
        span=text.span(word.start, word.end),
        value_span=text.span(sign + 1, word.end) if equals else None,
    )


def _trigger(arguments: JoinedText, escape: str) -> Statement | None:
    if not arguments.text:
        return None
    trigger = _KEYWORD.match(arguments.text)
    if trigger and trigger[0].upper() in _NO_TRIGGERS:
        raise InstructionError(f"`ONBUILD {trigger[0].upper()}` is not allowed")
    return read_statement(arguments, escape)


def _json_form(name: str, arguments: str) -> tuple[str, ...] | None:
    if name == "HEALTHCHECK":
        arguments = "".join(re.split(rf"[{WHITE_SPACE}]+", arguments, maxsplit=1)[1:])
    elif name not in _JSON_INSTRUCTIONS:
        return None
    return _string_array(arguments) if arguments.startswith("[") else None


def _string_array(text: str) -> tuple[str, ...] | None:
    """The strings of a JSON array; None for what is no JSON and so means the shell form."""
    try:
        values = json.loads(text, parse_int=_number, parse_float=_number, parse_constant=_constant)
    except RecursionError as error:
        raise InstructionError("the JSON form is nested too deeply") from error
    except ValueError:
        return None
    if not all(isinstance(value, str) for value in values):
        raise InstructionError("the JSON form must hold strings only")
    return tuple(_LONE_SURROGATE.sub(_REPLACEMENT, value) for value in values)


def _number(_digits: str) -> None:
    """Numbers are refused in any case; not to convert them keeps long ones cheap."""


def _constant(name: str) -> None:
    """Python takes NaN and Infinity for JSON; nobody else does."""
    raise ValueError(name)


def _assignments(name: str, arguments: JoinedText, escape: str) -> tuple[Assignment, ...]:
    if name not in {"ARG", "ENV", "LABEL"}:
        return ()
    words = tuple(quoted_words(arguments.text, escape))
    if words and name != "ARG":
        if "=" not in words[0].text:
            return (_legacy_assignment(name, arguments),)
        without = next((word for word in words if "=" not in word.text), None)
        if without:
            raise InstructionError(f"{name} has no `=` in `{without.text}`")
    return tuple(_assignment(arguments, word) for word in words)


def _assignment(arguments: JoinedText, word: Word) -> Assignment:
    name, equals, value = word.text.partition("=")
    middle = word.start + len(name)
    return Assignment(
        name=name,
        value=value if equals else None,
        name_span=arguments.span(word.start, middle),
        value_span=arguments.span(middle + 1, word.end) if equals else None,
    )


def _legacy_assignment(instruction: str, arguments: JoinedText) -> Assignment:
    """`ENV name any text up to the end`."""
    found = _LEGACY.fullmatch(arguments.text)
    if not found:
        raise InstructionError(f"{instruction} must have a name and a value")
    return Assignment(
        name=found[1],
        value=found[2],
        name_span=arguments.span(*found.span(1)),
        value_span=arguments.span(*found.span(2)),
        legacy=True,
    )
