"""Repositories that have grown for years: shared children, nested indexes, artifacts about them.

They are written into the storage of a sandbox registry, and looked at there, by no code that
pruning uses.
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from types import MappingProxyType
from typing import Any

from hypothesis import strategies as st

from polyarch.oci import mediatype
from polyarch.oci.digest import Digest
from polyarch.sandbox.memory import MemoryStorage
from polyarch.sandbox.storage import Storage, StoredManifest

NAME = "team/app"
NOW = datetime(2026, 6, 1, tzinfo=UTC)
AGED = "2026-01-02T03:04:05Z"
RULES = ("type=ref,event=branch", "type=ref,event=pr", "type=semver,pattern={{version}}")
FADING = ("pr-1", "pr-2", "pr-3")
LASTING = ("1.0.0", "1.0", "latest", "nightly")
_CONFIG = Digest.of(b"{}")


@dataclass(frozen=True)
class Node:
    """A manifest as it is stored."""

    raw: bytes
    media_type: str
    children: tuple[Digest, ...] = ()
    subject: Digest | None = None

    @property
    def digest(self) -> Digest:
        return Digest.of(self.raw)

    def descriptor(self) -> dict[str, Any]:
        return {
            "mediaType": self.media_type,
            "digest": str(self.digest),
            "size": len(self.raw),
        }


@dataclass
class Grown:
    """What stands in a repository; `nodes` by digest, in the order in which they were made."""

    nodes: dict[Digest, Node] = field(default_factory=dict)
    tags: dict[str, Digest] = field(default_factory=dict)

    def add(self, node: Node) -> Node:
        self.nodes[node.digest] = node
        return node

    def image(self, number: int, subject: Node | None = None) -> Node:
        value = {
            "schemaVersion": 2,
            "mediaType": mediatype.OCI_MANIFEST,
            "config": {"mediaType": mediatype.OCI_CONFIG, "digest": str(_CONFIG), "size": 2},
            "layers": [],
            "annotations": {"number": str(number), "org.opencontainers.image.created": AGED},
            **({"subject": subject.descriptor()} if subject else {}),
        }
        raw = json.dumps(value).encode()
        about = subject.digest if subject else None
        return self.add(Node(raw, mediatype.OCI_MANIFEST, subject=about))

    def index(
        self,
        number: int,
        children: Sequence[Node],
        subject: Node | None = None,
        said: Mapping[str, str] = MappingProxyType({}),
    ) -> Node:
        value = {
            "schemaVersion": 2,
            "mediaType": mediatype.OCI_INDEX,
            "manifests": [child.descriptor() for child in children],
            "annotations": {
                "number": str(number),
                "org.opencontainers.image.created": AGED,
                **said,
            },
            **({"subject": subject.descriptor()} if subject else {}),
        }
        raw = json.dumps(value).encode()
        about = subject.digest if subject else None
        digests = tuple(child.digest for child in children)
        return self.add(Node(raw, mediatype.OCI_INDEX, children=digests, subject=about))

    def list_by_tags(self) -> None:
        """Put the artifacts of each manifest under a tag, as where registries do not list them."""
        for number, subject in enumerate(list(self.nodes)):
            about = [node for node in self.nodes.values() if node.subject == subject]
            if about:
                listed = self.index(1000 + number, about)
                self.tags[f"sha256-{subject.encoded}"] = listed.digest

    def stored(self) -> MemoryStorage:
        storage = MemoryStorage()
        self.put_into(storage)
        return storage

    def put_into(self, storage: Storage, name: str = NAME) -> None:
        for digest, node in self.nodes.items():
            made = StoredManifest(media_type=node.media_type, raw=node.raw, subject=node.subject)
            storage.put_manifest(name, digest, made)
        for tag, digest in self.tags.items():
            storage.put_tag(name, tag, digest)

    def needed(self, roots: Iterable[Digest]) -> set[Digest]:
        """As `below`, and what any of that is about."""
        found = self.below(roots)
        while more := {self.nodes[each].subject for each in found} - {None} - found:
            found = self.below([*found, *(each for each in more if each)])
        return found

    def below(self, roots: Iterable[Digest]) -> set[Digest]:
        """These, their children, and all that is about any of that, as far as it is there."""
        found: set[Digest] = set()
        waiting = list(roots)
        while waiting:
            digest = waiting.pop()
            if digest in found or digest not in self.nodes:
                continue
            found.add(digest)
            waiting += self.nodes[digest].children
            waiting += [each for each, node in self.nodes.items() if node.subject == digest]
            for end in ("", ".sig", ".att"):
                if listed := self.tags.get(f"sha256-{digest.encoded}{end}"):
                    waiting.append(listed)
        return found


def standing(storage: Storage, grown: Grown, name: str = NAME) -> set[Digest]:
    """The manifests that are still there."""
    return {each for each in grown.nodes if storage.manifest(name, each) is not None}


def shown(storage: Storage, name: str = NAME) -> Mapping[str, Digest]:
    return {tag: found for tag in storage.tags(name) if (found := storage.tag(name, tag))}


def two_indexes() -> Grown:
    """`pr-1` and `1.0` share an image, and each has one of its own and an artifact."""
    grown = Grown()
    own, shared, other = grown.image(1), grown.image(2), grown.image(3)
    old, kept = grown.index(4, [own, shared]), grown.index(5, [shared, other])
    grown.image(6, old)
    grown.image(7, kept)
    grown.tags |= {"pr-1": old.digest, "1.0": kept.digest}
    return grown


OWN, SHARED, OTHER, OLD, KEPT, ABOUT_OLD, ABOUT_KEPT = two_indexes().nodes


@st.composite
def grown_repositories(draw: st.DrawFn, *, by_tags: bool | None = None) -> Grown:
    """Up to a dozen manifests that hang together in any way that digests allow."""
    grown = Grown()
    made = [grown.image(number) for number in range(draw(st.integers(1, 4)))]
    for number in range(100, 100 + draw(st.integers(1, 5))):
        some = st.lists(st.sampled_from(made), max_size=3, unique_by=lambda node: node.digest)
        kind = draw(st.sampled_from(["index", "index", "artifact", "list"]))
        subject = draw(st.sampled_from(made))
        if kind == "artifact":
            made.append(grown.image(number, subject))
        else:
            made.append(grown.index(number, draw(some), subject if kind == "list" else None))
    names = draw(st.lists(st.sampled_from([*FADING, *LASTING]), max_size=6, unique=True))
    for tag in names:
        grown.tags[tag] = draw(st.sampled_from(made)).digest
    for end in draw(st.lists(st.sampled_from([".sig", ".att"]), max_size=2, unique=True)):
        subject = draw(st.sampled_from(made))
        grown.tags[f"sha256-{subject.digest.encoded}{end}"] = grown.image(500 + len(end)).digest
    if draw(st.booleans()):
        grown.tags[f"sha256-{'0' * 64}"] = grown.index(900, []).digest
    if draw(st.booleans()) if by_tags is None else by_tags:
        grown.list_by_tags()
    return grown
