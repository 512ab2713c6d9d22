"""Acts on published images that are killed: three registries, several images, trial after trial."""

import shutil
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import count

from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.killing import Killer, Strike
from tests.support.released import Released
from tests.support.tiny_project import NOTHING, Said, TinyProject
from tests.support.warm import WarmPolyarch
from tests.support.whole import Shelf

State = Mapping[tuple[str, str, str], str]
"""The digest under each tag, by host, image and tag."""

PLATFORMS = 2


@dataclass(kw_only=True)
class KilledActs:
    """`normal` is how each registry is when nobody is killed."""

    released: Released
    registries: Sequence[SandboxRegistry]
    warm: WarmPolyarch
    normal: Sequence[Quirks]
    machines: "count[int]" = field(default_factory=count)
    kills: int = 0

    def fresh(self) -> TinyProject:
        """The project on a machine that has nothing of ours but what is versioned."""
        home = self.released.project
        root = home.root.parent / f"machine-{next(self.machines)}" / "project"
        shutil.copytree(home.root, root, ignore=shutil.ignore_patterns(".polyarch"))
        state = {"XDG_STATE_HOME": str(root.parent / "state")}
        return TinyProject(root=root, environment={**home.environment, **state})

    def run(self, where: TinyProject, *words: str) -> Said:
        """One run that nobody kills."""
        return self.warm.start(where, *words).wait()

    def kill(
        self,
        where: TinyProject,
        strike: Strike,
        *words: str,
        applied: bool = False,
        more: Mapping[str, str] = NOTHING,
    ) -> Killer:
        """One run that is killed at the moment, or comes to its end where that never comes."""
        killer = Killer(where.root.parent, strike, applied=applied)
        for registry, normal in zip(self.registries, self.normal, strict=True):
            registry.quirks = replace(normal, on_request=killer.before(None))
        life = self.warm.start(where, *words, more=more)
        killer.aim(life.pid)
        said = life.wait()
        for registry, normal in zip(self.registries, self.normal, strict=True):
            registry.quirks = normal
        assert said.code == (-9 if killer.struck else 0), said
        self.kills += bool(killer.struck)
        return killer

    def look(self) -> State:
        """What every tag shows; each shows an index whole, with all of its platforms."""
        found: dict[tuple[str, str, str], str] = {}
        for host in self.released.hosts:
            for image in self.released.images:
                for tag, standing in Shelf(host=host, repository=f"team/{image}").tags().items():
                    if tag.startswith(("sha256-", "polyarch-")):
                        continue
                    assert not standing.flaws, (host, image, tag, standing)
                    assert len(standing.children) == PLATFORMS, (host, image, tag, standing)
                    found[host, image, tag] = standing.digest
        return found

    def judge(self, old: State, new: State, when: object) -> None:
        """See that every tag shows what it showed, or what it is to show."""
        for key, digest in self.look().items():
            assert digest in {old.get(key), new.get(key)}, (key, digest, str(when))
