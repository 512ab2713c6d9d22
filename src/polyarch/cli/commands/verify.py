"""`polyarch verify`: what any image is, against what it says."""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

import click
from click.shell_completion import CompletionItem

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import is_pull_request
from polyarch.cli.forms import Forms
from polyarch.cli.invocation import Invocation
from polyarch.cli.places import complete_places, platforms_of
from polyarch.cli.projects import find_project
from polyarch.cli.verb import Verb
from polyarch.cli.verified import shown, stack_ask
from polyarch.errors import EmptyOptionError, LonelyOptionError, UsageError

if TYPE_CHECKING:
    from polyarch.config.project import Project
    from polyarch.pipeline.reach import Reach
    from polyarch.pipeline.stack_result import StackResult
    from polyarch.pipeline.verify_request import VerifyRequest
    from polyarch.pipeline.verify_result import VerifyResult
    from polyarch.pipeline.verify_stack import StackAsk
    from polyarch.pipeline.world import World

_LEVELS = ("declared", "config", "deep", "run")
_SAME = ("platforms", "index")
_SEVERITIES = ("error", "warning", "info")


class _Verify(Verb):
    """`--same` stands alone, or with a value behind `=` and never behind a blank."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Give `--same` the value that it means by itself."""
        end = args.index("--") if "--" in args else len(args)
        told = [f"--same={_SAME[0]}" if word == "--same" else word for word in args[:end]]
        return super().parse_args(ctx, [*told, *args[end:]])


def _complete(
    context: click.Context, parameter: click.Parameter, incomplete: str
) -> list[CompletionItem]:
    return complete_places(context, parameter, incomplete, "file:")


@click.command("verify", cls=_Verify)
@click.argument("places", nargs=-1, metavar="PLACE...", shell_complete=_complete)
@click.option(
    "-p",
    "--platform",
    "platforms",
    multiple=True,
    metavar="P",
    help="This platform must be there, and only it is looked at; repeatable, or with commas.",
)
@click.option(
    "--level",
    type=click.Choice(_LEVELS),
    help="The index alone; configs too, and that layers are there; every program in every layer;"
    " or start the image.  [default: deep, of compose files config]",
)
@click.option(
    "--smoke-test",
    "smoke_tests",
    multiple=True,
    metavar="CMD",
    help="Start this in each image, no shell around it; without it what the image starts is asked"
    " for its version.  [with `--level run`]",
)
@click.option(
    "--same",
    type=click.Choice(_SAME),
    help="All places must have the same image for each platform; `--same=index`: the same index.",
)
@click.option(
    "--fail-on",
    type=click.Choice(_SEVERITIES),
    default="error",
    show_default=True,
    help="End with 1 from findings as bad as this.",
)
@click.option(
    "-f",
    "--compose",
    "compose",
    multiple=True,
    metavar="FILE",
    help="Look at the images of a compose file's services instead; more files are laid over it.",
)
@click.option(
    "--profile",
    "profiles",
    multiple=True,
    metavar="NAME",
    help="With the services of this profile of the compose file; `*` for all.",
)
@click.option(
    "--env-file",
    "env_files",
    multiple=True,
    metavar="FILE",
    help="Variables for the compose file, in place of the `.env` beside it.",
)
@click.option("--sarif", metavar="FILE", help="Write the findings as SARIF 2.1.0 too; `-`: stdout.")
@click.option("--junit", metavar="FILE", help="Write them as JUnit XML too; `-`: stdout.")
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    places: tuple[str, ...],
    platforms: tuple[str, ...],
    level: str | None,
    smoke_tests: tuple[str, ...],
    same: str | None,
    fail_on: str,
    compose: tuple[str, ...],
    profiles: tuple[str, ...],
    env_files: tuple[str, ...],
    sarif: str | None,
    junit: str | None,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    r"""Prove what an image is: whole, and for each platform what it says.

    A place is a registry reference, `oci:DIR[:TAG]`, `oci-archive:FILE[:TAG]`,
    `docker-archive:FILE[:REF]`, `docker-daemon:REF`, `image:NAME`, what this project built, or
    `file:PATH`, one program or library. What a registry does not tell is unknown, and nothing
    that is unknown counts as proven.

    \b
      polyarch verify ghcr.io/team/app:1.2                  every platform, every program in it
      polyarch verify --level config -p linux/arm64 debian:12 nginx:1.27
      polyarch verify --same ghcr.io/team/app:1.2 team/app:1.2 registry.internal/app:1.2
      polyarch verify --sarif found.sarif oci-archive:app.tar
      polyarch verify -p linux/arm64 file:build/server      what `file` would say
      polyarch verify -p linux/arm64 -f compose.yaml        does my stack run there?
    """
    from polyarch.pipeline.reach import Reach

    forms = Forms.parse(surroundings.folder, sarif=sarif, junit=junit, as_json=as_json)
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    level = level or ("run" if smoke_tests else None)
    commands = _commands(smoke_tests, level)
    asked: VerifyRequest | StackAsk
    if compose:
        _refuse_both(places, same)
        asked = stack_ask(
            surroundings,
            compose=compose,
            profiles=profiles,
            env_files=env_files,
            platforms=platforms,
            level=level,
            commands=commands,
            fail_on=fail_on,
        )
    else:
        _refuse_lonely(profiles, env_files)
        asked = _request(
            places,
            platforms=platforms,
            level=level or "deep",
            commands=commands,
            same=same,
            fail_on=fail_on,
        )
    project = find_project(surroundings, config_file, environment)
    root = project.root if project else None
    with invocation.progress() as listen:
        world = invocation.world(listen, root=root, now=None)
        anonymous = is_pull_request(surroundings, root or surroundings.folder)
        reach = Reach(project, world, anonymous=anonymous)
        work = _verified(asked, reach, world, project, surroundings.folder)
    return shown(work, forms, invocation, reach.usage())


