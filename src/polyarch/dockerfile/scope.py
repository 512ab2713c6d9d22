"""What variables are worth: the global scope that FROM sees, and the environment inside a stage.

Source: BuildKit, frontend/dockerfile/dockerfile2llb, platform.go (`defaultArgs`) and convert.go
(`buildMetaArgs`, `dispatchArg`, `dispatchEnv`).
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType

from polyarch.dockerfile.expand import expand
from polyarch.dockerfile.tree import Assignment
from polyarch.errors import ExpansionError
from polyarch.oci.platform import Platform


def automatic_arguments(
    platform: Platform, build_platform: Platform, target: str
) -> Mapping[str, str]:
    """The arguments that BuildKit sets itself; those that say nothing are set and empty."""
    return MappingProxyType(
        {
            "BUILDPLATFORM": str(build_platform),
            "BUILDOS": build_platform.os,
            "BUILDOSVERSION": build_platform.os_version,
            "BUILDARCH": build_platform.architecture,
            "BUILDVARIANT": build_platform.variant,
            "TARGETPLATFORM": str(platform),
            "TARGETOS": platform.os,
            "TARGETOSVERSION": platform.os_version,
            "TARGETARCH": platform.architecture,
            "TARGETVARIANT": platform.variant,
            "TARGETSTAGE": target,
        }
    )


def declare_globally(
    scope: dict[str, str], argument: Assignment, build_args: Mapping[str, str], escape: str
) -> None:
    """ARG above the first FROM: a build argument, else the default; without either, nothing.

    Raises:
        ExpansionError: a default that cannot be expanded.
    """
    if argument.name in build_args:
        scope[argument.name] = build_args[argument.name]
    elif argument.value is not None:
        scope[argument.name] = expand(argument.value, scope.get, escape=escape).text


class Environment:
    """The variables of a stage while its instructions are read from top to bottom.

    None is a value that only the base image knows; `is_open` says that the base image may have set
    any variable that the Dockerfile does not set.
    """

    def __init__(self, *, is_open: bool, values: Mapping[str, str | None], escape: str) -> None:
        self.is_open = is_open
        self.values = dict(values)
        self.escape = escape

    def child(self) -> "Environment":
        """What a stage that stands on this one begins with."""
        return Environment(is_open=self.is_open, values=self.values, escape=self.escape)

    def expand(self, text: str) -> str | None:
        """The text with its variables; None where the outcome depends on the base image.

        Raises:
            ExpansionError: it cannot be expanded, whatever the base image sets.
        """
        unknown: set[str] = set()

        def lookup(name: str) -> str | None:
            value = self.values.get(name)
            if value is None and (self.is_open or name in self.values):
                unknown.add(name)
            return value

        try:
            expanded = expand(text, lookup, escape=self.escape).text
        except ExpansionError:
            if unknown:
                return None
            raise
        return None if unknown else expanded

    def declare(
        self, argument: Assignment, scope: Mapping[str, str], build_args: Mapping[str, str]
    ) -> None:
        """ARG inside a stage: a build argument, else the default, else the global scope."""
        name = argument.name
        if name in build_args:
            self.values[name] = build_args[name]
        elif argument.value is not None:
            self.values[name] = self.expand(argument.value)
        elif name in scope:
            self.values[name] = scope[name]

    def set(self, assignments: Iterable[Assignment]) -> None:
        """ENV: all values are expanded before the first one is set."""
        pairs = [(self.expand(one.name), self.expand(one.value or "")) for one in assignments]
        for name, value in pairs:
            if name is None:
                # A name that only the base image knows may be any name.
                self.is_open = True
                self.values = dict.fromkeys(self.values)
            else:
                self.values[name] = value
