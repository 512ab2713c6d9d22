"""`polyarch doctor`: what works here, and what to do about the rest."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import is_pull_request
from polyarch.cli.exit_codes import ExitCode, refusal_code, worst
from polyarch.cli.invocation import Invocation
from polyarch.cli.projects import find_project
from polyarch.cli.verb import Verb

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polyarch.pipeline.diagnosis import Symptom


@click.command("doctor", cls=Verb)
@click.option("--offline", is_flag=True, help="Ask no registry.")
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    *,
    offline: bool,
    config_file: Path | None,
    environment: str | None,
    as_json: bool,
    quiet: bool,
) -> int:
    """Look at engines, emulators, git, and the project's registries and logins.

    Whatever is broken has the command that mends it beside it. Outside a project only the machine
    is looked at. Exit code 4, 5 or 7 when something that this project needs is broken.
    """
    from polyarch.pipeline.diagnosis import diagnose, to_json

    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    project = find_project(surroundings, config_file, environment)
    with invocation.progress() as listen:
        world = invocation.world(listen, root=project.root if project else None, now=None)
        root = project.root if project else surroundings.folder
        anonymous = is_pull_request(surroundings, root)
        symptoms = diagnose(project, world, offline=offline, anonymous=anonymous)

    def view() -> "RenderableType":
        from polyarch.cli.tables import diagnosis_view

        return diagnosis_view(symptoms)

    invocation.emit(to_json(symptoms), view)
    return code_of(symptoms)


def code_of(symptoms: "Sequence[Symptom]") -> ExitCode:
    """The worst of what is broken."""
    broken = [each for each in symptoms if each.is_broken]
    return worst(
        refusal_code(each.error) if each.error else ExitCode.ENVIRONMENT for each in broken
    )
