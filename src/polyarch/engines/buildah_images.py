"""Bases in Buildah's store: pulled one at a time, and used by their ID.

Buildah 1.28 cannot be left to choose from an index in a layout: it pulls arm/v6 and then does not
find it. A name in its store belongs to one platform, so a build that has just found its base by
name loses it when another build pulls the other platform ("locating pulled image ... image not
known"). Drop the pulls from registries when a name there is that of an index.

What comes from layouts is there for a while only. Removing a name removes the image with its last
name, also when another build just gave it one more. So the names of all builds of this process are
removed together, when none runs that has any.
"""

import contextlib
import re
import secrets
import threading
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path

from polyarch.content.layout import INDEX_FILE, LAYOUT_FILE, LAYOUT_VERSION
from polyarch.errors import EngineUnusableError, PolyarchError, ProcessFailedError
from polyarch.host.process import run, stream
from polyarch.oci import annotation
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.platform import Platform

_ID = re.compile(r"^[0-9a-f]{64}$")
_LOCK = threading.Lock()


class _InUse:
    """Builds that have such images, and the names that may go once there are none."""

    builds = 0
    stale: tuple[tuple[Mapping[str, str], str], ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Pulls:
    """Brings bases into Buildah's store for one build; `folder` is the build's own.

    `on_line` gets what a pull from a registry prints. `names` are those to be removed afterwards,
    `from_registries` the IDs of what stays, `problems` why others could not be had.
    """

    folder: Path
    environment: Mapping[str, str]
    on_line: Callable[[str], None]
    names: list[str] = field(default_factory=list)
    from_registries: list[str] = field(default_factory=list)
    problems: list[str] = field(default_factory=list)

    def from_layout(self, layout: Path, image: Descriptor) -> str:
        """Take an image of a layout; gives its ID.

        Raises:
            EngineUnusableError, ProcessFailedError: Buildah did not take it.
        """
        alias = _alias(self.folder, layout, image)
        # The name that Buildah makes of the path; a tag behind it does not count.
        self.names.append(f"localhost/{alias}:latest")
        found = self._pull("--quiet", f"oci:{alias}", on_line=lambda _line: None)
        if found is None:
            raise EngineUnusableError("buildah", "it did not say which image it took")
        return found

    def from_registry(self, reference: str, platform: Platform) -> str | None:
        """Take a platform of an image as `buildah build` would: from its registry if newer there.

        None where it cannot be had: the build says why, if it needs it at all.
        """
        choice = ("--policy", "ifnewer", "--platform", str(platform), reference)
        try:
            found = self._pull(*choice, on_line=self.on_line)
        except ProcessFailedError as error:
            self.problems.extend(line for line in error.last_lines if line.startswith("Error: "))
            return None
        self.from_registries.extend(filter(None, [found]))
        return found

    def _pull(self, *words: str, on_line: Callable[[str], None]) -> str | None:
        found: list[str] = []

        def take(line: str) -> None:
            if _ID.match(line):
                found.append(line)
            else:
                on_line(line)

        with _LOCK:
            stream(
                ["buildah", "pull", *words],
                environment=self.environment,
                on_line=take,
                folder=self.folder,
            )
        return found[-1] if found else None


@contextlib.contextmanager
def pulling(
    folder: Path, environment: Mapping[str, str], on_line: Callable[[str], None]
) -> Iterator[Pulls]:
    """Pull bases; those from layouts stay as long as the block runs, at least."""
    pulls = Pulls(folder=folder, environment=environment, on_line=on_line)
    with _LOCK:
        _InUse.builds += 1
    try:
        yield pulls
    finally:
        _done(environment, pulls.names)


def _done(environment: Mapping[str, str], names: list[str]) -> None:
    with _LOCK:
        _InUse.builds -= 1
        _InUse.stale += tuple((environment, name) for name in names)
        if _InUse.builds > 0:
            return
        stale, _InUse.stale = _InUse.stale, ()
        for place, name in stale:
            # It is not there when the build ended before it was pulled.
            with contextlib.suppress(PolyarchError):
                run(["buildah", "rmi", name], environment=place)


def _alias(folder: Path, layout: Path, image: Descriptor) -> str:
    """A layout of one image that borrows the other's blobs, under a name that Buildah takes."""
    alias = folder / f"polyarch-{secrets.token_hex(8)}"
    alias.mkdir()
    (alias / LAYOUT_FILE).write_bytes(LAYOUT_VERSION)
    (alias / "blobs").symlink_to(layout.absolute() / "blobs")
    entry = replace(image, annotations={annotation.REF_NAME: "latest"})
    (alias / INDEX_FILE).write_bytes(ImageIndex.build([entry]).raw)
    return alias.name
