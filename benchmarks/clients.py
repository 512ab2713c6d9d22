"""polyarch, and the clients that it is measured against, as their users call them."""

import shutil
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.images import TAG, Image
from benchmarks.places import Places
from benchmarks.processes import Taken, run_all
from tests.lab.parts import part
from tests.lab.reasons import Missing
from tests.lab.unpacked import CRANE, ORAS

POLYARCH = shutil.which("polyarch", path=Path(sys.executable).parent) or "polyarch"


@dataclass(frozen=True, slots=True, kw_only=True)
class Client:
    """A program that copies a layout to registries.

    Attributes:
        name: Of the part that the lab has of it; empty for polyarch itself.
        commands: The command, or the several that run at once, for an image and its destinations.
        path: The PATH that finds it.
    """

    name: str
    commands: Callable[[Image, Places], Sequence[Sequence[str]]]
    path: Callable[[], str | None] = lambda: None

    def copy(self, image: Image, places: Places, *, watch_memory: bool = False) -> Taken:
        """Copy an image to all places.

        Raises:
            CommandFailedError: It did not work.
        """
        path = self.path()
        env: Mapping[str, str] = {**places.env, **({"PATH": path} if path else {})}
        commands = self.commands(image, places)
        return run_all(commands, env=env, folder=places.folder, watch_memory=watch_memory)

    def copy_platform(self, image: Image, places: Places, platform: str) -> Taken:
        """Copy one platform of an image (polyarch only)."""
        commands = [[*words, "--platform", platform] for words in self.commands(image, places)]
        return run_all(commands, env=places.env, folder=places.folder)


def _polyarch(image: Image, places: Places) -> Sequence[Sequence[str]]:
    return [[POLYARCH, "copy", image.source, *places.references]]


def _skopeo(image: Image, places: Places) -> Sequence[Sequence[str]]:
    words = ["skopeo", "--insecure-policy", "copy", "--quiet", "--all", "--preserve-digests"]
    words += [] if places.certificate else ["--dest-tls-verify=false"]
    return [[*words, image.source, f"docker://{to}"] for to in places.references]


def _crane(image: Image, places: Places) -> Sequence[Sequence[str]]:
    return [["crane", "push", str(image.layout), to] for to in places.references]


def _oras(image: Image, places: Places) -> Sequence[Sequence[str]]:
    source = ["oras", "cp", "--no-tty", "--from-oci-layout", f"{image.layout}:{TAG}"]
    plain = [] if places.certificate else ["--to-plain-http"]
    return [[*source, *plain, to] for to in places.references]


OURS = Client(name="", commands=_polyarch)
PEERS = (
    Client(name="skopeo", commands=_skopeo),
    Client(name="crane", commands=_crane, path=CRANE.search_path),
    Client(name="oras", commands=_oras, path=ORAS.search_path),
)


def peers_at_hand(tell: Callable[[str], None]) -> tuple[Client, ...]:
    """Return the peers that are here; fetches what needs no installing, tells what is absent."""
    found = []
    for peer in PEERS:
        known = part(peer.name)
        try:
            if not known.packages or peer.name != "skopeo":
                known.provide(tell)
            tell(f"{peer.name} {known.probe()}")
            found.append(peer)
        except (Missing, OSError) as error:
            tell(f"{peer.name} is absent: {error}")
    return tuple(found)
