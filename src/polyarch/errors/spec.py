"""Values that break a specification."""

from polyarch.errors.base import PolyarchError, shorten


class SpecError(PolyarchError):
    """A value breaks an OCI specification."""

    code = "invalid-value"


class InvalidDigestError(SpecError):
    """Text that is not a digest."""

    code = "invalid-digest"

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(
            f"`{shorten(text)}` is not a digest: {reason}",
            hint="a digest is written `sha256:` and 64 hexadecimal digits",
        )


class InvalidPlatformError(SpecError):
    """Text that is not a platform."""

    code = "invalid-platform"

    def __init__(self, text: str, reason: str, *, nearest: str | None = None) -> None:
        meant = f"did you mean `{nearest}`? " if nearest else ""
        super().__init__(
            f"`{shorten(text)}` is not a platform: {reason}",
            hint=f"{meant}write os/architecture or os/architecture/variant, as in `linux/arm64`",
        )


class InvalidReferenceError(SpecError):
    """Text that does not name a repository, tag or digest."""

    code = "invalid-reference"

    def __init__(self, text: str, reason: str) -> None:
        super().__init__(
            f"`{shorten(text)}` is not an image reference: {reason}",
            hint="write [registry/]repository[:tag][@digest], as in `ghcr.io/team/app:1.2`",
        )


class MalformedManifestError(SpecError):
    """Bytes that are no manifest, index or config of a known form."""

    code = "malformed-manifest"

    def __init__(self, kind: str, reason: str, *, where: str | None = None) -> None:
        super().__init__(
            f"this is not a valid {kind}: {reason}",
            where=where,
            hint="the image was written by a faulty tool or damaged; build or push it again",
        )
