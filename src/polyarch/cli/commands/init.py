"""`polyarch init`: a polyarch.toml from what is there already."""

import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import click

from polyarch.cli import options
from polyarch.cli.environment import Surroundings
from polyarch.cli.invocation import Invocation
from polyarch.cli.verb import Verb
from polyarch.errors import (
    ConfigExistsError,
    EmptyOptionError,
    NothingToImportError,
    StorageError,
    UsageError,
    shorten,
)

if TYPE_CHECKING:
    from polyarch.pipeline.init import InitRequest, Written

_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]+/[A-Za-z0-9_.-]+")
SCHEMA = "polyarch.init/v1"
_FILE = click.Path(path_type=Path)


@click.command("init", cls=Verb)
@click.option(
    "--from-workflow", "workflow", type=_FILE, metavar="FILE", help="Read a GitHub workflow."
)
@click.option("--from-bake", "bake", type=_FILE, metavar="FILE", help="Read a bake file.")
@click.option(
    "--repository", metavar="OWNER/NAME", help="The repository on GitHub, else git's remote."
)
@click.option("--default-branch", metavar="NAME", help="Its default branch, else what git says.")
@click.option(
    "--value",
    "values",
    multiple=True,
    metavar="NAME=TEXT",
    help="What a name of the workflow is worth, as `vars.REGISTRY=ghcr.io`; repeatable. Never a"
    " password: names of images alone need it.",
)
@click.option("--force", is_flag=True, help="Write over a polyarch.toml that is there.")
@click.option(
    "--dry-run", "--stdout", "dry_run", is_flag=True, help="Print the file, and write nothing."
)
@options.output
@click.pass_obj
def command(
    surroundings: Surroundings,
    /,
    *,
    workflow: Path | None,
    bake: Path | None,
    repository: str | None,
    default_branch: str | None,
    values: tuple[str, ...],
    force: bool,
    dry_run: bool,
    as_json: bool,
    quiet: bool,
) -> None:
    r"""Write a polyarch.toml from what is there: Dockerfiles, a workflow, or a bake file.

    What a workflow or bake file says and polyarch.toml cannot is told line by line, and so is what
    is wrong with the old file. Nothing is guessed: what only a run can tell is left out, and told.

    \b
      polyarch init
      polyarch init --from-workflow .github/workflows/docker.yml
      polyarch init --from-bake docker-bake.hcl --dry-run
      polyarch plan --compare-workflow .github/workflows/docker.yml
    """
    from polyarch.cli.init_view import document, told_lines

    invocation = Invocation(surroundings=surroundings, as_json=as_json, quiet=quiet)
    _see(surroundings, workflow, bake)
    request = init_request(surroundings, repository, default_branch, values)
    target = surroundings.folder / "polyarch.toml"
    if target.exists() and not (force or dry_run):
        raise ConfigExistsError(str(target))
    try:
        written = _made(surroundings, workflow, bake, request)
    except NothingToImportError:
        for line in _traps(surroundings, workflow, request):
            invocation.hint(line)
        raise
    if not dry_run:
        try:
            target.write_text(written.text, encoding="utf-8")
        except OSError as error:
            raise StorageError(str(target), error.strerror or str(error)) from error
    for line in told_lines(written.draft):
        invocation.hint(line)
    result = document(SCHEMA, written, target, is_written=not dry_run)
    invocation.emit(result, lambda: written.text.rstrip() if dry_run else str(target))


def init_request(
    surroundings: Surroundings,
    repository: str | None,
    default_branch: str | None,
    values: tuple[str, ...],
) -> "InitRequest":
    """What the options and git say of the repository.

    Raises:
        UsageError: a value has no name, or a repository no owner.
        EmptyOptionError: a name is empty.
    """
    from polyarch.host.git import read_git, read_remote
    from polyarch.pipeline.init import InitRequest

    for option, given in (("--repository", repository), ("--default-branch", default_branch)):
        if given is not None and not given.strip():
            raise EmptyOptionError(option)
    if repository is not None and not _REPOSITORY.fullmatch(repository):
        raise UsageError(
            f"`--repository {shorten(repository)}` is not an owner and a name",
            where="the command line",
            hint="write `--repository OWNER/NAME`",
        )
    pairs = [each.partition("=") for each in values]
    for name, sign, _ in pairs:
        if not (sign and "." in name):
            raise UsageError(
                f"`--value {name}` does not say what a name is worth",
                where="the command line",
                hint="write `--value vars.NAME=TEXT`",
            )
    git = read_git(surroundings.folder, surroundings.environment)
    return InitRequest(
        root=surroundings.folder,
        git=git,
        remote=None if git else read_remote(surroundings.folder, surroundings.environment),
        repository=repository or "",
        default_branch=default_branch or "",
        values={name: text for name, _, text in pairs},
    )


def _see(surroundings: Surroundings, workflow: Path | None, bake: Path | None) -> None:
    """Tell of a file that is not there before anything else is looked at."""
    from polyarch.pipeline.init import NAME_BAKE, read_bytes

    if workflow:
        read_bytes(surroundings.folder / workflow)
    elif bake:
        read_bytes(surroundings.folder / bake, NAME_BAKE)


def _traps(
    surroundings: Surroundings, workflow: Path | None, request: "InitRequest"
) -> Iterator[str]:
    """What is wrong with a workflow in which no image can be seen."""
    from polyarch.cli.init_view import told_lines
    from polyarch.pipeline.init import traps_of_workflow

    if workflow:
        yield from told_lines(traps_of_workflow(surroundings.folder / workflow, request))


def _made(
    surroundings: Surroundings, workflow: Path | None, bake: Path | None, request: "InitRequest"
) -> "Written":
    from polyarch.pipeline.init import from_bake, from_workflow
    from polyarch.pipeline.init_folder import from_folder

    if workflow and bake:
        raise UsageError(
            "`--from-workflow` and `--from-bake` are both given",
            where="the command line",
            hint="name one; a workflow that uses a bake file finds it by itself",
        )
    if workflow:
        return from_workflow(surroundings.folder / workflow, request)
    if bake:
        return from_bake(surroundings.folder / bake)
    return from_folder(request)
