"""What a request is about: its path, read into a kind, a repository and an item.

Source: distribution-spec v1.1 "Endpoints".
"""

from dataclasses import dataclass
from enum import Enum, auto
from typing import Self

from polyarch.sandbox.scope import DELETE, PULL, PUSH, Scope


class Kind(Enum):
    """The families of endpoints."""

    PING = auto()
    TOKEN = auto()
    UPLOADS = auto()
    UPLOAD = auto()
    BLOB = auto()
    MANIFEST = auto()
    TAGS = auto()
    REFERRERS = auto()
    UNKNOWN = auto()


_BY_FOLDER = {"blobs": Kind.BLOB, "manifests": Kind.MANIFEST, "referrers": Kind.REFERRERS}
_PREFIX = "/v2/"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """`item` is a digest, a tag, a session or empty; neither it nor the name is validated here."""

    kind: Kind
    repository: str = ""
    item: str = ""

    @classmethod
    def parse(cls, path: str) -> Self:
        """Read a decoded path; the last parts decide, so a repository may be named `a/blobs`."""
        if path in {_PREFIX, _PREFIX.rstrip("/")}:
            return cls(kind=Kind.PING)
        if path == "/token":
            return cls(kind=Kind.TOKEN)
        parts = path.removeprefix(_PREFIX).split("/") if path.startswith(_PREFIX) else []
        match parts:
            case [*name, "blobs", "uploads", session] if name:
                kind = Kind.UPLOAD if session else Kind.UPLOADS
                return cls(kind=kind, repository="/".join(name), item=session)
            case [*name, "tags", "list"] if name:
                return cls(kind=Kind.TAGS, repository="/".join(name))
            case [*name, folder, item] if name and item and folder in _BY_FOLDER:
                return cls(kind=_BY_FOLDER[folder], repository="/".join(name), item=item)
        return cls(kind=Kind.UNKNOWN)

    def needs(self, method: str, mount_from: str | None = None) -> tuple[Scope, ...]:
        """The scopes without which registries refuse `method` here, the target's own first."""
        if not self.repository:
            return ()
        if self.kind in {Kind.UPLOADS, Kind.UPLOAD} or method in {"PUT", "POST", "PATCH"}:
            own = Scope(name=self.repository, actions=PUSH)
        else:
            own = Scope(name=self.repository, actions=DELETE if method == "DELETE" else PULL)
        if self.kind is Kind.UPLOADS and mount_from and mount_from != self.repository:
            return (own, Scope(name=mount_from, actions=PULL))
        return (own,)
