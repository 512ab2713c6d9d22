"""The Docker Engine as a place of images: `docker save`, `docker load`, and what it shows then."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

from polyarch.errors import (
    EngineUnusableError,
    LoadedOtherwiseError,
    NotInEngineError,
    ProcessFailedError,
)
from polyarch.host.process import run
from polyarch.oci.platform import Platform

_ABSENT = ("No such image", "reference does not exist", "not found", "No such object")
_GONE = ("Cannot connect to the Docker daemon", "docker daemon is not running", "permission denied")


class Docker:
    """Drives the `docker` command of an environment."""

    def __init__(self, environment: Mapping[str, str]) -> None:
        self._environment = environment

    def save(self, reference: str, path: Path) -> None:
        """Write an image, or a whole index where the Engine has it, as `docker save` does.

        Raises:
            NotInEngineError: it does not have it.
            EngineUnusableError, ProgramNotFoundError: there is no Engine to ask.
            ProcessFailedError: it failed for another reason, such as a full disk.
        """
        self._docker(["save", "--output", str(path), reference], reference)

    def load(self, path: Path, name: str) -> None:
        """Take an image from an archive that names it.

        Raises:
            EngineUnusableError, ProgramNotFoundError: there is no Engine.
            ProcessFailedError: it does not take it.
        """
        self._docker(["load", "--input", str(path)], name)

    def platform(self, name: str) -> Platform:
        """What the Engine says of an image that it has.

        Raises:
            NotInEngineError: it has none of this name.
        """
        shown = self._docker(["image", "inspect", name], name)
        try:
            [image] = json.loads(shown)
            return Platform.of(image["Os"], image["Architecture"], image.get("Variant") or "")
        except (ValueError, KeyError, TypeError, AttributeError) as error:
            told = "nothing that can be read"
            raise LoadedOtherwiseError(f"docker-daemon:{name}", "an image", told) from error

    def _docker(self, words: Sequence[str], reference: str) -> str:
        try:
            done = run(["docker", *words], environment=self._environment, timeout_s=None)
        except ProcessFailedError as error:
            said = " ".join(error.last_lines)
            if any(word in said for word in _GONE):
                raise EngineUnusableError("docker", said) from error
            if any(word in said for word in _ABSENT):
                raise NotInEngineError(reference, said) from error
            raise
        return done.stdout
