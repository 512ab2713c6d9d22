"""What staging comes to: each part at each repository, as plain values."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from polyarch.errors import PolyarchError
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository


@dataclass(frozen=True, slots=True, kw_only=True)
class StagedPart:
    """One part at one repository; `error` says why it does not stand there.

    Without `error` and not `held` it was never sent, because something else failed before.
    """

    image: str
    platform: Platform
    repository: Repository
    digest: Digest | None
    held: bool
    error: PolyarchError | None = None

    @property
    def status(self) -> Literal["staged", "failed", "skipped"]:
        """What became of it."""
        if self.held:
            return "staged"
        return "failed" if self.error else "skipped"

    def to_json(self, error_to_json: Callable[[PolyarchError], JsonObject]) -> JsonObject:
        """As it stands in `polyarch.build/v1`."""
        return {
            "image": self.image,
            "platform": str(self.platform),
            "repository": str(self.repository),
            "digest": str(self.digest) if self.digest else None,
            "status": self.status,
            "error": error_to_json(self.error) if self.error else None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class Staging:
    """All of a run; `reason` says why parts were staged, or why none was.

    `tolerant`: a part that one repository holds is good enough (`on-registry-failure`).
    """

    reason: str
    parts: tuple[StagedPart, ...] = ()
    tolerant: bool = False

    @property
    def done(self) -> bool:
        """Whether any repository holds anything."""
        return any(part.held for part in self.parts)

    @property
    def errors(self) -> tuple[PolyarchError, ...]:
        """What failed and counts, each once."""
        held = {(part.image, part.platform) for part in self.parts if part.held}
        found = (
            part.error
            for part in self.parts
            if part.error and not (self.tolerant and (part.image, part.platform) in held)
        )
        return tuple({id(error): error for error in found}.values())

    def to_json(self, error_to_json: Callable[[PolyarchError], JsonObject]) -> JsonObject:
        """As it stands in `polyarch.build/v1`."""
        return {
            "done": self.done,
            "reason": self.reason,
            "parts": [part.to_json(error_to_json) for part in self.parts],
        }
