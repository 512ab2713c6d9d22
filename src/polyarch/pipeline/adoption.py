"""What one registry holds of this very version and commit, for those that do not hold it yet.

A run that died in the middle leaves some registries with the new index and some without. The next
run, on whatever machine, gives the others that digest instead of building one of its own.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence

from polyarch.config.project import PER_REGISTRY, ImageSettings, Project
from polyarch.host.ci_event import CiEvent
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.current import NOT_ASKED, CurrentTags
from polyarch.pipeline.existing import Existing
from polyarch.pipeline.guard import Ours, ours
from polyarch.pipeline.plan import Current
from polyarch.pipeline.wording import Wording


def adopted(
    project: Project,
    scope: Mapping[str, Sequence[Platform]],
    current: CurrentTags,
    wording: Wording,
    event: CiEvent,
    *,
    takes_less: Collection[str] = (),
) -> dict[tuple[str, Platform], Existing]:
    """For images that only some registries hold: the index that is there. Pure.

    What stands at the hosts of `takes_less` may lack a part of the image where each registry gets
    what it takes: no other is given that.
    """
    found: dict[tuple[str, Platform], Existing] = {}
    for name, platforms in scope.items():
        settings = project.images[name]
        names = wording.names(settings)
        places = list(_places(settings, names.tags, current))
        less = takes_less if settings.digest_policy == PER_REGISTRY else ()
        whole = [(where, what) for where, what in places if where.registry not in less]
        holder = _holder(whole, ours(names, event), platforms)
        if holder is None or set(platforms) != set(settings.platforms):
            continue
        repository, digest = holder
        if any(standing.digest != digest for _, standing in places):
            taken = Existing(
                reference=repository.at(digest),
                reason="a registry holds this version of this commit already",
                whole=True,
            )
            found.update(((name, platform), taken) for platform in platforms)
    return found


def _places(
    settings: ImageSettings, tags: Sequence[str], current: CurrentTags
) -> Iterator[tuple[Repository, Current]]:
    for repository in settings.repositories:
        for tag in tags:
            yield repository, current.get(repository.tag(tag), NOT_ASKED)


def _holder(
    places: Sequence[tuple[Repository, Current]], mine: Ours, platforms: Sequence[Platform]
) -> tuple[Repository, Digest] | None:
    """The first that holds this version and revision for exactly these platforms."""
    for repository, standing in places:
        same = (standing.revision, standing.version) == (mine.revision, mine.version)
        whole = set(standing.platforms) == set(platforms)
        if mine.revision and same and whole and standing.digest:
            return repository, standing.digest
    return None
