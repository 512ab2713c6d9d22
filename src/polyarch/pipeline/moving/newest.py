"""The newest versions that stand in a repository, for whoever named one that does not."""

from functools import cmp_to_key

from polyarch.errors import PolyarchError
from polyarch.metadata.precedence import compare_versions
from polyarch.metadata.semver import SemanticVersion
from polyarch.registry.repository import RemoteRepository

_MOST = 5


async def newest_versions(remote: RemoteRepository) -> tuple[str, ...]:
    """Tags that are whole versions, the newest first; none where the registry does not say."""
    try:
        tags = await remote.tags()
    except PolyarchError:
        return ()
    versions = [tag for tag in tags if SemanticVersion.parse(tag.removeprefix("v"))]
    return tuple(sorted(versions, key=cmp_to_key(_order), reverse=True)[:_MOST])


def _order(one: str, other: str) -> int:
    return compare_versions(one, other) or 0
