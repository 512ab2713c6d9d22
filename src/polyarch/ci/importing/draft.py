"""A polyarch.toml that is yet to be written, from whatever it comes."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from polyarch.ci.importing.told import Kind, Told

TomlValue = str | bool | tuple[str, ...] | Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True)
class DraftImage:
    """One image: its keys in the order in which they are written.

    `remarks` are lines of comment above it.
    """

    name: str
    keys: Mapping[str, TomlValue]
    remarks: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Draft:
    """The whole file. `publish_on` and `triggers` None leave the defaults.

    `source` is what it was made from; `told` what a person should know.
    """

    source: str
    images: tuple[DraftImage, ...]
    publish_on: tuple[str, ...] | None = None
    triggers: Mapping[str, TomlValue] = field(default_factory=dict)
    registries: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    runners: Mapping[str, str] = field(default_factory=dict)
    told: tuple[Told, ...] = ()

    def of_kind(self, *kinds: Kind) -> tuple[Told, ...]:
        """What is told of some kinds."""
        return tuple(each for each in self.told if each.kind in kinds)


def short_names(images: tuple[DraftImage, ...]) -> tuple[DraftImage, ...]:
    """Images without what all of their names begin with, as `app-` of `app-web` and `app-api`."""
    names = [each.name for each in images]
    if len(names) < 2:  # noqa: PLR2004 - one name has nothing in common with others
        return images
    front = names[0]
    for name in names[1:]:
        while not name.startswith(front):
            front = front[:-1]
    front = front[: max(front.rfind("-"), front.rfind("_"), front.rfind(".")) + 1]
    rest = [name.removeprefix(front) for name in names]
    if not front or not all(each[:1].isalnum() for each in rest):
        return images
    return tuple(
        DraftImage(name=name, keys=image.keys, remarks=image.remarks)
        for name, image in zip(rest, images, strict=True)
    )
