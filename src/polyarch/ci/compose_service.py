"""A service of a compose file, as far as it says which image runs."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from types import MappingProxyType

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Said:
    """A text of the file with its variables replaced, and where it stands.

    `problem` says why they could not be, `unset` which of them have no value.
    """

    text: str
    file: str
    line: int
    problem: str = ""
    unset: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Build:
    """How a service's image is built; `context` is a path from the root, or a remote place.

    `dockerfile` counts from there. `inline`: the Dockerfile stands in the compose file itself.
    """

    line: int
    context: Said | None = None
    dockerfile: Said | None = None
    target: Said | None = None
    args: Mapping[str, str] = field(default_factory=lambda: _NOTHING, hash=False)
    inline: bool = False

    def over(self, base: "Build | None") -> "Build":
        """This, with what it leaves out taken from `base`."""
        if base is None:
            return self
        return Build(
            line=self.line,
            context=self.context or base.context,
            dockerfile=self.dockerfile or base.dockerfile,
            target=self.target or base.target,
            args=MappingProxyType({**base.args, **self.args}),
            inline=self.inline or base.inline,
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Service:
    """What a file says of a service, or several of them together.

    `cleared` are the keys that this file takes away (`!reset`), `alone` those that it does not
    merge (`!override`).
    """

    name: str
    file: str
    line: int
    image: Said | None = None
    platform: Said | None = None
    build: Build | None = None
    profiles: tuple[str, ...] = ()
    cleared: frozenset[str] = frozenset()
    alone: frozenset[str] = frozenset()

    def over(self, base: "Service | None") -> "Service":
        """This, laid over what an earlier file says of the same service."""
        if base is None:
            return self
        below = replace(
            base,
            image=None if "image" in self.cleared else base.image,
            platform=None if "platform" in self.cleared else base.platform,
            build=None if {"build"} & (self.cleared | self.alone) else base.build,
            profiles=() if {"profiles"} & (self.cleared | self.alone) else base.profiles,
        )
        return Service(
            name=self.name,
            file=below.file,
            line=below.line,
            image=self.image or below.image,
            platform=self.platform or below.platform,
            build=self.build.over(below.build) if self.build else below.build,
            profiles=tuple(dict.fromkeys([*below.profiles, *self.profiles])),
        )

    def runs_with(self, profiles: frozenset[str]) -> bool:
        """Whether it is started where these profiles are active; `*` are all."""
        return not self.profiles or "*" in profiles or bool(profiles.intersection(self.profiles))
