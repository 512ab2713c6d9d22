"""Files beside what is imported."""

from collections.abc import Callable

Files = Callable[[str], bytes | None]
"""A file by its path from the project's root; None where it is not there or cannot be read."""
