"""Images that are taken again: laid into layouts, and read from where they were seen."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from polyarch.checks.memory import LayerMemory
from polyarch.content.filling import FillingStore
from polyarch.content.layout import LayoutStore
from polyarch.content.store import Fetcher
from polyarch.engines.base import Built
from polyarch.oci.reference import Repository
from polyarch.pipeline.facts import Facts
from polyarch.pipeline.held import Seen
from polyarch.pipeline.lookup import take_again
from polyarch.pipeline.plan import ImagePlan, PlannedPlatform
from polyarch.pipeline.rehearsal import opened_stand_in
from polyarch.registry.blocking import BlockingRegistries

_FETCHES = 8
"""Layers on their way at once."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Again:
    """Of one run. `rehearsed`: registries that stand in keep what was published, in `state`."""

    facts: Facts
    registries: BlockingRegistries
    state: Path
    rehearsed: bool

    def take(self, planned: PlannedPlatform, layout: LayoutStore) -> Built:
        """Lay the image of an unchanged platform into a layout."""
        return take_again(self.facts.reusable[planned.source], layout)

    def opened(self, repository: Repository) -> Fetcher:
        """A repository as a store, which is not asked for what the plan has seen there."""
        real: Fetcher = self.registries.store(repository)
        if self.rehearsed:
            return opened_stand_in(repository, self.state, real)
        found = self.facts.reusable.values()
        seen = [each.seen for each in found if each.reference.repository == repository]
        return Seen(real, frozenset().union(*seen)) if seen else real

    def bring(self, image: ImagePlan, source: FillingStore, memory: LayerMemory) -> None:
        """Fetch the layers that a proof is going to read, all at once.

        Raises:
            BlobNotFoundError, RegistryError: one cannot be had.
        """
        again = (self.facts.reusable.get(each.source) for each in image.platforms)
        layers = dict.fromkeys(layer for each in again if each for layer in each.manifest.layers)
        wanted = [layer for layer in layers if not memory.knows(layer.digest)]
        if len(wanted) > 1:
            with ThreadPoolExecutor(_FETCHES, thread_name_prefix="fetch") as pool:
                for opened in pool.map(source.open, wanted):
                    opened.close()
