"""The builders of the config as engines: each one a machine, asked what it runs."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor

from polyarch.config.project import BuilderSettings, Project
from polyarch.engines.base import Engine
from polyarch.engines.buildx import BuildxEngine
from polyarch.engines.node import Driver, Node
from polyarch.pipeline.facts import NodeFacts


def nodes_of(project: Project) -> tuple[Node, ...]:
    """The builders in the file's order."""
    return tuple(_node(settings) for settings in project.builders.values())


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


def _node(settings: BuilderSettings) -> Node:
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
    )


def _driver(settings: BuilderSettings) -> Driver:
    """What `auto` means: a BuildKit of its own where its image or options are named."""
    match settings.driver:
        case "docker" | "docker-container" | "kubernetes" | "remote":
            return settings.driver
        case _:
            own = settings.image or settings.driver_opts or settings.network
            return "docker-container" if own else "docker"
