"""A polyarch.toml made from what lies in the project's folder."""

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

from polyarch.ci.compose import NAMES, Stack, StackRequest, read_stack
from polyarch.ci.compose_service import Service
from polyarch.ci.importing.bake_targets import bake_draft
from polyarch.ci.importing.draft import DraftImage
from polyarch.ci.importing.folder_draft import Found, folder_draft
from polyarch.ci.importing.told import Kind, Told
from polyarch.ci.yaml import Tree, read_yaml
from polyarch.errors import NothingToImportError, PolyarchError, StackUnreadableError
from polyarch.host.git_url import is_git
from polyarch.pipeline.init import (
    InitRequest,
    Written,
    read_bytes,
    remote_forge,
    written,
)
from polyarch.pipeline.lint_files import Kind as FileKind
from polyarch.pipeline.lint_files import searched

_GITHUB = "github.com"
_BAKES = ("docker-bake.hcl", "docker-bake.json", "bake.hcl")


def from_folder(request: InitRequest) -> Written:
    """Look for Dockerfiles, compose files and bake files.

    Raises:
        NothingToImportError: there is no Dockerfile.
    """
    root = request.root
    found = searched(root, root, frozenset({FileKind.DOCKERFILE}))
    paths = (Path(each.shown) for each in found)
    dockerfiles = tuple(each.as_posix() for each in paths if not _is_hidden(each))
    if not dockerfiles:
        raise NothingToImportError(
            str(root), "there is no Dockerfile; `[images.X.direct]` needs none, see docs"
        )
    told: list[Told] = []
    services = tuple(_services(root, told))
    draft = folder_draft(
        Found(
            folder=root.name,
            dockerfiles=dockerfiles,
            services=services,
            composed=_trees(root, services),
            is_there=lambda name: _is_file(root, name),
            baked=tuple(_baked(root, told)),
            repository=request.surface().repository,
            forge=_GITHUB if request.repository else remote_forge(request.address),
        )
    )
    told += _others(root)
    return written(replace(draft, told=(*draft.told, *told)))


def _is_hidden(path: Path) -> bool:
    """Whether it lies in a folder that tools keep for themselves."""
    return any(each.startswith(".") for each in path.parent.parts)


def _is_file(root: Path, name: str) -> bool:
    try:
        path = (root / name).resolve()
        return path.is_relative_to(root.resolve()) and path.is_file()
    except (OSError, ValueError):  # no file can be called so
        return False


def _trees(root: Path, services: tuple[Service, ...]) -> dict[str, Tree]:
    """The files that services stand in, by the names that they are told by."""
    return {name: read_yaml(read_bytes(root / name), name) for name in {x.file for x in services}}


def _services(root: Path, told: list[Told]) -> Iterator[Service]:
    for name in NAMES:
        if (root / name).is_file():
            try:
                stack = _stack(root, name)
            except PolyarchError as error:
                what = f"compose file {name}"
                told.append(Told(kind=Kind.UNSEEN, line=0, what=what, why=error.message))
                return
            yield from (_from_root(each, root) for each in stack.services)
            return


def _baked(root: Path, told: list[Told]) -> Iterator[DraftImage]:
    """The targets of the first bake file that lies there."""
    for name in _BAKES:
        if (root / name).is_file():
            try:
                draft = bake_draft(read_bytes(root / name), name)
            except PolyarchError as error:
                what = f"bake file {name}"
                told.append(Told(kind=Kind.UNSEEN, line=0, what=what, why=error.message))
                return
            told += (replace(each, line=0, what=f"{name}: {each.what}") for each in draft.told)
            yield from draft.images
            return


def _from_root(service: Service, root: Path) -> Service:
    """The context as a path from the root, where it lies below it."""
    build = service.build
    if build is None or build.context is None or build.context.problem:
        return service
    if is_git(build.context.text):
        return service
    path = (root / build.context.text).resolve()
    if not path.is_relative_to(root.resolve()):
        return service
    text = path.relative_to(root.resolve()).as_posix()
    context = replace(build.context, text=text)
    return replace(service, build=replace(build, context=context))


def _others(root: Path) -> Iterator[Told]:
    """Workflows, which say more of what is built than Dockerfiles do."""
    for folder in (".github/workflows", ".gitea/workflows", ".forgejo/workflows"):
        for path in sorted((root / folder).glob("*.y*ml")):
            try:
                raw = read_bytes(path)
            except StackUnreadableError:
                continue
            if b"build-push-action" in raw or b"bake-action" in raw or b"github-builder" in raw:
                shown = f"{folder}/{path.name}"
                yield _hint(
                    f"workflow {shown}", f"`polyarch init --from-workflow {shown}` reads it"
                )


def _hint(what: str, todo: str) -> Told:
    return Told(kind=Kind.UNSEEN, line=0, what=what, why="it was not read", todo=todo)


def _stack(root: Path, name: str) -> Stack:
    """A compose file without variables: those of this machine and of `.env` may be secrets."""
    with tempfile.NamedTemporaryFile(suffix=".env") as empty:
        return read_stack(
            StackRequest(
                root=root,
                files=(root / name,),
                profiles=("*",),
                env_files=(Path(empty.name),),
                variables={},
            )
        )
