"""One commit becomes one proven multi-architecture image in every registry."""

from polyarch._version import __version__

__all__ = ["__version__"]
