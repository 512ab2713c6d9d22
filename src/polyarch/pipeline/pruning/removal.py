"""Removing what a plan names: tags first, then indexes, then what they listed.

Before each step the repository is looked at again: what a tag shows that has appeared meanwhile
stays, with all that it needs. So a registry that shows an old tag for a while keeps it whole.
"""

import asyncio
import contextlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import groupby

from polyarch.errors import (
    DeleteUnsupportedError,
    DeniedError,
    PolyarchError,
    RepositoryUnclearError,
)
from polyarch.oci.digest import Digest
from polyarch.pipeline.pruning import mark
from polyarch.pipeline.pruning.facts import Facts, subject_of_tag, unclear
from polyarch.pipeline.pruning.needs import lacking, needed, spoken_of
from polyarch.pipeline.pruning.values import Fate, ManifestRow, RepositoryPrune, TagRow
from polyarch.pipeline.survey import Root, Survey, survey
from polyarch.registry.repository import RemoteRepository

_NOBODY = Digest.of(b"polyarch: a manifest that nobody has")
_AT_ONCE = 50
_MOMENT_S = 2.0
"""How old a look may be that removal relies on."""

_LATER = "a registry may need a while to show it; the next run goes on"


async def remove(
    remote: RemoteRepository, facts: Facts, planned: RepositoryPrune, now: datetime
) -> RepositoryPrune:
    """Remove what goes; gives the plan with what became of each row.

    Never raises for a registry: what it refuses is told, and what was not reached stays.
    """
    work = _Removal(remote, facts, planned)
    try:
        await work.go(now)
    except DeleteUnsupportedError as error:
        return work.ended("this registry does not delete", error)
    except PolyarchError as error:
        return work.ended(error.message.partition("\n")[0], error)
    return work.ended()


@dataclass(slots=True)
class _Fates:
    """What became of rows so far."""

    tags: dict[str, TagRow]
    manifests: dict[Digest, ManifestRow]


