"""Go on this machine: the tree that is in the base image `golang:1`, unpacked once."""

import os
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from tests.lab.cache import cache_folder, keyed, make_once
from tests.lab.roots import WHEELS, go_layer

HOST = "linux/amd64"


@dataclass(frozen=True)
class GoTool:
    """A Go tree; `cache` keeps what was compiled from run to run."""

    tree: Path
    cache: Path

    @property
    def environment(self) -> Mapping[str, str]:
        """What a command needs so that it finds `go`, which then fetches nothing."""
        return {
            "PATH": f"{self.tree / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "GOCACHE": str(self.cache),
            "GOPROXY": "off",
            "GOTOOLCHAIN": "local",
            "GOFLAGS": "",
        }


def go_tool() -> GoTool:
    """Return Go for this machine, made on first use."""
    place = make_once(keyed("go-tool", WHEELS[HOST], 1), _unpack)
    return GoTool(place / "usr/local/go", cache_folder() / "go-build")


def _unpack(folder: Path) -> None:
    with tarfile.open(go_layer(HOST)) as tar:
        tar.extractall(folder, filter="tar")
