"""`polyarch copy`: any image that exists already, to any number of places."""

from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.documents import error_object
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import EventOptions, event_of
from polyarch.cli.exit_codes import refusal_code
from polyarch.cli.invocation import Invocation
from polyarch.cli.outcomes import code_of, complain_of, tell_quotas
from polyarch.cli.places import complete_places, platforms_of
from polyarch.cli.projects import find_project
from polyarch.cli.recorded import recorded
from polyarch.cli.verb import Verb
from polyarch.errors import EmptyOptionError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polyarch.config.project import Project
    from polyarch.content.places import Place
    from polyarch.oci.fields import JsonObject
    from polyarch.pipeline.copy_result import CopyResult
    from polyarch.transaction.values import OnRegistryFailure

    Places = tuple[Place, ...]

_POLICIES = ("abort", "continue")
_ENOUGH = 2


@click.command("copy", cls=Verb)
@click.argument("places", nargs=-1, metavar="SRC... DST...", shell_complete=complete_places)
@click.option(
    "--into",
    metavar="PLACE",
    help="Copy every image that is named into this one `oci:DIR` or `oci-archive:FILE`.",
    shell_complete=complete_places,
)
@click.option(
    "-p",
    "--platform",
    "platforms",
    multiple=True,
    metavar="P",
    help="Only this platform; repeatable, or separated by commas.",
)
@click.option(
    "--referrers/--no-referrers",
    default=True,
    help="Carry signatures, SBOMs and other artifacts about the image, where that is possible.",
    show_default=True,
)
@click.option(
    "--on-registry-failure",
    type=click.Choice(_POLICIES),
    help="Whether one registry that refuses ends the copy for all.  [default: abort]",
)
@click.option("--dry-run", is_flag=True, help="Do all but the copy.")
@options.ending
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    places: tuple[str, ...],
    into: str | None,
    platforms: tuple[str, ...],
    referrers: bool,
    on_registry_failure: str | None,
    dry_run: bool,
    no_rollback: bool,
    deadline: float | None,
    fewer_platforms: bool,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    r"""Copy an image that exists already to any number of places.

    A place is a registry reference, `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`,
    `docker-archive:FILE[:REF]`, `docker-daemon:REF`, or as a source `image:NAME`, what this project
    built. All platforms go along, and digests stay. To registries it is one transaction: content
    goes everywhere by digest first, tags move last, and one that refuses before that leaves every
    tag where it was. Prints one pinned reference per destination.

    \b
      polyarch copy debian:12 ghcr.io/team/debian:12 registry.internal:5000/debian:12
      polyarch copy ghcr.io/team/app:1.2 oci-archive:app.tar     to carry it elsewhere
      polyarch copy oci-archive:app.tar registry.internal:5000/team/app:1.2
      polyarch copy alpine:3 busybox:1 --into oci:images         several into one layout
      polyarch copy --platform linux/arm64 image:app docker-daemon:app:test
    """
    from polyarch.pipeline.copy import copy_images
    from polyarch.pipeline.copy_routes import CopyRequest
    from polyarch.pipeline.reach import Reach

    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    project = find_project(surroundings, config_file, environment)
    sources, destinations = _from_and_to(places, into)
    request = CopyRequest(
        sources=sources,
        destinations=destinations,
        into=into is not None,
        platforms=platforms_of(platforms),
        referrers=referrers,
        fewer=fewer_platforms,
        rollback=not no_rollback,
        deadline_s=deadline,
        dry_run=dry_run,
        on_failure=_policy(on_registry_failure, project),
    )
    root = project.root if project else None
    event = event_of(EventOptions(), surroundings, root or surroundings.folder)
    name = root.name if root else ""
    with recorded(
        "copy",
        surroundings,
        project=project,
        name=name,
        started_by=event,
        environment=environment,
        stays=dry_run,
    ) as log:
        with invocation.progress() as listen:
            world = invocation.world(log.hearing(listen), root=root, now=None)
            reach = Reach(project, world, anonymous=event.is_pull_request)
            result = copy_images(request, reach, world, project=project, folder=surroundings.folder)
        log.result(_document(result), code_of(result), result.reason)
    _tell(result, invocation)
    return code_of(result)


def _from_and_to(places: tuple[str, ...], into: str | None) -> "tuple[Places, Places]":
    """The sources and the destinations.

    Raises:
        UsageError: too few places, or one that cannot be used so.
        InvalidReferenceError: a place should be a reference and is none.
    """
    from polyarch.content.places import Place

    if not places or (into is None and len(places) < _ENOUGH):
        missing = "a destination" if places else "a source and a destination"
        raise click.UsageError(f"name {missing}: `polyarch copy SRC DST...`")
    if into == "":
        raise EmptyOptionError("--into")
    found = [Place.parse(text) for text in places]
    if into is not None:
        return tuple(dict.fromkeys(found)), (Place.parse(into),)
    return (found[0],), tuple(dict.fromkeys(found[1:]))


def _policy(said: str | None, project: "Project | None") -> "OnRegistryFailure":
    from polyarch.transaction.values import OnRegistryFailure

    configured = project.publish.on_registry_failure if project else "abort"
    return OnRegistryFailure(said or configured)


def _document(result: "CopyResult") -> "JsonObject":
    return result.to_json(lambda error: error_object(error, refusal_code(error)))


def _tell(result: "CopyResult", invocation: Invocation) -> None:
    def view() -> "RenderableType":
        from polyarch.cli.tables import copy_view

        return copy_view(result)

    invocation.draw(view)
    invocation.emit(
        _document(result), lambda: "\n".join(outcome.pinned for outcome in result.standing)
    )
    tell_quotas(result.usage, invocation)
    complain_of(result, invocation)
    if not result.standing:
        invocation.hint(f"nothing was copied: {result.reason}")
