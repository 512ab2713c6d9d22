"""The builders of the config as engines: each one a machine, asked what it runs."""

from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from polyarch.config.project import BuilderSettings, Project
from polyarch.config.registries import RegistrySettings
from polyarch.engines.base import Engine
from polyarch.engines.buildkitd import Daemon, RegistryHost
from polyarch.engines.buildx import BuildxEngine
from polyarch.engines.node import Driver, Node
from polyarch.pipeline.facts import NodeFacts
from polyarch.pipeline.lock import Lock, pinned

DEFAULT_BUILDKIT = "moby/buildkit:buildx-stable-1"
"""What buildx runs where no image is named (github.com/docker/buildx, driver/docker-container)."""

_CONTAINERS = frozenset({"docker-container", "kubernetes"})


def nodes_of(project: Project, *, locked: bool = True) -> tuple[Node, ...]:
    """The builders in the file's order, with the BuildKit that polyarch.lock pins if `locked`.

    Raises:
        InvalidLockError, ConfigUnreadableError: the lock is damaged.
    """
    hosts = tuple(_host(settings) for settings in project.registries.hosts())
    nodes = tuple(_node(settings, hosts) for settings in project.builders.values())
    lock = Lock.read(project.root) if nodes and locked else None
    return tuple(_pinned(node, lock) for node in nodes) if lock else nodes


def own_buildkit(node: Node) -> str:
    """The image that a builder runs; empty where its BuildKit is there already."""
    return node.image or DEFAULT_BUILDKIT if node.driver in _CONTAINERS else ""


def _pinned(node: Node, lock: Lock) -> Node:
    image = own_buildkit(node)
    return replace(node, image=pinned(lock.builders, image)) if image in lock.builders else node


def node_engines(project: Project, environment: Mapping[str, str]) -> dict[str, Engine]:
    """An engine for each builder, by its name; none is started or asked yet."""
    return {node.name: BuildxEngine(environment, node=node) for node in nodes_of(project)}


def probe_nodes(project: Project, engines: Mapping[str, Engine]) -> dict[str, NodeFacts]:
    """Ask all builders at once; never raises for one that does not answer."""
    nodes = nodes_of(project)
    if not nodes:
        return {}
    with ThreadPoolExecutor(len(nodes), thread_name_prefix="probe") as pool:
        infos = tuple(pool.map(lambda node: engines[node.name].probe(), nodes))
    return {
        node.name: NodeFacts(node=node, info=info) for node, info in zip(nodes, infos, strict=True)
    }


def complaints(known: Mapping[str, NodeFacts]) -> Iterator[str]:
    """What is told of builders that cannot be used: something else builds in their place."""
    for each in known.values():
        if each.info.problem is not None:
            told = (f"not used: {each.info.problem}", each.info.hint)
            yield "; ".join(filter(None, told))


def _host(settings: RegistrySettings) -> RegistryHost:
    return RegistryHost(
        host=settings.host,
        mirrors=settings.mirrors,
        plain_http=settings.plain_http or False,
        insecure=settings.insecure,
        ca=str(settings.ca.absolute()) if settings.ca else "",
    )


def _node(settings: BuilderSettings, hosts: tuple[RegistryHost, ...]) -> Node:
    return Node(
        name=settings.name,
        driver=_driver(settings),
        endpoint=settings.endpoint,
        platforms=settings.platforms,
        tls=settings.tls,
        image=settings.image,
        options=settings.driver_opts,
        network=settings.network,
        parallel=settings.parallel,
        daemon=Daemon(hosts=hosts, steps=settings.max_parallelism, keep=settings.keep_storage),
    )


def _driver(settings: BuilderSettings) -> Driver:
    """What `auto` means: a BuildKit of its own where its image or settings are named."""
    match settings.driver:
        case "docker" | "docker-container" | "kubernetes" | "remote":
            return settings.driver
        case _:
            chosen = (settings.image, settings.driver_opts, settings.network)
            told = (settings.max_parallelism, settings.keep_storage)
            return "docker-container" if any((*chosen, *told)) else "docker"
