"""A polyarch.toml made from a workflow, a bake file, or what lies in the project's folder."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from urllib.parse import urlsplit

from polyarch.ci.importing.bake_targets import bake_draft
from polyarch.ci.importing.compose_images import PLATFORMS
from polyarch.ci.importing.draft import Draft
from polyarch.ci.importing.draft_text import draft_text
from polyarch.ci.importing.files import Files
from polyarch.ci.importing.flow import Flow, read_flow
from polyarch.ci.importing.named import names_for
from polyarch.ci.importing.occasion import Surface
from polyarch.ci.importing.told import Kind, Told
from polyarch.ci.importing.unseen import unseen_in
from polyarch.ci.importing.workflow_draft import WorkflowReading, read_workflow_draft
from polyarch.config.load import load_text
from polyarch.errors import (
    InvalidConfigError,
    NothingToImportError,
    StackUnreadableError,
)
from polyarch.host.git import GitFacts
from polyarch.oci.platform import Platform
from polyarch.pipeline.lint_ci import lint_pipeline
from polyarch.pipeline.lint_files import Kind as FileKind
from polyarch.pipeline.lint_files import LintFile

_MAX_BYTES = 4 * 1024 * 1024
_NAME_WORKFLOW = "name an existing file, as in `--from-workflow .github/workflows/docker.yml`"
NAME_BAKE = "name an existing file, as in `--from-bake docker-bake.hcl`"
_FORGES = ("github.com",)


@dataclass(frozen=True, slots=True, kw_only=True)
class InitRequest:
    """What a file is made from; `root` is the folder that it is written into.

    `values` are what a person told of names such as `vars.REGISTRY`. `repository` is `owner/name`,
    else what git's remote says; `remote` is its web address where nothing is committed yet.
    """

    root: Path
    git: GitFacts | None
    repository: str = ""
    default_branch: str = ""
    values: Mapping[str, str]
    remote: str | None = None

    @property
    def address(self) -> str:
        """The web address of git's remote, empty where there is none."""
        return (self.git.remote if self.git else self.remote) or ""

    def surface(self) -> Surface:
        """What is known of the repository."""
        return Surface(
            repository=self.repository or remote_path(self.address),
            default_branch=self.default_branch or (self.git and self.git.default_branch) or "main",
            values={key.lower(): value for key, value in self.values.items()},
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """The text of a polyarch.toml, and the draft behind it."""

    text: str
    draft: Draft


def from_workflow(file: Path, request: InitRequest) -> Written:
    """Read a workflow of GitHub Actions.

    Raises:
        StackUnreadableError, YamlError: it cannot be read.
        NothingToImportError: no image can be seen in it.
    """
    raw = read_bytes(file)
    flow = read_flow(raw, file.name)
    reading = workflow_reading(flow, request)
    if not reading.draft.images:
        raise NothingToImportError(str(file), _nothing(flow, reading))
    told = [*reading.draft.told, *_default_branch(request), *_findings(file, raw, request.root)]
    told.sort(key=lambda each: each.line)
    return written(replace(reading.draft, told=tuple(dict.fromkeys(told))))


def traps_of_workflow(file: Path, request: InitRequest) -> Draft:
    """What is wrong with a workflow, and nothing else of it: an image need not be seen in it.

    Raises:
        StackUnreadableError, YamlError: it cannot be read.
    """
    raw = read_bytes(file)
    draft = workflow_reading(read_flow(raw, file.name), request).draft
    told = (*draft.of_kind(Kind.TRAP), *_findings(file, raw, request.root))
    return replace(draft, told=tuple(dict.fromkeys(sorted(told, key=lambda each: each.line))))


def workflow_reading(flow: Flow, request: InitRequest) -> WorkflowReading:
    """All that can be read of a workflow, with the files beside it."""
    surface = request.surface()
    return read_workflow_draft(flow, surface, names_for(surface), _files(request.root))


def read_flow_file(file: Path) -> Flow:
    """Read a workflow as it is written.

    Raises:
        StackUnreadableError, YamlError: it cannot be read.
    """
    hint = "name an existing file, as in `--compare-workflow .github/workflows/docker.yml`"
    return read_flow(read_bytes(file, hint), file.name)


def from_bake(file: Path) -> Written:
    """Read a bake file.

    Raises:
        StackUnreadableError, BakeFileError: it cannot be read.
        NothingToImportError: it has no target.
    """
    draft = bake_draft(read_bytes(file, NAME_BAKE), file.name)
    if not draft.images:
        first = next((each for each in draft.told if each.kind is Kind.LEFT), None)
        why = f"line {first.line}, {first.what}: {first.why}" if first else "it has no target"
        raise NothingToImportError(str(file), why)
    return written(draft)


def written(draft: Draft) -> Written:
    """The text, and what keeps it from being used as it is."""
    text = draft_text(draft)
    try:
        load_text(text)
    except InvalidConfigError as error:
        problems = tuple(
            Told(
                kind=Kind.LEFT,
                line=0,
                what="polyarch.toml is not complete",
                why=problem,
                todo="mend it in the file that was written",
            )
            for problem in error.problems
        )
        draft = replace(draft, told=(*problems, *draft.told))
        text = draft_text(draft)
    return Written(text=text, draft=draft)


def read_bytes(file: Path, hint: str = _NAME_WORKFLOW) -> bytes:
    """A file that is read; `hint` is what to do where it cannot be.

    Raises:
        StackUnreadableError: it cannot be.
    """
    try:
        with file.open("rb") as stream:
            return stream.read(_MAX_BYTES)
    except (OSError, ValueError) as error:
        reason = (getattr(error, "strerror", None) or str(error)).lower()
        raise StackUnreadableError(str(file), reason, hint=hint) from error


def _files(root: Path) -> Files:
    base = root.resolve()

    def read(name: str) -> bytes | None:
        path = (base / name).resolve()
        if not path.is_relative_to(base) or not path.is_file():
            return None
        try:
            return read_bytes(path)
        except StackUnreadableError:
            return None

    return read


def _nothing(flow: Flow, reading: WorkflowReading) -> str:
    unseen = [
        *(each for each in reading.draft.told if each.kind is Kind.UNSEEN),
        *unseen_in(flow, seen_lines=frozenset()),
        *(each for each in reading.draft.told if each.kind is Kind.LEFT),
    ]
    if not flow.jobs:
        return "it is no workflow of GitHub Actions: `on` and `jobs` are missing"
    if not unseen:
        return "none of its steps builds and pushes an image"
    first = unseen[0]
    return f"line {first.line}, {first.what}: {first.why}; write the images into polyarch.toml"


def _findings(file: Path, raw: bytes, root: Path) -> Iterator[Told]:
    """What `polyarch lint` finds in the same file."""
    whole = LintFile(path=file, shown=file.name, kind=FileKind.WORKFLOW, raw=raw)
    text = raw.decode("utf-8", "surrogateescape")
    platforms = tuple(Platform.parse(each) for each in PLATFORMS)
    for found in lint_pipeline(whole, text, platforms, root=root):
        yield Told(
            kind=Kind.TRAP,
            code=found.rule,
            line=found.line,
            what=found.message,
            why=f"`polyarch lint` tells more of {found.rule}",
            todo=found.hint,
        )


def _default_branch(request: InitRequest) -> Iterator[Told]:
    if not request.default_branch and not (request.git and request.git.default_branch):
        yield Told(
            kind=Kind.ASSUMED,
            line=0,
            what="the default branch is `main`",
            why="git does not say which it is",
            todo="`--default-branch NAME` tells it",
        )


def remote_path(address: str) -> str:
    """`owner/name` of the remote."""
    return urlsplit(address).path.strip("/").removesuffix(".git")


def remote_forge(address: str) -> str:
    """The host of the remote, of those whose registry is known."""
    host = urlsplit(address).hostname or ""
    return host if host in _FORGES else ""