def _verified(
    asked: "VerifyRequest | StackAsk",
    reach: "Reach",
    world: "World",
    project: "Project | None",
    folder: Path,
) -> "VerifyResult | StackResult":
    from polyarch.pipeline.verify import verify_places
    from polyarch.pipeline.verify_request import VerifyRequest

    if isinstance(asked, VerifyRequest):
        return verify_places(asked, reach, world, project=project, folder=folder)
    from polyarch.pipeline.verify_stack import verify_stack

    return verify_stack(asked, reach, world, project=project, folder=folder)


def _refuse_both(places: tuple[str, ...], same: str | None) -> None:
    if places or same:
        what = "`--same` compares" if same else "a place is"
        raise UsageError(
            f"`--compose` names the images, and {what} something else",
            where="the command line",
            hint="ask for one of them at a time",
        )


def _refuse_lonely(profiles: tuple[str, ...], env_files: tuple[str, ...]) -> None:
    if profiles or env_files:
        raise LonelyOptionError("--profile" if profiles else "--env-file", "--compose")


def _commands(texts: tuple[str, ...], level: str | None) -> tuple[tuple[str, ...], ...]:
    """The words of each command, as a shell would cut them."""
    if texts and level != "run":
        raise LonelyOptionError("--smoke-test", "--level run")
    try:
        found = tuple(tuple(shlex.split(text)) for text in texts)
    except ValueError as error:
        raise UsageError(
            f"`--smoke-test` cannot be cut into words: {error}",
            where="the command line",
            hint="close every quote",
        ) from None
    if not all(found):
        raise EmptyOptionError("--smoke-test")
    return found


def _request(
    places: tuple[str, ...],
    *,
    platforms: tuple[str, ...],
    level: str,
    commands: tuple[tuple[str, ...], ...],
    same: str | None,
    fail_on: str,
) -> "VerifyRequest":
    from polyarch.findings import Severity
    from polyarch.pipeline.verify_request import (
        Level,
        Program,
        Same,
        VerifyRequest,
        parse_subject,
    )

    if not places:
        raise click.UsageError("name an image: `polyarch verify PLACE...`")
    subjects = tuple(dict.fromkeys(parse_subject(text) for text in places))
    file = next((each for each in subjects if isinstance(each, Program)), None)
    if file and level == "run":
        raise UsageError(
            f"`{file}` is a file, which is read and never started",
            where="the command line",
            hint="name an image to be run, or another `--level`",
        )
    return VerifyRequest(
        subjects=subjects,
        platforms=platforms_of(platforms),
        level=Level(level),
        smoke_tests=commands,
        same=Same(same) if same else None,
        fail_on=Severity(fail_on),
    )
