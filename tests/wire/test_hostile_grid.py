"""Every way to publish in front of every habit of a registry, the rule held after every request.

Three registries, the middle one hostile. A tag points to the old complete index or to the new
complete index, never to less; all of them together, or what is apart is told. What is told is
compared with what the storages hold, and a second run in a better world ends where it should.
"""

import asyncio
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass, replace
from pathlib import Path

import pytest

from polyarch.content.memory import MemoryStore
from polyarch.events import ignore
from polyarch.net.endpoint import Endpoint
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.edit import with_platforms
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.registry.credential import Credential, FixedKeychain
from polyarch.sandbox.auth import Account
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call, refusal
from polyarch.transaction.run import publish
from polyarch.transaction.values import (
    OnRegistryFailure,
    Options,
    Outcome,
    Status,
    Submission,
    TagStatus,
    Target,
)
from tests.support.hostile import Watch, Watched, put_whole
from tests.support.hostile_quirks import (
    ELSEWHERE,
    REGISTRIES,
    REPOSITORY,
    RIVAL,
    SWITCHES,
    Hostile,
    switches,
)
from tests.support.images import MadeImage, make_image, make_index
from tests.support.simulated import WALL_S, loop_clock, simulated
from tests.support.tls import self_signed

TAGS = ("1.2.3", "1.2", "latest")
EDGE = "edge"
"""A tag that no run here is asked to move."""
SIBLING = "team/base"
USER, PASSWORD = "robot", "s3cret"

OLD, NEW = make_index(content=b"old"), make_index(content=b"new")
OLD_AMD = make_index(["linux/amd64"], content=b"old")
ARM = make_index(["linux/arm64"], content=b"new")
HOSTILE = {**SWITCHES, **REGISTRIES}


def manifest_of(made: MadeImage, child: Descriptor) -> ImageManifest:
    return ImageManifest.parse(made.store.open(child).read(), child.media_type)


def root_of(made: MadeImage) -> Digest:
    return made.index.descriptor.digest


def attested(made: MadeImage) -> MadeImage:
    """The same with an artifact beside its images, whose config is the empty one."""
    empty = made.store.add(mediatype.EMPTY, b"{}")
    artifact = ImageManifest.build(config=empty, layers=[empty])
    made.store.add(artifact.descriptor.media_type, artifact.raw)
    children = (*made.children, artifact.descriptor)
    index = ImageIndex.build(children)
    made.store.add(index.descriptor.media_type, index.raw)
    return MadeImage(store=made.store, index=index, children=children)


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """One way to publish: what stood under the tags, what is to stand there, and how it is asked.

    `blocked`: the last registry does not take `latest`, so that all has to be put back. `late`: the
    hostile registry is friendly until the first tag moves anywhere.
    """

    old: Mapping[str, MadeImage | None]
    made: MadeImage = NEW
    root: ImageIndex | ImageManifest | None = None
    merge: bool = False
    aliases: Mapping[str, ImageManifest] | None = None
    mounted: bool = False
    blocked: bool = False
    late: bool = False
    policy: OnRegistryFailure = OnRegistryFailure.ABORT
    rollback: bool = True

    @property
    def tags(self) -> tuple[str, ...]:
        return tuple(self.old)


def _single() -> Way:
    [child, _] = NEW.children
    manifest = manifest_of(NEW, child)
    return Way(old=dict.fromkeys(TAGS, OLD_AMD), root=manifest)


def _aliases() -> Way:
    names = ("latest-amd64", "latest-arm64")
    aliases = {n: manifest_of(NEW, c) for n, c in zip(names, NEW.children, strict=True)}
    return Way(
        old={"latest": OLD, names[0]: OLD_AMD, names[1]: None},
        aliases=aliases,
    )


FIRST = Way(old=dict.fromkeys(TAGS))
MOVE = Way(old=dict.fromkeys(TAGS, OLD))
MIXED = Way(old={"1.2.3": None, "1.2": OLD, "latest": NEW})
OTHERWISE = Way(old={"1.2.3": OLD, "1.2": None, "latest": OLD})

WAYS: Mapping[str, Way] = {
    "first": FIRST,
    "move": MOVE,
    "mixed": MIXED,
    "unchanged": Way(old=dict.fromkeys(TAGS, NEW)),
    "merge": replace(MOVE, made=ARM, merge=True),
    "single": _single(),
    "aliases": _aliases(),
    "mounted": replace(MOVE, mounted=True),
    "back-first": replace(FIRST, blocked=True),
    "back-move": replace(MOVE, blocked=True),
    "back-otherwise": replace(OTHERWISE, blocked=True),
    "back-aliases": replace(_aliases(), blocked=True),
    "late-first": replace(FIRST, late=True),
    "late-move": replace(MOVE, late=True),
    "late-otherwise": replace(OTHERWISE, late=True),
}


