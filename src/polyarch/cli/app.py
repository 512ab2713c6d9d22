"""The `polyarch` command: which verbs there are, each imported only when it is used."""

import difflib
from importlib import import_module
from typing import Any

import click

from polyarch._version import __version__
from polyarch.cli.verb import Family

VERBS = {
    "init": "polyarch.cli.commands.init",
    "lint": "polyarch.cli.commands.lint",
    "plan": "polyarch.cli.commands.plan",
    "metadata": "polyarch.cli.commands.metadata",
    "build": "polyarch.cli.commands.build",
    "verify": "polyarch.cli.commands.verify",
    "publish": "polyarch.cli.commands.publish",
    "copy": "polyarch.cli.commands.copy",
    "promote": "polyarch.cli.commands.promote",
    "tag": "polyarch.cli.commands.tag",
    "rollback": "polyarch.cli.commands.rollback",
    "undo": "polyarch.cli.commands.undo",
    "watch": "polyarch.cli.commands.watch",
    "prune": "polyarch.cli.commands.prune",
    "inspect": "polyarch.cli.commands.inspect",
    "notify": "polyarch.cli.commands.notify",
    "ci": "polyarch.cli.commands.ci",
    "runs": "polyarch.cli.commands.runs",
    "doctor": "polyarch.cli.commands.doctor",
    "builders": "polyarch.cli.commands.builders",
    "config": "polyarch.cli.commands.config",
    "schema": "polyarch.cli.commands.schema",
    "sandbox": "polyarch.cli.commands.sandbox",
    "completion": "polyarch.cli.commands.completion",
}
"""In the order in which help lists them: the story first."""


class Verbs(Family):
    """A group whose members are modules; a wrong name is answered with the nearest right one."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 - click's interface
        """The verbs in the order of the story."""
        return list(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        """Import one verb."""
        module = VERBS.get(cmd_name)
        if module is None:
            return None
        command = import_module(module).command
        return command if isinstance(command, click.Command) else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the verb."""
        if args and args[0] not in VERBS and not args[0].startswith("-"):
            near = difflib.get_close_matches(args[0], VERBS, n=1)
            meant = f"; did you mean `{near[0]}`?" if near else ""
            raise click.UsageError(f"there is no verb `{args[0]}`{meant}", ctx)
        return super().resolve_command(ctx, args)


@click.group(
    cls=Verbs,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
    epilog="Exit codes: 0 done, 1 the work failed, 2 usage or config, 3 nothing selected, "
    "4 environment, 5 registry or network (try again), 6 published to some only, "
    "7 refused, 70 a bug, 130 interrupted.",
)
@click.version_option(__version__, "-V", "--version", message="polyarch %(version)s")
def app(**_: Any) -> None:
    r"""One commit becomes one proven multi-architecture image in every registry.

    Write a polyarch.toml beside your Dockerfiles, then:

    \b
      polyarch init                writes that file from what is there, or from your workflow
      polyarch plan                what would be built, where, and which tags would move
      polyarch build               build every platform, prove what came out
      polyarch publish --sandbox   rehearse the whole on registries of this machine
      polyarch publish             the same for real, from CI
    """
