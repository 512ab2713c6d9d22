"""What the proof of a run found, read from its `proof.json`, and what a watch has found."""

from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.errors import SpecError
from polyarch.oci.fields import JsonObject, decode_object
from polyarch.runs.outcome import MOST_IMAGES, MOST_PLATFORMS
from polyarch.runs.reading import PROOF, RESULT, object_of, objects_of, text_of

MOST_FINDINGS = 1000


@dataclass(frozen=True, slots=True, kw_only=True)
class ToldFinding:
    """One finding; `platform` is empty where it is about a whole image."""

    image: str
    platform: str
    code: str
    severity: str
    path: str
    message: str
    hint: str


def findings_of(raw: bytes) -> tuple[ToldFinding, ...]:
    """All findings, image by image; none where the proof cannot be read."""
    return tuple(_all(raw))


def findings_of_watch(raw: bytes) -> tuple[ToldFinding, ...]:
    """Those of a result that has one row for each thing looked at; none of other results."""
    try:
        result = decode_object(raw, RESULT)
    except SpecError:
        return ()
    return tuple(
        found
        for row in objects_of(result, "results", MOST_IMAGES)
        for found in _of(row, text_of(row, "image") or text_of(row, "subject"), "")
    )


def _all(raw: bytes) -> Iterator[ToldFinding]:
    try:
        proof = decode_object(raw, PROOF)
    except SpecError:
        return
    for image in objects_of(proof, "images", MOST_IMAGES):
        name = text_of(image, "name")
        yield from _of(object_of(image, "structure"), name, "")
        for each in objects_of(image, "platforms", MOST_PLATFORMS):
            yield from _of(each, name, text_of(each, "platform"))


def _of(value: JsonObject, image: str, platform: str) -> Iterator[ToldFinding]:
    for finding in objects_of(value, "findings", MOST_FINDINGS):
        yield ToldFinding(
            image=image,
            platform=text_of(finding, "platform") or platform,
            code=text_of(finding, "code"),
            severity=text_of(finding, "severity"),
            path=text_of(finding, "path"),
            message=text_of(finding, "message"),
            hint=text_of(finding, "hint"),
        )
