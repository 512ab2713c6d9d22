"""What `verify` is asked: which places, which platforms, how deep, and compared how."""

from dataclasses import dataclass
from enum import StrEnum

from polyarch.content.places import Place
from polyarch.errors import InvalidPlaceError, UsageError
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

PROGRAM_PREFIX = "file:"
_SEVERAL = 2


class Level(StrEnum):
    """How much of an image is looked at; each one includes those before it."""

    DECLARED = "declared"
    """The index alone: which platforms it names."""
    CONFIG = "config"
    """Each image's manifest and config, and that its layers are there."""
    DEEP = "deep"
    """Every layer: whether programs are of the platform, and the entrypoint can start."""
    RUN = "run"
    """The entrypoint is started."""

    def reaches(self, other: "Level") -> bool:
        """Whether it looks at as much as `other`."""
        order = list(Level)
        return order.index(self) >= order.index(other)


class Same(StrEnum):
    """What has to be the same in all places that are compared."""

    PLATFORMS = "platforms"
    """The image of each platform."""
    INDEX = "index"
    """The index itself, and so all that it says."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Program:
    """One program or library on disk."""

    path: str

    def __str__(self) -> str:
        return f"{PROGRAM_PREFIX}{self.path}"


Subject = Place | Program


def parse_subject(text: str) -> Subject:
    """Read what a person names: a place of an image, or `file:PATH`.

    Raises:
        InvalidPlaceError, InvalidReferenceError: it is neither.
    """
    text = text.strip()
    if not text.startswith(PROGRAM_PREFIX):
        return Place.parse(text)
    path = text.removeprefix(PROGRAM_PREFIX)
    if not path or "\0" in path:
        raise InvalidPlaceError(text, "the path is missing", hint="write `file:PATH`")
    return Program(path=path)


@dataclass(frozen=True, slots=True, kw_only=True)
class VerifyRequest:
    """`platforms` are all that an image has where there are none.

    `smoke_tests` are commands to start in each image; without them what it starts is probed.
    """

    subjects: tuple[Subject, ...]
    platforms: tuple[Platform, ...] = ()
    level: Level = Level.DEEP
    smoke_tests: tuple[tuple[str, ...], ...] = ()
    same: Same | None = None
    fail_on: Severity = Severity.ERROR

    def __post_init__(self) -> None:
        """Refuse what cannot be asked.

        Raises:
            UsageError: too few images to compare, or several platforms for one program.
        """
        programs = [each for each in self.subjects if isinstance(each, Program)]
        if self.same and (programs or len(self.subjects) < _SEVERAL):
            raise UsageError(
                "`--same` compares images, and needs two or more",
                where="the command line",
                hint="name the places of one image: `polyarch verify --same A B C`",
            )
        if programs and len(self.platforms) > 1:
            raise UsageError(
                f"`{programs[0]}` is one program, and several platforms are named for it",
                where="the command line",
                hint="name one platform, or none to be told what it is for",
            )
