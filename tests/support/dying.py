"""Where runs die: three registries that hold an old index under three tags, and trial after trial.

A trial makes something new, kills the run that brings it, looks, runs again in a fresh folder, and
looks again. What is new then is old in the next trial.
"""

import json
import shutil
import signal
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field, replace
from itertools import count
from pathlib import Path

from polyarch.content.memory import MemoryStore
from polyarch.content.reader import read_small
from polyarch.oci import annotation, mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.sandbox.quirks import OnRequest, Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.transaction import lock, park
from tests.support.images import make_index
from tests.support.killing import (
    IsTime,
    Killer,
    Moment,
    Steps,
    Strike,
    Tags,
    Tally,
    is_apart,
    kill_at,
)
from tests.support.places import laid
from tests.support.tiny_project import NOTHING, Said, TinyProject, github
from tests.support.warm import Life, WarmPolyarch
from tests.support.whole import Shelf, Standing

PLATFORMS = ("linux/ppc64le", "linux/s390x")
REPOSITORY = "team/app"
OURS = frozenset({park.TAG, lock.TAG})
TAGS = ("1.2", "main", "latest")
NAME = "new"
"""Of an image in its layout."""

TOML = """\
[images.app]
engine = "direct"
platforms = ["linux/ppc64le", "linux/s390x"]
repositories = {repositories}
tags = [
  "type=ref,event=branch",
  "type=raw,value=latest",
  "type=semver,pattern={{{{major}}}}.{{{{minor}}}},value=1.2.3",
]
[images.app.direct]
run = ["sh", "make.sh", "{{out}}/app"]
files = [{{ from = "{{out}}/app", to = "/app" }}]
"""
NEVER_THE_SAME = 'cat /proc/sys/kernel/random/uuid > "$1"\nchmod +x "$1"\n'


def dying_project(root: Path, hosts: Sequence[str], *, more: str = "") -> TinyProject:
    """A project of three tags that move, whose builds never give the same bytes twice."""
    repositories = json.dumps([f"{host}/{REPOSITORY}" for host in hosts])
    text = TOML.format(repositories=repositories) + more
    project = TinyProject.make(root, {"polyarch.toml": text, "make.sh": NEVER_THE_SAME})
    shutil.rmtree(project.root / ".git" / "hooks", ignore_errors=True)
    return project


