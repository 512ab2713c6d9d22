"""Images of Windows: where their layers have the files that a path of Windows names.

Source: microsoft/hcsshim, the form of layers: files below `Files`, the registry beside it. Most of
such an image is Windows itself, which registries often do not hold, with programs of several widths
side by side; only what the image names as its program is judged.
"""

import re

WINDOWS = "windows"

_DRIVE = re.compile(r"^[A-Za-z]:")


def windows_paths(word: str) -> tuple[str, ...]:
    """Where the program of a full path may lie, empty for a bare name."""
    path = _DRIVE.sub("", word).replace("\\", "/")
    if not path.startswith("/"):
        return ()
    return (f"/Files{path}", f"/Files{path}.exe")
