"""Tags that did not come to stand as they should."""

from collections.abc import Sequence

from polyarch.errors.base import PolyarchError, shorten


class PublishError(PolyarchError):
    """A tag did not come to stand as it should."""

    code = "publish"


class TagOvertakenError(PublishError):
    """A tag that was just moved shows something else: another writer is at work."""

    code = "tag-overtaken"
    retryable = True

    def __init__(self, tag: str, ours: str) -> None:
        super().__init__(
            f"`{tag}` was moved to `{ours}` and does not show it",
            where=tag,
            hint="something else moves this tag too; publish again when it is done",
        )


class TagRefusedError(PublishError):
    """The tag policy forbids a tag to move away from what it has."""

    code = "tag-refused"

    def __init__(self, tag: str, reason: str) -> None:
        super().__init__(
            f"`{tag}` must not move: {reason}",
            where=tag,
            hint='publish under a new version; `tag-policy = "free"` lets tags move as a run says',
        )


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names)


class FewerPlatformsError(PublishError):
    """An image of one platform would take the place of an index of several."""

    code = "fewer-platforms"

    def __init__(self, tag: str, lost: Sequence[str]) -> None:
        super().__init__(
            f"`{tag}` would lose {_listed(lost)}",
            where=tag,
            hint="`--fewer-platforms` lets the tag have fewer; `polyarch publish --platform P"
            " --keep-others` replaces one and keeps the others",
        )


class NothingToKeepError(PublishError):
    """`--keep-others` where nothing stands."""

    code = "nothing-to-keep"

    def __init__(self, tag: str, platforms: Sequence[str]) -> None:
        super().__init__(
            f"nothing stands under `{tag}` whose other platforms could be kept",
            where=tag,
            hint=f"publish all platforms first, not {_listed(platforms)} alone",
        )


class LockHeldError(PublishError):
    """Another writer holds the lock of a repository for longer than anybody waits."""

    code = "lock-held"
    retryable = True

    def __init__(self, repository: str, owner: str, left_s: float) -> None:
        super().__init__(
            f"`{repository}` is being edited by {shorten(owner, 100)}",
            where=f"{repository}:polyarch-lock",
            hint=f"try again when that has ended; the lock lapses in {left_s:.0f} s",
        )


class AdaptationNeededError(PublishError):
    """A registry does not take a part of the image, and every registry is to hold one digest."""

    code = "adaptation-needed"

    def __init__(self, repository: str, why: str) -> None:
        super().__init__(
            f"`{repository}` cannot take this image whole: {why}",
            where=repository,
            hint='`digest-policy = "per-registry"` leaves it out there alone, or make the'
            " attestations without OCI artifacts",
        )


class NotPublicError(PublishError):
    """The config says that everybody may read it, and the registry lets nobody without a login."""

    code = "not-public"

    def __init__(self, tag: str) -> None:
        super().__init__(
            f"`{tag}` was published and cannot be read without a login",
            where=tag,
            hint="make the repository public at its registry; the config says `public = true`",
        )


class DeadlinePassedError(PublishError):
    """`--deadline` was over before everything was ready."""

    code = "deadline-passed"
    retryable = True

    def __init__(self, repository: str) -> None:
        super().__init__(
            f"the deadline passed while `{repository}` was being written",
            where=repository,
            hint="what was sent is there by digest: the next run goes on from it",
        )
