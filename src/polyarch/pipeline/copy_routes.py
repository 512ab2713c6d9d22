"""What goes where: the images that were found, and the places that they are copied to."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from polyarch.content.places import Kind, Place
from polyarch.content.store import Fetcher
from polyarch.errors import (
    DigestNotKeptError,
    InvalidPlaceError,
    SameNameError,
)
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.copy_choice import Root, single
from polyarch.pipeline.copy_cosign import Tagged
from polyarch.pipeline.copy_held import MildHolds, move_and_tell
from polyarch.pipeline.copy_local import Parcel
from polyarch.pipeline.copy_referrers import Referrer
from polyarch.pipeline.copy_source import Source
from polyarch.transaction.values import OnRegistryFailure, Target

BY_DIGEST = "no tag was named, so that only the digest leads to it there"
_MANY = frozenset({Kind.LAYOUT, Kind.OCI_ARCHIVE})
_ONE_PLATFORM = frozenset({Kind.DOCKER_ARCHIVE, Kind.DOCKER_DAEMON})
_MOVING = frozenset({"latest"})


@dataclass(frozen=True, slots=True, kw_only=True)
class CopyRequest:
    """One source and its destinations, or with `into` any number of sources and one place.

    `platforms` are all where there are none. `referrers`: artifacts about the images go with them.
    `fewer`: a tag may lose platforms. `rollback` and `deadline_s` as a transaction has them.
    """

    sources: tuple[Place, ...]
    destinations: tuple[Place, ...]
    into: bool = False
    platforms: tuple[Platform, ...] = ()
    referrers: bool = True
    fewer: bool = False
    rollback: bool = True
    deadline_s: float | None = None
    dry_run: bool = False
    on_failure: OnRegistryFailure = OnRegistryFailure.ABORT

    def __post_init__(self) -> None:
        """Refuse what cannot be copied to.

        Raises:
            InvalidPlaceError: a place that takes no image, or not several.
        """
        for place in self.destinations:
            if place.kind is Kind.BUILT:
                reason = "it names an image that this project built, and nothing is copied to it"
                raise InvalidPlaceError(str(place), reason)
            if place.kind is Kind.DOCKER_DAEMON and not (place.repository and place.tag):
                reason = "an image is loaded under a name and a tag"
                raise InvalidPlaceError(str(place), reason)
            if self.into and place.kind not in _MANY:
                reason = "only a layout or an OCI archive takes several images"
                raise InvalidPlaceError(str(place), reason, hint="write `--into oci:DIR`")
            if self.into and (place.tag or place.digest):
                reason = "each image keeps its own name there"
                raise InvalidPlaceError(str(place), reason, hint=f"write `--into {place.name}`")


@dataclass(frozen=True, slots=True, kw_only=True)
class Found:
    """A source and what of it is copied; `store` holds the root, also where that is a new one."""

    source: Source
    root: Root
    store: Fetcher
    referrers: tuple[Referrer, ...] = ()
    tagged: tuple[Tagged, ...] = ()

    @property
    def name(self) -> str:
        """The source as it is told."""
        return str(self.source.place)

    @property
    def digest(self) -> Digest:
        """What every place shows afterwards."""
        return self.root.descriptor.digest


@dataclass(frozen=True, slots=True, kw_only=True)
class Route:
    """An image's way to one place; of several tags in one repository it is one way."""

    found: Found
    place: Place
    tags: tuple[str, ...]
    digest: Digest

    @property
    def by_digest(self) -> bool:
        """Whether nothing but the digest leads to it in a registry."""
        return self.place.is_registry and not self.tags

    def target(self, *, fewer: bool) -> Target:
        """What the transaction is asked."""
        return Target(
            repository=self.repository,
            tags=self.tags,
            moving=_MOVING.intersection(self.tags),
            fewer=fewer,
            guard=move_and_tell,
            holds=MildHolds(),
        )

    @property
    def repository(self) -> Repository:
        """That of a registry's place.

        Raises:
            InvalidPlaceError: it is none.
        """
        if self.place.repository is None:
            raise InvalidPlaceError(str(self.place), "it is no repository")
        return self.place.repository

    def parcel(self, *, into: bool) -> Parcel:
        """What a place of this machine takes."""
        source = self.found.source
        name = self.tags[0] if self.tags else ""
        full = source.full_name
        if self.place.kind in _ONE_PLATFORM:
            full = self.place.full_name or full
        elif into or self.place.tag:
            full = full if name == full else ""
        return Parcel(
            image=self.found.name,
            root=self.found.root,
            store=self.found.store,
            name=name,
            full_name=full,
            beside=tuple(each.entry for each in self.found.referrers),
        )


def routes(found: Sequence[Found], request: CopyRequest) -> tuple[Route, ...]:
    """Every way that is to be gone, places in the order in which they were named.

    Raises:
        SeveralPlatformsError: a place takes one platform, and there are several.
        DigestNotKeptError: a place names another digest than it would get.
        SameNameError: two images would have one name in one place.
    """
    made: dict[tuple[str, str], Route] = {}
    for each in found:
        for place in request.destinations:
            route = _route(each, place, into=request.into)
            key = each.name, place.name if place.is_registry else str(place)
            before = made[key].tags if key in made else ()
            tags = tuple(dict.fromkeys([*before, *route.tags]))
            made[key] = replace(route, tags=tags)
    listed = tuple(made.values())
    _refuse_same_names(listed)
    return listed


def _route(found: Found, place: Place, *, into: bool) -> Route:
    digest = found.digest
    if place.kind in _ONE_PLATFORM:
        digest = single(found.root, found.store, str(place)).descriptor.digest
    if place.digest not in {None, digest}:
        raise DigestNotKeptError(str(place), str(digest))
    name = _name(found.source, place, into=into)
    return Route(found=found, place=place, tags=(name,) if name else (), digest=digest)


def _name(source: Source, place: Place, *, into: bool) -> str:
    """What the image is called there: as was said, else as at its source."""
    if into:
        return source.full_name or source.name or source.tag
    if place.kind in _ONE_PLATFORM:
        return place.full_name or source.full_name
    if place.tag:
        return place.tag
    if place.digest:
        return ""
    return source.tag if place.is_registry else source.name or source.tag


def _refuse_same_names(listed: Sequence[Route]) -> None:
    files = [route.place.path for route in listed if route.place.kind is Kind.DOCKER_ARCHIVE]
    for path in files:
        if files.count(path) > 1:
            reason = "the file holds one image under one name, and is named twice"
            raise InvalidPlaceError(f"docker-archive:{path}", reason)
    seen: dict[tuple[str, str], Route] = {}
    for route in listed:
        for tag in route.tags:
            known = seen.setdefault((route.place.name, tag), route)
            if known.digest != route.digest:
                names = known.found.name, route.found.name
                raise SameNameError(tag, *names, route.place.name)
