"""What `docker buildx inspect` says of a builder."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

from polyarch.errors import InvalidPlatformError
from polyarch.oci.platform import Platform, unique


@dataclass(frozen=True, slots=True, kw_only=True)
class Builder:
    """What `docker buildx inspect` prints; `native` are the first platforms of its nodes.

    BuildKit lists a node's own platform first; one with a `*` was written into the builder by hand
    and says nothing about the node. `node` is the name of its first node, `status` of that one
    `running`, or what else buildx calls it.
    """

    name: str = ""
    driver: str = ""
    buildkit: str = ""
    problem: str = ""
    node: str = ""
    status: str = ""
    native: tuple[Platform, ...] = ()
    listed: tuple[Platform, ...] = ()

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read the lines `Key: value`; those of other keys are left out."""
        values: dict[str, str] = {}
        node = ""
        native: list[Platform] = []
        listed: list[Platform] = []
        for line in text.splitlines():
            key, _, value = line.partition(":")
            key, value = key.strip().lower(), value.strip()
            if key == "platforms":
                words = [word.strip() for word in value.split(",")]
                own = _platforms(word for word in words if not word.endswith("*"))
                native += own[:1]
                listed += _platforms(word.rstrip("*") for word in words)
            elif value:
                if key == "name" and key in values:
                    node = node or value
                values.setdefault(key, value)
        return cls(
            name=values.get("name", ""),
            driver=values.get("driver", ""),
            buildkit=values.get("buildkit version", values.get("buildkit", "")),
            problem=values.get("error", ""),
            node=node,
            status=values.get("status", ""),
            native=unique(native),
            listed=unique(listed),
        )


def _platforms(words: Iterable[str]) -> list[Platform]:
    found: list[Platform] = []
    for word in words:
        try:
            found.append(Platform.parse(word))
        except InvalidPlatformError:
            continue
    return found
