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

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polyarch.pipeline.symptom import Symptom


@click.command("doctor", cls=Verb)
@click.option("--fix", "mends", is_flag=True, help="Mend what can be mended here, then look.")
@click.option("--offline", is_flag=True, help="Ask no registry.")
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    mends: bool,
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

    Exit code 4, 5 or 7 when something that this project needs is broken.
    """
    from polyarch.pipeline.diagnosis import diagnose, to_json
    from polyarch.pipeline.mending import fix

    # What changes the machine is never done without a word.
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet and not mends)
    project = find_project(surroundings, config_file, environment)
    root = project.root if project else surroundings.folder
    event = event_of(EventOptions(), surroundings, root)
    with invocation.progress() as listen:
        world = invocation.world(listen, root=project.root if project else None, now=None)
        fixes = fix(project, world) if mends else None
        symptoms = diagnose(project, world, event, offline=offline)

    def view() -> "RenderableType":
        from polyarch.cli.doctor_view import diagnosis_view

        return diagnosis_view(symptoms, fixes)

    invocation.emit(to_json(symptoms, fixes), view)
    return code_of(symptoms)


def code_of(symptoms: "Sequence[Symptom]") -> ExitCode:
    """The worst of what is broken."""
    broken = [each for each in symptoms if each.is_broken]
    return worst(
        refusal_code(each.error) if each.error else ExitCode.ENVIRONMENT for each in broken
    )
