"""`polyarch promote`: what was proven in one environment goes to another, without building."""

from pathlib import Path

import click

from polyarch.cli import options
from polyarch.cli.acting import masked_why, refuse_reserved
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import EventOptions, event_of
from polyarch.cli.held_hint import hint_held
from polyarch.cli.invocation import Invocation
from polyarch.cli.outcomes import code_of
from polyarch.cli.projects import complete_environments, open_project
from polyarch.cli.recorded import recorded
from polyarch.cli.verb import Verb
from polyarch.errors import EmptyOptionError, UsageError
from polyarch.host.ci_event import CiEvent, Provider


@click.command("promote", cls=Verb)
@options.images
@click.option(
    "--from",
    "source",
    metavar="NAME",
    required=True,
    shell_complete=complete_environments,
    help="The environment that has it: [environments.NAME], or `production`.",
)
@click.option(
    "--to",
    "target",
    metavar="NAME",
    required=True,
    shell_complete=complete_environments,
    help="The environment that gets it; `production` is what stands outside all of them.",
)
@click.option(
    "--tag",
    "tags",
    multiple=True,
    metavar="TAG",
    help="Give it this tag, whatever the event gives; repeatable.",
)
@click.option(
    "--from-tag",
    "origin",
    metavar="TAG|DIGEST",
    help="What to take there.  [default: the first tag to be given that it has]",
)
@click.option(
    "--proof-max-age",
    type=options.Span(),
    metavar="DURATION",
    help="A proof that is older does not count: `7d`.",
)
@click.option(
    "--prove",
    is_flag=True,
    help="Prove it now, smoke tests too, whatever records say.",
)
@click.option(
    "--allow-local",
    is_flag=True,
    help="Take the checked-out branch or tag as the event; it must be clean and pushed.",
)
@options.act
@options.config
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    images: tuple[str, ...],
    source: str,
    target: str,
    tags: tuple[str, ...],
    origin: str | None,
    proof_max_age: float | None,
    prove: bool,
    allow_local: bool,
    why: str,
    on_registry_failure: str | None,
    dry_run: bool,
    no_rollback: bool,
    deadline: float | None,
    fewer_platforms: bool,
    config_file: Path | None,
    as_json: bool,
    quiet: bool,
) -> int:
    r"""Bring what was proven in one environment to another, without building.

    The index goes as it is, with its signatures, SBOMs and attestations, as one transaction: all
    images to all registries of the environment, or none. Its tags are those that the event gives
    by the target's config, or `--tag`. What no record shows as proven is refused: a run of this
    machine, one in `[runs] store`, or a proof that is attached to it. Prints one pinned reference
    per destination.

    \b
      polyarch promote --from staging --to production           in CI, for a pushed tag
      polyarch promote --from staging --to production --tag 1.2.3 --tag latest app
      polyarch promote --from staging --to production @release --allow-local --dry-run
      polyarch promote --from staging --to production --tag 1.2.3 --from-tag sha-0123abc
      polyarch promote --from staging --to production --proof-max-age 7d
      polyarch promote --from staging --to production --tag 1.2.3 --prove
    """
    from polyarch.cli.move_view import document, tell
    from polyarch.pipeline.moving.act import Terms
    from polyarch.pipeline.promoting.request import PromoteRequest, refuse
    from polyarch.pipeline.promoting.story import promote
    from polyarch.transaction.values import OnRegistryFailure

    _check(tags, origin, prove=prove, aged=proof_max_age is not None, local=allow_local)
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    project = open_project(surroundings, config_file, target)
    giver = open_project(surroundings, config_file, source)
    event = event_of(EventOptions(allow_local=allow_local), surroundings, project.root)
    why = masked_why(why, surroundings, project)
    request = PromoteRequest(
        source=giver,
        target=project,
        event=event,
        selectors=images,
        tags=tags,
        origin=origin or "",
        max_age_s=proof_max_age,
        prove=prove,
        terms=Terms(
            on_failure=OnRegistryFailure(
                on_registry_failure or project.publish.on_registry_failure
            ),
            rollback=not no_rollback,
            deadline_s=deadline,
            fewer=fewer_platforms,
            dry_run=dry_run,
            why=why,
        ),
    )
    if not tags and _gives_none(event):
        refuse(request)  # what cannot be whatever the event is comes first
        raise UsageError(
            "no event gives the tags: this is not a job of a CI",
            where="the command line",
            hint="name them: `--tag 1.2.3`; or take the checked-out tag or branch as the event:"
            " `--allow-local`",
        )
    with recorded(
        "promote",
        surroundings,
        project=project,
        name=project.root.name,
        event=None if tags else event,
        started_by=event,
        environment=project.environment_name,
        stays=dry_run,
        why=why,
    ) as log:
        with invocation.progress() as listen:
            world = invocation.world(log.hearing(listen), root=project.root, now=None)
            result = promote(request, world)
        log.result(document(result), code_of(result), result.reason)
    tell(result, invocation)
    hint_held(result.images, project.environment, invocation)
    return code_of(result)


def _check(
    tags: tuple[str, ...], origin: str | None, *, prove: bool, aged: bool, local: bool
) -> None:
    """Refuse words that cannot be meant.

    Raises:
        UsageError: one of them.
    """
    from polyarch.metadata.tagname import is_valid_tag
    from polyarch.oci.digest import Digest

    for tag in tags:
        if not is_valid_tag(tag):
            raise UsageError(
                f"`--tag {tag}` is no tag that a registry takes" if tag else "`--tag` is empty",
                where="the command line",
                hint="a tag has letters, digits, `.`, `_` and `-`, at most 128 of them",
            )
    refuse_reserved(tags)
    if origin == "":
        raise EmptyOptionError("--from-tag")
    if origin and ":" in origin:
        Digest.parse(origin)
    elif origin and not is_valid_tag(origin):
        raise UsageError(
            f"`--from-tag {origin}` is neither a tag nor a digest",
            where="the command line",
            hint="write `--from-tag 1.2.3` or `--from-tag sha256:…`, without the repository",
        )
    if prove and aged:
        raise click.UsageError("`--prove` proves it now, so `--proof-max-age` says nothing")
    if tags and local:
        raise click.UsageError("`--tag` names the tags, so `--allow-local` says nothing")


def _gives_none(event: CiEvent) -> bool:
    """Whether this is a laptop: it gives no event, so it gives no tags."""
    return event.provider is Provider.LOCAL and event.name == "local"
