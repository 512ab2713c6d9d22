"""Names of tags: how the reference makes them, and what a registry takes."""

import re

from polyarch.oci.reference import TAG_PATTERN

MARKERS = frozenset({"polyarch-lock", "polyarch-txn", "polyarch-prune"})
"""Tags that polyarch sets itself while it works in a repository."""

_ABOUT = re.compile(r"sha(?:256|512)-[0-9a-f]{64,}(?:\.[A-Za-z0-9._-]*)?")
"""Lists of referrers (distribution-spec v1.1, "Referrers Tag Schema"), and with a suffix what
cosign has about an image: sigstore/cosign, specs/SIGNATURE_SPEC.md.
"""
_UNFIT = re.compile(r"[^a-zA-Z0-9._-]+")


def sanitise(text: str) -> str:
    """Make one `-` of every run of characters that no tag has.

    Nothing else: the result may still be no tag, as with a leading dot or 300 characters.
    """
    return _UNFIT.sub("-", text)


def is_valid_tag(name: str) -> bool:
    """Whether a registry takes `name` as a tag."""
    return TAG_PATTERN.fullmatch(name) is not None


def why_reserved(name: str) -> str:
    """What a tag is for that no image may have; empty for all others.

    An image under such a tag takes away what others keep there: a lock, holds, signatures.
    """
    if name in MARKERS:
        return "polyarch itself sets it while it works in a repository"
    if _ABOUT.fullmatch(name):
        return "signatures and other artifacts about an image are kept under it"
    return ""
