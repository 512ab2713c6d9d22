"""Platform words where a stage says them: in words of scripts, of instructions, in values."""

from collections.abc import Iterable
from dataclasses import dataclass

from polyarch.dockerfile.heredoc import heredoc_word
from polyarch.dockerfile.lint.arches import MEANINGS
from polyarch.dockerfile.lint.archwords import ArchWord, find_words, names_platform
from polyarch.dockerfile.lint.view import StageView
from polyarch.dockerfile.shell.word import ShellWord
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Assignment, Instruction
from polyarch.dockerfile.words import plain_words
from polyarch.oci.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """A text of an instruction and its place; `is_exact` says that the source there is the text."""

    text: str
    span: Span
    is_exact: bool

    def part(self, start: int, end: int) -> Span:
        """The place of `text[start:end]`; of the whole text where that cannot be told."""
        if not self.is_exact:
            return self.span
        return Span(self.span.start + start, self.span.start + end)


@dataclass(frozen=True, slots=True, kw_only=True)
class Literal:
    """A platform word in a piece of text.

    `frame` is the text with a gap for each word: what names for several platforms have in common.
    """

    word: ArchWord
    piece: Piece
    frame: str

    @property
    def span(self) -> Span:
        """Where the word stands."""
        return self.piece.part(self.word.start, self.word.end)


def of_shell(word: ShellWord) -> Piece:
    """A word of a script, quotes and all."""
    return Piece(text=word.text, span=word.span, is_exact=word.is_contiguous)


def of_assignment(assignment: Assignment) -> Piece:
    """A value of ARG or ENV, quotes and all."""
    text = assignment.value or ""
    span = assignment.value_span or assignment.name_span
    return Piece(text=text, span=span, is_exact=span.end - span.start == len(text))


def of_arguments(instruction: Instruction) -> tuple[Piece, ...]:
    """The words of ADD, COPY, WORKDIR and the like; in the JSON form each has the whole place."""
    arguments = instruction.arguments
    if instruction.json is not None:
        whole = arguments.span(0, len(arguments.text))
        return tuple(Piece(text=text, span=whole, is_exact=False) for text in instruction.json)
    return tuple(
        Piece(
            text=word.text,
            span=arguments.span(word.start, word.end),
            is_exact=arguments.is_contiguous(word.start, word.end),
        )
        for word in plain_words(arguments.text)
    )


def sources_of(instruction: Instruction) -> tuple[Piece, ...]:
    """What ADD or COPY reads, without here-documents."""
    return tuple(one for one in of_arguments(instruction)[:-1] if not heredoc_word(one.text))


def literals(piece: Piece) -> tuple[Literal, ...]:
    """The words of Linux in a text; those of other systems (`darwin-arm64`) are not for images."""
    words = tuple(find_words(piece.text))
    frame = _frame(piece.text, words)
    return tuple(
        Literal(word=word, piece=piece, frame=frame)
        for word in words
        if word.os in {"", "ubuntu", "debian"} or "linux" in word.os
    )


def whole_or_within(piece: Piece) -> tuple[Literal, ...]:
    """The words of a value: a bare `arm` or `386` counts where it is all of it."""
    found = literals(piece)
    bare = piece.text.strip("\"'")
    if found or bare.lower() not in MEANINGS:
        return found
    words = tuple(find_words(piece.text, weak=True))
    frame = _frame(piece.text, words)
    return tuple(Literal(word=one, piece=piece, frame=frame) for one in words)


def _frame(text: str, words: Iterable[ArchWord]) -> str:
    parts: list[str] = []
    at = 0
    for word in words:
        parts.append(text[at : word.start])
        at = word.end
    return "\0".join((*parts, text[at:]))


def concerned(
    stage: StageView, platforms: Iterable[Platform], *, leaves: bool
) -> tuple[Platform, ...]:
    """The platforms that get what a word names although it is another one's.

    `platforms` are those that the word may mean. What stays in the stage has to suit the machine
    that the stage runs on; what leaves it, the platform that is built. A stage whose name says one
    of the platforms is meant for it alone.
    """
    meant = frozenset(platforms)
    if any(names_platform(stage.outline.name or "", one) for one in meant):
        return ()
    return tuple(
        one
        for one in stage.platforms
        if (one if leaves else stage.resolved[one].platform) not in meant
    )


def without_sets(found: Iterable[Literal]) -> tuple[Literal, ...]:
    """Those that are not one of a set: the same text for several platforms is a choice made later.

    `found` are the literals of one stage.
    """
    every = tuple(found)
    frames: dict[str, set[tuple[Platform, ...]]] = {}
    for one in every:
        frames.setdefault(one.frame, set()).add(one.word.platforms)
    return tuple(one for one in every if len(frames[one.frame]) == 1)
