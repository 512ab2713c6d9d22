"""The entries of an OCI layout's `index.json`: which image is meant by a name, and adding one.

What polyarch does not understand of the file stays as it is.

Source: image-spec v1.1 image-layout.md, "index.json file"; annotations.md, "ref.name".
"""

from collections.abc import Iterable
from dataclasses import replace

from polyarch.content.places import Place
from polyarch.errors import ImageNotNamedError, InvalidReferenceError, NothingSelectedError
from polyarch.oci import annotation
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.fields import JsonObject, decode_object, encode, object_list
from polyarch.oci.manifest import ImageIndex, is_attestation
from polyarch.oci.reference import parse_reference

CONTAINERD_NAME = "io.containerd.image.name"
"""Under this annotation containerd looks for the full name when it imports an archive."""

_KIND = "index of an OCI layout"


def name_of(entry: Descriptor) -> str:
    """The name under which an entry is found, empty where it has none."""
    named = entry.annotations.get(annotation.REF_NAME)
    return named or entry.annotations.get(CONTAINERD_NAME, "")


def choose(entries: Iterable[Descriptor], place: Place) -> Descriptor:
    """The entry that a place means; without a name the only image there is.

    Raises:
        NothingSelectedError: none has the name or digest.
        ImageNotNamedError: there are several images, or none.
    """
    listed = tuple(entries)
    images = [entry for entry in listed if not _is_about_another(entry)] or list(listed)
    if place.digest:
        found = [entry for entry in images if entry.digest == place.digest]
        if not found:
            known = [str(entry.digest) for entry in images]
            raise NothingSelectedError(str(place.digest), known, kind="digest")
        images = found
    if place.tag:
        return _named(images, place.tag)
    if len({entry.digest for entry in images}) != 1:
        raise ImageNotNamedError(place.name, [_told(entry) for entry in images])
    return images[-1]


def named(entry: Descriptor, name: str, full_name: str = "") -> Descriptor:
    """The entry for a manifest under a name, or without one where it is empty."""
    names = {annotation.REF_NAME: name, CONTAINERD_NAME: full_name}
    return replace(entry, annotations={key: text for key, text in names.items() if text})


def with_entry(raw: bytes, entry: Descriptor) -> bytes:
    """The bytes of `index.json` with one entry more, in the place of the one that has its name.

    Raises:
        MalformedManifestError: the bytes are no index.
    """
    value = decode_object(raw, _KIND)
    ImageIndex.parse(raw)
    kept = [item for item in object_list(value, "manifests", _KIND) if not _gives_way(item, entry)]
    return encode({**value, "manifests": [*kept, entry.to_json()]})


def _gives_way(item: JsonObject, entry: Descriptor) -> bool:
    """Whether an entry that is there is the one of this name, or is the same without a name."""
    there = Descriptor.parse(item)
    name = name_of(entry)
    return name_of(there) == name and (bool(name) or there.digest == entry.digest)


def _named(entries: Iterable[Descriptor], name: str) -> Descriptor:
    """The last entry of the name counts; a full name may be written short, as Docker has it."""
    listed = list(entries)
    exact = [each for each in listed if annotation.REF_NAME in each.annotations]
    exact = [each for each in exact if each.annotations[annotation.REF_NAME] == name]
    wanted = _full(name)
    found = exact or [each for each in listed if wanted and wanted in map(_full, _names(each))]
    if not found:
        known = [_told(entry) for entry in listed]
        raise NothingSelectedError(name, known, kind="image")
    return found[-1]


def _names(entry: Descriptor) -> tuple[str, ...]:
    keys = (annotation.REF_NAME, CONTAINERD_NAME)
    return tuple(entry.annotations[key] for key in keys if key in entry.annotations)


def _full(name: str) -> str:
    try:
        return str(parse_reference(name))
    except InvalidReferenceError:
        return ""


def _is_about_another(entry: Descriptor) -> bool:
    """Attestations and other artifacts that a layout lists beside its images."""
    return is_attestation(entry) or bool(entry.artifact_type)


def _told(entry: Descriptor) -> str:
    platform = f" ({entry.platform})" if entry.platform else ""
    return name_of(entry) or f"{entry.digest}{platform}"
