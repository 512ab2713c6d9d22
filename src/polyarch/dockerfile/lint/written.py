"""Which paths commands and COPY of a stage write by name, as far as that can be seen."""

import posixpath
import re
from collections.abc import Iterable, Iterator

from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site
from polyarch.dockerfile.lint.neutral import is_system_tree
from polyarch.dockerfile.lint.programs import installs_packages
from polyarch.dockerfile.lint.surroundings import Surroundings

_FLAGS = (
    "-o", "-O", "-C", "-d", "--output", "--output-document", "--output-dir", "--directory",
    "--directory-prefix", "--target-directory", "-t", "-P", "--prefix", "--root", "--git-dir",
)  # fmt: skip
_GLUED = re.compile(r"-(?:o|O|C|d|P)(/.+)")
_LAST = frozenset({"cp", "mv", "install", "ln", "rsync", "git", "tee", "dd", "touch", "sed"})
_EACH = frozenset({"mkdir", "touch", "tee"})
_REDIRECTED = re.compile(r">\s*[\"']?([^\s\"';&|]+)")


def is_written(path: str, written: frozenset[str]) -> bool:
    """Whether a path was written, or lies in a folder that was made or filled here."""
    folder = path
    while folder not in written:
        above = posixpath.dirname(folder)
        if above == folder or is_system_tree(above):
            return posixpath.dirname(path) in written
        folder = above
    return True


def written(emulation: Emulation, family: tuple[Site, ...]) -> frozenset[str]:
    """Absolute paths that the stages write by name; package managers do not count."""
    return frozenset(
        path
        for site in family
        for path in _of_site(site, emulation.transfers.ends[site.stage.index])
        if path.startswith("/")
    )


def _of_site(site: Site, end: Surroundings) -> Iterator[str]:
    for deed in site.deeds:
        if not installs_packages(deed.call):
            yield from (end.path(word) for word in _of_deed(deed))
    for run in site.stage.runs:
        for script in run.scripts:
            yield from (end.path(word) for word in _REDIRECTED.findall(script.text))
    for instruction in site.stage.body:
        if instruction.name in {"COPY", "ADD"}:
            words = instruction.json or tuple(instruction.arguments.text.split())
            yield from _into(end.path(words[-1]), words[:-1])


def _of_deed(deed: Deed) -> Iterator[str]:
    call, words = deed.call, deed.call.words
    plain = [word for word in words if not word.startswith("-")]
    if call.program in _EACH:
        yield from plain
    for folder in (
        *call.values(*_FLAGS),
        *(found[1] for found in map(_GLUED.match, words) if found),
    ):
        yield from _into(folder, plain)
    if call.program in _LAST and plain:
        yield from _into(plain[-1], plain[:-1])


def _into(destination: str, sources: Iterable[str]) -> Iterator[str]:
    """The destination, and what lies in it afterwards where it is a folder."""
    yield destination
    if destination.endswith("/") or is_system_tree(destination):
        for source in sources:
            yield posixpath.join(destination, posixpath.basename(source.rstrip("/")))