class Scene:
    """Three registries, the middle one hostile, and a second server over its storage."""

    def __init__(self, way: Way, hard: Hostile, folder: Path) -> None:
        self.way = way
        self.hard = hard
        account = Account(username=USER, password=PASSWORD)
        loop = asyncio.get_running_loop()
        auth = BearerAuth(account, clock=lambda: WALL_S + loop.time()) if hard.bearer else None
        self.tls = self_signed(folder) if hard.tls else None
        middle = SandboxRegistry(auth=auth, ssl_context=self.tls.server if self.tls else None)
        self.registries = (SandboxRegistry(), middle, SandboxRegistry())
        self.elsewhere = SandboxRegistry(storage=middle.storage)
        self.made = attested(way.made) if hard.attested else way.made
        self.root = (way.root if not hard.attested else None) or self.made.index
        self.watched: tuple[Watched, ...] = ()
        self.watch = Watch(())

    @property
    def middle(self) -> SandboxRegistry:
        return self.registries[1]

    def furnish(self) -> None:
        """Let all stand as it did before the run."""
        for registry in self.registries:
            for made in {id(made): made for made in self.way.old.values() if made}.values():
                put_whole(registry.storage, REPOSITORY, made)
            for tag, stood in self.way.old.items():
                if stood:
                    registry.storage.put_tag(REPOSITORY, tag, root_of(stood))
            if any(self.way.old.values()):
                put_whole(registry.storage, REPOSITORY, OLD)
                registry.storage.put_tag(REPOSITORY, EDGE, root_of(OLD))
            if self.way.mounted:
                put_whole(registry.storage, SIBLING, self.made)
        if self.hard.quirks.rival:
            put_whole(self.middle.storage, REPOSITORY, RIVAL)
        self.watched = tuple(self._watched(registry) for registry in self.registries)
        self.watch = Watch(self.watched)

    def _watched(self, registry: SandboxRegistry) -> Watched:
        hostile = registry is self.middle
        edge = {EDGE: root_of(OLD)} if any(self.way.old.values()) else {}
        return Watched(
            name=f"{'hostile' if hostile else 'friendly'} {registry.host}",
            storage=registry.storage,
            repository=REPOSITORY,
            old={t: made and root_of(made) for t, made in self.way.old.items()} | edge,
            new=self._new(),
            others=self._others() if hostile else frozenset(),
        )

    def _new(self) -> Mapping[str, Digest]:
        """What each tag is to get."""
        root, aliases = self.root, self.way.aliases or {}
        if self.way.merge and isinstance(root, ImageIndex):
            root = with_platforms(OLD.index, root)
        return {
            tag: aliases[tag].descriptor.digest if tag in aliases else root.descriptor.digest
            for tag in self.way.tags
        }

    def _others(self) -> frozenset[Digest]:
        """What may stand there because somebody else was at work as well."""
        if not self.hard.quirks.rival:
            return frozenset()
        merged = with_platforms(RIVAL.index, ARM.index).descriptor.digest
        return frozenset({root_of(RIVAL), merged} if self.way.merge else {root_of(RIVAL)})

    def submission(self, *, fewer: bool) -> Submission:
        way = self.way
        return Submission(
            name="app",
            root=self.root,
            source=self.made.store,
            targets=tuple(
                Target(
                    repository=Repository.parse(f"{registry.host}/{REPOSITORY}"),
                    tags=way.tags,
                    moving=frozenset({"latest"}),
                    merge=way.merge,
                    fewer=fewer,
                    aliases=way.aliases or {},
                )
                for registry in self.registries
            ),
            mount_from=tuple(
                Repository.parse(f"{registry.host}/{SIBLING}") for registry in self.registries
            )
            if way.mounted
            else (),
        )

    def release(self) -> None:
        """Let the registries be what the cell says."""
        for registry in self.registries:
            registry.quirks = Quirks(on_request=self._looking)
        if self.way.late:
            for registry in self.registries:
                registry.quirks = Quirks(on_request=self._until_a_tag_moves)
        else:
            self.harden()
        if self.way.blocked:
            self.registries[2].quirks = Quirks(on_request=self._blocking)

    def harden(self) -> None:
        quirks = self.hard.quirks
        places = {
            name: self.elsewhere.url
            for name in ("upload_origin", "redirect_blobs")
            if getattr(quirks, name) == ELSEWHERE
        }
        clock = asyncio.get_running_loop().time
        self.elsewhere.quirks = Quirks(signed_urls=quirks.signed_urls, clock=clock)
        self.middle.quirks = replace(
            quirks, on_request=self._looking, clock=clock, signed_urls=False, **places
        )

    def soften(self) -> None:
        """Let all be well."""
        for registry in self.registries:
            registry.quirks = Quirks(on_request=self._looking)

    async def _looking(self, _call: Call) -> None:
        self.watch.look()

    async def _blocking(self, call: Call) -> Answer | None:
        self.watch.look()
        moves = call.method == "PUT" and call.target.item == self.way.tags[-1]
        return refusal("TAG_INVALID", "this tag is immutable") if moves else None

    async def _until_a_tag_moves(self, call: Call) -> None:
        self.watch.look()
        if call.method == "PUT" and call.target.item in self.way.tags:
            for registry in self.registries:
                registry.quirks = Quirks(on_request=self._looking)
            self.harden()

    def client(self) -> RegistryClient:
        endpoint = self.tls and Endpoint(url=self.middle.url, ca_file=self.tls.ca)
        login = Credential(source="the test", username=USER, secret=PASSWORD)
        return RegistryClient(
            keychain=FixedKeychain(login),
            endpoints={self.middle.host: endpoint} if endpoint else {},
            clock=loop_clock(),
            profiles={self.middle.host: self.hard.profile},
        )

    async def run(self, *, fewer: bool = False) -> tuple[Outcome, ...]:
        async with self.client() as client:
            outcomes = await publish(
                [self.submission(fewer=fewer)],
                client,
                ignore,
                on_failure=self.way.policy,
                options=Options(rollback=self.way.rollback, owner="the test"),
            )
        self.watch.look()
        return outcomes


