"""`polyarch.lock`: what a build takes from outside, each pinned to a digest, beside polyarch.toml.

The file is TOML, sorted, written by `polyarch doctor --update-lock` and meant to be committed. Only
its digests have an effect; the versions of tools in it say what was there when it was written.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType
from typing import Literal, Self

from polyarch.config.document import Document
from polyarch.config.lines import line_of
from polyarch.config.toml import toml_key, toml_value
from polyarch.errors import (
    InvalidConfigError,
    InvalidDigestError,
    InvalidLockError,
    InvalidReferenceError,
    shorten,
)
from polyarch.oci.digest import Digest
from polyarch.oci.reference import DigestReference, parse_reference

LOCK_FILE = "polyarch.lock"
VERSION = 1

Kind = Literal["images", "frontends", "builders", "emulators"]

KINDS: Mapping[Kind, str] = MappingProxyType(
    {
        "images": "Base images, and other images that Dockerfiles copy from.",
        "frontends": "What reads Dockerfiles: `# syntax=`.",
        "builders": "The BuildKit that builders run.",
        "emulators": "The emulators that `polyarch doctor --fix` registers by a container.",
    }
)
"""The tables of digests, in the file's order, and what is said of each."""

TOOLS = "tools"

_HEAD = """\
# What builds of this project take from outside, pinned: while this file is here, a name below means
# its digest, whatever its tag says today. Commit it. `polyarch doctor --update-lock` takes today's
# digests and says what moved, `polyarch doctor --update-lock NAME` those of some names; `polyarch
# plan` tells when a tag has moved on. Without this file builds take what the tags say.
"""
_TOOLS_HEAD = "# What was there when this was written, for comparison only.\n"

Digests = Mapping[str, Digest]
"""By reference, as it stands in Dockerfiles and in polyarch.toml."""

_NONE: Digests = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Lock:
    """A whole file; `tools` maps the name of a tool to its version."""

    images: Digests = field(default_factory=lambda: _NONE)
    frontends: Digests = field(default_factory=lambda: _NONE)
    builders: Digests = field(default_factory=lambda: _NONE)
    emulators: Digests = field(default_factory=lambda: _NONE)
    tools: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @classmethod
    def read(cls, folder: Path) -> Self | None:
        """The lock of a project's folder, None where there is none.

        Raises:
            ConfigUnreadableError: it cannot be read.
            InvalidLockError: it is damaged.
        """
        file = folder / LOCK_FILE
        if not file.exists() and not file.is_symlink():
            return None
        try:
            return cls._of(Document.read(file))
        except InvalidConfigError as error:
            raise InvalidLockError(str(file), error.problems) from error

    @classmethod
    def parse(cls, text: str, file: Path = Path(LOCK_FILE)) -> Self:
        """As `read`, for text.

        Raises:
            InvalidLockError: it is damaged.
        """
        try:
            return cls._of(Document.parse(text, file))
        except InvalidConfigError as error:
            raise InvalidLockError(str(file), error.problems) from error

    @classmethod
    def _of(cls, document: Document) -> Self:
        reading = _Reading(document)
        data = {kind: reading.digests(kind) for kind in KINDS}
        tools = reading.tools()
        reading.finish()
        return cls(**data, tools=tools)

    def of(self, kind: Kind) -> Digests:
        """One of the tables."""
        found: Digests = getattr(self, kind)
        return found

    def render(self) -> str:
        """The file's text; the same lock gives the same bytes."""
        blocks = [_HEAD + f"version = {VERSION}\n"]
        for kind, says in KINDS.items():
            if digests := self.of(kind):
                lines = (f"{toml_key(name)} = {toml_value(str(d))}" for name, d in _sorted(digests))
                blocks.append("\n".join((f"# {says}", f"[{kind}]", *lines)) + "\n")
        if self.tools:
            lines = (f"{toml_key(k)} = {toml_value(v)}" for k, v in sorted(self.tools.items()))
            blocks.append(_TOOLS_HEAD + "\n".join((f"[{TOOLS}]", *lines)) + "\n")
        return "\n".join(blocks)


def pins(lock: Lock | None) -> Mapping[str, DigestReference]:
    """What each name of images and frontends means, by digest."""
    found = {**lock.images, **lock.frontends} if lock else {}
    return {name: parse_reference(name).repository.at(digest) for name, digest in found.items()}


def pinned(digests: Digests, name: str) -> str:
    """A reference by the digest that it is locked to; itself where it is not."""
    digest = digests.get(name)
    return str(parse_reference(name).repository.at(digest)) if digest else name


def _sorted(digests: Digests) -> list[tuple[str, Digest]]:
    return sorted(digests.items())


class _Reading:
    """One document; every problem is kept and told at once."""

    def __init__(self, document: Document) -> None:
        self._document = document
        self._problems: list[tuple[int, str]] = []
        self._check_version()
        known = {"version", *KINDS, TOOLS}
        for key in document.data.keys() - known:
            self._add((key,), f"`{shorten(key)}` is nothing that a lock has")

    def digests(self, kind: Kind) -> Digests:
        return MappingProxyType(dict(self._digests(kind)))

    def tools(self) -> Mapping[str, str]:
        found: dict[str, str] = {}
        for name, value in self._table(TOOLS).items():
            if isinstance(value, str) and value.isprintable():
                found[name] = value
            else:
                self._add((TOOLS, name), "a version is a line of text")
        return MappingProxyType(found)

    def finish(self) -> None:
        if self._problems:
            told = [text for _, text in sorted(self._problems)]
            raise InvalidLockError(str(self._document.file), told)

    def _check_version(self) -> None:
        version = self._document.data.get("version")
        if isinstance(version, bool) or not isinstance(version, int) or version < 1:
            self._add(("version",), f"`version = {VERSION}` is missing: is this a lock?")
        elif version > VERSION:
            self._add(("version",), "a newer polyarch has written it: use that one")

    def _digests(self, kind: Kind) -> Iterator[tuple[str, Digest]]:
        for name, value in self._table(kind).items():
            path = (kind, name)
            try:
                reference = parse_reference(name)
                if isinstance(reference, DigestReference):
                    self._add(path, f"`{shorten(name)}` has a digest already")
                elif isinstance(value, str):
                    yield name, Digest.parse(value)
                else:
                    self._add(path, "a digest is text, as `sha256:…`")
            except (InvalidReferenceError, InvalidDigestError) as error:
                self._add(path, error.message)

    def _table(self, name: str) -> Mapping[str, object]:
        found = self._document.data.get(name, {})
        if isinstance(found, dict):
            return found
        self._add((name,), f"`{name}` is a table")
        return {}

    def _add(self, path: tuple[str, ...], message: str) -> None:
        line = line_of(self._document.lines, path) or 1
        self._problems.append((line, f"line {line}: {message}"))
