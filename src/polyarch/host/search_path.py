"""Where programs are looked for that are root's to use, and often not on a user's PATH."""

import os
from collections.abc import Mapping

_ADMIN_PATH = ("/usr/sbin", "/sbin")


def administrators(environment: Mapping[str, str]) -> dict[str, str]:
    """The environment with the folders in which root's programs lie."""
    folders = [each for each in environment.get("PATH", os.defpath).split(os.pathsep) if each]
    more = [each for each in _ADMIN_PATH if each not in folders]
    return {**environment, "PATH": os.pathsep.join((*folders, *more))}