STANDS = frozenset({Status.PUBLISHED, Status.UNCHANGED})
NEWLY = frozenset({TagStatus.CREATED, TagStatus.MOVED, TagStatus.UNCHANGED})
AS_BEFORE = frozenset({TagStatus.RESTORED, TagStatus.KEPT})


def lies(outcome: Outcome, watched: Watched) -> Iterator[str]:
    """Where what is told of one repository is not what stands there."""
    told = {tag.tag: tag for tag in outcome.tags}
    for tag, new in watched.new.items():
        now, old = watched.tag(tag), watched.old[tag]
        found = told.get(tag)
        where = f"{watched.name}:{tag}, {found.status if found else 'untold'}"
        theirs = now in watched.others
        if found is None:
            if now != old and not theirs:
                yield f"{where}: something else stands there now"
            continue
        if found.status in NEWLY and now != new and not theirs:
            yield f"{where}: it is not what was published"
        if found.status in AS_BEFORE and now != old and not theirs:
            yield f"{where}: it is not what it was"
        if found.status is TagStatus.LEFT and found.digest is None:
            continue  # nobody could ask
        if found.status is TagStatus.LEFT and now != new:
            yield f"{where}: nothing new stands there"
        if found.status is TagStatus.FAILED and now == new != old:
            yield f"{where}: something new stands there"
        if found.digest != now and not theirs:
            yield f"{where}: {now} stands there, {found.digest} is told"
    news = [watched.tag(tag) == new for tag, new in watched.new.items()]
    if outcome.status in STANDS and not all(news) and not watched.others:
        yield f"{watched.name}, {outcome.status}: not all tags are new"
    if outcome.status in {Status.SKIPPED, Status.FAILED, Status.ROLLED_BACK}:
        if not watched.is_old and not watched.others:
            yield f"{watched.name}, {outcome.status}: not all tags are as before"


def together(outcomes: Sequence[Outcome], watched: Sequence[Watched]) -> bool:
    """Whether all registries show the same, or something left is told."""
    if any(outcome.status is Status.LEFT for outcome in outcomes):
        return True
    friendly = [each for each in watched if not each.others]
    return all(each.is_new for each in friendly) or all(each.is_old for each in friendly)


def run_cell(way: Way, hard: Hostile, folder: Path) -> tuple[Outcome, ...]:
    async def cell() -> tuple[Outcome, ...]:
        scene = Scene(way, hard, folder)
        async with AsyncExitStack() as stack:
            for registry in (*scene.registries, scene.elsewhere):
                await stack.enter_async_context(registry)
            scene.furnish()
            scene.release()
            outcomes = await scene.run()
            broken = list(scene.watch.broken)
            assert scene.watch.looks > len(scene.registries)
            told = [
                lie
                for outcome, watched in zip(outcomes, scene.watched, strict=True)
                for lie in lies(outcome, watched)
            ]
            all_stand = all(outcome.status in STANDS for outcome in outcomes)
            assert broken == []
            assert told == []
            assert together(outcomes, scene.watched)
            assert all_stand or any(outcome.error for outcome in outcomes), "nobody says why"
            if hard.passes and not way.blocked:
                assert all_stand, [str(each.error) for each in outcomes]
            if not all_stand:
                scene.soften()
                again = await scene.run(fewer=bool(hard.quirks.rival))
                assert all(each.status in STANDS for each in again), again
                assert all(each.is_new for each in scene.watched)
                assert list(scene.watch.broken) == []
            return outcomes

    return simulated(cell())


def test_no_switch_is_left_out() -> None:
    told = {name.partition("-")[0] for name in SWITCHES}
    assert [name for name in switches() if name not in told] == []


@pytest.mark.parametrize("hard", HOSTILE)
@pytest.mark.parametrize("way", WAYS)
def test_the_rule_holds(way: str, hard: str, tmp_path: Path) -> None:
    run_cell(WAYS[way], HOSTILE[hard], tmp_path)
