"""Making, starting and removing the builders of nodes."""

import contextlib
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path

from polyarch.engines.builder import (
    context_command,
    context_name,
    create_command,
    drop_context_command,
    has_daemon,
    inspect_command,
    node_name,
    remove_command,
)
from polyarch.engines.buildkitd import buildkitd_toml
from polyarch.engines.buildx_inspect import Builder
from polyarch.engines.endpoint import DEFAULT, builder_environment
from polyarch.engines.node import Node
from polyarch.engines.site import Site
from polyarch.engines.version import Version
from polyarch.errors import StorageError
from polyarch.host.process import run

_START_S = 600
"""BuildKit's image has to be pulled, perhaps by another machine."""

_TRIAL_S = 60
_TRIAL = "FROM scratch\nLABEL polyarch.check=true\n"
_CONFIG = "buildkitd.toml"


def make_builder(
    node: Node, environment: Mapping[str, str], version: Version, *, start: bool = True
) -> bool:
    """Make the node's builder unless it is there and was made of the same; tells whether it did.

    One that was made of other options is removed first. With `start` its BuildKit runs afterwards.

    Raises:
        ProgramNotFoundError: docker is not on PATH.
        ProcessFailedError: buildx could not make, remove or start it; it has buildx's words.
        StorageError: no room for the file that BuildKit is to read.
    """
    own = builder_environment(environment)
    found = look(node, own)
    made = found is None or found.node != node_name(node)
    if found and made:
        remove_builder(node, own)
    if made:
        _create(node, own, version)
    if start:
        run(inspect_command(node, bootstrap=True), environment=own, timeout_s=_START_S)
    return made


def remove_builder(node: Node, environment: Mapping[str, str]) -> bool:
    """Remove the node's builder, whatever it was made of; tells whether there was one.

    Raises:
        ProgramNotFoundError, ProcessFailedError: as making.
    """
    own = builder_environment(environment)
    found = look(node, own)
    if found is None:
        return False
    run(remove_command(node), environment=own, timeout_s=_START_S)
    if node.driver == "docker-container":
        # There is one only where a builder needed certificates.
        run(drop_context_command(found.node), environment=own, check=False)
    return True


def try_builder(node: Node, environment: Mapping[str, str]) -> None:
    """Let the node's BuildKit build an empty image, which is thrown away.

    Raises:
        ProgramNotFoundError: docker is not on PATH.
        ProcessFailedError: it could not; it has buildx's words.
    """
    site = Site.of(node, environment)
    build = ("docker", "buildx", "build", "--builder", site.builder or DEFAULT)
    what = ("--output", "type=cacheonly", "--progress", "quiet", "--provenance=false", "-")
    run((*build, *what), environment=site.environment, stdin=_TRIAL, timeout_s=_TRIAL_S)


def look(node: Node, environment: Mapping[str, str]) -> Builder | None:
    """The node's builder as it stands, or None."""
    answer = run(inspect_command(node), environment=environment, check=False)
    return Builder.parse(answer.stdout) if answer.status == 0 else None


def _create(node: Node, environment: Mapping[str, str], version: Version) -> None:
    if context_name(node):
        run(drop_context_command(context_name(node)), environment=environment, check=False)
        run(context_command(node), environment=environment)
    with _config(node, environment) as file:
        run(create_command(node, version, file), environment=environment, timeout_s=_START_S)


@contextlib.contextmanager
def _config(node: Node, environment: Mapping[str, str]) -> Iterator[Path | None]:
    """The file for buildkitd while buildx reads it; it keeps a copy of its own."""
    text = buildkitd_toml(node.daemon)
    if not text or not has_daemon(node):
        yield None
        return
    place = environment.get("TMPDIR")
    try:
        made = tempfile.TemporaryDirectory(dir=place, prefix="polyarch-builder-")
    except OSError as error:
        where = place or tempfile.gettempdir()
        raise StorageError(where, error.strerror or str(error)) from error
    with made as folder:
        file = Path(folder) / _CONFIG
        try:
            file.write_text(text, encoding="utf-8")
        except OSError as error:
            raise StorageError(str(file), error.strerror or str(error)) from error
        yield file
