"""A stage for the rule of publishing: three registries, the middle one hostile, all watched."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import replace
from pathlib import Path

from polyarch.events import ignore
from polyarch.net.endpoint import Endpoint
from polyarch.oci.digest import Digest
from polyarch.oci.edit import with_platforms
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.registry.credential import Credential, FixedKeychain
from polyarch.sandbox.auth import Account
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, refusal
from polyarch.transaction.journal import Journal
from polyarch.transaction.run import publish
from polyarch.transaction.values import (
    Options,
    Outcome,
    Submission,
    Target,
)
from tests.support.hostile import Watch, Watched, put_whole
from tests.support.hostile_quirks import (
    ELSEWHERE,
    REPOSITORY,
    RIVAL,
    Hostile,
)
from tests.support.hostile_told import STANDS, is_together, lies
from tests.support.hostile_ways import ARM, OLD, Way, attested, root_of
from tests.support.in_process import InProcessRegistry, connecting
from tests.support.simulated import WALL_S, loop_clock
from tests.support.tls import self_signed

EDGE = "edge"
"""A tag that no run here is asked to move."""
SIBLING = "team/base"
USER, PASSWORD = "robot", "s3cret"


class Scene:
    """Three registries, the middle one hostile, and a second server over its storage.

    `times` says when each request came to the middle one, `at` what happens with which of them: it
    counts from the next one on.
    """

    def __init__(self, way: Way, hard: Hostile, folder: Path) -> None:
        self.way = way
        self.hard = hard
        account = Account(username=USER, password=PASSWORD)
        self.ahead_s = 0.0
        auth = BearerAuth(account, clock=self._service_time) if hard.bearer else None
        self.tls = self_signed(folder) if hard.tls else None
        middle = SandboxRegistry(auth=auth, ssl_context=self.tls.server if self.tls else None)
        self.friendly = (InProcessRegistry("127.0.0.1:1"), InProcessRegistry("127.0.0.1:3"))
        self.registries = (self.friendly[0], middle, self.friendly[1])
        self.middle = middle
        self.elsewhere = SandboxRegistry(storage=middle.storage)
        self.made = attested(way.made) if hard.attested else way.made
        self.root = (way.root if not hard.attested else None) or self.made.index
        self.watched: tuple[Watched, ...] = ()
        self.watch = Watch(())
        self.times: list[float] = []
        self.at: dict[int, Callable[[], None]] = {}

    def _service_time(self) -> float:
        """What the clock of the token service shows, ahead of ours if it is said to be."""
        return WALL_S + asyncio.get_running_loop().time() + self.ahead_s

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

    def _watched(self, registry: SandboxRegistry | InProcessRegistry) -> Watched:
        hostile = registry is self.middle
        stood = self.way.old.items()
        old = {tag: root_of(made) if made else None for tag, made in stood}
        if any(old.values()):
            old[EDGE] = root_of(OLD)
        return Watched(
            name=f"{'hostile' if hostile else 'friendly'} {registry.host}",
            storage=registry.storage,
            repository=REPOSITORY,
            old=old,
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
        """Let the hostile one be hostile from here on; signed URLs lead to the other server."""
        quirks, clock = self.hard.quirks, asyncio.get_running_loop().time
        self.elsewhere.quirks = Quirks(signed_urls=quirks.signed_urls, clock=clock)
        self.middle.quirks = replace(
            quirks,
            on_request=self._looking,
            clock=clock,
            signed_urls=False,
            upload_origin=self._placed(quirks.upload_origin),
            redirect_blobs=self._placed(quirks.redirect_blobs),
        )

    def _placed(self, origin: str | None) -> str | None:
        return self.elsewhere.url if origin == ELSEWHERE else origin

    @property
    def now(self) -> float:
        """Seconds since the beginning."""
        return asyncio.get_running_loop().time()

    def trouble(self, quirks: Quirks) -> None:
        """Let the middle one meet with this from the next request on."""
        self.middle.quirks = self.watching(quirks)

    def watching(self, quirks: Quirks) -> Quirks:
        """These quirks, under the eyes of the test."""
        clock = asyncio.get_running_loop().time
        return replace(quirks, on_request=self._looking, clock=clock)

    def soften(self) -> None:
        """Let all be well, from here on."""
        self.at.clear()
        for registry in self.registries:
            registry.quirks = Quirks(on_request=self._looking)

    async def _looking(self, call: Call) -> None:
        self.watch.look(call.storage)
        if call.storage is self.middle.storage:
            self.times.append(asyncio.get_running_loop().time())
            if act := self.at.pop(len(self.times), None):
                act()

    async def _blocking(self, call: Call) -> Answer | None:
        await self._looking(call)
        moves = call.method == "PUT" and call.target.item == "latest"
        return refusal("TAG_INVALID", "this tag is immutable") if moves else None

    async def _until_a_tag_moves(self, call: Call) -> None:
        await self._looking(call)
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
            connect=connecting({registry.host: registry for registry in self.friendly}),
        )

    async def run(
        self,
        *,
        fewer: bool = False,
        deadline_s: float | None = None,
        journal: Journal | None = None,
    ) -> tuple[Outcome, ...]:
        try:
            async with self.client() as client:
                return await publish(
                    [self.submission(fewer=fewer)],
                    client,
                    ignore,
                    on_failure=self.way.policy,
                    options=Options(
                        rollback=self.way.rollback, owner="the test", deadline_s=deadline_s
                    ),
                    journal=journal,
                )
        finally:
            self.watch.look()

    def judge(self, outcomes: Sequence[Outcome]) -> None:
        """Hold what was seen against the rule, and what was told against what stands."""
        assert list(self.watch.broken) == []
        assert self.watch.looks > len(self.registries)
        told = zip(outcomes, self.watched, strict=True)
        assert [lie for outcome, watched in told for lie in lies(outcome, watched)] == []
        assert is_together(outcomes, self.watched, self.way.policy)
        stands = all(outcome.status in STANDS for outcome in outcomes)
        assert stands or any(outcome.error for outcome in outcomes), "nobody says why"

    async def converge(self) -> None:
        """See another run, when all is well, end where it should."""
        self.soften()
        outcomes = await self.run(fewer=bool(self.hard.quirks.rival))
        assert all(each.status in STANDS for each in outcomes), outcomes
        assert all(each.is_new for each in self.watched)
        assert list(self.watch.broken) == []

    @classmethod
    @asynccontextmanager
    async def open(cls, way: Way, hard: Hostile, folder: Path) -> AsyncIterator["Scene"]:
        """All of it, running."""
        scene = cls(way, hard, folder)
        async with AsyncExitStack() as stack:
            for registry in (*scene.registries, scene.elsewhere):
                await stack.enter_async_context(registry)
            scene.furnish()
            scene.release()
            yield scene
