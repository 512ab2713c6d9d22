"""A real container engine as a command that uses it sees it: its name and its environment."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import pytest

from tests.lab.buildah import Buildah
from tests.lab.engine import DockerEngine, with_login
from tests.lab.registries import Registry, write_logins

ENGINES = ("docker_engine", "buildah")
"""The fixtures of `tests/lab` that `engine_at_hand` takes."""


@dataclass(frozen=True, kw_only=True)
class EngineAtHand:
    """`name` is the one in polyarch.toml; `environment` makes programs find the engine."""

    name: Literal["buildx", "buildah"]
    part: DockerEngine | Buildah

    @property
    def environment(self) -> Mapping[str, str]:
        """What a program needs to use it, without any login."""
        return self.part.env

    def logged_in(self, folder: Path, *registries: Registry) -> dict[str, str]:
        """The same after `docker login` or `buildah login`; `folder` takes the files."""
        logins = write_logins(folder / "logins.json", *registries)
        if isinstance(self.part, DockerEngine):
            return with_login(self.part, folder / "docker", logins)
        return {**self.part.env, "REGISTRY_AUTH_FILE": str(logins)}


def engine_at_hand(request: pytest.FixtureRequest) -> EngineAtHand:
    """The engine whose fixture `request.param` names."""
    part = request.getfixturevalue(request.param)
    if isinstance(part, DockerEngine):
        return EngineAtHand(name="buildx", part=part)
    assert isinstance(part, Buildah)
    return EngineAtHand(name="buildah", part=part)
