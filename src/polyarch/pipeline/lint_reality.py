"""Whether what a base image has for a platform is real: by its config, then by its programs."""

from dataclasses import dataclass, field

from polyarch.checks.architecture import check_architecture
from polyarch.checks.binary import Misfit
from polyarch.checks.memory import LayerMemory
from polyarch.errors import PolyarchError
from polyarch.events import Listener, Warned
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Reference
from polyarch.pipeline.lint_shops import Shop

MAX_BYTES = 64 << 20
"""Of one platform's layers in a registry: a look-up is no download of toolchains."""

_FOREIGN = frozenset({Misfit.ARCHITECTURE.value, Misfit.SYSTEM.value})


@dataclass(frozen=True, slots=True, kw_only=True)
class Reality:
    """Looks into images; `memory` knows layers that were read before."""

    memory: LayerMemory
    listen: Listener
    _unread: set[str] = field(default_factory=set)

    def flaw(self, shop: Shop, reference: Reference, child: Descriptor, wanted: Platform) -> str:
        """Why the image of a platform is not real; empty where nothing speaks against it.

        Raises:
            PolyarchError: its manifest or its config cannot be had.
            TimeoutError: no answer in time.
        """
        found = shop.child(reference.repository, child)
        if not isinstance(found, ImageManifest):
            return ""
        platform = shop.config(reference.repository, found).platform
        if not platform.satisfies(wanted):
            return f"its config says `{platform}`"
        if not shop.is_local and sum(layer.size for layer in found.layers) > MAX_BYTES:
            self._leave(reference)
            return ""
        return self._foreign(shop, reference, child, wanted)

    def _foreign(
        self, shop: Shop, reference: Reference, child: Descriptor, wanted: Platform
    ) -> str:
        """The first program of another machine where only what runs can lie."""
        try:
            report = check_architecture(
                shop.store(reference.repository),
                child,
                wanted,
                subject=str(reference),
                seen=self.memory,
            )
        except PolyarchError:
            return ""  # what cannot be read is no lie
        wrong = [found for found in report.errors if found.code in _FOREIGN]
        return f"`{wrong[0].path}` is {wrong[0].message}" if wrong else ""

    def _leave(self, reference: Reference) -> None:
        name = str(reference)
        if name not in self._unread:
            self._unread.add(name)
            text = f"the programs in `{name}` were not looked at: it is large"
            self.listen(Warned(text=f"{text}; `polyarch verify --level deep {name}` reads them"))
