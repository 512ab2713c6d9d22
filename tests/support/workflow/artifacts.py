"""The artifacts of a run: what jobs keep and hand on as files.

Source: the README files of actions/upload-artifact and actions/download-artifact, version 4;
github.com/actions/toolkit, packages/glob, for hidden files.
"""

import fnmatch
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

from tests.support.workflow.triggers import matches
from tests.support.workflow.values import WorkflowError

_FORBIDDEN = re.compile(r'["<>:|*?\r\n\\/]')


class StepFailed(Exception):  # noqa: N818 - what a step came to, no mistake of the test
    """A step ends with an error, as the action's own would."""


@dataclass(frozen=True, kw_only=True)
class Artifacts:
    """The artifacts of one run, of all its attempts, each in a folder of its name."""

    folder: Path

    @property
    def names(self) -> list[str]:
        """Of all that there are."""
        return sorted(path.name for path in self.folder.iterdir()) if self.folder.exists() else []

    def keep(self, name: str, files: Iterable[tuple[Path, Path]], *, overwrite: bool) -> None:
        """Take files as pairs: where one lies, and its place in the artifact.

        Raises:
            StepFailed: there is one of this name already, or the name cannot be.
        """
        if not name or _FORBIDDEN.search(name):
            raise StepFailed(f"an artifact cannot be called {name!r}")
        place = self.folder / name
        if place.exists():
            if not overwrite:
                raise StepFailed(f"409: an artifact with the name {name} is there on the run")
            shutil.rmtree(place)
        for source, target in files:
            (place / target).parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, place / target)  # modes are lost on the way

    def fetch(self, name: str, into: Path) -> None:
        """Unpack one.

        Raises:
            StepFailed: there is none of this name.
        """
        if name not in self.names:
            raise StepFailed(f"there is no artifact {name}")
        shutil.copytree(self.folder / name, into, dirs_exist_ok=True)

    def fetch_all(self, pattern: str, into: Path, *, merged: bool) -> None:
        """Unpack those whose names fit, each in a folder of its own unless they are merged."""
        for name in self.names:
            if not pattern or matches([pattern], name):
                self.fetch(name, into if merged else into / name)


def chosen(paths: str, workspace: Path, *, hidden: bool) -> list[tuple[Path, Path]]:
    """The files that lines of `path` choose, with their places below what they have in common."""
    roots: list[Path] = []
    files: list[Path] = []
    for line in filter(None, map(str.strip, paths.splitlines())):
        if line.startswith("!"):
            gone = os.path.normpath(workspace / line[1:])
            files = [each for each in files if not fnmatch.fnmatch(str(each), f"{gone}*")]
            continue
        root, found = _search(workspace, line)
        roots.append(root)
        files += [each for each in found if hidden or not _is_hidden(each, root)]
    if not files:
        return []
    top = Path(os.path.commonpath([root if root.is_dir() else root.parent for root in roots]))
    return [(each, each.relative_to(top)) for each in dict.fromkeys(files)]


def _search(workspace: Path, line: str) -> tuple[Path, Iterator[Path]]:
    parts = Path(os.path.normpath(workspace / line)).parts
    at = next(
        (n for n, part in enumerate(parts) if any(sign in part for sign in "*?[")), len(parts)
    )
    root = Path(*parts[:at])
    if at < len(parts):
        if any(sign in line for sign in "[]"):
            raise WorkflowError(f"`path: {line}` is more than this runner can search")
        found = root.glob(str(Path(*parts[at:]))) if root.is_dir() else iter(())
        return root, _files(found)
    return root, _files([root] if root.exists() else [])


def _files(paths: Iterable[Path]) -> Iterator[Path]:
    for path in paths:
        if path.is_dir():
            yield from (each for each in sorted(path.rglob("*")) if each.is_file())
        elif path.is_file():
            yield path


def _is_hidden(path: Path, root: Path) -> bool:
    """The name of the folder that a search begins in counts, those above it do not."""
    names = (root.name, *path.relative_to(root).parts)
    return any(name.startswith(".") for name in names)
