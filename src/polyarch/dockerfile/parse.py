"""Text becomes a tree, by the reading rules of BuildKit's line parser.

Source: BuildKit, frontend/dockerfile/parser/parser.go. The text is never normalised; one pass from
top to bottom, each character looked at a bounded number of times.
"""

import re

from polyarch.dockerfile.directives import DEFAULT_ESCAPE, take_directives
from polyarch.dockerfile.heredoc import HeredocWord, heredoc_words
from polyarch.dockerfile.instruction import Statement, read_statement
from polyarch.dockerfile.lines import JoinedLine, Line, LineReader
from polyarch.dockerfile.source import JoinedText, Span
from polyarch.dockerfile.tree import Blank, Comment, Dockerfile, Heredoc, Instruction, Node
from polyarch.errors import DockerfileSyntaxError, ExpansionError, InstructionError

_BLANK_LINES = re.compile(r"(?:[ \t\r]{0,1000}+\n)++")


def parse(text: str, *, path: str = "Dockerfile") -> Dockerfile:
    """Read a Dockerfile; `path` is for messages only.

    Give the text as it stands in the file: line ends not translated (`newline=""`), bytes that are
    not UTF-8 as `surrogateescape` has them.

    Instructions that BuildKit's frontend does not know stay in the tree: a frontend that
    `# syntax=` names may know them.

    Raises:
        DockerfileSyntaxError: what BuildKit's parser refuses, with line and reason.
    """
    reader = LineReader(text, path)
    directives = take_directives(reader)
    escape = next((one.value for one in directives if one.name == "escape"), DEFAULT_ESCAPE)
    nodes: list[Node] = [*directives]
    while not reader.is_done:
        nodes.append(_blank(reader) or _comment(reader) or _instruction(reader, escape))
    if not any(isinstance(node, Instruction) for node in nodes):
        reader.fail(max(1, reader.number - 1), "the file has no instructions")
    return Dockerfile(path=path, text=text, escape=escape, nodes=tuple(nodes))


def _blank(reader: LineReader) -> Blank | None:
    first = reader.number
    lines = _BLANK_LINES.match(reader.text, reader.at)
    if lines:
        return Blank(extent=reader.take_up_to(lines.end()), first_line=first)
    line = reader.peek()
    if line.start < line.end:
        return None
    return Blank(extent=reader.take().extent, first_line=first)


def _comment(reader: LineReader) -> Comment | None:
    line = reader.peek()
    return reader.comment(reader.take()) if reader.text[line.start] == "#" else None


def _instruction(reader: LineReader, escape: str) -> Instruction:
    start, first = reader.at, reader.number
    joined = reader.take_joined(escape)
    try:
        statement = read_statement(joined.text, escape)
        words = heredoc_words(joined.text.text) if statement.takes_heredocs else ()
    except (InstructionError, ExpansionError) as error:
        raise DockerfileSyntaxError(reader.path, first, error.reason) from error
    heredocs = tuple(
        _heredoc(reader, joined.text, word, first)
        for word in words
        # Older engines read `$((1 << 20))` as what it is; only a body makes it a here-document.
        if not word.is_spaced or reader.is_ahead(word.name)
    )
    return _built(
        statement,
        joined,
        heredocs,
        extent=Span(start, reader.at),
        lines=(first, reader.number - 1),
    )


def _heredoc(reader: LineReader, line: JoinedText, word: HeredocWord, first: int) -> Heredoc:
    start = reader.at
    last = _terminator(reader, word, first)
    return Heredoc(
        name=word.name,
        expands=word.expands,
        drops_tabs=word.drops_tabs,
        file_descriptor=word.file_descriptor,
        word_span=line.span(word.start, word.end),
        body_span=Span(start, last.begin),
        terminator_span=Span(last.end - len(word.name), last.end),
        body=reader.text[start : last.begin],
    )


def _terminator(reader: LineReader, word: HeredocWord, first: int) -> Line:
    while not reader.is_done:
        line = reader.take()
        text = reader.text[line.begin : line.end]
        if (text.lstrip("\t") if word.drops_tabs else text) == word.name:
            return line
    return reader.fail(first, f"the here-document `{word.name}` does not end")


def _built(
    statement: Statement,
    joined: JoinedLine,
    heredocs: tuple[Heredoc, ...],
    *,
    extent: Span,
    lines: tuple[int, int],
) -> Instruction:
    """The node of a statement; here-documents belong to the innermost one."""
    end = heredocs[-1].terminator_span.end if heredocs else statement.line.end
    trigger = statement.trigger
    return Instruction(
        keyword=statement.keyword,
        flags=statement.flags,
        arguments=statement.arguments,
        json=statement.json,
        assignments=statement.assignments,
        trigger=_built(trigger, joined, heredocs, extent=extent, lines=lines) if trigger else None,
        heredocs=() if trigger else heredocs,
        comments=joined.comments,
        blank_lines=joined.blank_lines,
        span=Span(statement.keyword.span.start, end),
        extent=extent,
        first_line=lines[0],
        last_line=lines[1],
    )
