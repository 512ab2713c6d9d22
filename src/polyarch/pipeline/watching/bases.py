"""What published images stand on, and what has become of it since.

An image says it itself, in annotations or labels; the base's registry says what the name is now.
"""

import asyncio
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from polyarch.errors import InvalidReferenceError, PolyarchError, shorten
from polyarch.findings import Finding
from polyarch.oci import annotation
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import UNKNOWN, Platform
from polyarch.oci.reference import DigestReference, parse_reference
from polyarch.pipeline.watching import codes
from polyarch.pipeline.watching.look import Looker
from polyarch.pipeline.watching.subject import Subject, names_told
from polyarch.pipeline.watching.view import Root, View, plain
from polyarch.registry.client import RegistryClient

PATIENCE_S = 15.0
"""For all tries of one base together."""

_KEYS = (annotation.BASE_NAME, annotation.BASE_DIGEST)
_LONGEST = 400


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseNow:
    """What a name stands for now: the root, and for each platform its image.

    `single`: it is one image and no index, of which every build takes that one. `unknown` says why
    nobody knows, empty where it is known. `pinned`: the name can never move.
    """

    root: Digest | None = None
    single: bool = False
    images: Mapping[Platform, Digest] = field(default_factory=dict)
    unknown: str = ""
    pinned: bool = False

    def serves(self, platform: Platform) -> Digest | None:
        """The image that a build for `platform` would take now."""
        if self.single:
            return self.root
        if platform in self.images:
            return self.images[platform]
        older = [each for each in self.images if each.satisfies(platform)]
        return self.images[older[0]] if older else None


@dataclass(frozen=True, slots=True, kw_only=True)
class BaseUse:
    """One platform of what stands under `tags`, and its base; `digest` is empty where nobody said.

    `before` are the platforms that the base had when it was this digest, as far as a watch has seen
    it then; `gained` and `lost` are since then, else beside those of the image.
    """

    image: str
    platform: Platform
    tags: tuple[str, ...]
    name: str
    digest: str
    now: BaseNow
    before: tuple[Platform, ...] = ()
    gained: tuple[Platform, ...] = ()
    lost: tuple[Platform, ...] = ()

    @property
    def current(self) -> Digest | None:
        """The base's image for this platform, as it is now."""
        return self.now.serves(self.platform)

    @property
    def state(self) -> str:
        """One word: `same`, `moved`, `gone` or `unknown`."""
        if self.now.unknown:
            return "unknown"
        if self.current is None:
            return "gone"
        if self.now.pinned:
            return "same"
        if not self.digest:
            return "unknown"
        return "same" if self.digest in {str(self.current), str(self.now.root)} else "moved"

    def to_json(self) -> JsonObject:
        """As it stands in the document."""
        return {
            "platform": str(self.platform),
            "tags": list(self.tags),
            "name": self.name,
            "digest": self.digest or None,
            "now": str(self.current) if self.current else None,
            "state": self.state,
            "reason": self.now.unknown or None,
            "platforms": [str(each) for each in sorted(self.now.images, key=str)],
            "before": [str(each) for each in self.before],
            "gained": [str(each) for each in self.gained],
            "lost": [str(each) for each in self.lost],
        }


async def base_uses(
    subjects: Sequence[Subject], looker: Looker, client: RegistryClient
) -> tuple[BaseUse, ...]:
    """What stands under tags that are to be as the config says now, platform by platform.

    Of an image without such tags all count. Never raises for a registry.
    """
    found = [each for subject in subjects for each in await _told(subject, looker)]
    names = list(dict.fromkeys(name for _, _, _, name, _ in found))
    known = dict(zip(names, await asyncio.gather(*(_ask(client, n) for n in names)), strict=True))
    return tuple(_use(each, known[each[3]]) for each in found)


def judge_bases(uses: Iterable[BaseUse]) -> Iterator[Finding]:
    """Bases that moved, lost a platform, or cannot be asked for; each base once for all tags."""
    by_base: dict[tuple[str, str, str], list[BaseUse]] = {}
    for use in uses:
        by_base.setdefault((use.image, use.name, use.state), []).append(use)
    for (image, name, state), same in by_base.items():
        platforms = names_told(dict.fromkeys(use.platform for use in same))
        if state == "moved":
            yield codes.BASE_MOVED.found(
                image,
                name,
                f"it has moved on since {platforms} were built on it",
                hint=f"publish again: `polyarch publish {image} --force` builds on what it is now",
                details={str(use.platform): str(use.current) for use in same},
            )
        elif state == "gone":
            for platform in dict.fromkeys(use.platform for use in same):
                yield codes.BASE_LOST.found(
                    image,
                    name,
                    "it has no image for this platform any more",
                    platform=platform,
                    hint="take another base for it, or drop the platform",
                )
        elif state == "unknown" and same[0].now.unknown:
            told = f"what it is now is not known: {same[0].now.unknown}"
            yield codes.BASE_UNKNOWN.found(image, name, told)


