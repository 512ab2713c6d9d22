"""Where layers come from and go to between builds: one place per image, platform and branch. Pure.

One reference for all platforms keeps only the last one's layers, and one for all branches lets them
push each other out. A branch finds the default branch's layers where it has none of its own.
"""

import hashlib
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from polyarch.config.project import ImageSettings
from polyarch.engines.base import LayerCache
from polyarch.engines.rows import attributes, row
from polyarch.host.ci_event import BRANCH, TAG, CiEvent, Provider
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository

FOLDER = "cache"
"""Below the state folder."""

_REGISTRY, _LOCAL, _GHA = "registry", "local", "gha"
_NAMED = {_GHA: "scope", "s3": "name", "azblob": "name"}
"""The key that tells apart what lies in one place, by the type of the cache."""
_UNFIT = re.compile(r"[^A-Za-z0-9_.-]+")
_LONGEST = 80
_TAGS = "_tags"
"""What all tags of the project share."""
_WRITTEN = {"mode": "max", "ignore-error": "true"}
_AS_IMAGE = {"oci-mediatypes": "true", "image-manifest": "true"}
"""Some registries take no index whose entries are layers (ECR, Artifactory, Harbor before 2.8)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Lines:
    """Whose layers a run reads, its own first, and whose it writes; empty for nobody's.

    `shared` says whether it may also write where others read.
    """

    sources: tuple[str, ...]
    target: str
    shared: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Folders:
    """Where local caches lie: below the state folder, or where the config says in the project."""

    project: Path
    state: Path


def lines_of(event: CiEvent, default_branch: str, *, sandbox: bool = False) -> Lines:
    """By the event: a pull request reads what its target has and writes nothing.

    What a person builds on a laptop stays there, as in a sandbox.
    """
    usual = f".{_slug(default_branch)}" if default_branch else ""
    if event.is_pull_request:
        below = f".{_slug(event.base_ref)}" if event.base_ref else ""
        return Lines(sources=_each(below, usual), target="", shared=False)
    if event.ref.startswith(BRANCH):
        own = f".{_slug(event.ref.removeprefix(BRANCH))}"
    else:
        own = _TAGS if event.ref.startswith(TAG) else usual
    shared = event.provider is not Provider.LOCAL and not event.simulated and not sandbox
    return Lines(sources=_each(own, usual), target=own, shared=shared)


def layer_cache(
    text: str | None, image: ImageSettings, platform: Platform, lines: Lines, folders: Folders
) -> LayerCache:
    """The caches of one build by the key `cache`."""
    place = _place(text, image, folders)
    if place is None:
        return LayerCache()
    writes = lines.target and (lines.shared or place.kind == _LOCAL)
    return LayerCache(
        sources=tuple(place.source(f"{platform.slug}{line}") for line in lines.sources),
        targets=(place.target(f"{platform.slug}{lines.target}"),) if writes else (),
    )


def repositories_of(cache: LayerCache) -> Iterator[Repository]:
    """Those that an engine has to be logged in to."""
    for text in (*cache.sources, *cache.targets):
        found = attributes(text)
        if found["type"] == _REGISTRY:
            yield Repository.parse(_without_tag(found["ref"]))


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """`more` are the user's own attributes; `where` a repository, a folder, or how names begin."""

    kind: str
    where: str
    more: Mapping[str, str]

    def source(self, name: str) -> str:
        return row({"type": self.kind, **self._at(name, "src"), **self.more})

    def target(self, name: str) -> str:
        form = _AS_IMAGE if self.kind in {_REGISTRY, _LOCAL} else {}
        at = self._at(name, "dest")
        return row({"type": self.kind, **at, **self.more, **form, **_WRITTEN})

    def _at(self, name: str, way: str) -> dict[str, str]:
        if self.kind == _REGISTRY:
            return {"ref": f"{self.where}:{name}"}
        if self.kind == _LOCAL:
            return {way: f"{self.where}/{name}"}
        return {_NAMED.get(self.kind, "name"): f"{self.where}.{name}"}


def _place(text: str | None, image: ImageSettings, folders: Folders) -> _Place | None:
    if text is None:
        return None
    found = attributes(text if text.startswith("type=") else f"type={text}")
    kind = found.pop("type")
    key = "ref" if kind == _REGISTRY else _NAMED.get(kind, "name")
    where = found.pop(key, "")
    if kind == _REGISTRY:
        usual = f"{image.repositories[0]}-cache" if image.repositories else ""
        where = _without_tag(where) or usual
    elif kind == _LOCAL:
        named = found.pop("dest", "") or found.pop("src", "")
        base = folders.project / named if named else folders.state / FOLDER
        where = str(base.absolute() / image.name)
    else:
        where = f"{where}.{image.name}" if where else image.name
    ours = {*_WRITTEN, *_AS_IMAGE, "src"}
    more = {name: value for name, value in found.items() if name not in ours}
    return _Place(kind=kind, where=where, more=more) if where else None


def _without_tag(reference: str) -> str:
    head, slash, tail = reference.rpartition("/")
    return f"{head}{slash}{tail.partition(':')[0]}"


def _slug(branch: str) -> str:
    """A branch as part of a tag: what had to change is told apart by a digest."""
    plain = _UNFIT.sub("-", branch)[:_LONGEST]
    if plain == branch:
        return plain
    return f"{plain}-{hashlib.sha256(branch.encode(errors='surrogateescape')).hexdigest()[:8]}"


def _each(*lines: str) -> tuple[str, ...]:
    return tuple(dict.fromkeys(filter(None, lines)))
