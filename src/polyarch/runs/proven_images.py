"""Which images a run has proven, by digest, read from its `proof.json`."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from polyarch.errors import SpecError
from polyarch.oci.fields import JsonObject, decode_object
from polyarch.runs.outcome import MOST_IMAGES, MOST_PLATFORMS
from polyarch.runs.reading import PROOF, digest_of, object_of, objects_of, text_of

SCHEMA = "polyarch.proof/v1"
MOST_GATES = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ProvenImage:
    """An image whose proof held: `digest` is of its index, `levels` by digests of its images."""

    name: str
    digest: str
    levels: Mapping[str, str]


def proven_images(raw: bytes) -> tuple[ProvenImage, ...]:
    """Every image whose proof held as a whole, gates too; none where the proof cannot be read."""
    try:
        proof = decode_object(raw, PROOF)
    except SpecError:
        return ()
    if proof.get("schema") != SCHEMA:
        return ()
    refused = _refused(proof)
    return tuple(
        found
        for found in _all(proof)
        if found.name not in refused  # its gate saw this very image, and did not let it pass
    )


def _refused(proof: JsonObject) -> frozenset[str]:
    gates = objects_of(proof, "gates", MOST_GATES)
    return frozenset(text_of(gate, "image") for gate in gates if gate.get("ok") is not True)


def _all(proof: JsonObject) -> Iterator[ProvenImage]:
    for image in objects_of(proof, "images", MOST_IMAGES):
        platforms = list(objects_of(image, "platforms", MOST_PLATFORMS))
        parts = [image, object_of(image, "structure"), *platforms]
        levels = {digest_of(each, "digest"): text_of(each, "level") for each in platforms}
        digest = digest_of(image, "digest")
        whole = all(part.get("ok") is True for part in parts)
        if (
            digest
            and levels
            and whole
            and all(digest and level for digest, level in levels.items())
        ):
            yield ProvenImage(name=text_of(image, "name"), digest=digest, levels=levels)
