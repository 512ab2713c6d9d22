"""What one ADD, COPY or RUN reads: from the build context, or from another stage or image.

Source: BuildKit, frontend/dockerfile/instructions (`parseSourcesAndDest`, `parseMount`) and
dockerfile2llb (`toCommand`, `dispatchCopy`, `dispatchRunMounts`).
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.dockerfile.expand import expand
from polyarch.dockerfile.graph import ContextSource
from polyarch.dockerfile.heredoc import heredoc_word
from polyarch.dockerfile.scope import Environment
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Flag, Instruction
from polyarch.dockerfile.words import plain_words
from polyarch.errors import InstructionError

_REMOTE = re.compile(r"(?:https?|git|ssh)://|[A-Za-z0-9_-]+@[A-Za-z0-9.-]+:")
"""What ADD fetches itself instead of reading the context (util/gitutil, `ParseURL`)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class From:
    """A name after `--from=` or in `from=` of a mount, as written: neither takes variables."""

    text: str
    instruction: str
    line: int
    span: Span


def froms(instruction: Instruction, line: int) -> Iterator[From]:
    """The other stages and images that an instruction names.

    Raises:
        InstructionError: a variable in such a name, or a mount that is no list.
        ExpansionError: quotes in it that do not close.
    """
    if instruction.name == "COPY":
        flag = instruction.flag("from")
        if flag and flag.value:
            if expand(flag.value).text != flag.value:
                raise InstructionError(_no_variables("--from"))
            yield From(text=flag.value, instruction="COPY", line=line, span=flag.span)
    for flag, fields in _mounts(instruction):
        name = fields.get("from", "")
        if 0 <= name.find("$") < len(name) - 1:
            raise InstructionError(_no_variables("from"))
        if name:
            yield From(text=name, instruction="RUN", line=line, span=flag.span)


def context_sources(
    instruction: Instruction, line: int, environment: Environment
) -> Iterator[ContextSource]:
    """The paths of the build context that an instruction reads.

    Raises:
        InstructionError: ADD or COPY without a destination, or a mount that is no list.
        ExpansionError: a path that cannot be expanded.
    """
    name = instruction.name
    if name in {"ADD", "COPY"}:
        words = _sources(instruction)
        copies_from = instruction.flag("from") if name == "COPY" else None
        if copies_from and copies_from.value:
            return
        for text, span in words:
            path = environment.expand(text)
            if name == "COPY" or path is None or not _REMOTE.match(path):
                yield ContextSource(path=path, instruction=name, line=line, span=span)
    for flag, fields in _mounts(instruction):
        kind = environment.expand(fields.get("type", "bind"))
        if not fields.get("from") and (kind is None or kind.lower() == "bind"):
            path = environment.expand(fields.get("source", fields.get("src", ".")))
            if path == "":
                path = "."
            yield ContextSource(path=path, instruction=name, line=line, span=flag.span)


def fetches(instruction: Instruction, environment: Environment) -> bool:
    """Whether ADD may bring what lies elsewhere, and no checksum says what that is.

    `environment` is that at the end of the stage: a variable that it knows has had some value.
    """
    if instruction.name != "ADD" or instruction.flag("checksum"):
        return False
    paths = (environment.expand(text) for text, _ in _sources(instruction))
    return any(path is None or _REMOTE.match(path) for path in paths)


def _sources(instruction: Instruction) -> list[tuple[str, Span]]:
    """The sources of ADD and COPY as written, without the destination and here-documents."""
    arguments = instruction.arguments
    if instruction.json is not None:
        whole = arguments.span(0, len(arguments.text))
        words = [(text, whole) for text in instruction.json]
    else:
        words = [
            (word.text, arguments.span(word.start, word.end))
            for word in plain_words(arguments.text)
        ]
    if len(words) < 2:  # noqa: PLR2004 - at least one source, and the destination
        raise InstructionError(f"{instruction.name} needs a source and a destination")
    return [(text, span) for text, span in words[:-1] if not heredoc_word(text)]


def _mounts(instruction: Instruction) -> Iterator[tuple[Flag, dict[str, str]]]:
    """The `--mount` flags of RUN with their fields, names in lower case."""
    if instruction.name != "RUN":
        return
    for flag in instruction.flags:
        if flag.name != "mount":
            continue
        try:
            rows = list(csv.reader([flag.value or ""]))
        except csv.Error as error:
            raise InstructionError(f"`--mount={flag.value}` is no list of fields") from error
        fields = (field.partition("=") for row in rows for field in row)
        yield flag, {name.lower(): value for name, _, value in fields}


def _no_variables(flag: str) -> str:
    return f"`{flag}` takes no variables: name a stage whose FROM holds the variable"
