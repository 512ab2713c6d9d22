"""Names of tags: how the reference makes them, and what a registry takes."""

import re

_UNFIT = re.compile(r"[^a-zA-Z0-9._-]+")
_VALID = re.compile(r"[A-Za-z0-9_][A-Za-z0-9._-]{0,127}")
"""distribution-spec v1.1, "Pulling manifests"."""


def sanitise(text: str) -> str:
    """Make one `-` of every run of characters that no tag has.

    Nothing else: the result may still be no tag, as with a leading dot or 300 characters.
    """
    return _UNFIT.sub("-", text)


def is_valid_tag(name: str) -> bool:
    """Whether a registry takes `name` as a tag."""
    return _VALID.fullmatch(name) is not None
