"""Builders as a table that a person likes to read; imported only where one is drawn."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from polyarch.cli.console import table
from polyarch.engines.endpoint import masked
from polyarch.oci.platform import Platform
from polyarch.pipeline.builders import Action, Found

_STYLES = {"running": "green", "ready": "green", "absent": "dim", "broken": "bold red"}
_NO_BUILDERS = (
    "no builders: this machine builds everything\n"
    'a machine that runs Docker becomes one with [builders.arm] endpoint = "ssh://USER@HOST"'
)


def builders_view(found: Sequence[Found]) -> RenderableType:
    """What each builder is and runs, and below what is wrong with those that are broken."""
    if not found:
        return Text(_NO_BUILDERS)
    made = table("builder", "driver", "endpoint", "status", "native", "emulated", "BuildKit")
    for each in found:
        made.add_row(
            each.node.name,
            each.node.driver,
            masked(each.node.endpoint) or "-",
            _status(each),
            _platforms(each.info.native),
            _platforms(each.info.emulated),
            _buildkit(each),
        )
    return Group(made, *(Text(line) for each in found for line in _about(each)))


def _status(found: Found) -> Text:
    text = Text(found.status, style=_STYLES.get(found.status, ""))
    if found.action not in (Action.NONE, Action.NOTHING):
        text.append(f" ({found.action.value})", style="dim")
    return text


def _platforms(platforms: Sequence[Platform]) -> str:
    """Without the levels of amd64, which say nothing here."""
    told = dict.fromkeys(str(p) for p in platforms if not (p.architecture == "amd64" and p.variant))
    return ", ".join(told) or "-"


def _buildkit(found: Found) -> str:
    docker = found.info.details.get("docker", "")
    return f"of Docker {docker}" if docker else found.info.details.get("buildkit") or "-"


def _about(found: Found) -> Iterator[str]:
    if found.action is Action.NOTHING and found.node.driver == "docker":
        yield f"{found.node.name}: the Docker Engine's own BuildKit: nothing to make or remove"
    if found.info.problem:
        yield f"{found.node.name}: {found.info.problem}"
        if found.info.hint:
            yield f"  {found.info.hint}"
