"""The base images that Dockerfiles of the tests start FROM, kept in a registry's storage."""

import json
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.lab.cache import keyed, make_once, work_folder
from tests.lab.image_writer import LayoutWriter, Root
from tests.lab.machines import MACHINES
from tests.lab.node import node_layer
from tests.lab.packages import packages_layer
from tests.lab.reasons import Missing
from tests.lab.registries import Registry, running_registry
from tests.lab.roots import COMPILER, busybox_root, debian_root, go_layer
from tests.lab.skopeo import find_skopeo

DEBIAN_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
BOTH = ("linux/amd64", "linux/arm64")
AT_ONCE = 2
TOOLCHAINS = ("apt", "cargo", "cmake", "gcc", "libc6-dev", "make", "rustc")
CROSS_PACKAGES = (
    "g++",
    "g++-aarch64-linux-gnu",
    "gcc-aarch64-linux-gnu",
    "libc6-dev-arm64-cross",
    "libstd-rust-dev:arm64",
)
"""What compiles for arm64 on amd64, beside what a stage has already."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Base:
    """A base image of several platforms.

    Attributes:
        name: `repository:tag`.
        platforms: In the order of the index.
        layers: Makes the tars of a platform's layers, lowest first.
        env: The image's environment.
        recipe: Changes when `layers` makes something else, so that caches notice.
    """

    name: str
    platforms: tuple[str, ...]
    layers: Callable[[str], tuple[Path, ...]]
    env: dict[str, str] = field(default_factory=lambda: {"PATH": DEBIAN_PATH})
    recipe: str = "1"

    def root(self, platform: str) -> Root:
        """Make what the image of one platform consists of."""
        layers = self.layers(platform)
        return Root(platform=platform, layers=layers, env=self.env, cmd=("sh",))


BASES = (
    Base(
        name="busybox:1",
        platforms=tuple(MACHINES),
        layers=lambda platform: (busybox_root(platform),),
        env={"PATH": "/bin"},
    ),
    Base(
        name="debian:bookworm",
        platforms=BOTH,
        layers=lambda platform: (debian_root(platform),),
    ),
    Base(
        name="gcc:12",
        platforms=BOTH,
        layers=lambda platform: (debian_root(platform, COMPILER),),
    ),
    Base(
        name="buildpack-deps:bookworm",
        platforms=BOTH,
        layers=lambda platform: (
            debian_root(platform, TOOLCHAINS),
            packages_layer(platform, CROSS_PACKAGES if platform == BOTH[0] else ()),
        ),
    ),
    Base(
        name="node:22",
        platforms=BOTH,
        layers=lambda platform: (debian_root(platform, ("libstdc++6",)), node_layer(platform)),
    ),
    Base(
        name="nginx:1",
        platforms=BOTH,
        layers=lambda platform: (busybox_root(platform),),
        env={"PATH": "/bin"},
    ),
    Base(
        name="golang:1",
        platforms=BOTH,
        layers=lambda platform: (debian_root(platform), go_layer(platform)),
        # Nothing is fetched in a build: no other toolchain, no modules.
        env={
            "PATH": f"/usr/local/go/bin:{DEBIAN_PATH}",
            "GOTOOLCHAIN": "local",
            "GOPROXY": "off",
            "GOFLAGS": "-buildvcs=false",
        },
    ),
)


def bases_place() -> Path:
    """Return the folder with the filled storage; `make_bases` makes it."""
    return keyed("bases", [(b.name, b.platforms, sorted(b.env.items()), b.recipe) for b in BASES])


def make_bases(tell: Callable[[str], None]) -> None:
    """Make the base images and fill a registry's storage with them, unless that is done.

    Raises:
        Missing: A part that this needs is not here.
    """
    if bases_place().exists():
        return
    if os.geteuid() != 0:
        raise Missing("not root", "run `python -m tests.lab setup` as root")
    jobs = sorted({(base.name, p) for base in BASES for p in base.platforms}, reverse=True)
    named = {base.name: base for base in BASES}
    with ThreadPoolExecutor(AT_ONCE) as pool:

        def make(job: tuple[str, str]) -> tuple[tuple[str, str], Root]:
            tell(f"{job[0]} for {job[1]}")
            return job, named[job[0]].root(job[1])

        roots = dict(pool.map(make, jobs))
    tell("filling the base registry")
    make_once(bases_place(), lambda folder: _fill(folder, roots))


def _fill(folder: Path, roots: dict[tuple[str, str], Root]) -> None:
    digests = {}
    with work_folder() as work:
        (work / "registry").mkdir()
        skopeo = find_skopeo(work / "auth.json")
        with running_registry(work / "registry", storage=folder / "content") as registry:
            for base in BASES:
                repository, _, tag = base.name.partition(":")
                layout = work / repository
                layout.mkdir()
                images = [roots[base.name, platform] for platform in base.platforms]
                digests[base.name] = LayoutWriter(layout).write_index(images, tag)
                target = f"docker://{registry.reference(base.name)}"
                skopeo.copy(f"oci:{layout}:{tag}", target, "--all", "--preserve-digests")
    (folder / "digests.json").write_text(json.dumps(digests))


def base_digests() -> dict[str, str]:
    """Return the digest of each base's index by name.

    Raises:
        Missing: The set-up has not made them.
    """
    if not bases_place().exists():
        raise Missing("no base images here", "run `python -m tests.lab setup` as root")
    digests: dict[str, str] = json.loads((bases_place() / "digests.json").read_bytes())
    return digests


@contextmanager
def running_base_registry(folder: Path) -> Iterator[Registry]:
    """Run a read-only registry of the base images.

    Raises:
        Missing: The set-up has not made them, or there is no registry.
    """
    base_digests()
    storage = bases_place() / "content"
    with running_registry(folder, storage=storage, read_only=True) as registry:
        yield registry
