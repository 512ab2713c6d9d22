"""A stage for the rule of publishing: three registries, the middle one hostile, all watched."""

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from polyarch.events import ignore
from polyarch.net.endpoint import Endpoint
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.edit import with_platforms
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.registry.credential import Credential, FixedKeychain
from polyarch.sandbox.auth import Account
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, refusal
from polyarch.transaction.run import publish
from polyarch.transaction.values import (
    OnRegistryFailure,
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
from tests.support.images import MadeImage, make_index
from tests.support.in_process import InProcessRegistry, connecting
from tests.support.simulated import WALL_S, loop_clock
from tests.support.tls import self_signed

EDGE = "edge"
"""A tag that no run here is asked to move."""
SIBLING = "team/base"
USER, PASSWORD = "robot", "s3cret"

OLD, NEW = make_index(content=b"old"), make_index(content=b"new")
OLD_AMD = make_index(["linux/amd64"], content=b"old")
ARM = make_index(["linux/arm64"], content=b"new")


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
        self.friendly = (InProcessRegistry("127.0.0.1:1"), InProcessRegistry("127.0.0.1:3"))
        self.registries = (self.friendly[0], middle, self.friendly[1])
        self.middle = middle
        self.elsewhere = SandboxRegistry(storage=middle.storage)
        self.made = attested(way.made) if hard.attested else way.made
        self.root = (way.root if not hard.attested else None) or self.made.index
        self.watched: tuple[Watched, ...] = ()
        self.watch = Watch(())

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

    def soften(self) -> None:
        """Let all be well."""
        for registry in self.registries:
            registry.quirks = Quirks(on_request=self._looking)

    async def _looking(self, call: Call) -> None:
        self.watch.look(call.storage)

    async def _blocking(self, call: Call) -> Answer | None:
        self.watch.look(call.storage)
        moves = call.method == "PUT" and call.target.item == "latest"
        return refusal("TAG_INVALID", "this tag is immutable") if moves else None

    async def _until_a_tag_moves(self, call: Call) -> None:
        self.watch.look(call.storage)
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
