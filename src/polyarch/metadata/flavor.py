"""A flavor: what all tags of an image have in common."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Self

from polyarch.errors import InvalidRuleError
from polyarch.metadata.javascript import trim
from polyarch.metadata.records import split_fields
from polyarch.metadata.rule import nearest

KIND = "flavor"
_KEYS = ("latest", "prefix", "suffix", "onlatest")
_LATEST = ("auto", "true", "false")


@dataclass(frozen=True, slots=True, kw_only=True)
class Flavor:
    """`latest` is `auto`, `true` or `false`; prefix and suffix reach it only when told so."""

    latest: str = "auto"
    prefix: str = ""
    prefix_latest: bool = False
    suffix: str = ""
    suffix_latest: bool = False

    @classmethod
    def parse(cls, items: Sequence[str]) -> Self:
        """Read all items; a later one overrides an earlier one.

        Raises:
            InvalidRuleError: a field that is no pair, an unknown key, or a value it does not take.
        """
        flavor = cls()
        for item in items:
            before = ""
            for part in split_fields(item, KIND):
                key, value = _pair(item, part)
                flavor = flavor._with(item, key, value, before)
                before = key if key in {"prefix", "suffix"} else before
        return flavor

    def _with(self, item: str, key: str, value: str, before: str) -> Self:
        if key == "latest":
            return replace(self, latest=_choice(item, key, value, _LATEST))
        if key == "prefix":
            return replace(self, prefix=value)
        if key == "suffix":
            return replace(self, suffix=value)
        reaches = _choice(item, key, value, ("true", "false")) == "true"
        if before == "prefix":
            return replace(self, prefix_latest=reaches)
        # Without a prefix or suffix in front of it `onlatest` speaks of nothing.
        return replace(self, suffix_latest=reaches) if before == "suffix" else self


def _pair(item: str, part: str) -> tuple[str, str]:
    key, equals, rest = part.partition("=")
    key = trim(key)
    if not equals:
        raise InvalidRuleError(
            KIND, item, f"`{part}` is no `key=value`", nearest=_example(key), known=_KEYS
        )
    if key.lower() not in _KEYS:
        raise InvalidRuleError(
            KIND,
            item,
            f"there is no key `{key}`",
            attribute=key,
            nearest=nearest(key, _KEYS),
            known=_KEYS,
        )
    return key.lower(), trim(rest.partition("=")[0])


def _example(key: str) -> str | None:
    close = nearest(key, _KEYS)
    return f"{close}=…" if close else None


def _choice(item: str, key: str, value: str, allowed: tuple[str, ...]) -> str:
    if value not in allowed:
        raise InvalidRuleError(
            KIND,
            item,
            f"`{value}` is no value of `{key}`",
            attribute=key,
            nearest=nearest(value, allowed),
            known=allowed,
        )
    return value
