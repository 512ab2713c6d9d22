"""Finding the program of a command line in an image, as a runtime does.

Source: runc's libcontainer, which looks a bare name up in the PATH of the container and takes the
first file there that may be run.
"""

import posixpath
from dataclasses import dataclass

from polyarch.checks.entry import RUN_BITS
from polyarch.checks.filesystem import Filesystem, Gone, Place
from polyarch.checks.searchpath import program_folders
from polyarch.checks.tree import File
from polyarch.oci.config import ImageConfig


@dataclass(frozen=True, slots=True, kw_only=True)
class Located:
    """A file that a word leads to; `path` is where it really lies."""

    path: str
    file: File
    runnable: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class NotLocated:
    """`path` is where it should be (empty for a bare name), `reason` why it is not."""

    path: str
    reason: str


def locate(files: Filesystem, config: ImageConfig, word: str) -> Located | NotLocated:
    """The file that a command's first word names; one that may be run before others."""
    if "/" in word:
        return at_path(files, posixpath.join("/", config.working_dir or "/", word))
    folders = program_folders(config)
    found = [at_path(files, f"{folder}/{word}") for folder in folders]
    located = [each for each in found if isinstance(each, Located)]
    first = next((each for each in located if each.runnable), None) or next(iter(located), None)
    return first or NotLocated(path="", reason=f"no folder of PATH ({':'.join(folders)}) has it")


def at_path(files: Filesystem, path: str) -> Located | NotLocated:
    """The file at an absolute path, through all links."""
    found = files.look(path)
    if isinstance(found, Gone):
        reason = found.reason
        if found.path != posixpath.normpath(path):
            reason = f"`{found.path}`, to which it leads: {reason}"
        return NotLocated(path=path, reason=reason)
    return _file(found, path)


def _file(found: Place, path: str) -> Located | NotLocated:
    if not isinstance(found.node, File):
        return NotLocated(path=path, reason="it is no file")
    return Located(path=found.path, file=found.node, runnable=bool(found.node.mode & RUN_BITS))
