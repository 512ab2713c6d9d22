"""Secrets and keys that a build is to be given and that are not there."""

from polyarch.errors.base import shorten
from polyarch.errors.config import ConfigError


class BuildSecretError(ConfigError):
    """A build secret or an SSH agent that the config names and that cannot be had."""

    code = "build-secret"

    def __init__(self, image: str, name: str, problem: str, *, where: str, hint: str) -> None:
        super().__init__(
            f"image `{image}` cannot be given {shorten(name)}: {problem}", where=where, hint=hint
        )
        self.image = image
