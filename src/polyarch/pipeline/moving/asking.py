"""What stands under tags and digests now; who does not say it is told as an error of that place."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence

from polyarch.errors import PolyarchError
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.pipeline.current import ask_tags
from polyarch.pipeline.moving.desk import Desk
from polyarch.pipeline.plan import State

Root = ImageIndex | ImageManifest
Found = Root | PolyarchError | None
"""None: nothing stands there."""

Shown = Mapping[tuple[Repository, str], Found]


def shown_by(desk: Desk, tags: Iterable[tuple[Repository, str]]) -> Shown:
    """What each tag shows, all asked at once."""
    wanted = dict.fromkeys(repository.tag(tag) for repository, tag in tags)
    answers = desk.runner.run(ask_tags(desk.client, wanted))
    return {
        (reference.repository, reference.tag): answer.current.error
        if answer.current.state is State.UNKNOWN
        else answer.manifest
        for reference, answer in answers.items()
    }


def standing_as(
    desk: Desk, wanted: Sequence[tuple[Repository, Digest]]
) -> Mapping[tuple[Repository, Digest], Found]:
    """What stands in repositories by digest, all asked at once."""

    async def one(repository: Repository, digest: Digest) -> Found:
        try:
            return await desk.client.repository(repository).standing_manifest(digest)
        except PolyarchError as error:
            return error

    async def all_() -> list[Found]:
        return await asyncio.gather(*(one(*each) for each in wanted))

    return dict(zip(wanted, desk.runner.run(all_()), strict=True))
