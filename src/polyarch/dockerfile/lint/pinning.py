"""Which platform the text of a FROM holds fast: its words, and arguments that mean one."""

import re

from polyarch.dockerfile.expand import expand
from polyarch.dockerfile.lint.arches import MEANINGS
from polyarch.dockerfile.lint.archwords import ArchWord, find_words
from polyarch.dockerfile.lint.names import AUTOMATIC, through_defaults
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
_BLANK = "-"
"""What stands for a variable that is another thing on each platform: it ends a word."""


def architecture_arguments(view: FileView, text: str) -> tuple[str, ...]:
    """The arguments in a FROM's text that mean an architecture and follow no automatic one.

    By name (`ARCH`, `IMAGE_ARCH`), or because the whole default is a platform's word. One that the
    build is given is as good as text.
    """
    return tuple(
        name
        for name in sorted(through_defaults(text, view.defaults) - AUTOMATIC)
        if name not in view.given.build_args
        and _means_architecture(name, view.defaults.get(name, ""))
        and not through_defaults(f"${{{name}}}", view.defaults) & AUTOMATIC
    )


def pinned_words(view: FileView, text: str) -> tuple[ArchWord, ...]:
    """The words of a platform that a base's name ends a part with, or that are its namespace.

    Arguments count with their defaults, those apart that mean an architecture themselves or follow
    the automatic ones. Places are those in the text without its variables.
    """
    name = _held(view, text).partition("@")[0]
    prefix = name.removeprefix("docker.io/").partition("/")[0].lower()
    found = (word for word in find_words(name) if word.ends_part)
    return tuple(
        word for word in found if word.word in _LIBRARIES or word.platforms or word.word == prefix
    )


def library_name(text: str) -> str | None:
    """The official image's own name where the namespace is that of one platform."""
    bare = text.removeprefix("docker.io/")
    prefix, slash, rest = bare.partition("/")
    return rest if slash and prefix in _LIBRARIES and "/" not in rest else None


def _held(view: FileView, text: str) -> str:
    """The text with what global arguments hold, and a mark for what they do not."""
    values: dict[str, str] = {}

    def lookup(name: str) -> str | None:
        if name in AUTOMATIC or architecture_arguments(view, f"${{{name}}}"):
            return _BLANK
        return values.get(name)

    try:
        for _, argument in view.arguments:
            name, escape = argument.name, view.file.escape
            if name in view.given.build_args:
                values[name] = view.given.build_args[name]
            elif argument.value is not None:
                values[name] = expand(argument.value, lookup, escape=escape).text
        return expand(text, lookup, escape=view.file.escape).text
    except ExpansionError:
        return ""


def _means_architecture(name: str, default: str) -> bool:
    return _ARCHITECTURE.search(name) is not None or default.strip("\"'").lower() in MEANINGS
