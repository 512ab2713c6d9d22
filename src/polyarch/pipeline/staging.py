"""`build --stage`: what this machine built goes to registries by digest, for another job to join.

No tag is made or moved. Each part's record then names the repositories that hold it.
"""

from collections.abc import Iterator, Mapping, Sequence

from polyarch.config.project import PER_REGISTRY, ImageSettings
from polyarch.content.reader import read_small
from polyarch.errors import AdaptationNeededError, PolyarchError
from polyarch.events import Note
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest, parse_any
from polyarch.oci.reference import Repository
from polyarch.pipeline.build import BuiltPart
from polyarch.pipeline.job import Job, ProvenImage, borrowed
from polyarch.pipeline.part import Part, PartsFolder
from polyarch.pipeline.plan import ImagePlan, Plan
from polyarch.pipeline.pushed import push_places
from polyarch.pipeline.reached import Reached, reached
from polyarch.pipeline.staged import StagedPart, Staging
from polyarch.registry.client import RegistryClient
from polyarch.transaction.adapt import adapted, misfits
from polyarch.transaction.staging import Staged, check_pushes, stage_only
from polyarch.transaction.values import OnRegistryFailure, Submission, Target

REFUSED = "a repository was ruled out before anything was built"
NOWHERE = "no repository has taken it"

Places = Mapping[str, tuple[Repository, ...]]
"""Where parts of each image go, by its name."""


def build_and_stage(work: Job) -> tuple[tuple[ProvenImage, ...], Staging]:
    """Build and prove; then, for images that this event publishes, let registries hold the parts.

    No images come back when a repository refused before anything was built.

    Raises:
        PolyarchError: what building or proving met; nothing was staged then.
        StorageError: a record cannot be written.
    """
    plan, project = work.prepared.plan, work.prepared.project
    going = [image for image in plan.images if image.publish]
    if not going:
        return work.build(), Staging(reason=_why_not(plan))
    for image in plan.images:
        if not image.publish:
            work.world.listen(Note(text=f"`{image.name}` is not staged: {image.reason}"))
    places = {image.name: _places(work, image) for image in going}
    policy = OnRegistryFailure(project.publish.on_registry_failure)
    with reached(work, [each for found in places.values() for each in found]) as there:
        refused = _refusals(there, places, work)
        none_left = refused.keys() >= {each for found in places.values() for each in found}
        if none_left or (refused and policy is OnRegistryFailure.ABORT):
            return (), Staging(reason=REFUSED, parts=_never_built(going, places, refused))
        images = work.build(_push_places(work, places, refused))
        proven = [image for image in images if image.plan.publish]
        found = _stage(there, proven, places, policy, work)
    _write_records(work, found)
    reason = going[0].reason if any(each.held for each in found) else NOWHERE
    tolerant = policy is OnRegistryFailure.CONTINUE
    return images, Staging(reason=reason, parts=found, tolerant=tolerant)


def _push_places(
    work: Job, places: Places, refused: Mapping[Repository, PolyarchError]
) -> dict[str, Repository]:
    """Where builders push, by image."""
    found = ((name, each) for name, own in places.items() for each in own if each not in refused)
    return push_places(found, work.prepared.ask)


def _places(work: Job, image: ImagePlan) -> tuple[Repository, ...]:
    """The one repository of `stage-to`, else all destinations."""
    staged = work.prepared.project.publish.stage_repository(image.name)
    return (staged,) if staged else tuple(each.repository for each in image.destinations)


def _refusals(there: Reached, places: Places, work: Job) -> Mapping[Repository, PolyarchError]:
    wanted = [repository for found in places.values() for repository in found]
    return there.runner.run(check_pushes(wanted, there.client, work.world.listen))


