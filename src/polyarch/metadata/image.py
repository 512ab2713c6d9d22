"""Names of images, as tags are put behind them."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from polyarch.errors import InvalidRuleError
from polyarch.metadata.javascript import trim
from polyarch.metadata.records import split_fields
from polyarch.metadata.rule import nearest

KIND = "image name"
_KEYS = ("name", "enable")


@dataclass(frozen=True, slots=True, kw_only=True)
class ImageName:
    """One name and whether it counts; the name keeps its case and is not checked."""

    name: str = ""
    enable: bool = True

    @classmethod
    def parse(cls, item: str) -> Self:
        """Read one item such as `ghcr.io/team/app,enable=false`.

        Raises:
            InvalidRuleError: an unknown key, an empty name, or `enable` neither true nor false.
        """
        image = cls()
        for part in split_fields(item, KIND):
            image = image._with(item, part)
        if not image.name:
            raise InvalidRuleError(KIND, item, "the name is empty", attribute="name", known=_KEYS)
        return image

    def _with(self, item: str, part: str) -> Self:
        pieces = [trim(piece) for piece in part.split("=")]
        if len(pieces) == 1:
            return replace(self, name=pieces[0])
        key, value = pieces[0].lower(), pieces[1]
        if key == "name":
            return replace(self, name=value)
        if key == "enable" and value in {"true", "false"}:
            return replace(self, enable=value == "true")
        known, meant = (
            (_KEYS, nearest(key, _KEYS)) if key != "enable" else (("true", "false"), None)
        )
        problem = f"`{value}` is neither true nor false" if key == "enable" else f"no key `{key}`"
        raise InvalidRuleError(KIND, item, problem, attribute=key, nearest=meant, known=known)


def parse_images(items: Sequence[str]) -> tuple[ImageName, ...]:
    """Read a list of names. A single item without any `=` may hold several, between commas.

    Raises:
        InvalidRuleError: an item does not parse.
    """
    if len(items) == 1:
        parts = split_fields(items[0], KIND)
        if not any("=" in part for part in parts):
            return tuple(ImageName(name=trim(part)) for part in parts)
    return tuple(ImageName.parse(item) for item in items)
