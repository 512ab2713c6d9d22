"""`polyarch build`: every platform into parts, proven."""

from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.documents import error_object
from polyarch.cli.environment import Surroundings
from polyarch.cli.exit_codes import ExitCode, exit_code, refusal_code, worst
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import staging_at
from polyarch.cli.text import error_lines
from polyarch.cli.verb import Verb
from polyarch.cli.words import Words, with_words
from polyarch.errors import LonelyOptionError, PolyarchError
from polyarch.oci.fields import JsonObject

if TYPE_CHECKING:
    from polyarch.pipeline.result import BuildResult
    from polyarch.pipeline.staged import Staging


@click.command("build", cls=Verb)
@options.force
@click.option(
    "--load", is_flag=True, help="Load the image of this machine's platform into the local engine."
)
@click.option(
    "--stage",
    is_flag=True,
    help="Push the parts by digest, never a tag, for a job with `publish --parts` to join.",
)
@options.stage_to
@options.sandbox
@click.pass_obj
@with_words
def command(
    surroundings: Surroundings,
    words: Words,
    *,
    force: bool,
    no_cache: bool,
    load: bool,
    stage: bool,
    stage_to: str | None,
    sandbox: bool,
) -> int:
    r"""Build what the plan says and check what came out.

    Each platform becomes a part under .polyarch/parts; a part whose inputs have not changed is
    taken as it is. Prints one digest per platform. Nothing is pushed but with --stage, and then
    only for events that publish.

    \b
      polyarch build
      polyarch build server --platform linux/arm64
      polyarch build server --load
      polyarch build --platform linux/arm64 --stage     in one CI job of several
    """
    from polyarch.pipeline.story import build_project

    if not stage:
        _refuse_lonely(stage_to=stage_to, sandbox=sandbox)
    invocation = words.invocation(surroundings)
    project = words.project(surroundings, staging_at(stage_to))
    event = words.event(surroundings, project)
    with words.recorded("build", surroundings, project, event, sandbox=sandbox) as log:
        with invocation.progress() as listen:
            world = invocation.world(log.hearing(listen), root=project.root, now=words.now)
            ask = words.ask(
                unpublished=True, force=force or no_cache, no_cache=no_cache, sandbox=sandbox
            )
            result = build_project(project, event, ask, world, into_engine=load, stage=stage)
        document = result.to_json(lambda error: _told(error, result))
        log.result(document, _code(result))
        if result.error:
            log.failed(result.error, _code(result))
    invocation.emit(document, lambda: _lines(result))
    if result.error:
        invocation.complain("\n".join(error_lines(result.error)))
    elif not result.plan.images:
        invocation.hint(f"nothing was built: {result.plan.reason}")
    else:
        _hint(result, invocation, load=load)
        if result.staging:
            _tell_staging(result.staging, invocation)
    return _code(result)


def _code(result: "BuildResult") -> ExitCode:
    """The code of what ended the run, else the worst of what was not staged and counts."""
    if result.error:
        return exit_code(result.error)
    return worst(map(refusal_code, result.staging.errors if result.staging else ()))


def _refuse_lonely(*, stage_to: str | None, sandbox: bool) -> None:
    if stage_to is not None:
        raise LonelyOptionError("--stage-to", "--stage")
    if sandbox:
        raise LonelyOptionError("--sandbox", "--stage")


def _told(error: PolyarchError, result: "BuildResult") -> JsonObject:
    """An error as it stands in the document; those of registries are refusals."""
    return error_object(error, exit_code(error) if error is result.error else refusal_code(error))


def _hint(result: "BuildResult", invocation: Invocation, *, load: bool) -> None:
    for image in result.images:
        if image.loaded:
            invocation.hint(f"run it: {image.loaded.command}")
    if not load and not result.staging:
        invocation.hint(
            "run it here: `polyarch build --load`; the rest: `polyarch publish --sandbox`"
        )


def _tell_staging(staging: "Staging", invocation: Invocation) -> None:
    """Say what came of it."""
    for each in staging.parts:
        if each.held and each.digest:
            where = each.repository.at(each.digest)
            invocation.hint(f"{each.image} {each.platform}: staged at {where}")
    for text in dict.fromkeys("\n".join(error_lines(error)) for error in staging.errors):
        invocation.complain(text)
    if not staging.done:
        invocation.hint(f"nothing was staged: {staging.reason}")
    elif not staging.errors:
        invocation.hint("hand .polyarch/parts to the job that runs `polyarch publish --parts DIR`")


def _lines(result: "BuildResult") -> str:
    parts = (built.part for built in result.parts)
    return "\n".join(f"{part.image} {part.platform} {part.manifest.digest}" for part in parts)
