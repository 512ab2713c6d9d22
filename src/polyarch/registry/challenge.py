"""How a registry wants to be logged in to: reading WWW-Authenticate.

One header may hold several challenges, and the comma that separates them separates parameters as
well; values may be quoted, escaped or bare. Source: RFC 9110, section 11 and appendix A.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType

BEARER = "bearer"
BASIC = "basic"

_MAX_HEADER = 16 * 1024
_WORD = r"[!#$%&'*+.^_`|~0-9A-Za-z-]+"
_SEPARATOR = re.compile(r"[\s,]*")
_SCHEME = re.compile(rf"({_WORD})(?=[ \t]|,|$)(?![ \t]*=)[ \t]*")
_PARAMETER = re.compile(rf"({_WORD})[ \t]*=[ \t]*(?:\"((?:[^\"\\]|\\.)*)\"|([^\s,\"]*))", re.DOTALL)
_TOKEN68 = re.compile(r"[0-9A-Za-z._~+/-]+=*(?=[ \t]*(?:,|$))")
_ESCAPED = re.compile(r"\\(.)", re.DOTALL)


@dataclass(frozen=True, slots=True, kw_only=True)
class Challenge:
    """One scheme (lower case) with its parameters (names in lower case)."""

    scheme: str
    parameters: Mapping[str, str] = field(default_factory=lambda: MappingProxyType({}))

    @property
    def realm(self) -> str:
        """The token service of a bearer challenge; may be relative."""
        return self.parameters.get("realm", "")

    @property
    def service(self) -> str:
        """What the token service calls this registry."""
        return self.parameters.get("service", "")

    @property
    def scope(self) -> str:
        """What the refused request needed."""
        return self.parameters.get("scope", "")


def parse_challenges(headers: Iterable[str]) -> tuple[Challenge, ...]:
    """Every challenge of every header, in order; what cannot be read is passed over."""
    return tuple(challenge for header in headers for challenge in _parse(header[:_MAX_HEADER]))


def choose(challenges: Iterable[Challenge]) -> Challenge | None:
    """The best that polyarch can answer: bearer, then basic, then none; others are ignored."""
    found = tuple(challenges)
    for challenge in found:
        if challenge.scheme == BEARER and challenge.realm:
            return challenge
    return next((challenge for challenge in found if challenge.scheme == BASIC), None)


def _parse(text: str) -> list[Challenge]:
    found: list[Challenge] = []
    place = 0
    while True:
        place = _skip(text, place)
        if place == len(text):
            return found
        scheme = _SCHEME.match(text, place)
        if scheme is None:
            place = _skip_unreadable(text, place)
            continue
        parameters, place = _parameters(text, scheme.end())
        found.append(Challenge(scheme=scheme[1].lower(), parameters=MappingProxyType(parameters)))


def _parameters(text: str, place: int) -> tuple[dict[str, str], int]:
    parameters: dict[str, str] = {}
    if token := _TOKEN68.match(text, place):
        return parameters, token.end()
    while match := _PARAMETER.match(text, _skip(text, place)):
        name, quoted, bare = match.groups()
        value = bare if quoted is None else _ESCAPED.sub(r"\1", quoted)
        parameters.setdefault(name.lower(), value)
        place = match.end()
    return parameters, place


def _skip(text: str, place: int) -> int:
    separator = _SEPARATOR.match(text, place)
    return separator.end() if separator else place


def _skip_unreadable(text: str, place: int) -> int:
    comma = text.find(",", place)
    return len(text) if comma < 0 else comma + 1
