"""Which layer brought a file, and which step of the build made that layer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from polyarch.errors import MalformedManifestError, shorten
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.fields import decode_object, object_list

_MAX_STEP = 200


@dataclass(frozen=True, slots=True, kw_only=True)
class Origins:
    """The layers of one image, base first, and what its history says made each (or nothing)."""

    layers: tuple[Descriptor, ...]
    steps: tuple[str, ...]

    @classmethod
    def of(cls, layers: Sequence[Descriptor], config: ImageConfig) -> "Origins":
        """Join layers and history where there are as many of one as of the other."""
        steps = _steps(config)
        if len(steps) != len(layers):
            steps = [""] * len(layers)
        return cls(layers=tuple(layers), steps=tuple(steps))

    def told(self, layer: int) -> str:
        """In words, as in `layer 3 of 5 (COPY app /app)`."""
        step = self.steps[layer] or self.layers[layer].digest.short
        return f"layer {layer + 1} of {len(self.layers)} ({step})"

    def details(self, layer: int) -> Mapping[str, str]:
        """The same for scripts."""
        found = {"layer": str(self.layers[layer].digest), "layer-number": str(layer + 1)}
        return {**found, "step": self.steps[layer]} if self.steps[layer] else found


def _steps(config: ImageConfig) -> list[str]:
    """What made each layer; steps that changed no file have none.

    Source: image-spec v1.1 config.md, "history".
    """
    try:
        history = object_list(decode_object(config.raw, "image config"), "history", "image config")
    except MalformedManifestError:
        return []
    return [
        _short(each.get("created_by")) for each in history if each.get("empty_layer") is not True
    ]


def _short(step: object) -> str:
    text = step if isinstance(step, str) else ""
    text = text.removeprefix("/bin/sh -c ").removeprefix("#(nop) ").strip()
    text = text.removesuffix("# buildkit").strip()
    return shorten(" ".join(text.split()), _MAX_STEP)
