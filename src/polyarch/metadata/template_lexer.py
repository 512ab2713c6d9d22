"""A template's text, cut into text and tags, and tags into words.

Source: the token rules of Handlebars 4.7 (handlebars.l).
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass, replace

from polyarch.errors import InvalidTemplateError
from polyarch.metadata.javascript import BLANKS

_BLANK = f"[{BLANKS}]"
_LOOKAHEAD = rf"(?=[=~}}{BLANKS}/.)\]|])"
_AFTER_LITERAL = rf"(?=[~}}{BLANKS})\]])"

_KINDS: tuple[tuple[str, str], ...] = (
    # The first that fits counts; the kind `refused` is what has no place in tags and labels.
    ("refused", r"\{\{\{\{|\{\{~?(?:>|#>|\#?\*)"),
    ("open", r"\{\{~?#"),
    ("close", r"\{\{~?/"),
    ("else", rf"\{{\{{~?(?:\^|{_BLANK}*else\b){_BLANK}*~?\}}\}}"),
    ("inverse", r"\{\{~?\^"),
    ("chain", rf"\{{\{{~?{_BLANK}*else\b"),
    ("comment", r"\{\{~?!(?:--)?"),
    ("unescaped", r"\{\{~?\{"),
    ("unescaped", r"\{\{~?&"),
    ("escaped", r"\{\{~?"),
)
_OPENERS = tuple((kind, re.compile(pattern)) for kind, pattern in _KINDS)

_WORDS = re.compile(
    rf"""(?P<blank> {_BLANK}+ )
    | (?P<end> \}}\}}\}}\}} | \}}~?\}}\}} | ~?\}}\}} )
    | (?P<text> "(?:\\"|[^"])*" | '(?:\\'|[^'])*' )
    | (?P<literal> (?: true | false | undefined | null ) {_AFTER_LITERAL}
        | -?[0-9]+(?:\.[0-9]+)? {_AFTER_LITERAL} )
    | (?P<name> \.\. | \. {_LOOKAHEAD}
        | [^{BLANKS}!"\#%&'()*+,./;<=>@\[\\\]^`{{|}}~]+ {_LOOKAHEAD} )
    | (?P<segment> \[ (?: \\\] | [^\]] )* \] )
    | (?P<mark> [()=/.@] )""",
    re.VERBOSE,
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Word:
    """One word of a tag; `kind` is the group of the rule that it came by."""

    kind: str
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Piece:
    """Text (kind `text`), or a tag with its words. `source` is how it is written."""

    kind: str
    source: str
    words: tuple[Word, ...] = ()
    trims_left: bool = False
    trims_right: bool = False


def cut(template: str) -> tuple[Piece, ...]:
    """Cut a template into its pieces, with `~` already done.

    Raises:
        InvalidTemplateError: a tag that does not end, or a character that no tag has.
    """
    pieces = list(_pieces(template))
    for place, piece in enumerate(pieces):
        if piece.trims_left and place > 0:
            pieces[place - 1] = _trimmed(pieces[place - 1], left=False)
        if piece.trims_right and place + 1 < len(pieces):
            pieces[place + 1] = _trimmed(pieces[place + 1], left=True)
    return tuple(pieces)


def _trimmed(piece: Piece, *, left: bool) -> Piece:
    if piece.kind != "text":
        return piece
    text = piece.source
    return replace(piece, source=text.lstrip(BLANKS) if left else text.rstrip(BLANKS))


def _pieces(template: str) -> Iterator[Piece]:
    at = 0
    while at < len(template):
        start = template.find("{{", at)
        if start < 0:
            yield Piece(kind="text", source=template[at:])
            return
        text = template[at:start]
        escaped = text.endswith("\\")
        # Two backslashes are one that escapes nothing.
        literal = escaped and not text.endswith("\\\\")
        text = text[:-1] if escaped else text
        if text:
            yield Piece(kind="text", source=text)
        if literal:
            at = _end_of_literal(template, start)
            yield Piece(kind="text", source=template[start:at])
        else:
            piece, at = _tag(template, start)
            yield piece


def _end_of_literal(template: str, start: int) -> int:
    """Braces after a backslash are text up to the next braces with their backslashes."""
    match = re.compile(r"\\{0,2}\{\{").search(template, start + 2)
    return match.start() if match else len(template)


def _tag(template: str, start: int) -> tuple[Piece, int]:
    for kind, pattern in _OPENERS:
        match = pattern.match(template, start)
        if match is None:
            continue
        if kind == "refused":
            raise InvalidTemplateError(template, f"`{match[0]}` is not supported")
        if kind == "comment":
            return _comment(template, match)
        words: tuple[Word, ...] = ()
        end = match.end()
        if kind != "else":
            # The braces of `{{{x}}}` come in threes; `{{~{x}}}` counts as well.
            words, end = _words(template, end, triple=match[0].endswith(("{{{", "~{")))
        source = template[start:end]
        piece = Piece(
            kind=kind,
            source=source,
            words=words,
            trims_left=source[2:3] == "~",
            trims_right=source[-3:-2] == "~",
        )
        return piece, end
    raise InvalidTemplateError(template, "a tag begins that is none")


def _comment(template: str, opened: re.Match[str]) -> tuple[Piece, int]:
    long = opened[0].endswith("--")
    # The dashes that open a long comment may be the ones that close it: `{{!--}}`.
    closing, after = (r"--~?\}\}", opened.end() - 2) if long else (r"\}\}", opened.end())
    closed = re.compile(closing).search(template, after)
    if closed is None:
        raise InvalidTemplateError(template, "a comment does not end")
    source = template[opened.start() : closed.end()]
    piece = Piece(
        kind="comment",
        source=source,
        trims_left=source[2:3] == "~",
        trims_right=source[-3:-2] == "~",
    )
    return piece, closed.end()


def _words(template: str, at: int, *, triple: bool) -> tuple[tuple[Word, ...], int]:
    words: list[Word] = []
    while True:
        match = _WORDS.match(template, at)
        if match is None:
            rest = template[at : at + 10]
            raise InvalidTemplateError(
                template,
                f"`{rest}` has no place in an expression" if rest else "a tag does not end",
            )
        at = match.end()
        kind = match.lastgroup or ""
        if kind == "end":
            if match[0] == "}}}}" or (match[0] in {"}}}", "}~}}"}) != triple:
                raise InvalidTemplateError(template, "the braces around a tag do not match")
            return tuple(words), at
        if kind != "blank":
            words.append(Word(kind=kind, text=match[0]))
