"""The ways to publish, each with what stood before."""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.transaction.values import OnRegistryFailure
from tests.support.images import MadeImage, make_index

TAGS = ("1.2.3", "1.2", "latest")
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


def _single() -> Way:
    [child, _] = NEW.children
    manifest = manifest_of(NEW, child)
    return Way(old=dict.fromkeys(TAGS, OLD_AMD), root=manifest)


def _aliases() -> Way:
    names = ("latest-amd64", "latest-arm64")
    aliases = {n: manifest_of(NEW, c) for n, c in zip(names, NEW.children, strict=True)}
    return Way(
        old={names[0]: OLD_AMD, names[1]: None, "latest": OLD},
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
    "continue": replace(MOVE, policy=OnRegistryFailure.CONTINUE),
    "left": replace(OTHERWISE, blocked=True, rollback=False),
    "back-first": replace(FIRST, blocked=True),
    "back-move": replace(MOVE, blocked=True),
    "back-otherwise": replace(OTHERWISE, blocked=True),
    "back-aliases": replace(_aliases(), blocked=True),
    "late-first": replace(FIRST, late=True),
    "late-move": replace(MOVE, late=True),
    "late-otherwise": replace(OTHERWISE, late=True),
    "late-continue": replace(OTHERWISE, late=True, policy=OnRegistryFailure.CONTINUE),
    "late-left": replace(OTHERWISE, late=True, rollback=False),
}
