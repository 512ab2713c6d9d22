"""What the table `direct` of an image comes to."""

from collections.abc import Mapping
from dataclasses import dataclass

GO, STATIC = "go", "static"
"""The presets: a Go program compiled here, and programs that were built already."""

GO_KEYS = frozenset({"package", "flags", "ldflags"})
"""What only the preset `go` reads."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectFile:
    """A file for the image, laid at the absolute path `target`.

    `source` is a path or glob from the project's root; placeholders of the engine stand in it.
    `mode` None keeps the right to run. `layer` is empty where its path says which layer it is in.
    """

    source: str
    target: str
    mode: int | None
    layer: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class HealthCheck:
    """A command by which an engine tells whether a container works; times in seconds.

    No words: the base's check is switched off. None leaves a value to the engine.
    """

    command: tuple[str, ...]
    interval_s: int | None = None
    timeout_s: int | None = None
    start_period_s: int | None = None
    retries: int | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class DirectSettings:
    """What the direct engine is to do; `base` is `scratch`, `image:NAME` or a reference.

    What a preset gives stands in the other values already. `run_env` are variables of the command,
    `env` those of the image. `certificates` is a file of the project with CA certificates, True for
    the base's or this machine's, False for none.
    """

    base: str
    preset: str = ""
    run: tuple[str, ...] = ()
    run_env: Mapping[str, str]
    env: Mapping[str, str]
    files: tuple[DirectFile, ...] = ()
    entrypoint: tuple[str, ...] = ()
    cmd: tuple[str, ...] = ()
    working_dir: str = ""
    user: str = ""
    ports: tuple[str, ...] = ()
    volumes: tuple[str, ...] = ()
    stop_signal: str = ""
    healthcheck: HealthCheck | None = None
    certificates: bool | str = False
