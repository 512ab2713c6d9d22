"""Run a program of any platform, alone or inside its root filesystem, with no container engine."""

import json
import shutil
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from tests.lab.commands import run
from tests.lab.emulation import interpreter
from tests.lab.machines import MACHINES
from tests.lab.reasons import Missing

WHITEOUT = ".wh."
OPAQUE = ".wh..wh..opq"


def run_program(program: Path, *words: str, platform: str) -> str:
    """Return what a static program of a platform prints; needs no binfmt entry.

    Raises:
        Missing: The platform is foreign and its QEMU is not installed.
        CommandFailedError: The program failed.
    """
    if MACHINES[platform].is_native:
        return run(program, *words)
    if not (qemu := interpreter(platform)):
        raise Missing(f"no QEMU for `{platform}`", "as root: apt-get install qemu-user-static")
    return run(qemu, program, *words)


def run_in_root(root: Path, command: Sequence[str]) -> str:
    """Return what a command prints inside a root filesystem, read-only and without network.

    Raises:
        Missing: bubblewrap is not installed.
        CommandFailedError: The command failed.
    """
    if not shutil.which("bwrap"):
        raise Missing("no `bwrap` here", "as root: apt-get install bubblewrap")
    for name in ("proc", "dev"):
        (root / name).mkdir(exist_ok=True)
    view = ("--ro-bind", root, "/", "--proc", "/proc", "--dev", "/dev", "--clearenv")
    path = ("--setenv", "PATH", "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin")
    return run("bwrap", "--unshare-all", "--die-with-parent", *view, *path, "--", *command)


def unpack_layout(layout: Path, root: Path) -> dict[str, Any]:
    """Lay the layers of a layout's only image into a new folder and return the image's config."""
    (top,) = json.loads((layout / "index.json").read_bytes())["manifests"]
    manifest = json.loads(_blob(layout, top).read_bytes())
    root.mkdir(parents=True)
    for layer in manifest["layers"]:
        _apply(_blob(layout, layer), root)
    config: dict[str, Any] = json.loads(_blob(layout, manifest["config"]).read_bytes())
    return config


def _apply(layer: Path, root: Path) -> None:
    for name in run("tar", "--list", "-f", layer).splitlines():
        path = root / name
        if path.name == OPAQUE:
            _remove(path.parent)
            path.parent.mkdir()
        elif path.name.startswith(WHITEOUT):
            _remove(path.with_name(path.name.removeprefix(WHITEOUT)))
    run("tar", "--extract", "--keep-directory-symlink", "--exclude=.wh.*", "-f", layer, "-C", root)


def _remove(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)


def _blob(layout: Path, descriptor: dict[str, Any]) -> Path:
    return layout / "blobs" / str(descriptor["digest"]).replace(":", "/")
