"""Where the smoke tests of a part run: on the node that built it, else on this machine."""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from polyarch.config.project import Project
from polyarch.content.reader import read_small
from polyarch.content.store import Fetcher
from polyarch.engines.base import RegistryLogin
from polyarch.engines.endpoint import engine_environment
from polyarch.engines.logins import docker_logins
from polyarch.engines.node import Node
from polyarch.errors import PolyarchError
from polyarch.host.process import run
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.reference import Repository
from polyarch.pipeline.part import Part
from polyarch.pipeline.reach import Reach
from polyarch.pipeline.sources import borrowed_from
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.body import Body
from polyarch.runtimes.catalog import AUTO

DOCKER = "docker"
_PULL_S = 1800
_ENGINES = frozenset({"docker", "docker-container"})
"""Drivers of nodes that have a Docker Engine, which can run what was built there."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokePlace:
    """What a runtime's programs get in their environment, and which runtime it is to be."""

    environment: Mapping[str, str]
    runtime: str = AUTO


@dataclass(frozen=True, slots=True, kw_only=True)
class SmokePlaces:
    """Finds the places of one run; `nodes` are the builders of the config, by name."""

    environment: Mapping[str, str]
    nodes: Mapping[str, Node]
    project: Project
    reach: Reach
    registries: BlockingRegistries

    def node_of(self, part: Part) -> Node | None:
        """The node that built a part, if it is still one of the config's."""
        return self.nodes.get(part.builder) if part.builder else None

    def builds_only(self, part: Part) -> Node | None:
        """The same where it offers nothing but BuildKit."""
        node = self.node_of(part)
        return node if node and node.driver not in _ENGINES else None

    @contextlib.contextmanager
    def of(self, part: Part, store: Fetcher) -> Iterator[SmokePlace]:
        """The place of a part's tests; its Engine has the image already where it can pull it."""
        node = self.node_of(part)
        if node is None or node.driver not in _ENGINES:
            yield SmokePlace(environment=self.environment)
            return
        environment = engine_environment(node, self.environment)
        pulled = self._pulled(part, store, environment)
        try:
            yield SmokePlace(environment=environment, runtime=DOCKER)
        finally:
            if pulled:
                run(["docker", "rmi", pulled], environment=environment, check=False)

    def put(self, part: Part, store: Fetcher) -> str:
        """Let the part's own manifest stand where its layers are: `repository@digest`, or nothing.

        What was pushed has not yet got this commit's labels. Nothing else is sent.
        """
        manifest = ImageManifest.parse(read_small(store, part.manifest), part.manifest.media_type)
        config = Body.of_bytes(read_small(store, manifest.config))
        for repository in self._pushed_to(part):
            remote = self.registries.remote(repository)
            try:
                self.registries.run(remote.push_blob(manifest.config, config))
                self.registries.run(remote.put_manifest(manifest))
            except PolyarchError:
                continue
            return str(repository.at(part.manifest.digest))
        return ""

    def _pushed_to(self, part: Part) -> tuple[Repository, ...]:
        """The image's own repositories that have its layers; those of bases are others'."""
        staged = self.project.publish.stage_repository(part.image)
        own = {*self.project.images[part.image].repositories, *([staged] if staged else [])}
        return tuple(each for each in borrowed_from(part) if each in own)

    def logins(self, repository: Repository) -> tuple[RegistryLogin, ...]:
        """The login for a repository that only polyarch knows."""
        login = self.reach.keychain.lookup(repository)
        if not login.is_ours:
            return ()
        host = repository.registry
        return (RegistryLogin(host=host, username=login.username, secret=login.secret),)

    def _pulled(self, part: Part, store: Fetcher, environment: Mapping[str, str]) -> str:
        """What the Engine has pulled; nothing where the image is to be loaded instead."""
        reference = self.put(part, store)
        if not reference:
            return ""
        logins = self.logins(Repository.parse(reference.partition("@")[0]))
        command = ["docker", "pull", "--quiet", "--platform", str(part.platform), reference]
        try:
            with docker_logins(logins, environment) as more:
                run(command, environment={**environment, **more}, timeout_s=_PULL_S)
        except PolyarchError:
            return ""
        return reference
