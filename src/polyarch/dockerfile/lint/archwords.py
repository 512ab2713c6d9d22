"""Platform words in a text, as whole components: `x86_64` in `linux-x86_64.tar.gz`."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.dockerfile.lint.arches import MEANINGS
from polyarch.oci.platform import Platform

_WEAK = frozenset({"arm", "x86", "ppc64", "powerpc64", "32bit", "32-bit", "64bit", "64-bit", "386"})
"""Words that say something else as often: they count behind the name of an operating system."""

_OS = r"(?:linux(?:musl)?|ubuntu|debian|manylinux[0-9_]*|darwin|macos|osx|windows|win|freebsd)"


def _alternatives() -> str:
    """The words, longest first, so that `arm` does not end a match that `armv7l` would make.

    `linux-64` and its like are told by their operating system alone.
    """
    words = (word for word in MEANINGS if not word.startswith("linux"))
    return "|".join(re.escape(word) for word in sorted(words, key=lambda one: (-len(one), one)))


_COMPONENT = re.compile(
    r"(?<![a-z0-9])(?:"
    r"(?P<linux>linux[-_]?(?P<bits>32|64)(?:[-_]?bit)?)"
    rf"|(?:(?P<os>{_OS})[-_./]?)?(?P<word>{_alternatives()})"
    r")(?![a-z0-9])",
    re.IGNORECASE | re.ASCII,
)
_ENDS_PART = re.compile(r"(?:\.[a-z][a-z0-9]{0,9}){0,3}(?:$|[/:@?#\s\"'])", re.IGNORECASE)
_EXPANSION = re.compile(r"\$\{|\}|\$[A-Za-z_][A-Za-z0-9_]*")


@dataclass(frozen=True, slots=True, kw_only=True)
class ArchWord:
    """A platform word, from `start` up to `end` of the text.

    `platforms` are those that it may name in some world. `ends_part` tells that its path part, file
    name or tag ends with it, endings such as `.tar.gz` aside. `os` is the operating system's name
    right before it, in lower case; `linux-64` as a whole is one word.
    """

    text: str
    start: int
    end: int
    platforms: tuple[Platform, ...]
    ends_part: bool
    os: str = ""

    @property
    def word(self) -> str:
        """In lower case, as the tables have it."""
        return self.text.lower()


def find_words(text: str, *, weak: bool = False) -> Iterator[ArchWord]:
    """The platform words of a text in order, in time linear in its length.

    What a variable stands for is not looked at, nor its default (`${TARGETARCH:-amd64}`). `weak`
    also takes bare `arm`, `x86`, `386` and their like, which otherwise need an operating system's
    name before them.
    """
    plain = _without_expansions(text)
    for match in _COMPONENT.finditer(plain):
        os = "linux" if match["linux"] else (match["os"] or "").lower()
        found = match["linux"] or match["word"]
        if found.lower() in _WEAK and not (weak or os):
            continue
        key = f"linux{match['bits']}" if match["linux"] else found.lower()
        yield ArchWord(
            text=found,
            start=match.end() - len(found),
            end=match.end(),
            platforms=MEANINGS[key],
            ends_part=_ENDS_PART.match(plain, match.end()) is not None,
            os=os,
        )


def first_word(text: str, *, weak: bool = False) -> ArchWord | None:
    """The first platform word of a text."""
    return next(find_words(text, weak=weak), None)


def names_platform(text: str, platform: Platform) -> bool:
    """Whether a word of the text, however weak, may name the platform."""
    return any(platform in word.platforms for word in find_words(text, weak=True))


def _without_expansions(text: str) -> str:
    """The text with `$` in every place of `$NAME` and `${…}`, so that offsets stay.

    What a variable brings is no letter of the component beside it: `${OS}amd64` has the word.
    """
    parts: list[str] = []
    depth = begin = kept = 0
    for match in _EXPANSION.finditer(text):
        if match.group() == "${":
            begin = begin if depth else match.start()
            depth += 1
        elif match.group() != "}":
            begin = begin if depth else match.start()
        elif depth:
            depth -= 1
        else:
            continue
        if depth == 0:
            parts += [text[kept:begin], "$" * (match.end() - begin)]
            kept = match.end()
    return "".join((*parts, text[kept:]))