_Use = tuple[Subject, Platform, tuple[str, ...], str, str]


async def _told(subject: Subject, looker: Looker) -> list[_Use]:
    """For each image under those tags what it says of its base."""
    places = subject.settings.repositories
    tags: dict[Digest, list[str]] = {}
    for tag in subject.current or subject.tags:
        for root in subject.view.roots(tag):
            tags.setdefault(root, []).append(tag)
    images = [(root, image) for root in tags for image in subject.view.images(root)]
    wanted = {
        image.digest: image for _, image in images if not _of_manifest(subject.view, image.digest)
    }
    await asyncio.gather(*(looker.config(places, image) for image in wanted.values()))
    found: dict[tuple[Platform, Digest], tuple[set[str], str, str]] = {}
    for root, image in images:
        said = _of_manifest(subject.view, image.digest) or _of_config(subject.view, image.digest)
        name, digest = said.get(_KEYS[0], ""), said.get(_KEYS[1], "")
        if name and image.platform:
            key = image.platform, image.digest
            found.setdefault(key, (set(), name, digest))[0].update(tags[root])
    return [
        (subject, platform, tuple(each for each in subject.tags if each in on), name, digest)
        for (platform, _), (on, name, digest) in found.items()
    ]


def _of_manifest(view: View, digest: Digest) -> Mapping[str, str]:
    node = view.manifests.get(digest)
    return _of_base(node.annotations) if isinstance(node, ImageManifest) else {}


def _of_config(view: View, digest: Digest) -> Mapping[str, str]:
    config = view.configs.get(digest)
    return _of_base(config.labels) if config else {}


def _of_base(said: Mapping[str, str]) -> Mapping[str, str]:
    """Words of whoever made the image, bounded and printable."""
    found = {key: shorten(said[key], _LONGEST) for key in _KEYS if said.get(key)}
    return found if _KEYS[0] in found else {}


async def _ask(client: RegistryClient, name: str) -> BaseNow:
    """What a name is now."""
    try:
        async with asyncio.timeout(PATIENCE_S):
            reference = parse_reference(name)
            remote = client.repository(reference.repository)
            if isinstance(reference, DigestReference):
                root: Root | None = await remote.get_manifest(reference.digest)
            else:
                root = await remote.standing_manifest(reference.tag)
    except InvalidReferenceError:
        return BaseNow(unknown="its name is no reference")
    except TimeoutError:
        return BaseNow(unknown=f"its registry gave no answer within {PATIENCE_S:g} s")
    except PolyarchError as error:
        return BaseNow(unknown=error.message.partition("\n")[0])
    if root is None:
        return BaseNow(unknown="it does not exist any more")
    return BaseNow(
        root=root.descriptor.digest,
        single=not isinstance(root, ImageIndex),
        images=_images(root),
        pinned=isinstance(reference, DigestReference),
    )


def _images(root: Root) -> dict[Platform, Digest]:
    """Its platforms; Windows builds of one platform count as one."""
    if not isinstance(root, ImageIndex):
        return {}
    found: dict[Platform, Digest] = {}
    for image in root.images:
        if image.platform and plain(image.platform) != UNKNOWN:
            found.setdefault(plain(image.platform), image.digest)
    return found


def _use(told: _Use, now: BaseNow) -> BaseUse:
    subject, platform, tags, name, digest = told
    use = BaseUse(
        image=subject.name, platform=platform, tags=tags, name=name, digest=digest, now=now
    )
    known = subject.memory.bases.get((name, digest), frozenset())
    before = frozenset(now.images) if use.state == "same" else known
    if now.unknown or not now.images:
        return replace(use, before=_ordered(before))
    beside = before or frozenset(map(plain, subject.settings.platforms))
    lost = (each for each in beside - now.images.keys() if before or now.serves(each) is None)
    return replace(
        use,
        before=_ordered(before),
        gained=_ordered(now.images.keys() - beside),
        lost=_ordered(lost),
    )


def _ordered(platforms: Iterable[Platform]) -> tuple[Platform, ...]:
    return tuple(sorted(platforms, key=str))
