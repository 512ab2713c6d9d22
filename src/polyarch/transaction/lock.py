"""The advisory lock of a repository, for editing an index where no registry compares and swaps.

It is a tag, `polyarch-lock`, that points to a tiny manifest with its owner and when it lapses.
Nobody but polyarch heeds it. Two writers may both take it within one round trip of each other:
that is what the wait after taking it is for, and every edit is looked at again after it is written.
"""

import asyncio
import contextlib
import secrets
import time
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

from polyarch.errors import (
    DeleteUnsupportedError,
    DeniedError,
    LockHeldError,
    LoginRefusedError,
    ManifestNotFoundError,
    PolyarchError,
    RepositoryNotFoundError,
)
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.destination import Destination
from polyarch.transaction.marker import marker, push_marker_blobs

TAG = "polyarch-lock"
LIFE_S = 60.0
"""How long a lock holds that nobody gives back; a flip takes seconds."""

SKEW_S = 120.0
"""How far clocks of two machines may be apart before a lock is believed to have lapsed."""

GIVE_BACK_S = 5.0
"""How long a registry is waited for that does not take its lock back."""

_OWNER = "io.polyarch.lock.owner"
_LAPSES = "io.polyarch.lock.lapses"
_POLL_S = 0.2
_SETTLE_S = 0.1
_ROUND_TRIPS = 4


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """What stands under the tag: whose lock it is, and when it lapses, in seconds since 1970."""

    digest: Digest
    owner: str
    lapses: float

    @classmethod
    def read(cls, manifest: ImageManifest | ImageIndex) -> Self:
        """Read a lock; what is none counts as one that has lapsed."""
        notes = manifest.annotations
        try:
            lapses = float(notes.get(_LAPSES, "0"))
        except ValueError:
            lapses = 0.0
        owner = notes.get(_OWNER, "")
        return cls(digest=manifest.descriptor.digest, owner=owner, lapses=lapses)

    @property
    def is_over(self) -> bool:
        """Whether it was given back, or has lapsed on every machine's clock."""
        return self.is_free or time.time() > self.lapses + SKEW_S

    @property
    def is_free(self) -> bool:
        """Whether it was given back."""
        return not self.owner


async def held(remote: RemoteRepository) -> Held | None:
    """The lock of a repository as it stands, None where there is none.

    Raises:
        RegistryError: the registry did not say.
    """
    if await remote.head(TAG) is None:
        return None
    try:
        return Held.read(await remote.get_manifest(TAG))
    except (ManifestNotFoundError, RepositoryNotFoundError):
        return None  # given back between the two questions


class Lock:
    """The lock of one repository, taken in the name of `owner`."""

    def __init__(self, remote: RemoteRepository, owner: str) -> None:
        self._remote = remote
        self._owner = owner
        self._watched: tuple[Digest, float] | None = None

    async def watch(self) -> None:
        """Know from now on how long it has stood unchanged."""
        with contextlib.suppress(PolyarchError):  # taking it will tell
            found = await self._read()
            if found:
                self._has_lapsed(found)

    async def take(self) -> None:
        """Wait until the lock is ours.

        Raises:
            LockHeldError: somebody has it for longer than a lock lives.
            RegistryError: the registry did not say, or does not take it.
        """
        await push_marker_blobs(self._remote)
        until = _now() + LIFE_S + SKEW_S
        while True:
            begun = _now()
            held = await self._read()
            trip_s = _now() - begun
            if held is None or self._has_lapsed(held):
                await self._write(_lock(self._owner, time.time() + LIFE_S))
                await asyncio.sleep(max(_SETTLE_S, _ROUND_TRIPS * trip_s))
                held = await self._read()
                if held and held.owner == self._owner:
                    return
            if _now() > until:  # also where it was written and never shown
                left_s = max(0.0, held.lapses - time.time()) if held else 0.0
                owner = held.owner if held else "nobody who can be seen"
                raise LockHeldError(str(self._remote), owner, left_s)
            await asyncio.sleep(_POLL_S)

    async def give_back(self) -> None:
        """Let others have it; one that has lapsed and was taken by somebody else is left alone.

        Raises:
            RegistryError: the registry did not do it; the lock lapses by itself.
        """
        found = await self._read()
        if found is None or found.owner != self._owner:
            return
        if self._remote.profile.tag_delete != "manifest":
            try:
                await self._remote.delete_tag(TAG)
            except (DeleteUnsupportedError, DeniedError, LoginRefusedError):
                pass  # many logins may push and not delete
            else:
                return
        await self._write(_lock("", 0))

    def __str__(self) -> str:
        return str(self._remote)

    def _has_lapsed(self, found: Held) -> bool:
        """By its own word, or because it has stood here unchanged for as long as a lock lives."""
        now = _now()
        if self._watched is None or self._watched[0] != found.digest:
            self._watched = found.digest, now
        unchanged_s = now - self._watched[1]
        return found.is_over or unchanged_s > LIFE_S

    async def _read(self) -> Held | None:
        return await held(self._remote)

    async def _write(self, manifest: ImageManifest) -> None:
        await self._remote.put_manifest(manifest, tag=TAG, look=False)


def _now() -> float:
    """The clock by which waits go as well."""
    return asyncio.get_running_loop().time()


def _lock(owner: str, lapses: float) -> ImageManifest:
    return marker({_OWNER: owner, _LAPSES: f"{lapses:.0f}"})


@contextlib.asynccontextmanager
async def locks(
    destinations: Sequence[Destination], owner: str, *, all_or_none: bool = True
) -> AsyncIterator[Mapping[str, PolyarchError]]:
    """Hold the locks of the repositories whose indexes are edited.

    They are taken in the order of their names: two writers never wait for each other. Gives why
    some cannot be had, by repository; with `all_or_none` none is asked for after the first such.
    """
    remotes = {each.name: each.remote for each in destinations if each.target.merge}
    name = f"{owner or 'polyarch'} {secrets.token_hex(8)}"
    wanted = [Lock(remote, name) for _, remote in sorted(remotes.items())]
    taken: list[Lock] = []
    refused: dict[str, PolyarchError] = {}
    try:
        # A dead writer may have left several: they are waited for at the same time.
        await asyncio.gather(*(lock.watch() for lock in wanted))
        for lock in wanted:
            taken.append(lock)
            try:
                await lock.take()
            except PolyarchError as error:
                refused[str(lock)] = error
                if all_or_none:
                    break
        yield refused
    finally:
        await asyncio.gather(*(_give_back(lock) for lock in taken))


async def _give_back(lock: Lock) -> None:
    """Let others have it, if that does not take long: it lapses by itself."""
    with contextlib.suppress(PolyarchError, TimeoutError):
        async with asyncio.timeout(GIVE_BACK_S):
            await lock.give_back()
