"""`polyarch publish`: the main job."""

from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.documents import error_object
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import is_pull_request
from polyarch.cli.exit_codes import ExitCode, exit_code, refusal_code, worst
from polyarch.cli.held_hint import hint_held
from polyarch.cli.invocation import Invocation
from polyarch.cli.outcomes import code_of, complain_of, tell_quotas
from polyarch.cli.parts import record_source
from polyarch.cli.projects import staging_at
from polyarch.cli.text import error_lines
from polyarch.cli.verb import Verb
from polyarch.cli.words import Words, with_words
from polyarch.errors import LonelyOptionError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from rich.console import RenderableType

    from polyarch.oci.fields import JsonObject
    from polyarch.pipeline.records import RecordSource
    from polyarch.pipeline.result import PublishResult


_PORT = 5000
"""Where the hint after a rehearsal lets the first registry listen."""


@click.command("publish", cls=Verb)
@options.sandbox
@click.option(
    "--allow-local",
    is_flag=True,
    help="Publish the checked-out branch or tag from here; it must be clean and pushed.",
)
@click.option("--dry-run", is_flag=True, help="Do all but the push.")
@click.option(
    "--parts",
    metavar="DIR|-|env:PREFIX",
    help="Build nothing: join the parts whose records stand in this folder, on standard input, or"
    " in variables that begin so.",
)
@options.stage_to
@click.option(
    "--keep-others",
    is_flag=True,
    help="With --platform: replace these platforms in what is published, and keep the others.",
)
@click.option(
    "--from-tags",
    metavar="PATTERN",
    help="Build nothing: join the images that stand under tags of single platforms, as"
    " `latest-{arch}`.",
)
@click.option(
    "--clean",
    is_flag=True,
    help="Publish nothing: find what runs that died have left in the registries, and remove what"
    " can safely go.",
)
@options.ending
@options.force
@click.pass_obj
@with_words
def command(
    surroundings: Surroundings,
    words: Words,
    *,
    sandbox: bool,
    allow_local: bool,
    dry_run: bool,
    parts: str | None,
    stage_to: str | None,
    keep_others: bool,
    from_tags: str | None,
    clean: bool,
    no_rollback: bool,
    deadline: float | None,
    fewer_platforms: bool,
    force: bool,
    no_cache: bool,
) -> int:
    r"""Build every platform, prove it, and publish one index to every registry.

    Only the events that [publish] on lists publish; a pull request never does, and a run on a
    laptop builds and proves. Content goes everywhere by digest first, tags move last; a registry
    that refuses before that leaves every tag where it was. Prints one pinned reference per
    destination.

    \b
      polyarch publish                 in CI
      polyarch publish --sandbox       rehearse on registries of this machine
      polyarch publish --allow-local   the checked-out branch or tag, from here
      polyarch publish --parts DIR     join what other jobs have built and staged
      polyarch publish --from-tags 'latest-{arch}'            join tags of single platforms
      polyarch publish --platform linux/arm64 --keep-others   one platform anew
      polyarch publish --clean                               what runs that died have left
    """
    from polyarch.pipeline.story import publish_project

    if clean:
        said = {
            "--parts": parts,
            "--from-tags": from_tags,
            "--keep-others": keep_others,
            "--stage-to": stage_to,
            "--platform": words.platforms,
            "--force": force,
            "--no-cache": no_cache,
            "--no-rollback": no_rollback,
            "--deadline": deadline,
            "--fewer-platforms": fewer_platforms,
        }
        return _clean(words, surroundings, said, sandbox=sandbox, dry_run=dry_run)
    given = _given(parts, stage_to, surroundings, anew={"--force": force, "--no-cache": no_cache})
    _check_together(words, parts, from_tags, keep_others=keep_others)
    invocation = words.invocation(surroundings)
    project = words.project(surroundings, staging_at(stage_to))
    event = words.event(surroundings, project, allow_local=allow_local)
    with words.recorded(
        "publish", surroundings, project, event, sandbox=sandbox, stays=dry_run
    ) as log:
        with invocation.progress() as listen:
            world = invocation.world(log.hearing(listen), root=project.root, now=words.now)
            ask = words.ask(
                sandbox=sandbox,
                force=force or no_cache,
                no_cache=no_cache,
                keep_others=keep_others,
                from_tags=from_tags or "",
                fewer=fewer_platforms,
            )
            result = publish_project(
                project,
                event,
                ask,
                world,
                dry_run=dry_run,
                parts=given,
                rollback=not no_rollback,
                deadline_s=deadline,
            )
        code = worst([code_of(result), *(exit_code(error) for error in result.errors_after)])
        log.result(_document(result), code, result.reason)
    _tell(result, invocation, project.environment, sandbox=sandbox)
    return code