class _Removal:
    """One repository; keeps what is gone, whatever happens next."""

    def __init__(self, remote: RemoteRepository, facts: Facts, planned: RepositoryPrune) -> None:
        self._remote = remote
        self._facts = facts
        self._planned = planned
        self._seen: tuple[float, Survey] | None = None
        self._lists: dict[Digest, Root] = {}
        self._falling = {row.digest for row in planned.manifests if row.fate is Fate.GOES}
        self._fates = _Fates(
            tags={row.tag: row for row in planned.tags},
            manifests={row.digest: row for row in planned.manifests},
        )

    async def go(self, now: datetime) -> None:
        """Remove everything.

        Raises:
            RegistryError: the registry refused, or could not be asked.
        """
        tags = [row for row in self._planned.tags if row.fate is Fate.GOES]
        manifests = [row for row in self._planned.manifests if row.fate is Fate.GOES]
        if not tags and not manifests and self._planned.mark is None:
            return
        with contextlib.suppress(DeniedError):  # some say that of what is missing
            await self._remote.delete_manifest(_NOBODY)  # asks whether anything is deleted here
        if manifests:
            await self._write_list(tags, manifests, now)
        await self._remove_tags(tags)
        for _, level in groupby(manifests, key=lambda row: row.level):
            await self._remove_manifests(list(level))
        if not any(row.fate is Fate.LEFT for row in self._fates.manifests.values()):
            self._seen = None
            await mark.drop_mark(self._remote, await self._look(), self._planned.mark)

    async def _write_list(
        self, tags: Sequence[TagRow], manifests: Sequence[ManifestRow], now: datetime
    ) -> None:
        """What goes, and what is gone already that tags are about which go now."""
        gone = [subject for row in tags if (subject := subject_of_tag(row.tag))]
        named = [row.digest for row in manifests]
        named += [each for each in gone if each in self._facts.absent]
        if self._planned.mark:
            named.append(self._planned.mark)
        made = await mark.write_mark(self._remote, dict.fromkeys(named), now)
        self._lists[made.descriptor.digest] = made

    def ended(self, problem: str = "", error: PolyarchError | None = None) -> RepositoryPrune:
        """The plan with what became of it; what was not reached is left."""

        def fate(row: TagRow) -> TagRow:
            return replace(row, fate=Fate.LEFT, reason=problem) if row.fate is Fate.GOES else row

        left = [
            replace(row, fate=Fate.LEFT, reason=problem) if row.fate is Fate.GOES else row
            for row in self._fates.manifests.values()
        ]
        return replace(
            self._planned,
            tags=tuple(fate(row) for row in self._fates.tags.values()),
            manifests=tuple(left),
            problem=problem,
            error=error,
        )

    async def _remove_tags(self, rows: Sequence[TagRow]) -> None:
        if self._remote.profile.tag_delete == "tag":
            for row in rows:
                await self._remove_tag(row)
            return
        levels = {row.digest: row.level for row in self._planned.manifests}
        ordered = sorted(rows, key=lambda row: levels.get(row.digest, 0))
        for digest in dict.fromkeys(row.digest for row in ordered):
            kept = self._kept(await self._fresh(), self._going())
            await self._remove_shown(digest, [row for row in rows if row.digest == digest], kept)

    def _going(self) -> dict[str, Digest]:
        """Tags that go or are gone: a look of a moment ago may show them still."""
        rows = self._fates.tags.values()
        return {row.tag: row.digest for row in rows if row.fate in {Fate.GOES, Fate.REMOVED}}

    async def _remove_tag(self, row: TagRow) -> None:
        head = await self._remote.head(row.tag)
        if head and head.digest != row.digest:
            self._stays(row, "it has moved since")
            return
        if head:
            await self._remote.delete_tag(row.tag)
        self._fates.tags[row.tag] = replace(row, fate=Fate.REMOVED)

    async def _remove_shown(
        self, digest: Digest, rows: Sequence[TagRow], kept: Mapping[Digest, str]
    ) -> None:
        """Tags that go with their manifest, all of them."""
        heads = await asyncio.gather(*(self._remote.head(row.tag) for row in rows))
        for row, head in zip(rows, heads, strict=True):
            if head and head.digest != digest:
                self._stays(row, "it has moved since")
        if digest in kept:
            for row in rows:
                self._stays(row, f"by now {kept[digest]} needs what it shows")
            return
        await self._remote.delete_manifest(digest)
        for row in rows:
            if self._fates.tags[row.tag].fate is Fate.GOES:
                self._fates.tags[row.tag] = replace(row, fate=Fate.REMOVED)
        if known := self._fates.manifests.get(digest):
            self._fates.manifests[digest] = replace(known, fate=Fate.REMOVED)

    async def _remove_manifests(self, rows: Sequence[ManifestRow]) -> None:
        """Those of one level, but for what a tag shows by now or needs."""
        self._seen = None
        for at in range(0, len(rows), _AT_ONCE):
            some = rows[at : at + _AT_ONCE]
            kept = self._kept(await self._fresh(), {})
            for row in some:
                if row.digest in kept:
                    why = f"by now {kept[row.digest]} needs it: {_LATER}"
                    self._fates.manifests[row.digest] = replace(row, fate=Fate.LEFT, reason=why)
            await self._delete([each for each in some if each.digest not in kept])

    async def _delete(self, rows: Sequence[ManifestRow]) -> None:
        going = [row for row in rows if self._fates.manifests[row.digest].fate is Fate.GOES]
        answers = await asyncio.gather(
            *(self._remote.delete_manifest(row.digest) for row in going), return_exceptions=True
        )
        for row, answer in zip(going, answers, strict=True):
            if not isinstance(answer, BaseException):
                self._fates.manifests[row.digest] = replace(row, fate=Fate.REMOVED)
        for answer in answers:
            if isinstance(answer, BaseException):
                raise answer

    async def _fresh(self) -> Survey:
        """The repository as it is now, or was a moment ago.

        Raises:
            RegistryError, RepositoryUnclearError: it could not be read whole.
        """
        now = asyncio.get_running_loop().time()
        if self._seen and now - self._seen[0] < _MOMENT_S:
            return self._seen[1]
        found = mark.without_list(await self._look())
        if why := unclear(found.missing, found.unread, found.tags):
            raise RepositoryUnclearError(str(self._remote), why)
        self._seen = now, found
        return found

    async def _look(self) -> Survey:
        """All that has a tag now, the list among it."""
        return await survey(self._remote, known={**self._facts.manifests, **self._lists})

    def _kept(self, now: Survey, going: Mapping[str, Digest]) -> dict[Digest, str]:
        """What the tags of now need, but for those that are going and still show the same.

        Raises:
            RepositoryUnclearError: nobody knows what that is.
        """
        roots = {
            head.digest: f"`{tag}`"
            for tag, head in now.tags.items()
            if going.get(tag) != head.digest
        }
        stays = [tag for tag, head in now.tags.items() if going.get(tag) != head.digest]
        roots |= spoken_of(self._facts, stays, self._falling)
        roots |= dict.fromkeys(self._facts.young, "what a tag showed until a short while ago")
        manifests = {**self._facts.manifests, **now.manifests}
        kept = needed(replace(self._facts, manifests=manifests), roots)
        if why := lacking(kept, manifests, now.missing | self._facts.missing):
            raise RepositoryUnclearError(str(self._remote), why)
        return kept

    def _stays(self, row: TagRow, why: str) -> None:
        self._fates.tags[row.tag] = replace(row, fate=Fate.STAYS, reason=why)
