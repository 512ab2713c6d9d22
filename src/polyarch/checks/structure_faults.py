"""Stored bytes that are absent or wrong, as findings."""

from polyarch.errors import (
    BlobNotFoundError,
    ContentError,
    DigestMismatchError,
    SizeMismatchError,
    SpecError,
)
from polyarch.findings import Finding, Severity
from polyarch.oci.platform import Platform


def fault(
    error: ContentError | SpecError, what: str, subject: str, platform: Platform | None
) -> Finding:
    """The finding for an error of reading `what`: `manifest`, `config`, `index` or `layer`."""
    return Finding(
        code=_code(error, what),
        severity=Severity.ERROR,
        subject=subject,
        platform=platform,
        message=f"its {what}: {error.message}",
        hint=error.hint or "",
    )


def _code(error: ContentError | SpecError, what: str) -> str:
    if isinstance(error, BlobNotFoundError):
        return f"{what}-missing"
    if isinstance(error, DigestMismatchError):
        return "digest-mismatch"
    if isinstance(error, SizeMismatchError):
        return "size-mismatch"
    return "unreadable" if isinstance(error, ContentError) else "malformed"
