"""What the record of a part, or the entry of an index, says of how its image came about. Pure.

In a registry it is a claim of whoever could write there: the key only finds what may be taken, and
what is taken is proven like an image that was built.
"""

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta
from typing import Self

from polyarch.errors import shorten
from polyarch.oci import annotation
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject, decode_object, encode

_MAX_TEXT = 64 * 1024
"""Characters of bases in an index; a build takes a handful of them."""

_AHEAD = timedelta(days=1)
"""By how much clocks may differ; what claims to be of later still has no age."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Claim:
    """`key` is the input key, `built` the day of the build as `2026-01-31` or empty.

    `bases` maps what it was built on to digests: names of images outside to those of manifests,
    `image:NAME/PLATFORM` to what `essence_of` says of an image of the project.
    """

    key: str = ""
    built: str = ""
    bases: Mapping[str, str] = field(default_factory=dict, hash=False)

    @classmethod
    def of(cls, entry: Descriptor) -> Self:
        """What stands in an index beside a digest; empty where it is nothing of ours."""
        told = entry.annotations
        return cls(
            key=told.get(annotation.INPUT_KEY, ""),
            built=read_day(told.get(annotation.BUILT, "")),
            bases=_bases(told.get(annotation.BASES, "")),
        )

    @property
    def annotations(self) -> dict[str, str]:
        """As it stands in an index: the same for the same claim."""
        bases = encode(dict(sorted(self.bases.items()))).decode() if self.bases else ""
        told = {
            annotation.INPUT_KEY: self.key,
            annotation.BUILT: self.built,
            annotation.BASES: bases,
        }
        return {name: text for name, text in told.items() if text}

    def is_older(self, now: datetime, seconds: int) -> bool:
        """Whether it may be more than that old at the end of its day, or does not say its age."""
        try:
            day = date.fromisoformat(self.built)
        except ValueError:
            return True
        age = now - datetime.combine(day, time.min, UTC)
        return age > timedelta(seconds=seconds) or age < -_AHEAD

    def moved(self, bases: Mapping[str, str]) -> tuple[str, ...]:
        """A line for each of `bases` that is not what it was; what nobody knows did not move."""
        both = sorted(name for name in bases if self.bases.get(name) and bases[name])
        return tuple(
            f"`{name}` moved {_short(self.bases[name])} -> {_short(bases[name])}"
            for name in both
            if self.bases[name] != bases[name]
        )


def essence_of(config: ImageConfig, *, hidden: Collection[str]) -> str:
    """A digest of what an image hands on to those that stand on it: layers, and how it starts.

    Times, and labels that speak of it alone, are not handed on, nor are labels of `hidden`.
    """
    value = decode_object(config.raw, "image config")
    run: JsonObject = dict(value.get("config") or {})
    out = {*annotation.OWN, *hidden}
    run["Labels"] = {name: text for name, text in config.labels.items() if name not in out}
    parts = [str(config.platform), value.get("rootfs"), run]
    return str(Digest.of(json.dumps(parts, sort_keys=True).encode()))


def day_of(now: datetime) -> str:
    """The day, UTC."""
    return now.astimezone(UTC).date().isoformat()


def read_day(text: str) -> str:
    """The day that a text names, empty where it names none."""
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        return ""


def _bases(text: str) -> dict[str, str]:
    if not text or len(text) > _MAX_TEXT:
        return {}
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    if not isinstance(found, dict):
        return {}
    return {name: each for name, each in found.items() if isinstance(each, str)}


def _short(digest: str) -> str:
    algorithm, _, encoded = digest.partition(":")
    return shorten(f"{algorithm}:{encoded[:12]}", 30)
