"""Tags that no image may have."""

from polyarch.errors.asked import UsageError
from polyarch.errors.base import PolyarchError
from polyarch.errors.config import InvalidTagError


class ReservedTagError(InvalidTagError):
    """A tag rule gives a tag that is kept for something else."""

    code = "reserved-tag"

    def __init__(self, image: str, tag: str, reason: str) -> None:
        PolyarchError.__init__(
            self,
            f"`{tag}` cannot be a tag of an image: {reason}",
            where=f"images.{image}.tags",
            hint="change the rule that gives it; `polyarch plan` shows what each event would give",
        )


class ReservedTagNamedError(UsageError):
    """The command line names a tag that is kept for something else."""

    code = "reserved-tag-named"

    def __init__(self, tag: str, reason: str) -> None:
        super().__init__(
            f"`{tag}` cannot be a tag of an image: {reason}",
            where="the command line",
            hint="give it another name",
        )
