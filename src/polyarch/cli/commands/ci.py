"""`polyarch ci`: writes the pipeline that runs polyarch in a CI."""

from typing import TYPE_CHECKING, Any

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.pipelines import Call, output, shared
from polyarch.cli.verb import Family, Verb

if TYPE_CHECKING:
    from polyarch.ci.pipelines.pins import Pin


@click.group("ci", cls=Family)
def command() -> None:
    """Write the pipeline that runs polyarch in a CI."""


@command.command("github", cls=Verb)
@click.option("--single-job", "single", is_flag=True, help="One job for all platforms, with QEMU.")
@click.option("--issues", is_flag=True, help="Let the notice open and close a GitHub issue.")
@click.option(
    "--protect",
    default="",
    metavar="NAME",
    help="The GitHub environment of the job that publishes: its secrets, its reviewers.",
)
@click.option(
    "--refresh-pins",
    is_flag=True,
    help="Ask GitHub for the newest release of each action, and pin that.",
)
@shared
@options.project
@output
@click.pass_obj
def github(surroundings: Surroundings, /, *, refresh_pins: bool, **given: Any) -> int:
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
    call = Call(dialect="github", command=github, surroundings=surroundings, given=given)
    pins: dict[str, Pin] = {}
    if refresh_pins:
        from polyarch.pipeline.ci_pins import refreshed_pins

        with call.invocation.progress() as listen:
            pins = refreshed_pins(surroundings.environment, listen)
    return call.run(pins)


@command.command("gitlab", cls=Verb)
@click.option("--single-job", "single", is_flag=True, help="One job for all platforms, with QEMU.")
@click.option(
    "--image",
    default="",
    metavar="IMAGE",
    help="The image that jobs run in, of Debian; `none`: the machine's own shell.",
)
@shared
@options.project
@output
@click.pass_obj
def gitlab(surroundings: Surroundings, /, **given: Any) -> int:
    r"""Write .gitlab-ci.yml from polyarch.toml.

    The same shape as for GitHub: a job per platform with its runner's tags, one that joins and
    publishes, one that tells people. Parts go from job to job as artifacts.

    \b
      polyarch ci gitlab
      polyarch ci gitlab -o .gitlab/polyarch.yml   to be included by a file of your own
      polyarch ci gitlab --image none              for runners that run jobs in a shell
    """
    return Call(dialect="gitlab", command=gitlab, surroundings=surroundings, given=given).run()


@command.command("make", cls=Verb)
@click.option("--check", is_flag=True, help="Write nothing; end with 1 if it is stale.")
@options.project
@output
@click.pass_obj
def make(surroundings: Surroundings, /, **given: Any) -> int:
    r"""Write polyarch.mk, a Makefile with the verbs.

    For people, and for any CI that can run make: `polyarch-stage` in a job per platform,
    `polyarch-join` in the last one.

    \b
      polyarch ci make
      make -f polyarch.mk polyarch-rehearse
    """
    return Call(dialect="make", command=make, surroundings=surroundings, given=given).run()
