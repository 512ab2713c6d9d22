"""Base images as rules ask for them: what they have, whether that is real, and what has more."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from polyarch.checks.memory import LayerMemory
from polyarch.dockerfile.lint.lookup import BaseImage
from polyarch.errors import InvalidReferenceError, PolyarchError
from polyarch.events import Listener, Warned
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import DEFAULT_TAG, DigestReference, Reference, parse_reference
from polyarch.pipeline.lint_cache import BaseCache
from polyarch.pipeline.lint_reality import Reality
from polyarch.pipeline.lint_shops import Shop
from polyarch.pipeline.newer_tags import newer_tags

MAX_CHILDREN = 64
"""Configs of one index that are looked at: no image has as many platforms."""


@dataclass(slots=True, kw_only=True)
class Bases:
    """A look-up over shops, in their order; what one knows no other is asked.

    `cache` holds answers of registries: `shops` are asked before it where they are local.
    """

    local: tuple[Shop, ...] = ()
    remote: Shop | None = None
    cache: BaseCache
    memory: LayerMemory
    listen: Listener
    _known: dict[tuple[str, tuple[Platform, ...]], BaseImage | None] = field(default_factory=dict)
    _told: set[str] = field(default_factory=set)
    _reality: Reality = field(init=False)

    def __post_init__(self) -> None:
        self._reality = Reality(memory=self.memory, listen=self.listen)

    def __call__(self, reference: str, platforms: tuple[Platform, ...]) -> BaseImage | None:
        """What a reference has; None where nobody knows, which is told once."""
        key = reference, platforms
        if key not in self._known:
            self._known[key] = self._found(reference, platforms)
        return self._known[key]

    def _found(self, text: str, platforms: tuple[Platform, ...]) -> BaseImage | None:
        try:
            reference = parse_reference(text)
        except InvalidReferenceError:
            return None
        for shop in self.local:
            try:
                return seen(shop, text, reference, platforms, self._reality)
            except (PolyarchError, TimeoutError):
                continue
        if kept := self.cache.get(text, platforms, is_online=self.remote is not None):
            return kept
        if self.remote is None:
            return None
        try:
            found = seen(self.remote, text, reference, platforms, self._reality)
        except (PolyarchError, TimeoutError) as error:
            self._tell(text, error)
            return None
        self.cache.put(text, platforms, found)
        return found

    def _tell(self, text: str, error: Exception) -> None:
        if text not in self._told:
            self._told.add(text)
            reason = str(error).partition("\n")[0] or "no answer in time"
            self.listen(Warned(text=f"`{text}` could not be looked up: {reason}"))


def seen(
    shop: Shop, text: str, reference: Reference, platforms: Sequence[Platform], reality: Reality
) -> BaseImage:
    """What a shop says of a reference.

    Raises:
        PolyarchError: it has nothing under it, or does not say.
        TimeoutError: no answer in time.
    """
    root = shop.root(reference)
    if isinstance(root, ImageManifest):
        platform = shop.config(reference.repository, root).platform
        index = _index_of(shop, text, reference, root)
        others = () if platform_serves((platform,), platforms) else _others(shop, text, platforms)
        return BaseImage(offered=(platform,), is_index=False, index=index, others=others)
    offered = root.platforms
    flaws = dict(_flaws(shop, reference, root, platforms, reality))
    is_whole = platform_serves(offered, platforms) and not flaws
    others = () if is_whole else _others(shop, text, platforms)
    return BaseImage(offered=offered, flaws=flaws, others=others)


def platform_serves(offered: Sequence[Platform], wanted: Sequence[Platform]) -> bool:
    """Whether there is something for each platform."""
    return all(any(one.satisfies(each) for one in offered) for each in wanted)


def _flaws(
    shop: Shop,
    reference: Reference,
    index: ImageIndex,
    platforms: Sequence[Platform],
    reality: Reality,
) -> Iterator[tuple[Platform, str]]:
    """Platforms whose image is another one's."""
    for wanted in platforms[:MAX_CHILDREN]:
        child = index.image_for(wanted)
        if child is not None and (flaw := reality.flaw(shop, reference, child, wanted)):
            yield wanted, flaw


def _index_of(shop: Shop, text: str, reference: Reference, image: ImageManifest) -> str:
    """The index that the same tag has, if it still leads to this image."""
    name, at, _ = text.partition("@")
    if not (at and isinstance(reference, DigestReference)):
        return ""
    try:
        tagged = parse_reference(name)
        root = shop.root(tagged)
    except (PolyarchError, TimeoutError):
        return ""
    digests = {child.digest for child in root.images} if isinstance(root, ImageIndex) else set()
    return f"{name}@{root.descriptor.digest}" if image.descriptor.digest in digests else ""


def _others(shop: Shop, text: str, platforms: Sequence[Platform]) -> tuple[str, ...]:
    """Newer tags of the same form that have every platform, written as the one that is there."""
    name = text.partition("@")[0]
    head, slash, tail = name.rpartition("/")
    tail, _, tag = tail.partition(":")
    try:
        repository = parse_reference(name).repository
        listed = newer_tags(tag or DEFAULT_TAG, shop.tags(repository))
        return tuple(
            f"{head}{slash}{tail}:{each}"
            for each in listed
            if _has_all(shop.root(repository.tag(each)), platforms)
        )
    except (PolyarchError, TimeoutError):
        return ()


def _has_all(root: ImageIndex | ImageManifest, platforms: Sequence[Platform]) -> bool:
    return isinstance(root, ImageIndex) and platform_serves(root.platforms, platforms)
