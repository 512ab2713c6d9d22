"""`polyarch ci`: writes the pipeline that runs polyarch in a CI."""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.exit_codes import ExitCode
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import open_project, staging_at
from polyarch.cli.verb import Family, Verb

if TYPE_CHECKING:
    from polyarch.pipeline.ci_writing import Written


@click.group("ci", cls=Family)
def command() -> None:
    """Write the pipeline that runs polyarch in a CI."""


@command.command("github", cls=Verb)
@click.option("--single-job", is_flag=True, help="One job for all platforms, with QEMU.")
@click.option(
    "--branch", default="", metavar="NAME", help="With --env: a rehearsal, for pushes of NAME."
)
@click.option(
    "--stage-to",
    default="",
    metavar="REPOSITORY",
    help="Where building jobs stage parts; without it, and [publish] stage-to, at ghcr.io.",
)
@click.option(
    "--install", default="", metavar="COMMAND", help="How jobs install polyarch, with its version."
)
@click.option("--check", is_flag=True, help="Write nothing; end with 1 where the file is stale.")
@click.option(
    "-o", "--output", default="", metavar="FILE", help="Write this file instead; `-`: print it."
)
@options.project
@options.output
@click.pass_obj
def github(
    surroundings: Surroundings,
    /,
    *,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
    check: bool,
    **given: Any,
) -> int:
    r"""Write .github/workflows/polyarch.yml from polyarch.toml.

    One job per platform, on a machine of its own where there is one, builds, proves and stages by
    digest; one joins what they staged and publishes it; one tells people. Pull requests are built
    and proven, and nothing of them is pushed. Says what it chose and which secrets to create.

    \b
      polyarch ci github
      polyarch ci github --single-job
      polyarch ci github --check                          in CI: is the file stale?
      polyarch ci github --env staging --branch rehearse  the same apart from production
    """
    from polyarch.pipeline.ci_writing import Dialect, Request, make_pipeline, write_pipeline

    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    project = open_project(
        surroundings, config_file, environment, staging_at(given["stage_to"] or None)
    )
    request = Request(
        dialect=Dialect.GITHUB,
        branch=given["branch"],
        stage_to=given["stage_to"],
        single=given["single_job"],
        install=given["install"],
        output=given["output"],
    )
    written = make_pipeline(project, request)
    if check:
        return _checked(written, invocation)
    if request.output == "-":
        print(written.text, end="")
        return ExitCode.DONE
    write_pipeline(written)
    print(written.path)
    return ExitCode.DONE


def _checked(written: "Written", invocation: Invocation) -> ExitCode:
    if written.fresh:
        invocation.hint(f"{written.path} is what polyarch.toml says")
        return ExitCode.DONE
    print(written.difference, end="")
    invocation.complain(f"{written.path} is stale; `polyarch ci github` makes it anew")
    return ExitCode.FAILED
