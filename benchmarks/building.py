"""One Dockerfile for several platforms, from the checkout to three registries on loopback.

polyarch plans, builds, proves and publishes; its rival is one build of the same engine for all
platforms, as its users call it. Each side has registries, a checkout and an engine of its own.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import count

from benchmarks.checkout import Checkout
from benchmarks.clients import POLYARCH
from benchmarks.places import Places, places
from benchmarks.processes import run_all
from tests.lab.bases import running_base_registry
from tests.lab.cache import work_folder
from tests.lab.registries import Registry
from tests.support.lines import Line

REPOSITORY = "team/server"
TAG = "main"
CONFIG = """\
[images.server]
engine = "{engine}"
platforms = [{platforms}]
repositories = [{repositories}]
tags = ["type=ref,event=branch"]
"""
IGNORED = "polyarch.toml\n.polyarch\n.git\n.gitignore\n"


@dataclass(frozen=True, slots=True, kw_only=True)
class Source:
    """What is built.

    Attributes:
        platforms: For which.
        dockerfile: With `{golang}` and `{busybox}` for the bases.
        files: Beside it.
        line: The file whose one line changes, and that line with `{}` for a number.
    """

    platforms: tuple[str, ...]
    dockerfile: str
    files: Mapping[str, str]
    line: tuple[str, str]

    def at(self, number: int, bases: Registry) -> dict[str, str]:
        """All files, with that number in the line that changes."""
        names = {name: bases.reference(f"{name}:1") for name in ("golang", "busybox")}
        name, line = self.line
        changed = self.files.get(name, "") + line.format(number) + "\n"
        return {
            **self.files,
            name: changed,
            "Dockerfile": self.dockerfile.format(**names),
            ".dockerignore": IGNORED,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """Where both sides publish one source; `numbers` makes each commit another."""

    source: Source
    bases: Registry
    where: Places
    numbers: "count[int]"

    def checkout(self, engine: str) -> Checkout:
        """A checkout to be published with an engine."""
        listed = [f'"{place.host}/{REPOSITORY}"' for place in self.where.every]
        config = CONFIG.format(
            engine=engine,
            platforms=", ".join(f'"{platform}"' for platform in self.source.platforms),
            repositories=", ".join(listed),
        )
        number = next(self.numbers)
        files = {"polyarch.toml": config, **self.source.at(number, self.bases)}
        return Checkout.make(self.where.folder / f"checkout-{number}", files)

    def change(self, checkout: Checkout) -> None:
        """Change one line."""
        checkout.commit(self.source.at(next(self.numbers), self.bases))

    def polyarch(self, checkout: Checkout, env: Mapping[str, str]) -> float:
        """Seconds that `polyarch publish` takes."""
        return _elapsed(checkout, env, [POLYARCH, "publish", "--allow-local", "--quiet"])

    def buildx(self, checkout: Checkout, env: Mapping[str, str], *more: str) -> float:
        """Seconds that `docker buildx build --push` takes."""
        tags = [f"--tag={place.host}/{REPOSITORY}:{TAG}" for place in self.where.every]
        build = ["docker", "buildx", "build", "--quiet", "--push", "--provenance=false"]
        return _elapsed(checkout, env, [*build, *more, self._platforms, *tags, "."])

    def elsewhere(self, checkout: Checkout) -> Checkout:
        """The same commit with no local state; a folder's name stands in labels, so it stays."""
        machine = self.where.folder / f"machine-{next(self.numbers)}"
        return checkout.elsewhere(machine / checkout.folder.name)

    def buildah(self, checkout: Checkout, env: Mapping[str, str]) -> float:
        """Seconds that Buildah takes for one manifest list and for pushing it three times."""
        listed = f"localhost/list-{next(self.numbers)}"
        build = ["buildah", "build", "--quiet", "--layers", "--tls-verify=false"]
        build += [self._platforms, f"--manifest={listed}", "."]
        push = ["buildah", "manifest", "push", "--quiet", "--all", "--tls-verify=false", listed]
        places = [f"docker://{place.host}/{REPOSITORY}:{TAG}" for place in self.where.every]
        return _elapsed(checkout, env, build, *([*push, place] for place in places))

    @property
    def _platforms(self) -> str:
        return f"--platform={','.join(self.source.platforms)}"


def _elapsed(checkout: Checkout, env: Mapping[str, str], *commands: Sequence[str]) -> float:
    """Seconds that the commands take, one after the other."""
    taken = [run_all([command], env=env, folder=checkout.folder) for command in commands]
    return sum(each.elapsed_s for each in taken)


@contextmanager
def grounds(source: Source, lines: Sequence[Line] = ()) -> Iterator[tuple[Ground, Ground]]:
    """Ours and the rival's, which hold nothing yet; `lines` lead to the registries."""
    numbers = count(1)
    with (
        work_folder() as folder,
        running_base_registry(folder) as bases,
        places(lines=lines) as ours,
        places(lines=lines) as other,
    ):
        mine, theirs = (
            Ground(source=source, bases=bases, where=where, numbers=numbers)
            for where in (ours, other)
        )
        yield mine, theirs
