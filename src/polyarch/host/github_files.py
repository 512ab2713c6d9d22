"""The files through which a job of GitHub Actions hands values on.

Source: docs.github.com, "Workflow commands", "Setting an output parameter" and "Setting an
environment variable", multiline strings.
"""

import secrets
from collections.abc import Mapping
from pathlib import Path

from polyarch.errors import StorageError

OUTPUT = "GITHUB_OUTPUT"
ENVIRONMENT = "GITHUB_ENV"


def append_values(path: str, values: Mapping[str, str]) -> None:
    """Add values by name to such a file.

    No value can end its own text: the line that ends it is chosen at random for each.

    Raises:
        StorageError: the file cannot be written.
    """
    text = "".join(_entry(name, value) for name, value in values.items())
    try:
        with Path(path).open("a", encoding="utf-8", newline="") as file:
            file.write(text)
    except (OSError, ValueError) as error:
        reason = error.strerror if isinstance(error, OSError) else None
        raise StorageError(path, reason or "it has no possible name") from error


def command(name: str, text: str) -> str:
    """A workflow command as a line of the log; a text cannot begin another one."""
    data = text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")
    return f"::{name}::{data}"


def _entry(name: str, value: str) -> str:
    while (end := f"ghadelimiter_{secrets.token_hex(16)}") in value:
        pass
    return f"{name}<<{end}\n{value}\n{end}\n"