@dataclass
class Ground(ABC):
    """What trials need; `old` is the digest under every tag before the next one.

    `normal` is how the registries are when nobody is killed; `constants` are other values for what
    never changes, by full name. `aliases` are tags of single images, which are not looked at.
    `otherwise`: what a registry, by number, answers to what kills nobody.
    """

    project: TinyProject
    registries: Sequence[SandboxRegistry]
    warm: WarmPolyarch
    tally: Tally
    normal: Quirks = field(default_factory=Quirks)
    constants: Mapping[str, float] = field(default_factory=dict)
    aliases: AbstractSet[str] = frozenset()
    otherwise: Mapping[int, OnRequest] = field(default_factory=dict)
    old: str = ""
    revision: str = ""
    machines: "count[int]" = field(default_factory=count)

    @abstractmethod
    def renew(self) -> str:
        """Make something new, and give the revision that tells it from what is old."""

    @property
    @abstractmethod
    def words(self) -> Sequence[str]:
        """The command that brings it."""

    @property
    def more(self) -> Mapping[str, str]:
        """What it needs in its environment."""
        return NOTHING

    @property
    def shelves(self) -> Sequence[Shelf]:
        """The repositories that are looked at."""
        return [Shelf(host=each.host, repository=REPOSITORY) for each in self.registries]

    def begin(self) -> None:
        """Bring what is old in the first trial."""
        self.revision = self.renew()
        said = self.run(self.fresh())
        assert said.code == 0, said
        self.old = self.one()

    def fresh(self) -> TinyProject:
        """The same on a machine that has nothing of ours but what is versioned."""
        root = self.project.root.parent / f"machine-{next(self.machines)}" / "project"
        shutil.copytree(self.project.root, root, ignore=shutil.ignore_patterns(".polyarch"))
        state = {"XDG_STATE_HOME": str(root.parent / "state")}
        return TinyProject(root=root, environment={**self.project.environment, **state})

    def run(self, where: TinyProject, *words: str, room: int | None = None) -> Said:
        """One run that nobody kills; with `room` no file of it can be larger."""
        return self.start(where, *words, room=room).wait()

    def start(self, where: TinyProject, *words: str, room: int | None = None) -> Life:
        """One run under way."""
        return self.warm.start(
            where,
            *self.words,
            *words,
            more=self.more,
            room=room,
            constants=self.constants,
        )

    def behave(self, quirks: Quirks) -> None:
        """Give all registries the same quirks."""
        for registry in self.registries:
            registry.quirks = quirks

    def kill(
        self, where: TinyProject, strike: Strike, *, applied: bool = False, after_bytes: int = 0
    ) -> Killer:
        """One run that is killed at the moment, or comes to its end where that never comes."""
        machine = where.root.parent
        killer = Killer(machine, strike, applied=applied, after_bytes=after_bytes)
        for number, registry in enumerate(self.registries):
            then = self.otherwise.get(number)
            registry.quirks = replace(self.normal, on_request=killer.before(then))
        life = self.start(where)
        killer.aim(life.pid)
        said = life.wait()
        self.behave(self.normal)
        assert said.code == (-9 if killer.struck else 0), said
        if killer.struck:
            self.tally.killed(killer.struck.steps)
        return killer

    def look(self) -> list[Tags]:
        """Every tag of every registry, but those that are only polyarch's."""
        found = [shelf.tags() for shelf in self.shelves]
        return [{tag: tags[tag] for tag in tags.keys() - OURS - self.aliases} for tags in found]

    def one(self) -> str:
        """The one digest that all tags of all registries show."""
        found = self.look()
        assert not is_apart(found), found
        [digest] = {standing.digest for standing in found[0].values()}
        return digest

    def judge(self, when: object) -> None:
        """See after a kill that every tag is old whole or new whole."""
        found = self.look()
        self.tally.look(found, lambda s: s.digest == self.old or self.is_new(s), str(when))

    def is_new(self, standing: Standing) -> bool:
        """Whether a tag shows what the trial brings."""
        return standing.revision == self.revision

    def converge(self, again: Said, when: object) -> None:
        """See after one more run that all tags of all registries came to what is new."""
        assert again.code == 0, (when, again)
        found = self.look()
        self.tally.look_again(found, str(when))
        assert all(self.is_new(standing) for tags in found for standing in tags.values()), when
        self.old = next(iter(found[0].values())).digest

    def trial(self, strike: Strike, *, applied: bool = False) -> Moment | None:
        """The whole of it; gives when the run was killed, None where it came to its end."""
        self.revision = self.renew()
        struck = self.kill(self.fresh(), strike, applied=applied).struck
        if struck:
            self.judge(struck)
            self.converge(self.run(self.fresh()), struck)
        else:
            self.old = self.one()
        self.sweep()
        return struck

    def strike(self, where: TinyProject, is_time: IsTime, *, cold: bool = False) -> Steps:
        """One run that is killed as soon as its journal is so; gives what stands there then.

        With `cold` its process is no fork, but begins as it does for everybody.
        """
        if cold:
            with where.start(*self.words, more=self.more) as process:
                steps = kill_at(process.pid, where.root.parent, is_time)
                told = process.communicate()
            code = process.returncode
        else:
            life = self.start(where)
            steps = kill_at(life.pid, where.root.parent, is_time)
            said = life.wait()
            code, told = said.code, (said.stdout, said.stderr)
        assert code == (-signal.SIGKILL if steps else 0), told
        if steps:
            self.tally.killed(steps)
        return steps

    def sweep(self) -> None:
        """Throw the machines away."""
        for folder in self.project.root.parent.glob("machine-*"):
            shutil.rmtree(folder)


@dataclass
class Publishing(Ground):
    """`publish` of a commit; `logins` are variables that it needs."""

    asked: tuple[str, ...] = ("publish", "--json")
    logins: Mapping[str, str] = field(default_factory=dict)

    def renew(self) -> str:
        # Something else goes in, or what is published would be taken again.
        self.project.write({"round": f"{next(self.machines)}\n"})
        return self.project.commit()

    @property
    def words(self) -> Sequence[str]:
        return self.asked

    @property
    def more(self) -> Mapping[str, str]:
        event = github("push", "refs/heads/main", self.project.git("rev-parse", "HEAD"))
        return {**event, **self.logins}


@dataclass
class Copying(Ground):
    """`copy` of a layout; the image in it is made anew for each trial, as `new_layout` says."""

    size: int = 0

    def renew(self) -> str:
        name = str(next(self.machines))
        new_layout(self.project.root / "layout", name, self.size)
        return name

    @property
    def words(self) -> Sequence[str]:
        places = [f"{each.host}/{REPOSITORY}:{tag}" for each in self.shelves for tag in TAGS]
        return ("copy", "--json", f"oci:layout:{NAME}", *places)


def new_layout(layout: Path, revision: str, size: int = 0) -> None:
    """Write a layout whose image says so; with `size` all platforms share a layer of that length.

    It takes the place of another.
    """
    made = make_index(PLATFORMS, content=revision.encode())
    children = made.children
    if size:
        large = made.store.add(mediatype.OCI_LAYER, revision.encode().ljust(size, b"\0"))
        children = tuple(_with_layer(made.store, child, large) for child in children)
    index = ImageIndex.build(children, annotations={annotation.REVISION: revision})
    made.store.add(index.descriptor.media_type, index.raw)
    shutil.rmtree(layout, ignore_errors=True)
    laid(replace(made, index=index), layout, NAME)


def _with_layer(store: MemoryStore, child: Descriptor, layer: Descriptor) -> Descriptor:
    manifest = ImageManifest.parse(read_small(store, child), child.media_type)
    grown = ImageManifest.build(config=manifest.config, layers=[*manifest.layers, layer])
    store.add(grown.descriptor.media_type, grown.raw)
    return replace(grown.descriptor, platform=child.platform)