def _clean(
    words: Words,
    surroundings: Surroundings,
    said: "Mapping[str, object]",
    *,
    sandbox: bool,
    dry_run: bool,
) -> ExitCode:
    """`--clean`: what was found, and what of it is still there; `said` are options of no use."""
    from polyarch.cli.tables import clean_view
    from polyarch.pipeline.cleaning import clean_project

    for option, value in said.items():
        if value not in (None, False, ()):
            raise click.UsageError(f"`--clean` publishes nothing, so `{option}` says nothing here")
    invocation = words.invocation(surroundings)
    project = words.project(surroundings)
    anonymous = is_pull_request(surroundings, project.root)
    with invocation.progress() as listen:
        world = invocation.world(listen, root=project.root, now=words.now)
        ask = words.ask(sandbox=sandbox)
        result = clean_project(project, ask, world, anonymous=anonymous, dry_run=dry_run)
    if result.found:
        invocation.draw(lambda: clean_view(result))
    invocation.emit(
        result.to_json(lambda error: error_object(error, refusal_code(error))),
        lambda: "\n".join(f"{each.repository}:{each.name}" for each in result.removed),
    )
    for error in result.unasked:
        invocation.complain("\n".join(error_lines(error)))
    if not result.found:
        invocation.hint("nothing was left behind")
    return worst(refusal_code(each.error) for each in result.found if each.error)


def _check_together(
    words: Words, parts: str | None, from_tags: str | None, *, keep_others: bool
) -> None:
    """Refuse options that say nothing, or not the same, together."""
    from polyarch.metadata.tagname import is_valid_tag

    if keep_others and not words.platforms:
        raise LonelyOptionError("--keep-others", "--platform")
    if from_tags is not None:
        if parts is not None:
            raise click.UsageError("`--from-tags` and `--parts` both say where images come from")
        if "{arch}" not in from_tags:
            raise click.UsageError("`--from-tags` needs `{arch}`, as in `latest-{arch}`")
        if not is_valid_tag(from_tags.replace("{arch}", "amd64")):
            raise click.UsageError(f"`--from-tags` gives no tag: `{from_tags}`")


def _given(
    parts: str | None,
    stage_to: str | None,
    surroundings: Surroundings,
    *,
    anew: "Mapping[str, bool]",
) -> "RecordSource | None":
    """What `--parts` names, if it is there; options that say nothing without it are refused."""
    if parts is None:
        if stage_to is not None:
            raise LonelyOptionError("--stage-to", "--parts")
        return None
    for option in (name for name, said in anew.items() if said):
        raise click.UsageError(f"`--parts` builds nothing, so nothing can be built with `{option}`")
    return record_source(parts, surroundings)


def _tell(
    result: "PublishResult", invocation: Invocation, environment: str | None, *, sandbox: bool
) -> None:
    invocation.draw(lambda: _view(result))
    invocation.emit(_document(result), lambda: _pinned(result))
    tell_quotas(result.usage, invocation)
    complain_of(result, invocation)
    for error in result.errors_after:
        invocation.complain("\n".join(error_lines(error)))
    if not sandbox:
        hint_held(result.images, environment, invocation)
    if not result.published:
        invocation.hint(f"nothing was published: {result.reason}")
    elif sandbox:
        _how_to_serve(result, invocation)
    else:
        _how_to_pull(result, invocation)


def _document(result: "PublishResult") -> "JsonObject":
    return result.to_json(lambda error: error_object(error, refusal_code(error)))


def _view(result: "PublishResult") -> "RenderableType":
    from polyarch.cli.tables import publish_view

    return publish_view(result)


def _pinned(result: "PublishResult") -> str:
    return "\n".join(f"{outcome.repository}@{outcome.digest}" for outcome in result.standing)


def _how_to_serve(result: "PublishResult", invocation: Invocation) -> None:
    first = result.standing[0]
    name = f"127.0.0.1:{_PORT}/{first.repository.path}:{first.tags[0].tag}"
    invocation.hint("nothing left this machine; to pull it from here:")
    invocation.hint(f"  polyarch sandbox --port {_PORT} &")
    invocation.hint(f"  docker pull {name}")


def _how_to_pull(result: "PublishResult", invocation: Invocation) -> None:
    first = {outcome.image: outcome for outcome in reversed(result.standing)}
    for image in result.images:
        outcome = first.get(image.name)
        if outcome and outcome.tags:
            name = f"{outcome.repository.familiar}:{outcome.tags[0].tag}"
            invocation.hint(f"pull it: docker pull {name}")
