"""Which platform the text of a FROM holds fast: its words, and arguments that mean one."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache

from polyarch.dockerfile.expand import expand
from polyarch.dockerfile.lint.arches import MEANINGS
from polyarch.dockerfile.lint.archwords import ArchWord, find_words
from polyarch.dockerfile.lint.names import AUTOMATIC, variables
from polyarch.dockerfile.lint.view import FileView
from polyarch.errors import ExpansionError

_ARCHITECTURE = re.compile(
    r"(?:^|_)(?:ALPINE|BASE|BUILD|CPU|DEB|DOCKER|DPKG|GO|HOST|IMAGE|MACHINE|OS|PKG|QEMU|SYS|TARGET)?"
    r"ARCH(?:ITECTURE)?(?:_|$)",
    re.IGNORECASE,
)
"""`ARCH` as a part of its own; SEARCH and MARCH are none."""
_LIBRARIES = frozenset(
    {
        "amd64", "arm32v5", "arm32v6", "arm32v7", "arm64v8", "i386", "mips64le", "ppc64le",
        "riscv64", "s390x", "windows-amd64",
    }
)  # fmt: skip
"""Namespaces of Docker Hub that hold the official images of one platform each."""
_BEGINNING = re.compile(
    r"[-_.](?!(?:unknown|linux|musl|gnu|none|cross|apple|pc)\w*)", re.IGNORECASE
)
"""What follows a platform that a tag begins with; a triple names what a compiler makes."""
_MOST = 8
"""Names that a message can hold."""

_BLANK = "-"
"""What stands for a variable that is another thing on each platform: it ends a word."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Held:
    """What a global argument holds fast.

    `value` is its text, with a mark in place of what is another thing on each platform.
    `architectures` are the arguments in it, itself included, that mean one and follow no automatic
    argument; `is_automatic` tells that it follows one.
    """

    value: str
    architectures: tuple[str, ...] = ()
    is_automatic: bool = False


def architecture_arguments(view: FileView, text: str) -> tuple[str, ...]:
    """The arguments in a FROM's text that mean an architecture and follow no automatic one.

    By name (`ARCH`, `IMAGE_ARCH`), or because the whole default is a platform's word. One that the
    build is given is as good as text.
    """
    held = _held(view)
    found = (name for one in variables(text) if one in held for name in held[one].architectures)
    return tuple(dict.fromkeys(found))


def pinned_words(view: FileView, text: str) -> tuple[ArchWord, ...]:
    """The words of a platform that end a part of a base's name, begin its tag, or are a namespace.

    Arguments count with their defaults, those apart that mean an architecture themselves or follow
    the automatic ones. Places are those in the text without its variables.
    """
    name = _filled(view, text, _held(view)).partition("@")[0]
    prefix = name.removeprefix("docker.io/").partition("/")[0].lower()
    found = (word for word in find_words(name) if word.ends_part or _begins_tag(name, word))
    return tuple(
        word for word in found if word.word in _LIBRARIES or word.platforms or word.word == prefix
    )


def _begins_tag(name: str, word: ArchWord) -> bool:
    """Whether the tag begins with it: `arm64v8-noble`, but no target of a cross compiler."""
    return name[: word.start].endswith(":") and _BEGINNING.match(name, word.end) is not None


def library_name(text: str) -> str | None:
    """The official image's own name where the namespace is that of one platform."""
    bare = text.removeprefix("docker.io/")
    prefix, slash, rest = bare.partition("/")
    return rest if slash and prefix in _LIBRARIES and "/" not in rest else None


@lru_cache(maxsize=1)
def _held(view: FileView) -> Mapping[str, _Held]:
    """All global arguments, each seeing those above it."""
    held: dict[str, _Held] = {}
    for _, one in view.arguments:
        if one.name in view.given.build_args:
            held[one.name] = _Held(value=view.given.build_args[one.name])
        else:
            held[one.name] = _of_argument(view, one.name, one.value or "", held)
    return held


def _of_argument(view: FileView, name: str, default: str, held: Mapping[str, _Held]) -> _Held:
    inner = [held[one] for one in variables(default) if one in held]
    if name in AUTOMATIC or AUTOMATIC.intersection(variables(default)):
        return _Held(value=_BLANK, is_automatic=True)
    if any(one.is_automatic for one in inner):
        return _Held(value=_filled(view, default, held), is_automatic=True)
    within = dict.fromkeys(each for one in inner for each in one.architectures)
    if _means_architecture(name, default):
        return _Held(value=_BLANK, architectures=(name, *within)[:_MOST])
    return _Held(value=_filled(view, default, held), architectures=tuple(within)[:_MOST])


def _filled(view: FileView, text: str, held: Mapping[str, _Held]) -> str:
    def lookup(name: str) -> str | None:
        return _BLANK if name in AUTOMATIC else held[name].value if name in held else None

    try:
        return expand(text, lookup, escape=view.file.escape).text
    except ExpansionError:
        return ""


def _means_architecture(name: str, default: str) -> bool:
    return _ARCHITECTURE.search(name) is not None or default.strip("\"'").lower() in MEANINGS
