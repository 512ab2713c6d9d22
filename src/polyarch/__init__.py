"""One commit becomes one proven multi-architecture image in every registry.

The command line's verbs as functions, for scripts:

    from datetime import UTC, datetime
    from pathlib import Path
    import os

    from polyarch import Ask, World, detect_event, load_project, publish_project, read_git

    project = load_project(Path("polyarch.toml").absolute())
    event = detect_event(os.environ, read_git(project.root, os.environ))
    world = World(
        environment=os.environ,
        home=Path.home(),
        state=project.root / ".polyarch",
        now=datetime.now(UTC),
    )
    result = publish_project(project, event, Ask(sandbox=True), world)
    for outcome in result.outcomes:
        print(outcome.repository, outcome.status, outcome.digest)

Nothing in here reads the environment or the clock: both are handed in. What goes wrong is raised as
a `PolyarchError` with `message`, `where` and `hint`; a registry that refuses is an outcome of the
result. Names are imported when they are first used, so that `import polyarch` costs nothing.
"""

from polyarch._version import __version__

TYPE_CHECKING = False
"""Type checkers know the name; the module `typing` would cost a third of `polyarch --version`."""

if TYPE_CHECKING:
    from polyarch.config.load import load_project
    from polyarch.config.project import Project
    from polyarch.content.places import Place
    from polyarch.errors import PolyarchError
    from polyarch.events import Event, Listener
    from polyarch.host.ci import detect as detect_event
    from polyarch.host.ci_event import CiEvent
    from polyarch.host.git import read_git
    from polyarch.host.local import simulated as simulated_event
    from polyarch.oci.digest import Digest
    from polyarch.oci.platform import Platform
    from polyarch.oci.reference import Repository
    from polyarch.pipeline.copy import copy_images
    from polyarch.pipeline.copy_result import CopyResult
    from polyarch.pipeline.copy_routes import CopyRequest
    from polyarch.pipeline.plan import Plan
    from polyarch.pipeline.reach import Reach
    from polyarch.pipeline.result import BuildResult, PublishResult
    from polyarch.pipeline.story import build_project, plan_project, publish_project
    from polyarch.pipeline.verify import verify_places
    from polyarch.pipeline.verify_request import VerifyRequest
    from polyarch.pipeline.verify_result import VerifyResult
    from polyarch.pipeline.world import Ask, World

__all__ = [
    "Ask",
    "BuildResult",
    "CiEvent",
    "CopyRequest",
    "CopyResult",
    "Digest",
    "Event",
    "Listener",
    "Place",
    "Plan",
    "Platform",
    "PolyarchError",
    "Project",
    "PublishResult",
    "Reach",
    "Repository",
    "VerifyRequest",
    "VerifyResult",
    "World",
    "__version__",
    "build_project",
    "copy_images",
    "detect_event",
    "load_project",
    "plan_project",
    "publish_project",
    "read_git",
    "simulated_event",
    "verify_places",
]

_HOMES = {
    "Ask": "polyarch.pipeline.world",
    "BuildResult": "polyarch.pipeline.result",
    "CiEvent": "polyarch.host.ci_event",
    "CopyRequest": "polyarch.pipeline.copy_routes",
    "CopyResult": "polyarch.pipeline.copy_result",
    "Digest": "polyarch.oci.digest",
    "Event": "polyarch.events",
    "Listener": "polyarch.events",
    "Place": "polyarch.content.places",
    "Plan": "polyarch.pipeline.plan",
    "Platform": "polyarch.oci.platform",
    "PolyarchError": "polyarch.errors",
    "Project": "polyarch.config.project",
    "PublishResult": "polyarch.pipeline.result",
    "Reach": "polyarch.pipeline.reach",
    "Repository": "polyarch.oci.reference",
    "VerifyRequest": "polyarch.pipeline.verify_request",
    "VerifyResult": "polyarch.pipeline.verify_result",
    "World": "polyarch.pipeline.world",
    "build_project": "polyarch.pipeline.story",
    "copy_images": "polyarch.pipeline.copy",
    "detect_event": "polyarch.host.ci:detect",
    "load_project": "polyarch.config.load",
    "plan_project": "polyarch.pipeline.story",
    "publish_project": "polyarch.pipeline.story",
    "read_git": "polyarch.host.git",
    "simulated_event": "polyarch.host.local:simulated",
    "verify_places": "polyarch.pipeline.verify",
}
"""The module of each name, and behind a colon what it is called there if not the same."""


if not TYPE_CHECKING:  # else every misspelt name would pass for one of ours

    def __getattr__(name: str) -> object:
        """Import a public name when it is first asked for."""
        home = _HOMES.get(name)
        if home is None:
            raise AttributeError(f"module `polyarch` has no attribute `{name}`")
        from importlib import import_module

        module, _, called = home.partition(":")
        value = getattr(import_module(module), called or name)
        globals()[name] = value
        return value


def __dir__() -> list[str]:
    """The public names, imported or not."""
    return sorted({*globals(), *__all__})
