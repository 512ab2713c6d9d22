"""Stored bytes that are absent or not what they should be."""

from polyarch.errors.base import PolyarchError


class ContentError(PolyarchError):
    """Stored bytes are absent or not what they should be."""

    code = "content"


class BlobNotFoundError(ContentError):
    """A store does not hold the blob that was asked for."""

    code = "blob-not-found"

    def __init__(self, digest: str, store: str) -> None:
        super().__init__(
            f"`{digest}` is not there",
            where=store,
            hint="build or push the image again: it is not whole",
        )


class BlobUnreadableError(ContentError):
    """A blob that is there and cannot be read to its end."""

    code = "blob-unreadable"

    def __init__(self, digest: str, store: str, reason: str) -> None:
        super().__init__(
            f"`{digest}` cannot be read: {reason}",
            where=store,
            hint="look at the disk that holds it; build or fetch the image again",
        )


class DigestMismatchError(ContentError):
    """Bytes that have another digest than they were named by."""

    code = "digest-mismatch"

    def __init__(self, expected: str, found: str, store: str) -> None:
        super().__init__(
            f"the bytes named `{expected}` have the digest `{found}`",
            where=store,
            hint="the copy is damaged; nothing of it was used",
        )


class SizeMismatchError(ContentError):
    """More or fewer bytes than a descriptor says."""

    code = "size-mismatch"

    def __init__(self, digest: str, expected: int, found: int, store: str) -> None:
        count = f"more than {expected}" if found > expected else f"{found}"
        super().__init__(
            f"`{digest}` should have {expected} bytes and has {count}",
            where=store,
            hint="the copy is damaged or cut off; nothing of it was used",
        )


class LayerDamagedError(ContentError):
    """A layer whose compression or archive cannot be read to its end."""

    code = "layer-damaged"

    def __init__(self, reason: str, *, digest: str = "") -> None:
        self.reason = reason
        super().__init__(
            f"the layer cannot be unpacked: {reason}",
            where=digest or None,
            hint="it was written by a faulty tool, or damaged before it got its digest; build the "
            "image again",
        )


class LayerBoundsError(ContentError):
    """A layer that holds or grows to more than any honest image has."""

    code = "layer-bounds"

    def __init__(self, reason: str, *, digest: str = "") -> None:
        self.reason = reason
        super().__init__(
            f"the layer was not read to its end: {reason}",
            where=digest or None,
            hint="no honest image is known to be like this; look at it without unpacking it",
        )
