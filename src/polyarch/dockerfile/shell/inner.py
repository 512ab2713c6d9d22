"""Texts within a script that are scripts themselves: in `sh -c "…"`, or in a here-document."""

import re

from polyarch.dockerfile.source import JoinedText

_ESCAPES = {'"': re.compile(r"\\[$`\"\\\n]"), "": re.compile(r"\\.", re.DOTALL)}


def inner_text(text: JoinedText, start: int, end: int) -> JoinedText | None:
    """What the word `text[start:end]` hands on, with its places; variables stay as they are.

    None for a word that is put together of several parts.
    """
    word = text.text[start:end]
    quote = word[0] if word and word[0] in "'\"" else ""
    if quote:
        if len(word) < len("''") or not word.endswith(quote) or quote in _within(word):
            return None
        start, end = start + 1, end - 1
    elif "'" in word or '"' in word:
        return None
    if quote == "'":
        return text.cut(start, end)
    return without(text.cut(start, end), _ESCAPES[quote])


def without(text: JoinedText, escape: re.Pattern[str]) -> JoinedText:
    """The text without the backslash of each escape, and without continuations."""
    runs: list[tuple[int, int]] = []
    begin = 0
    for found in escape.finditer(text.text):
        runs.append((begin, found.start()))
        begin = found.end() if found[0].endswith("\n") else found.start() + 1
    if not runs:
        return text
    runs.append((begin, len(text.text)))
    return pick(text, runs)


def pick(text: JoinedText, runs: list[tuple[int, int]]) -> JoinedText:
    """The characters of the runs (start, end) of a joined text, with their places."""
    parts: list[str] = []
    pieces: list[tuple[int, int]] = []
    length, end = 0, text.offset(0)
    for start, stop in runs:
        if stop > start:
            piece = text.cut(start, stop)
            parts.append(piece.text)
            pieces += ((length + joined, source) for joined, source in piece.pieces)
            length, end = length + stop - start, piece.end
    return JoinedText(text="".join(parts), pieces=tuple(pieces) or ((0, end),), end=end)


def _within(word: str) -> str:
    """What stands between the quotes, escapes left out."""
    inner = word[1:-1]
    return re.sub(r"\\.", "", inner, flags=re.DOTALL) if word[0] == '"' else inner
