"""What earlier runs have read of layers, kept among what polyarch keeps."""

import contextlib
from pathlib import Path

from polyarch.checks.memory import LayerMemory

LAYERS = "layers"
"""The folder of what is known of layers, among what polyarch keeps."""

_MOST_LAYERS = 512
_WHOLE = ".msgpack"


def remembered_layers(state: Path) -> LayerMemory:
    """What earlier runs have read; what is longest ago goes, and what a killed one half wrote."""
    folder = state / LAYERS
    with contextlib.suppress(OSError):
        files = sorted(folder.iterdir(), key=lambda path: path.stat().st_mtime, reverse=True)
        whole = [path for path in files if path.suffix == _WHOLE]
        for path in (*whole[_MOST_LAYERS:], *(set(files) - set(whole))):
            path.unlink(missing_ok=True)
    return LayerMemory(folder)
