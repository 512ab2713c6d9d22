"""A hold: why a tag was put back, kept in the repository as a referrer of what it was put back to.

It counts as long as the tag points there, and keeps back what is not newer than what was taken
away. A run on an empty machine finds it where the tag leads; nobody but polyarch heeds it.
"""

import asyncio
import re
import time
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Self
from weakref import WeakValueDictionary

from polyarch.errors import ContentError, ManifestNotFoundError, SpecError, shorten
from polyarch.host.moment import read_time
from polyarch.oci import annotation
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.reference import TAG_PATTERN, Repository
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.marker import marker, push_marker_blobs

ARTIFACT = "application/vnd.polyarch.hold.v1"
MOST = 100
"""Holds of one manifest that are read; each tag of it needs one."""

FRESH_S = 60.0
"""How long it counts what was read: builds may take an hour meanwhile."""

_LONGEST = 500
_SHOWN = 60
"""Characters of what somebody said that stand in one line."""

_IS_VERSION = re.compile(r"v?[0-9]")
"""How versions begin; what else stands in their place are names of branches."""

_PUT_BACK = "was put back from"

_TAG = "dev.polyarch.hold.tag"
_DIGEST = "dev.polyarch.hold.digest"
_VERSION = "dev.polyarch.hold.version"
_REVISION = "dev.polyarch.hold.revision"
_COMMITTED = "dev.polyarch.hold.committed"
_WHO = "dev.polyarch.hold.who"
_WHY = "dev.polyarch.hold.why"
_RUN = "dev.polyarch.hold.run"


@dataclass(frozen=True, slots=True, kw_only=True)
class Hold:
    """`tag` was put back; `digest`, `version` and `revision` are of what it pointed to before.

    `committed` is the time of that commit, `time` when the tag was put back. What nobody said is
    empty, or None.
    """

    tag: str
    digest: Digest
    time: datetime
    version: str = ""
    revision: str = ""
    committed: datetime | None = None
    who: str = ""
    why: str = ""
    run: str = ""

    def to_manifest(self, subject: Descriptor) -> ImageManifest:
        """The artifact; `subject` is what the tag is put back to."""
        said = {
            _TAG: self.tag,
            _DIGEST: str(self.digest),
            annotation.CREATED: self.time.isoformat(),
            _VERSION: self.version,
            _REVISION: self.revision,
            _COMMITTED: self.committed.isoformat() if self.committed else "",
            _WHO: self.who,
            _WHY: self.why,
            _RUN: self.run,
        }
        told = {key: text for key, text in said.items() if text}
        return marker(told, artifact_type=ARTIFACT, subject=subject.bare())

    @property
    def told(self) -> str:
        """What people are told of the tag, in words that follow its name."""
        who = f" by {shorten(self.who, _SHOWN)}" if self.who else ""
        why = f": {shorten(self.why, _SHOWN)}" if self.why else ""
        return f"{_PUT_BACK} {self._taken}{who}, and waits for something newer{why}"

    @property
    def _taken(self) -> str:
        """What was taken away: its version, unless that is but the name of the tag or a branch."""
        if self.version != self.tag and _IS_VERSION.match(self.version):
            return shorten(self.version, _SHOWN)
        commit = shorten(self.revision, _SHOWN)[:12]
        return f"commit {commit}" if commit else self.digest.short

    def to_json(self) -> JsonObject:
        """As it stands in documents."""
        return {
            "tag": self.tag,
            "digest": str(self.digest),
            "version": self.version or None,
            "revision": self.revision or None,
            "committed": self.committed.isoformat() if self.committed else None,
            "time": self.time.isoformat(),
            "who": self.who or None,
            "why": self.why or None,
            "run": self.run or None,
        }

    @classmethod
    def read(cls, manifest: object) -> Self | None:
        """What an artifact says; None where it is no hold that can be read."""
        if not isinstance(manifest, ImageManifest) or manifest.artifact_type != ARTIFACT:
            return None
        said = {key: shorten(text, _LONGEST) for key, text in manifest.annotations.items()}
        time = read_time(said.get(annotation.CREATED))
        if time is None or not TAG_PATTERN.fullmatch(said.get(_TAG, "")):
            return None
        try:
            digest = Digest.parse(said.get(_DIGEST, ""))
        except SpecError:
            return None
        return cls(
            tag=said[_TAG],
            digest=digest,
            time=time,
            version=said.get(_VERSION, ""),
            revision=said.get(_REVISION, ""),
            committed=read_time(said.get(_COMMITTED)),
            who=said.get(_WHO, ""),
            why=said.get(_WHY, ""),
            run=said.get(_RUN, ""),
        )


def tells_of_hold(reason: str) -> bool:
    """Whether that is why a tag was kept: it was put back, as `told` says behind `it`."""
    return reason.startswith(f"it {_PUT_BACK} ")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Known:
    """What was read of one manifest; `tags` were seen to stand there before, `at` is monotonic."""

    holds: tuple[Hold, ...]
    tags: frozenset[str]
    at: float


class Holds:
    """Reads what is held; asks for each manifest once within a minute, unless a tag came there.

    A hold stands before its tag is put back. So what was read while a tag stood elsewhere says
    nothing of that tag.
    """

    def __init__(self) -> None:
        self._known: dict[tuple[Repository, Digest], _Known] = {}
        self._asking: WeakValueDictionary[tuple[Repository, Digest], asyncio.Lock]
        self._asking = WeakValueDictionary()

    async def on(
        self, remote: RemoteRepository, subject: Digest, tags: Collection[str] = ()
    ) -> tuple[Hold, ...]:
        """The holds of all tags that were put back to this manifest; `tags` are seen there now.

        A list of referrers that is damaged holds nothing.

        Raises:
            RegistryError: the registry did not say.
        """
        key = remote.repository, subject
        async with self._asking.setdefault(key, asyncio.Lock()):
            known, now = self._known.get(key), time.monotonic()
            if known is None or now - known.at > FRESH_S or not known.tags.issuperset(tags):
                seen = known.tags.union(tags) if known else frozenset(tags)
                known = _Known(holds=await _read(remote, subject), tags=seen, at=now)
                self._known[key] = known
            return known.holds


async def _read(remote: RemoteRepository, subject: Digest) -> tuple[Hold, ...]:
    found = []
    try:
        listed = (await remote.referrers(subject)).entries
    except SpecError:
        return ()
    for entry in [each for each in listed if each.artifact_type == ARTIFACT][-MOST:]:
        try:
            manifest = await remote.known_manifest(entry)
        except (SpecError, ContentError, ManifestNotFoundError):
            continue
        about = manifest.subject
        hold = Hold.read(manifest)
        if hold and about and about.digest == subject:
            found.append(hold)
    return tuple(found)


async def push_hold(remote: RemoteRepository, hold: ImageManifest) -> None:
    """Store a hold; before the tag moves it is about nothing that anybody sees.

    Raises:
        RegistryError: the registry does not take it.
    """
    await push_marker_blobs(remote)
    await remote.push_referrer(hold)
