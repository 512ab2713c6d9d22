"""Which runtimes there are, what is wrong with each here, and which of them runs an image."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property

from polyarch.oci.platform import Platform
from polyarch.runtimes import bubblewrap, buildah, docker, proot
from polyarch.runtimes.base import INSTALL_QEMU, Runtime, RuntimeInfo

AUTO = "auto"

RUNTIMES: Mapping[str, Callable[[Mapping[str, str]], Runtime]] = {
    docker.DOCKER: docker.docker,
    docker.PODMAN: docker.podman,
    buildah.NAME: buildah.Buildah,
    bubblewrap.NAME: bubblewrap.Bubblewrap,
    proot.NAME: proot.Proot,
}
"""What makes each runtime from the environment of its programs, the preferred one first."""


def find_runtimes(environment: Mapping[str, str]) -> tuple[RuntimeInfo, ...]:
    """Ask for all of them, in their order; never raises."""
    return tuple(make(environment).probe() for make in RUNTIMES.values())


@dataclass(frozen=True, slots=True, kw_only=True)
class Refusal:
    """A runtime that does not do, and why; the texts are for people."""

    name: str
    problem: str
    hint: str


class Choice:
    """The runtimes of an environment, asked once each and only when it comes to them.

    `wanted` is a runtime's name, or `auto`.
    """

    def __init__(self, environment: Mapping[str, str], wanted: str = AUTO) -> None:
        self._environment = environment
        self._wanted = wanted

    @cached_property
    def _asked(self) -> dict[str, tuple[Runtime, RuntimeInfo]]:
        return {}

    def fitting(self, platform: Platform) -> Iterator[tuple[Runtime, RuntimeInfo]]:
        """Those that run programs of a platform, the preferred one first."""
        later = []
        for name in self._names:
            runtime, info = self._ask(name)
            if info.how(platform) and info.last:
                later.append((runtime, info))
            elif info.how(platform):
                yield runtime, info
        yield from later

    def refusals(self, platform: Platform) -> tuple[Refusal, ...]:
        """Why each of the others does not do."""
        found = []
        for name in self._names:
            problem, hint = self._ask(name)[1].why_not(platform)
            if problem:
                found.append(Refusal(name=name, problem=problem, hint=hint))
        if not self._names:
            known = ", ".join(f"`{name}`" for name in RUNTIMES)
            problem = "there is no such runtime"
            found.append(Refusal(name=self._wanted, problem=problem, hint=f"name one of {known}"))
        return tuple(found)

    @property
    def _names(self) -> tuple[str, ...]:
        if self._wanted == AUTO:
            return tuple(RUNTIMES)
        return (self._wanted,) if self._wanted in RUNTIMES else ()

    def _ask(self, name: str) -> tuple[Runtime, RuntimeInfo]:
        if name not in self._asked:
            runtime = RUNTIMES[name](self._environment)
            self._asked[name] = (runtime, runtime.probe())
        return self._asked[name]


def advice(refusals: tuple[Refusal, ...]) -> str:
    """What to do about one of the refusals: an emulator helps most, then what is easiest."""
    hints = [refusal.hint for refusal in refusals if refusal.hint]
    if INSTALL_QEMU in hints:
        return INSTALL_QEMU
    easiest = [each.hint for each in refusals if each.name == bubblewrap.NAME and each.hint]
    return (easiest or hints or [""])[0]
