"""The grammar of repository names and tags.

Written here a second time on purpose: a server that shared the client's grammar would share its
mistakes. Source: distribution-spec v1.1, "Pulling manifests".
"""

import re

MAX_NAME_LENGTH = 255
"""Characters; what fits into one file name, and the limit of most registries."""

_COMPONENT = r"[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*"
_REPOSITORY = re.compile(rf"{_COMPONENT}(?:/{_COMPONENT})*")
_TAG = re.compile(r"[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}")


def is_repository(text: str) -> bool:
    """Whether it may name a repository; such a name never holds `..`, `//` or a leading `/`."""
    return len(text) <= MAX_NAME_LENGTH and _REPOSITORY.fullmatch(text) is not None


def is_tag(text: str) -> bool:
    """Whether it may name a tag; such a name never holds a separator of paths."""
    return _TAG.fullmatch(text) is not None
