"""`polyarch rollback`: moving tags go back to an older version, in every registry."""

from pathlib import Path
from typing import Unpack

import click

from polyarch.cli import options
from polyarch.cli.acting import Actor, Said, refuse_reserved
from polyarch.cli.environment import Surroundings
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import open_project
from polyarch.cli.verb import Verb


@click.command("rollback", cls=Verb)
@options.images
@click.option(
    "--to",
    "to",
    required=True,
    metavar="VERSION",
    help="The tag of the version that is good, as `1.2.3`; or with --tag a digest.",
)
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="TAG",
    help="Move this tag, in place of those that the config's rules give; repeatable.",
)
@options.act
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    images: tuple[str, ...],
    to: str,
    tags: tuple[str, ...],
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
    **said: Unpack[Said],
) -> int:
    r"""Put the moving tags of an image back to an older version, in every registry.

    Those are the tags that publishing that version would have moved (`latest`, `1`, `1.2`), as far
    as they stand there; each repository goes to what it has itself under the version, so that
    digests may differ. Nothing is built. All tags of all images and registries move together, or
    none; a version that a registry lacks is told before anything moves. What was taken away is
    held back until something newer is published, whoever publishes.

    \b
      polyarch rollback server --to 1.2.3 --why "1.3.0 loses sessions"
      polyarch rollback @release --to 1.2.3
      polyarch rollback server --to 1.2.3 --tag stable --tag latest
      polyarch rollback server --to 1.2.3 --dry-run     what would move
      polyarch undo last                                the other way
    """
    from polyarch.oci.digest import Digest
    from polyarch.oci.reference import TAG_PATTERN
    from polyarch.pipeline.moving.rollback_image import RollbackRequest
    from polyarch.pipeline.moving.rolling_back import roll_back

    for tag in tags:
        if not TAG_PATTERN.fullmatch(tag):
            raise click.UsageError(f"`--tag {tag}` is no tag")
    refuse_reserved(tags)
    if ":" in to:
        Digest.parse(to)
        if not tags:
            raise click.UsageError("a digest is no version: name the tags that go there, `--tag T`")
    elif not TAG_PATTERN.fullmatch(to):
        raise click.UsageError(f"`--to {to}` is neither a tag nor a digest")
    wanted = tuple(dict.fromkeys(tags))
    request = RollbackRequest(selectors=images, to=to, tags=wanted)
    project = open_project(surroundings, config_file, environment)
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    actor = Actor(verb="rollback", invocation=invocation, project=project, environment=environment)
    return actor.do(
        said,
        lambda terms, reach, world, event: roll_back(
            request, terms, reach, world, project=project, event=event
        ),
    )
