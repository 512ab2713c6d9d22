"""`inspect`: reads an image wherever it is, children beside each other."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path

from polyarch.config.project import Project
from polyarch.content.places import Place
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.platform import Platform
from polyarch.pipeline.copy_choice import chosen
from polyarch.pipeline.copy_referrers import find_referrers
from polyarch.pipeline.inspect_children import read_child, with_shared
from polyarch.pipeline.inspection import Artifact, Inspection
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.verify_source import opener
from polyarch.pipeline.world import World
from polyarch.transaction.hold import Hold

AT_ONCE = 8


def inspect(
    place: Place,
    reach: Reach,
    world: World,
    *,
    project: Project | None,
    folder: Path,
    platforms: Sequence[Platform] = (),
    referrers: bool = True,
) -> Inspection:
    """Read an image; relative paths begin at `folder`. `platforms` are shown alone if there are.

    Raises:
        NothingSelectedError, RegistryError, HostError, ContentError, SpecError: it is not there,
            cannot be asked for, or its root is broken. What is wrong below that is told.
    """
    with ExitStack() as stack:
        opened = opener(
            reach, world, stack, project=project, folder=folder, wanted=tuple(platforms)
        )
        source = opened.open(place)
        root = chosen(source.root, source.store, platforms)
        nodes = root.manifests if isinstance(root, ImageIndex) else (root.descriptor,)
        pool = stack.enter_context(ThreadPoolExecutor(AT_ONCE, "inspect"))
        children = tuple(pool.map(lambda node: read_child(source.store, node), nodes))
        shown = {child.descriptor.digest for child in children} | {source.root.descriptor.digest}
        found = (
            find_referrers(source, source.root, opened.registries, world.listen, holds=True)
            if referrers
            else ()
        )
        return Inspection(
            place=place,
            root=source.root.descriptor,
            raw=source.root.raw,
            annotations=dict(source.root.annotations),
            children=with_shared(children),
            referrers=tuple(
                Artifact(
                    digest=each.manifest.descriptor.digest,
                    kind=each.entry.artifact_type,
                    subject=each.subject,
                    hold=Hold.read(each.manifest),
                )
                for each in found
                if not platforms or each.subject in shown
            ),
            notes=source.notes,
        )
