"""What a token must allow, and how several wishes become one.

Some token services look only at the first scope: the order is the caller's, kept.
Source: distribution/distribution, docs "Token Scope Documentation".
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Self

_ORDER = ("pull", "push", "delete", "*")
_MAX_SCOPES = 256
_MAX_DEMANDED = 32
_MAX_LENGTH = 512


@dataclass(frozen=True, slots=True, kw_only=True)
class Scope:
    """Actions on one resource; actions that polyarch does not know are kept as they are."""

    kind: str
    name: str
    actions: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """Read `kind:name:actions`; the name may hold colons. None where it is no scope."""
        kind, colon, rest = text.partition(":")
        name, last_colon, actions = rest.rpartition(":")
        if not (kind and colon and name and last_colon and actions) or len(text) > _MAX_LENGTH:
            return None
        return cls(kind=kind, name=name, actions=_in_order(actions.split(",")))

    @classmethod
    def pull(cls, repository: str) -> Self:
        """Read one repository."""
        return cls(kind="repository", name=repository, actions=("pull",))

    @classmethod
    def push(cls, repository: str) -> Self:
        """Read and write one repository."""
        return cls(kind="repository", name=repository, actions=("pull", "push"))

    @classmethod
    def delete(cls, repository: str) -> Self:
        """Delete too. Asked only where something is deleted: many robots may not."""
        return cls(kind="repository", name=repository, actions=("pull", "push", "delete"))

    def covers(self, other: "Scope") -> bool:
        """Whether it allows all that the other does."""
        same = (self.kind, self.name) == (other.kind, other.name)
        return same and ("*" in self.actions or set(other.actions) <= set(self.actions))

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}:{','.join(self.actions)}"


@dataclass(frozen=True, slots=True)
class Scopes:
    """Scopes in order, each resource once."""

    items: tuple[Scope, ...] = ()

    @classmethod
    def of(cls, scopes: Iterable[Scope]) -> Self:
        """Merge by resource: the first mention gives the place, the actions are joined."""
        merged: dict[tuple[str, str], Scope] = {}
        for scope in scopes:
            key = (scope.kind, scope.name)
            known = merged.get(key)
            actions = (*known.actions, *scope.actions) if known else scope.actions
            merged[key] = Scope(kind=scope.kind, name=scope.name, actions=_in_order(actions))
        return cls(tuple(merged.values())[:_MAX_SCOPES])

    @classmethod
    def parse(cls, text: str) -> Self:
        """Read scopes separated by spaces, as a challenge has them."""
        found = (Scope.parse(word) for word in text.split()[:_MAX_DEMANDED])
        return cls.of(scope for scope in found if scope)

    def first(self, scopes: Iterable[Scope]) -> Self:
        """These scopes first, then what is there already."""
        return self.of((*scopes, *self.items))

    def without(self, scopes: Iterable[Scope]) -> Self:
        """All but the resources that these scopes name."""
        gone = {(scope.kind, scope.name) for scope in scopes}
        return type(self)(tuple(s for s in self.items if (s.kind, s.name) not in gone))

    def cover(self, scopes: Iterable[Scope]) -> bool:
        """Whether each of the scopes is allowed by one of these."""
        return all(any(mine.covers(scope) for mine in self.items) for scope in scopes)

    def __iter__(self) -> Iterator[Scope]:
        return iter(self.items)

    def __str__(self) -> str:
        return " ".join(map(str, self.items))


def _in_order(actions: Iterable[str]) -> tuple[str, ...]:
    unique = dict.fromkeys(action for action in actions if action)
    known = [action for action in _ORDER if action in unique]
    return (*known, *(action for action in unique if action not in _ORDER))
