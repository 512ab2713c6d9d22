"""What builds may see of the environment: all but logins of registries and addresses of notices.

A Dockerfile's frontend, a plugin or the project's own compiler has no use for them, and what a
build prints or leaves in an image is read by many.
"""

import re
from collections.abc import Collection, Mapping

_DEFAULT_NAMES = re.compile(r"POLYARCH_[A-Z0-9_]+_(?:USERNAME|PASSWORD)")
"""The variables that hold a login where the config names none."""


def without_logins(environment: Mapping[str, str], named: Collection[str]) -> Mapping[str, str]:
    """The environment for engines; `named` are those that the config says hold secrets."""
    return {
        name: value
        for name, value in environment.items()
        if name not in named and not _DEFAULT_NAMES.fullmatch(name)
    }
