"""A part: what one build of one platform of one image left, wherever it was built.

`.polyarch/parts/<image>/linux-arm-v7.json` (`polyarch.part/v1`) beside the layout of that name.
"""

import contextlib
import json
import shutil
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Self

from polyarch.content.files import write_bytes
from polyarch.errors import MalformedManifestError, PolyarchError, StorageError
from polyarch.oci import annotation
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.fields import (
    JsonObject,
    decode_object,
    object_list,
    optional_object,
    string,
    string_map,
)
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.claims import Claim, read_day

SCHEMA = "polyarch.part/v1"
_KEY = "sha256:"
INDEX_FILE = "index"
"""Beside the records of an image; no record is named so, because platforms have two parts."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Proof:
    """One proof that held for `subject` (a digest): its level, and `native`, `emulated` or `read`.

    `definition` is a digest of what was asked, `runtime` what ran the programs. `revision` and
    `ci_run` say which commit and which run of the CI it was made in.
    """

    subject: str
    level: str
    how: str
    definition: str = ""
    runtime: str = ""
    revision: str = ""
    ci_run: str | None = None

    def to_json(self) -> JsonObject:
        """As it stands in a part."""
        return {
            "subject": self.subject,
            "level": self.level,
            "how": self.how,
            "definition": self.definition,
            "runtime": self.runtime or None,
            "revision": self.revision,
            "ci_run": self.ci_run,
        }

    @classmethod
    def parse(cls, value: JsonObject) -> Self:
        """Read a proof; one that names no commit or run has none.

        Raises:
            MalformedManifestError: it is none.
        """
        return cls(
            subject=string(value, "subject", "proof"),
            level=string(value, "level", "proof"),
            how=string(value, "how", "proof"),
            definition=string(value, "definition", "proof", default=""),
            runtime=string(value, "runtime", "proof", default=""),
            revision=string(value, "revision", "proof", default=""),
            ci_run=string(value, "ci_run", "proof", default="") or None,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class PartBase:
    """The image that a part shares its lower layers with; a text is empty where it is not known.

    `name` is complete, `digest` that of the base's manifest for the part's own platform.
    """

    name: str = ""
    digest: str = ""

    def to_json(self) -> JsonObject:
        """As it stands in a part."""
        return {"name": self.name or None, "digest": self.digest or None}

    def labels(self) -> dict[str, str]:
        """What tells of it in the image (image-spec annotations.md)."""
        told = {annotation.BASE_NAME: self.name, annotation.BASE_DIGEST: self.digest}
        return {key: text for key, text in told.items() if text}


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """`sources` say where blobs are: `oci:DIR` (relative to the record) or `repository@digest`.

    Those of `staged` are where a build has sent the whole part, other repositories lend layers.
    `ci_run` is null on a laptop. `engine` is told for people, `builder` the node that it was built
    on, empty for this machine. `bases` is what it was built on, as a
    claim has it; `built_on` the day of that, empty where every day gives the same. `built` is what
    the engine made, and `manifest` the same under the labels of `revision`. `base` is None for an
    image from nothing, `inherited` are the keys of labels in `built` that speak of the base and not
    of the image.
    """

    image: str
    platform: Platform
    manifest: Descriptor
    built: Descriptor
    attestations: tuple[Descriptor, ...] = ()
    sources: tuple[str, ...]
    staged: tuple[str, ...] = ()
    input_key: str
    revision: str
    ci_run: str | None = None
    engine: str = ""
    builder: str = ""
    proofs: tuple[Proof, ...] = ()
    bases: Mapping[str, str] = field(default_factory=dict, hash=False)
    built_on: str = ""
    base: PartBase | None = None
    inherited: tuple[str, ...] = ()

    @property
    def claim(self) -> Claim:
        """What is said of it in an index; nothing of an image that was not built from inputs."""
        if not self.input_key.startswith(_KEY):
            return Claim()
        return Claim(key=self.input_key, built=self.built_on, bases=self.bases)

    def to_json(self) -> JsonObject:
        """The document `polyarch.part/v1`."""
        return {
            "schema": SCHEMA,
            "image": self.image,
            "platform": str(self.platform),
            "digest": str(self.manifest.digest),
            "manifest": self.manifest.to_json(),
            "built": self.built.to_json(),
            "attestations": [item.to_json() for item in self.attestations],
            "sources": list(self.sources),
            "staged": list(self.staged),
            "input_key": self.input_key,
            "revision": self.revision,
            "ci_run": self.ci_run,
            "engine": self.engine,
            "builder": self.builder or None,
            "bases": dict(sorted(self.bases.items())),
            "built_on": self.built_on or None,
            "base": self.base.to_json() if self.base else None,
            "inherited": list(self.inherited),
            "proofs": [proof.to_json() for proof in self.proofs],
        }

    @classmethod
    def parse(cls, raw: bytes) -> Self:
        """Read a part's document.

        Raises:
            MalformedManifestError: it is none.
            SpecError: a value in it is no digest or platform.
        """
        value = decode_object(raw, "part")
        if value.get("schema") != SCHEMA:
            raise MalformedManifestError("part", f"its schema is not {SCHEMA}")
        manifest = optional_object(value, "manifest", "part")
        built = optional_object(value, "built", "part")
        if manifest is None or built is None:
            raise MalformedManifestError("part", "`manifest` or `built` is missing")
        sources = _texts(value.get("sources"))
        staged = _texts(value.get("staged", []))
        return cls(
            image=string(value, "image", "part"),
            platform=Platform.parse(string(value, "platform", "part")),
            manifest=Descriptor.parse(manifest),
            built=Descriptor.parse(built),
            attestations=tuple(
                Descriptor.parse(item) for item in object_list(value, "attestations", "part")
            ),
            sources=sources,
            staged=tuple(source for source in staged if source in sources),
            input_key=string(value, "input_key", "part"),
            revision=string(value, "revision", "part"),
            ci_run=string(value, "ci_run", "part", default="") or None,
            engine=string(value, "engine", "part", default=""),
            builder=string(value, "builder", "part", default=""),
            bases=string_map(value, "bases", "part"),
            built_on=read_day(string(value, "built_on", "part", default="")),
            base=_base(value),
            inherited=_texts(value.get("inherited", [])),
            proofs=tuple(Proof.parse(item) for item in object_list(value, "proofs", "part")),
        )

    def staged_in(self, repositories: Iterable[Repository]) -> "Part":
        """This part, staged in exactly these repositories; its other sources stay."""
        others = tuple(source for source in self.sources if source not in self.staged)
        held = (str(each.at(self.manifest.digest)) for each in repositories)
        staged = tuple(dict.fromkeys(source for source in held if source not in others))
        return replace(self, sources=(*others, *staged), staged=staged)


@dataclass(frozen=True, slots=True, kw_only=True)
class PartsFolder:
    """`.polyarch/parts`: one folder per image, one record and one layout per platform."""

    root: Path

    def record(self, image: str, platform: Platform) -> Path:
        """The file of a part's document."""
        return self.root / image / f"{platform.slug}.json"

    def layout(self, image: str, platform: Platform) -> Path:
        """The folder of a part's OCI layout."""
        return self.root / image / platform.slug

    def read(self, image: str, platform: Platform) -> Part | None:
        """The part that is there, or None where there is none that can be read.

        Where it was staged is left out: another run did that, and registries forget.
        """
        try:
            part = Part.parse(self.record(image, platform).read_bytes())
        except (OSError, PolyarchError):
            return None
        return part.staged_in(()) if (part.image, part.platform) == (image, platform) else None

    def keep_index(self, image: str, index: ImageIndex) -> None:
        """Keep the index that was assembled last, with the annotations that only a plan knows."""
        write_bytes(self.root / image / INDEX_FILE, index.raw)

    def index(self, image: str) -> ImageIndex | None:
        """The index that was assembled last; its parts may have been built anew since."""
        try:
            return ImageIndex.parse((self.root / image / INDEX_FILE).read_bytes())
        except (OSError, PolyarchError):
            return None

    def platforms(self, image: str) -> tuple[Platform, ...]:
        """The platforms of which there is a record, sorted."""
        found = []
        for path in sorted((self.root / image).glob("*.json")):
            with contextlib.suppress(OSError, PolyarchError):
                found.append(Part.parse(path.read_bytes()).platform)
        return tuple(found)

    def discard(self, image: str, platform: Platform) -> None:
        """Remove a part, its record first, so that a record never names a layout that is gone.

        Raises:
            StorageError: it cannot be removed.
        """
        layout = self.layout(image, platform)
        try:
            self.record(image, platform).unlink(missing_ok=True)
            if layout.is_dir() and not layout.is_symlink():
                shutil.rmtree(layout)
            else:
                layout.unlink(missing_ok=True)
        except OSError as error:
            raise StorageError(str(layout), error.strerror or str(error)) from error

    def write(self, part: Part) -> Path:
        """Keep a part's document; its layout must be in place."""
        path = self.record(part.image, part.platform)
        text = json.dumps(part.to_json(), indent=2, ensure_ascii=False) + "\n"
        write_bytes(path, text.encode())
        return path


def _base(value: JsonObject) -> PartBase | None:
    found = optional_object(value, "base", "part")
    if found is None:
        return None
    name, digest = (string(found, key, "base", default="") for key in ("name", "digest"))
    return PartBase(name=name, digest=digest)


def _texts(value: Any) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(item, str) for item in value):
        raise MalformedManifestError("part", "`sources` is not a list of texts")
    return tuple(value)
