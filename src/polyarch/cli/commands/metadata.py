"""`polyarch metadata`: what an image is called for an event."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.event import EventOptions, event_of
from polyarch.cli.invocation import Invocation, read_clock
from polyarch.cli.projects import complete_images, open_project
from polyarch.cli.verb import Verb
from polyarch.errors import UsageError

if TYPE_CHECKING:
    from rich.console import RenderableType

    from polyarch.metadata.outputs import Metadata

_HELP = {
    "images": "Names that the tags are put behind.",
    "tags": "Tag rules; none mean the action's own four.",
    "flavor": "What all tags have in common.",
    "labels": "Labels beside the usual ones, as `key=value`.",
    "annotations": "Annotations beside the usual ones.",
    "sep-tags": "What stands between tags in the output.",
    "sep-labels": "What stands between labels.",
    "sep-annotations": "What stands between annotations.",
    "bake-target": "Name of the target in bake files.",
    "context": "`workflow`, or `git` for what is checked out.",
}
OUTPUTS = (
    "tags", "tag-names", "version", "labels", "annotations", "json", "bake-file",
    "bake-file-tags", "bake-file-labels", "bake-file-annotations",
)  # fmt: skip


def _inputs(command: Callable[..., Any]) -> Callable[..., Any]:
    for name, told in reversed(_HELP.items()):
        option = click.option(f"--{name}", multiple=True, metavar="TEXT", help=told)
        command = option(command)
    return command


@click.command("metadata", cls=Verb)
@click.argument("image", required=False, shell_complete=complete_images)
@_inputs
@click.option("--explain", is_flag=True, help="Say of each rule what it gave, and why.")
@click.option(
    "--output",
    "wanted",
    type=click.Choice(OUTPUTS),
    default="tags",
    metavar="NAME",
    help=f"Print another of the action's outputs: {', '.join(OUTPUTS)}.",
)
@options.event
@options.project
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    /,
    *,
    image: str | None,
    explain: bool,
    wanted: str,
    config_file: Path | None,
    environment: str | None,
    event_name: str | None,
    ref: str | None,
    sha: str | None,
    now: datetime | None,
    as_json: bool,
    quiet: bool,
    **inputs: tuple[str, ...],
) -> None:
    r"""Print what an image is called for an event: tags, labels, annotations.

    Without inputs polyarch.toml says them. With inputs, as options or as the variables INPUT_TAGS
    and so on, it takes the place of docker/metadata-action: the same tags, labels, annotations and
    bake files, also in GITHUB_OUTPUT and GITHUB_ENV. An option may be repeated, a line each time.

    \b
      polyarch metadata server --explain
      polyarch metadata server --event push --ref refs/tags/v1.2.3
      polyarch metadata --images ghcr.io/team/app --tags 'type=semver,pattern={{version}}'
      polyarch metadata server --output labels
    """
    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    texts = {name.replace("_", "-"): "\n".join(each) for name, each in inputs.items() if each}
    event = EventOptions(name=event_name, ref=ref, sha=sha, now=now)
    metadata = _metadata(surroundings, texts, image, (config_file, environment), event)
    _hand_on(metadata, surroundings.environment)
    _tell(metadata, invocation, explain=explain)
    terminal = surroundings.stdout_is_terminal
    invocation.emit(metadata.to_json(), lambda: _text(metadata, wanted, terminal=terminal))


def _metadata(
    surroundings: Surroundings,
    texts: Mapping[str, str],
    image: str | None,
    config: tuple[Path | None, str | None],
    chosen: EventOptions,
) -> "Metadata":
    from polyarch.metadata.inputs import INPUTS, input_variables

    given = {**input_variables(surroundings.environment), **texts}
    by_config = image is not None or any(config)
    if by_config and texts:
        raise UsageError(
            f"the config says what `--{next(iter(texts))}` says, too",
            where="the command line",
            hint="leave out the image and `--config`, or the inputs",
        )
    if by_config or not (texts or given.keys() & set(INPUTS)):
        return _by_config(surroundings, image, config, chosen)
    return _by_inputs(surroundings, given, chosen)


def _by_inputs(
    surroundings: Surroundings, given: Mapping[str, str], chosen: EventOptions
) -> "Metadata":
    from polyarch.host.git import GitTree
    from polyarch.metadata.inputs import Inputs
    from polyarch.pipeline.known import known_facts
    from polyarch.pipeline.metadata import action_metadata, event_for

    inputs = Inputs.read(given)
    tree = GitTree.find(surroundings.folder, surroundings.environment)
    said = event_of(chosen, surroundings, surroundings.folder)
    event = event_for(inputs, said, tree, surroundings.environment)
    git = tree.facts() if tree else None
    token = given.get("github-token", "")
    known = known_facts(event, git, surroundings.environment, token=token)
    metadata = action_metadata(
        inputs,
        replace(event, commit_time=known.commit_time),
        known.repository,
        surroundings.environment,
        now=chosen.now or read_clock(),
    )
    return metadata.with_warnings((*event.warnings, *known.warnings))


def _by_config(
    surroundings: Surroundings,
    image: str | None,
    config: tuple[Path | None, str | None],
    chosen: EventOptions,
) -> "Metadata":
    from polyarch.host.git import GitTree
    from polyarch.pipeline.facts import describe
    from polyarch.pipeline.known import known_facts
    from polyarch.pipeline.metadata import image_metadata
    from polyarch.pipeline.selection import select_images

    project = open_project(surroundings, *config)
    names = select_images((image,) if image else (), tuple(project.images), project.groups)
    if len(names) > 1:
        raise UsageError(
            f"{'this means' if image else 'the project has'} several images: {', '.join(names)}",
            where="the command line",
            hint=f"name one, as in `polyarch metadata {names[0]}`",
        )
    tree = GitTree.find(project.root, surroundings.environment)
    said = event_of(chosen, surroundings, project.root)
    known = known_facts(said, tree.facts() if tree else None, surroundings.environment)
    metadata = image_metadata(
        project.images[names[0]],
        replace(said, commit_time=known.commit_time),
        known.repository,
        now=chosen.now or read_clock(),
        describe=describe(project, tree),
    )
    return metadata.with_warnings((*said.warnings, *known.warnings))


def _hand_on(metadata: "Metadata", environment: Mapping[str, str]) -> None:
    """Where a job of GitHub Actions, or of one that speaks as it, takes values from a step."""
    from polyarch.host.github_files import ENVIRONMENT, OUTPUT, append_values
    from polyarch.metadata.outputs import exports, variable_of
    from polyarch.pipeline.metadata import write_outputs

    exported = exports(environment)
    if not environment.get(OUTPUT):
        return
    values = write_outputs(metadata, environment.get("RUNNER_TEMP", ""))
    append_values(environment[OUTPUT], values)
    if exported and (path := environment.get(ENVIRONMENT)):
        append_values(path, {variable_of(name): text for name, text in values.items()})


def _tell(metadata: "Metadata", invocation: Invocation, *, explain: bool) -> None:
    from polyarch.host.github_files import command as workflow_command

    if explain:
        invocation.draw(lambda: _view(metadata))
    on_github = invocation.surroundings.environment.get("GITHUB_ACTIONS") == "true"
    for warning in metadata.warnings:
        text = workflow_command("warning", warning) if on_github else f"warning: {warning}"
        invocation.complain(text)


def _view(metadata: "Metadata") -> "RenderableType":
    from polyarch.cli.explanations import explanation_view

    return explanation_view(metadata.version)


def _text(metadata: "Metadata", wanted: str, *, terminal: bool) -> str:
    """A pipe gets every character as it is; a terminal nothing that it would obey."""
    from polyarch.cli.text import for_terminal
    from polyarch.pipeline.metadata import output_text

    text = output_text(metadata, wanted)
    return for_terminal(text) if terminal else text
