"""`polyarch doctor`: what works here, and what to do about the rest."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import EventOptions, event_of
from polyarch.cli.exit_codes import ExitCode, refusal_code, worst
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import find_project
from polyarch.cli.verb import Verb
from polyarch.errors import ConfigNotFoundError, LonelyOptionError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polyarch.config.project import Project
    from polyarch.host.ci_event import CiEvent
    from polyarch.pipeline.symptom import Symptom


@click.command("doctor", cls=Verb)
@click.option("--fix", "mends", is_flag=True, help="Mend what can be mended here, then look.")
@click.option(
    "--update-lock",
    "updates",
    is_flag=True,
    help="Write polyarch.lock with today's digests, of these NAMEs or of all.",
)
@click.option("--offline", is_flag=True, help="Ask no registry.")
@click.argument("names", metavar="[NAME]...", nargs=-1)
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    mends: bool,
    updates: bool,
    names: tuple[str, ...],
    offline: bool,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    r"""Look at all that builds and publishing need, and say how to mend what is wrong.

    Engines and their image stores, builders, how each platform would be built and why, emulators
    (a program of each platform is really started), git, the project's registries and logins, the
    clock, and room on disks. Outside a project only the machine is looked at.

    With --fix emulators are registered: binfmt_misc is mounted, QEMU is registered with flag F
    from what is installed, or installed from the distribution as root, or by the container
    `tonistiigi/binfmt`, pinned, where a Docker Engine is. Each change is told before it is made;
    what only root may do is told as a command.

    \b
      polyarch doctor                # one screen
      polyarch doctor --offline      # without registries
      polyarch doctor --json | jq '.checks[] | select(.status != "ok")'
      sudo "$(command -v polyarch)" doctor --fix     # emulators are back after a reboot

    With --update-lock nothing is looked at: polyarch.lock, beside polyarch.toml, gets the digests
    that base images, frontends and BuildKit images have today, and it is told what moved from what
    to what. A NAME is one of them, with or without its tag, or a glob.

    \b
      polyarch doctor --update-lock            # pin everything, or take today's digests
      polyarch doctor --update-lock 'golang:*'

    Exit code 4, 5 or 7 when something that this project needs is broken.
    """
    from polyarch.pipeline.diagnosis import diagnose, to_json
    from polyarch.pipeline.mending import fix

    if updates and mends:
        raise click.UsageError("`--update-lock` mends nothing: run `--fix` by itself")
    if updates and offline:
        raise click.UsageError("`--update-lock` asks registries, and `--offline` forbids that")
    # What changes the machine is never done without a word.
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet and not mends)
    project = find_project(surroundings, config_file, environment)
    root = project.root if project else surroundings.folder
    event = event_of(EventOptions(), surroundings, root)
    if updates:
        return _update_lock(invocation, project, event, names)
    if names:
        raise LonelyOptionError("NAME", "--update-lock")
    with invocation.progress() as listen:
        world = invocation.world(listen, root=project.root if project else None, now=None)
        fixes = fix(project, world) if mends else None
        symptoms = diagnose(project, world, event, offline=offline)

    def view() -> "RenderableType":
        from polyarch.cli.doctor_view import diagnosis_view

        return diagnosis_view(symptoms, fixes)

    invocation.emit(to_json(symptoms, fixes), view)
    return code_of(symptoms)


def _update_lock(
    invocation: Invocation, project: "Project | None", event: "CiEvent", names: Sequence[str]
) -> ExitCode:
    from polyarch.pipeline.lock_update import update_lock

    if project is None:
        raise ConfigNotFoundError(str(invocation.surroundings.folder))
    with invocation.progress() as listen:
        world = invocation.world(listen, root=project.root, now=None)
        update = update_lock(project, event, world, names)

    def view() -> "RenderableType":
        from polyarch.cli.lock_view import update_view

        return update_view(update)

    invocation.emit(update.to_json(), view)
    return worst(refusal_code(error) for error in update.errors)


def code_of(symptoms: "Sequence[Symptom]") -> ExitCode:
    """The worst of what is broken."""
    broken = [each for each in symptoms if each.is_broken]
    return worst(
        refusal_code(each.error) if each.error else ExitCode.ENVIRONMENT for each in broken
    )
