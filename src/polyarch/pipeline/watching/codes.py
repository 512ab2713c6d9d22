"""The findings of `watch`: stable codes, how bad each is, and how one is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType

from polyarch.findings import Finding, Severity
from polyarch.oci.platform import Platform

_NOTHING: Mapping[str, str] = MappingProxyType({})


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """One kind of finding; `says` is what the reference page tells of it."""

    code: str
    severity: Severity
    says: str

    def found(
        self,
        image: str,
        path: str,
        message: str,
        *,
        platform: Platform | None = None,
        hint: str = "",
        severity: Severity | None = None,
        details: Mapping[str, str] = _NOTHING,
    ) -> Finding:
        """A finding; `path` names what it is about and stays as long as the fault does."""
        return Finding(
            code=self.code,
            severity=severity or self.severity,
            subject=image,
            message=message,
            platform=platform,
            path=path,
            hint=hint,
            details=details,
        )


def key_of(finding: Finding) -> str:
    """The same for the same fault in every watch, whatever the words and digests about it."""
    platform = str(finding.platform) if finding.platform else ""
    return " ".join(
        each for each in (finding.code, finding.subject, finding.path, platform) if each
    )


def _error(code: str, says: str) -> Code:
    return Code(code=code, severity=Severity.ERROR, says=says)


def _warning(code: str, says: str) -> Code:
    return Code(code=code, severity=Severity.WARNING, says=says)


def _info(code: str, says: str) -> Code:
    return Code(code=code, severity=Severity.INFO, says=says)


NOT_ASKED = _error("W101", "a registry did not say; what was not asked is never taken for well")
DANGLING = _error("W102", "a tag is listed, and what it points to is gone")
CHILD_MISSING = _error("W103", "an index names an image or attestation that the registry lacks")
BLOB_MISSING = _error("W104", "a config or layer is gone, or has another size")
DAMAGED = _error("W105", "a manifest cannot be read, or its bytes are others than its digest says")
PLATFORM_LOST = _error("W106", "a tag had a platform, or is to have it, and has it no more")
PLATFORM_NEW = _info("W107", "the config has a platform that this never had, as far as is known")
TAG_MISSING = _warning("W108", "a tag stands in some registries and not in this one")
VERSION_MISSING = _error("W109", "the newest version does not stand in this registry")
DISAGREE = _error("W110", "registries have different images under one tag")
NOTHING = _warning("W111", "nothing is published in this repository")
NIGHTLY_STALE = _warning("W112", "what `type=schedule` gives was not published for too long")
NIGHTLY_AGELESS = _info("W113", "nobody knows when a nightly tag was published last")
BASE_MOVED = _warning("W114", "the base that an image stands on has moved on")
BASE_LOST = _warning("W115", "the base has no image for a platform any more that stands on it")
BASE_UNKNOWN = _info("W116", "what a base is now could not be asked")
NOT_ITS_PLATFORM = _error("W117", "a sample, read whole, is not what its platform says")
BEHIND = _warning("W118", "a tag that moves on shows an older version than the newest it is for")

CODES = (
    NOT_ASKED, DANGLING, CHILD_MISSING, BLOB_MISSING, DAMAGED, PLATFORM_LOST, PLATFORM_NEW,
    TAG_MISSING, VERSION_MISSING, DISAGREE, NOTHING, NIGHTLY_STALE, NIGHTLY_AGELESS, BASE_MOVED,
    BASE_LOST, BASE_UNKNOWN, NOT_ITS_PLATFORM, BEHIND,
)  # fmt: skip
