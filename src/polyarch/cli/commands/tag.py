"""`polyarch tag`: more tags for what stands in a registry."""

from pathlib import Path
from typing import Unpack

import click

from polyarch.cli import options
from polyarch.cli.acting import Actor, Said, refuse_reserved
from polyarch.cli.environment import Surroundings
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import find_project
from polyarch.cli.verb import Verb
from polyarch.errors import InvalidPlaceError


@click.command("tag", cls=Verb)
@click.argument("reference", metavar="REF")
@click.argument("tags", nargs=-1, required=True, metavar="TAG...")
@click.option(
    "--everywhere",
    is_flag=True,
    help="Do the same in all repositories of the project's image that REF belongs to.",
)
@options.act
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    reference: str,
    tags: tuple[str, ...],
    everywhere: bool,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
    **said: Unpack[Said],
) -> int:
    r"""Give what is published in a registry more tags.

    REF is a repository with a tag or a digest. Nothing is built or copied: the tags show the same
    bytes, all of them or none. A tag that shows something else is moved: what the tag policy says
    of publishing does not bind a person's own word, and who and why are recorded. With
    `--everywhere` each repository tags what it has itself under the tag of REF, so that digests may
    differ; a digest that one lacks is brought there.

    \b
      polyarch tag ghcr.io/team/app:1.2.3 stable
      polyarch tag ghcr.io/team/app@sha256:4f06... 1.2 latest --why "1.2.3 is good"
      polyarch tag ghcr.io/team/app:1.2.3 lts --everywhere
    """
    from polyarch.content.places import Place
    from polyarch.oci.reference import parse_reference
    from polyarch.pipeline.moving.tagging import TagRequest, tag_image

    if not Place.parse(reference).is_registry:
        raise InvalidPlaceError(reference, "only what stands in a registry gets tags")
    named = parse_reference(reference)
    wanted = tuple(dict.fromkeys(named.repository.tag(tag).tag for tag in tags))
    refuse_reserved(wanted)
    request = TagRequest(reference=named, tags=wanted, everywhere=everywhere)
    project = find_project(surroundings, config_file, environment)
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    actor = Actor(verb="tag", invocation=invocation, project=project, environment=environment)
    return actor.do(
        said,
        lambda terms, reach, world, event: tag_image(
            request, terms, reach, world, project=project, who=event.actor
        ),
    )
