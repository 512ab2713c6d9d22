"""From a RUN instruction to its scripts."""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from polyarch.dockerfile.heredoc import heredoc_word
from polyarch.dockerfile.shell.frame import Context
from polyarch.dockerfile.shell.inner import pick
from polyarch.dockerfile.shell.script import Command, Script, ShellWord
from polyarch.dockerfile.shell.syntax import Budget
from polyarch.dockerfile.shell.walk import read_text
from polyarch.dockerfile.shell.wrappers import SHELLS, inner_script, unwrap
from polyarch.dockerfile.source import JoinedText, Span
from polyarch.dockerfile.tree import Dockerfile, Heredoc, Instruction
from polyarch.errors import ExpansionError

_STRING = re.compile(r'"((?:[^"\\]|\\.)*)"')
_ESCAPE = re.compile(r"\\(?:u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_SHEBANG = re.compile(r"#![ \t]*([^\n]*)")
_CARRIAGE_RETURN = re.compile(r"\r(?=\n)")
_LEADING = re.compile(r"([0-9]*<<-?(?:'[^']*'|\"[^\"]*\"|[A-Za-z0-9_.]+))[ \t]+(?=[A-Za-z/])")
_TABS = re.compile(r"^\t+", re.MULTILINE)
_DEFAULT = ("/bin/sh", "-c")


def read_scripts(instruction: Instruction, file: Dockerfile) -> tuple[Script, ...]:
    """The scripts of a RUN: its arguments in the shell form, or the body of each heredoc it runs.

    A heredoc that only feeds a command (`RUN cat <<EOF > file`) is no script; one that feeds a
    shell gives commands of the script around it. The exec form gives one script with the one
    command, or with what the text of `["sh", "-c", "…"]` says. `SHELL` and a `#!` line that name no
    shell give none. ONBUILD gives what its trigger would.

    Who reads many instructions of one file should keep one `script_reader`.
    """
    return script_reader(file)(instruction)


def script_reader(file: Dockerfile) -> Callable[[Instruction], tuple[Script, ...]]:
    """A function that reads the scripts of this file's instructions, within one budget of time."""
    return _Reader(file=file, shells=dict(_shells(file))).scripts


def _shells(file: Dockerfile) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The shell of each instruction by its place, as SHELL of its stage or of its base has it."""
    default: tuple[str, ...] = _DEFAULT if file.escape == "\\" else ("cmd",)
    current, name = default, ""
    at_end: dict[str, tuple[str, ...]] = {}
    for one in file.instructions:
        if one.name == "FROM":
            at_end[name] = current
            words = one.arguments.text.lower().split()
            current = at_end.get(words[0], default) if words else default
            name = words[2] if len(words) == len(("base", "as", "name")) else ""
            at_end.pop("", None)
        elif one.name == "SHELL" and one.json is not None:
            current = one.json
        yield one.span.start, current


@dataclass(frozen=True, slots=True, kw_only=True)
class _Reader:
    file: Dockerfile
    shells: dict[int, tuple[str, ...]]
    budget: Budget = field(default_factory=Budget)

    def scripts(self, instruction: Instruction) -> tuple[Script, ...]:
        shell = self.shells.get(instruction.span.start, _DEFAULT)
        if instruction.trigger is not None:
            instruction = instruction.trigger
        if instruction.name != "RUN":
            return ()
        if instruction.json is not None:
            return self.exec_form(instruction)
        if not is_shell(shell):
            return ()
        if not instruction.heredocs:
            return (read_text(instruction.arguments, self.budget),)
        if not _is_only_heredoc(instruction):
            return (read_text(self.with_heredocs(instruction), self.budget),)
        return self.body(instruction.heredocs[0])

    def body(self, heredoc: Heredoc) -> tuple[Script, ...]:
        text = self.content(heredoc)
        shebang = _SHEBANG.match(text.text)
        if shebang and not is_shell(tuple(shebang[1].split())):
            return ()
        return (read_text(text, self.budget),)

    def content(self, heredoc: Heredoc) -> JoinedText:
        span = heredoc.body_span
        text = JoinedText.join(self.file.text, ((span.start, span.end),), at=span.start)
        text = _dropped(text, _CARRIAGE_RETURN)
        return _dropped(text, _TABS) if heredoc.drops_tabs else text

    def with_heredocs(self, instruction: Instruction) -> JoinedText:
        """The line and all that follows it, as the shell gets it."""
        first, last = instruction.heredocs[0], instruction.heredocs[-1]
        line = _rotated(instruction.arguments)
        # The body begins behind a line end, which is no part of either.
        start = max(instruction.arguments.end, first.body_span.start - 1)
        behind = JoinedText.join(self.file.text, ((start, last.terminator_span.end),), at=line.end)
        behind = _dropped(behind, _CARRIAGE_RETURN)
        length = len(line.text)
        pieces = (*line.pieces, *((length + at, source) for at, source in behind.pieces))
        return JoinedText(text=line.text + behind.text, pieces=pieces, end=behind.end)

    # --- the exec form -----------------------------------------------------------------------

    def exec_form(self, instruction: Instruction) -> tuple[Script, ...]:
        texts = tuple(_strings(instruction.arguments))
        words = tuple(_word(one, self.file.text) for one in texts)
        bare = unwrap(words)
        inner = inner_script(bare.words)
        if inner is not None:
            name, word = inner
            index = next(index for index, one in enumerate(words) if one is word)
            is_exact = _is_exact(texts[index], self.file.text)
            context = Context(wrappers=(*bare.wrappers, name), is_exact=is_exact)
            return (read_text(texts[index], self.budget, context),)
        command = Command(
            words=bare.words,
            assignments=(),
            arms=(),
            wrappers=bare.wrappers,
            is_substituted=False,
            pipeline=1,
            span=instruction.arguments.span(0, len(instruction.arguments.text)),
        )
        return (
            Script(
                text=instruction.arguments.text,
                commands=(command,) if bare.words else (),
                assignments=(),
                dispatches=(),
                is_whole=True,
            ),
        )


def is_shell(words: tuple[str, ...]) -> bool:
    """Whether one of these words is a shell whose language is that of `sh`."""
    return any(word.rpartition("/")[2] in SHELLS for word in words)


def _is_only_heredoc(instruction: Instruction) -> bool:
    try:
        return heredoc_word(instruction.arguments.text) is not None
    except ExpansionError:
        return False


def _rotated(line: JoinedText) -> JoinedText:
    """`<<EOF command` as `command <<EOF`, which means the same and is what the grammar knows."""
    found = _LEADING.match(line.text)
    if found is None:
        return line
    end, blank = found.end(1), found.end()
    return pick(line, [(blank, len(line.text)), (end, blank), (0, end)])


def _dropped(text: JoinedText, what: re.Pattern[str]) -> JoinedText:
    """The text without what the expression finds."""
    runs: list[tuple[int, int]] = []
    begin = 0
    for found in what.finditer(text.text):
        runs.append((begin, found.start()))
        begin = found.end()
    return pick(text, [*runs, (begin, len(text.text))]) if runs else text


def _strings(arguments: JoinedText) -> Iterator[JoinedText]:
    """The strings of a JSON array, each character with its place."""
    for found in _STRING.finditer(arguments.text):
        yield _decoded(arguments.cut(*found.span(1)))


def _decoded(text: JoinedText) -> JoinedText:
    parts: list[str] = []
    pieces: list[tuple[int, int]] = []
    length = begin = 0
    for found in (*_ESCAPE.finditer(text.text), None):
        end = found.start() if found else len(text.text)
        run = text.cut(begin, end)
        if run.text:
            parts.append(run.text)
            pieces += ((length + at, source) for at, source in run.pieces)
            length += len(run.text)
        if found:
            parts.append(json.loads(f'"{found[0]}"'))
            pieces.append((length, text.offset(found.start())))
            length += len(parts[-1])
            begin = found.end()
    at = text.offset(0)
    return JoinedText(text="".join(parts), pieces=tuple(pieces) or ((0, at),), end=text.end)


def _is_exact(text: JoinedText, file: str) -> bool:
    """Whether the string stands unbroken in the file, without an escape."""
    return file[text.offset(0) : text.end] == text.text


def _word(text: JoinedText, file: str) -> ShellWord:
    span = Span(text.offset(0), text.end)
    return ShellWord(
        text=text.text,
        value=text.text,
        variables=(),
        span=span,
        is_contiguous=_is_exact(text, file),
    )