def _never_built(
    images: Sequence[ImagePlan], places: Places, refused: Mapping[Repository, PolyarchError]
) -> tuple[StagedPart, ...]:
    return tuple(
        StagedPart(
            image=image.name,
            platform=planned.platform,
            repository=repository,
            digest=None,
            held=False,
            error=refused.get(repository),
        )
        for image in images
        for planned in image.platforms
        for repository in places[image.name]
    )


def _stage(
    there: Reached,
    images: Sequence[ProvenImage],
    places: Places,
    policy: OnRegistryFailure,
    work: Job,
) -> tuple[StagedPart, ...]:
    """Send every part with its attestations, each of which is a manifest of its own."""
    parts = [(image, built.part) for image in images for built in image.parts]
    settings = work.prepared.project.images
    submissions = [
        _submission(image, part, root, takers)
        for image, part in parts
        for root, takers in takers_of(
            image, part, places[image.plan.name], there.client, settings[image.plan.name]
        )
    ]
    ended = there.runner.run(
        stage_only(submissions, there.client, work.world.listen, on_failure=policy)
    )
    by_name: dict[tuple[str, Repository], list[Staged]] = {}
    for each in ended:
        by_name.setdefault((each.name, each.repository), []).append(each)
    return tuple(
        _outcome(part, repository, by_name[_name(part), repository])
        for image, part in parts
        for repository in places[image.plan.name]
    )


def takers_of(
    image: ProvenImage,
    part: Part,
    places: Sequence[Repository],
    client: RegistryClient,
    settings: ImageSettings,
) -> Iterator[tuple[Descriptor, tuple[Repository, ...]]]:
    """The manifests of a part, each with the repositories that it goes to.

    Raises:
        AdaptationNeededError: one takes no attestations, and one digest is to hold everywhere, or
            no other is there to hold them.
    """
    refused: dict[Digest, set[Repository]] = {}
    for place in places:
        profile = client.repository(place).profile
        for child in misfits(image.index, image.source, profile):
            refused.setdefault(child.digest, set()).add(place)
    for root in (part.manifest, *part.attestations):
        refusing = refused.get(root.digest, set())
        takers = tuple(place for place in places if place not in refusing)
        if refusing and not (takers and settings.digest_policy == PER_REGISTRY):
            place = min(refusing)
            _, why = adapted(image.index, image.source, client.repository(place).profile)
            raise AdaptationNeededError(str(place), why)
        yield root, takers


def _submission(
    image: ProvenImage, part: Part, root: Descriptor, places: Sequence[Repository]
) -> Submission:
    return Submission(
        name=_name(part),
        root=_manifest(image, root),
        source=image.source,
        targets=tuple(Target(repository=each, tags=()) for each in places),
        mount_from=tuple(Repository.parse(name) for name in borrowed(image)),
    )


def _manifest(image: ProvenImage, root: Descriptor) -> ImageManifest | ImageIndex:
    return parse_any(read_small(image.source, root), root.media_type)


def _name(part: Part) -> str:
    return f"{part.image}/{part.platform}"


def _outcome(part: Part, repository: Repository, ended: Sequence[Staged]) -> StagedPart:
    return StagedPart(
        image=part.image,
        platform=part.platform,
        repository=repository,
        digest=part.manifest.digest,
        held=all(each.held for each in ended),
        error=next((each.error for each in ended if each.error), None),
    )


def _write_records(work: Job, staged: Sequence[StagedPart]) -> None:
    """Let the records of parts name who holds them, and the run's own list of parts too."""
    folder = PartsFolder(root=work.world.state / "parts")
    for number, built in enumerate(work.finished):
        mine = (built.part.image, built.part.platform)
        held = [s.repository for s in staged if s.held and (s.image, s.platform) == mine]
        if held:
            part = built.part.staged_in(held)
            folder.write(part)
            work.finished[number] = BuiltPart(part=part, reused=built.reused)


def _why_not(plan: Plan) -> str:
    return "; ".join(dict.fromkeys(image.reason for image in plan.images)) or plan.reason
