"""One thing to ask of a registry, and its answer."""

from collections.abc import Callable
from dataclasses import dataclass

from polyarch.errors import Exchange, PolyarchError
from polyarch.oci.reference import Repository
from polyarch.registry.body import Body
from polyarch.registry.condition import Holds
from polyarch.registry.scope import Scope
from polyarch.registry.transport import STALL_S, Fields, Headers

SMALL_BODY = 1024 * 1024
"""A body up to this size takes hardly longer than its round trip."""
_CONDITIONS = frozenset({"if-match", "if-none-match"})

Explain = Callable[[Exchange], PolyarchError | None]
"""Turns a refusal into the error that fits what was asked; None leaves it to the general rules."""


def no_explanation(_exchange: Exchange) -> PolyarchError | None:
    """Leave every refusal to the general rules."""
    return None


def nothing_sent(_sent: int) -> None:
    """Hear of no progress."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A request with all that is needed to authorise, repeat and judge it.

    `url` is a path below the registry's endpoint (`/v2/…`) or absolute. `scopes` are what a token
    must allow, the most important first. Statuses outside `accept` are failures. `once` leaves
    repeating to the caller, for what is not the same when it is done twice. `dispensable` is not
    sent at all while the registry wants to be left alone. A token that would die within
    `min_life_s` seconds is renewed first. `reads_much`: a long answer is expected. `in_place`: its
    body belongs behind what was sent before; when a login dies under it, the login is renewed and
    the refusal told, for a part of the body may stand there. `holds` is asked before it is sent
    after a wait: it is not sent at all where that says no.
    """

    repository: Repository
    method: str
    url: str
    accept: frozenset[int]
    scopes: tuple[Scope, ...] = ()
    headers: Fields = ()
    body: Body | None = None
    on_sent: Callable[[int], None] = nothing_sent
    answer_s: float = STALL_S
    min_life_s: float = 0
    once: bool = False
    dispensable: bool = False
    reads_much: bool = False
    in_place: bool = False
    holds: Holds | None = None
    explain: Explain = no_explanation

    @property
    def is_large(self) -> bool:
        """Whether it takes a while for its bytes alone."""
        return self.reads_much or (self.body is not None and self.body.size > SMALL_BODY)

    @property
    def is_conditional(self) -> bool:
        """Whether it is to be done only to what its headers name."""
        return any(name.lower() in _CONDITIONS for name, _ in self.headers)


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """A whole answer; `url` is the URL that gave it, after redirects."""

    status: int
    url: str
    headers: Headers
    body: bytes
