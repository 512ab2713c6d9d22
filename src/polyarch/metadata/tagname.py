"""Names of tags: how the reference makes them, and what a registry takes."""

import re

from polyarch.oci.reference import TAG_PATTERN

_UNFIT = re.compile(r"[^a-zA-Z0-9._-]+")


def sanitise(text: str) -> str:
    """Make one `-` of every run of characters that no tag has.

    Nothing else: the result may still be no tag, as with a leading dot or 300 characters.
    """
    return _UNFIT.sub("-", text)


def is_valid_tag(name: str) -> bool:
    """Whether a registry takes `name` as a tag."""
    return TAG_PATTERN.fullmatch(name) is not None
