"""A Dockerfile as a tree: every node knows the bytes that it stands for.

The nodes of a file cover its text without gaps or overlaps (`extent`), so that printing gives the
same text back and an edit by `Span` changes nothing else.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import takewhile

from polyarch.dockerfile.source import JoinedText, Position, Span

INSTRUCTIONS = frozenset(
    {
        "ADD", "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL",
        "MAINTAINER", "ONBUILD", "RUN", "SHELL", "STOPSIGNAL", "USER", "VOLUME", "WORKDIR",
    }
)  # fmt: skip
"""What BuildKit's own frontend knows (frontend/dockerfile/command)."""

_LEADING_TABS = re.compile(r"^\t+", re.MULTILINE)


@dataclass(frozen=True, slots=True, kw_only=True)
class Token:
    """A word as written, and where."""

    text: str
    span: Span

    def __str__(self) -> str:
        return self.text


@dataclass(frozen=True, slots=True, kw_only=True)
class Flag:
    """`--name=value` after a keyword; quotes and escapes are taken out of name and value.

    `value` is None where there is no `=`. `span` covers the whole flag, `value_span` what stands
    behind the `=`, quotes included.
    """

    name: str
    value: str | None
    span: Span
    value_span: Span | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Assignment:
    """`name=value` of ARG, ENV or LABEL, unexpanded, quotes kept.

    `value` is None for an ARG without a default. `legacy` is the old form `ENV name value`.
    """

    name: str
    value: str | None
    name_span: Span
    value_span: Span | None
    legacy: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Heredoc:
    """A here-document: its word on the instruction's line, its body, its last line.

    `expands` tells that the name is not quoted, `drops_tabs` that it was written `<<-`.
    `body_span` covers whole lines, the last one being the line before the terminator.
    """

    name: str
    expands: bool
    drops_tabs: bool
    file_descriptor: int | None
    word_span: Span
    body_span: Span
    terminator_span: Span
    body: str

    @property
    def content(self) -> str:
        """What the instruction gets: the body, without leading tabs for `<<-`."""
        return _LEADING_TABS.sub("", self.body) if self.drops_tabs else self.body


@dataclass(frozen=True, slots=True, kw_only=True)
class Blank:
    """One or more lines that say nothing."""

    extent: Span
    first_line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Comment:
    """One comment line; `text` is without `#` and the blanks around."""

    text: str
    span: Span
    extent: Span
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Directive:
    """A parser directive of the file's first lines: `# name=value`, the name in lower case."""

    name: str
    value: str
    value_span: Span
    extent: Span
    line: int


@dataclass(frozen=True, slots=True, kw_only=True)
class Instruction:
    """One instruction with its continuation lines and here-documents.

    `arguments` is what stands behind keyword and flags, trimmed. `json` holds the strings of the
    JSON form, None in the shell form. `trigger` is the instruction inside ONBUILD; it has its own
    flags, arguments and heredocs. `span` runs from the keyword to the last character of arguments
    or last terminator; `extent` covers the whole lines, line ends included. Lines count from 1.
    """

    keyword: Token
    flags: tuple[Flag, ...]
    arguments: JoinedText
    json: tuple[str, ...] | None
    assignments: tuple[Assignment, ...]
    trigger: "Instruction | None"
    heredocs: tuple[Heredoc, ...]
    comments: tuple[Comment, ...]
    blank_lines: tuple[int, ...]
    span: Span
    extent: Span
    first_line: int
    last_line: int

    @property
    def name(self) -> str:
        """The keyword in upper case."""
        return self.keyword.text.upper()

    @property
    def is_known(self) -> bool:
        """Whether BuildKit's own frontend knows the keyword."""
        return self.name in INSTRUCTIONS

    def flag(self, name: str) -> Flag | None:
        """The last flag of this name."""
        return next((flag for flag in reversed(self.flags) if flag.name == name), None)


Node = Blank | Comment | Directive | Instruction


@dataclass(frozen=True, slots=True, kw_only=True)
class Dockerfile:
    """A whole file. `path` is for messages only; `escape` is a backslash or a backtick."""

    path: str
    text: str
    escape: str
    nodes: tuple[Node, ...]

    @property
    def instructions(self) -> tuple[Instruction, ...]:
        """The instructions in file order."""
        return tuple(node for node in self.nodes if isinstance(node, Instruction))

    @property
    def directives(self) -> tuple[Directive, ...]:
        """The parser directives in file order: they are above everything else."""
        top = takewhile(lambda node: isinstance(node, Directive), self.nodes)
        return tuple(node for node in top if isinstance(node, Directive))

    @property
    def comments(self) -> tuple[Comment, ...]:
        """All comments in file order, those inside continuations included."""
        return tuple(self._comments())

    @property
    def syntax(self) -> str | None:
        """The frontend image that `# syntax=` names, without what follows a blank."""
        directive = self.directive("syntax")
        return directive.value.partition(" ")[0] if directive else None

    @property
    def newline(self) -> str:
        """The file's own line end, for lines that an edit adds: that of its first line."""
        return "\r\n" if self.text.partition("\n")[0].endswith("\r") else "\n"

    def directive(self, name: str) -> Directive | None:
        """The directive `syntax`, `escape` or `check`."""
        return next((one for one in self.directives if one.name == name), None)

    def position(self, offset: int) -> Position:
        """Line and column of an offset in the source."""
        before = self.text.rfind("\n", 0, offset)
        return Position(line=self.text.count("\n", 0, offset) + 1, column=offset - before)

    def _comments(self) -> Iterator[Comment]:
        for node in self.nodes:
            if isinstance(node, Comment):
                yield node
            elif isinstance(node, Instruction):
                yield from node.comments

    def __str__(self) -> str:
        return "".join(node.extent.of(self.text) for node in self.nodes)
