"""The story of `polyarch ci`: what the project needs, the text for one CI, the file it is in."""

import difflib
import re
import shlex
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from polyarch.ci.pipelines.head import command_in
from polyarch.ci.pipelines.logins import published_to
from polyarch.ci.pipelines.pins import Pin, newest, pins_in
from polyarch.ci.pipelines.shape import Pipeline, Wishes, shape
from polyarch.ci.pipelines.triggers import Triggers
from polyarch.config.document import FILE_NAME
from polyarch.config.load import load_project
from polyarch.config.project import Project
from polyarch.content.files import write_bytes
from polyarch.errors import StorageError, UsageError
from polyarch.metadata.policy import PublishRule
from polyarch.pipeline.ci_dialects import DIALECTS, Dialect

NO_IMAGE = "none"
"""`--image` where jobs run in the machine's own shell."""

_SAFE_PATH = re.compile(r"[A-Za-z0-9_@+=,][A-Za-z0-9_.@+=,-]*(?:/[A-Za-z0-9_.@+=,-]+)*")
_LARGEST = 4 << 20


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """What the command line asks for; empty texts are not given. `output` is a complete path."""

    dialect: str
    branch: str = ""
    stage_to: str = ""
    single: bool = False
    issues: bool = False
    protect: str = ""
    image: str = ""
    install: str = ""
    output: Path | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """A pipeline and its file; `before` is None where there was none."""

    pipeline: Pipeline
    path: Path
    text: str
    before: str | None
    pins: tuple[Pin, ...]
    permissions: Mapping[str, Mapping[str, str]]
    dialect: Dialect
    project: Project

    @property
    def fresh(self) -> bool:
        """Whether the file says this already."""
        return self.before == self.text

    @property
    def difference(self) -> str:
        """What would change, as `diff -u` writes it."""
        name = self.path.name
        lines = difflib.unified_diff(
            (self.before or "").splitlines(keepends=True),
            self.text.splitlines(keepends=True),
            name,
            f"{name} (made anew)",
        )
        return "".join(lines)


def make_pipeline(
    project: Project, request: Request, *, pins: Mapping[str, Pin] | None = None
) -> Written:
    """Decide and put into words; nothing is written. `pins` go before those that are known.

    Raises:
        UsageError: what is asked for cannot be.
        StorageError: the file that is there cannot be read.
    """
    root, dialect = repository_root(project.root), DIALECTS[request.dialect]
    _check(project, request)
    wishes = Wishes(
        folder=_folder(project, root),
        branch=request.branch,
        stage_to=request.stage_to,
        single=request.single,
        issues=request.issues,
        protect=request.protect,
        image="" if request.image == NO_IMAGE else request.image or dialect.image,
        install=request.install or dialect.install,
        command=_command(project, request, root),
        usual_place=request.output is None,
        elsewhere=_published_elsewhere(project),
    )
    pipeline = shape(project, wishes, hosted=dialect.hosted, home=dialect.home)
    path = request.output or root / dialect.place(pipeline)
    before = read_before(path)
    chosen = newest(pins_in(before or ""), (pins or {}).values())
    text = dialect.words(pipeline, chosen)
    used = tuple(pin for pin in chosen.values() if f"{pin.action}@" in text)
    return Written(
        pipeline=pipeline,
        path=path,
        text=text,
        before=before,
        pins=used,
        permissions=dialect.permissions(pipeline),
        dialect=dialect,
        project=project,
    )


def write_pipeline(written: Written) -> None:
    """Put it in its place in one step.

    Raises:
        UsageError: a file stands there that polyarch has not made.
        StorageError: the disk refuses.
    """
    if written.before and command_in(written.before) is None:
        raise UsageError(
            "this file was not made by polyarch, and is left as it is",
            where=str(written.path),
            hint="move it away, or name another with `--output FILE`",
        )
    if not written.fresh:
        write_bytes(written.path, written.text.encode())


def repository_root(folder: Path) -> Path:
    """The top of the clone that a folder is in; the folder itself outside of any."""
    above = (each for each in (folder, *folder.parents) if (each / ".git").exists())
    return next(above, folder)


def read_before(path: Path) -> str | None:
    """The file as it is.

    Raises:
        StorageError: it cannot be read.
    """
    try:
        raw = path.read_bytes()[:_LARGEST]
    except FileNotFoundError:
        return None
    except OSError as error:
        raise StorageError(str(path), error.strerror or str(error)) from error
    return raw.decode(errors="replace")


def _check(project: Project, request: Request) -> None:
    for option, text in (
        ("--install", request.install),
        ("--image", request.image),
        ("--protect", request.protect),
        ("--output", str(request.output or "")),
        ("--branch", request.branch),
        ("--stage-to", request.stage_to),
    ):
        if not text.isprintable() or "${{" in text:
            raise UsageError(
                f"`{option}` holds what a pipeline would take for something else",
                where="the command line",
                hint="write one line of plain text; values come from variables",
            )
    if request.protect and request.single:
        raise UsageError(
            "a single job builds pull requests as well, which no environment may keep waiting",
            where="`--protect`",
            hint="leave `--single-job` or `--protect` out",
        )
    if not request.branch:
        _check_watch(project)
        return
    if not project.environment:
        raise UsageError(
            "a rehearsal must not publish where users look",
            where="`--branch`",
            hint="name an environment of polyarch.toml beside it: `--env staging`",
        )
    rules = [PublishRule.parse(item) for item in project.publish.on]
    if not any(rule.takes_branch(request.branch) for rule in rules):
        raise UsageError(
            f"pushes of the branch `{request.branch}` publish nothing in `{project.environment}`",
            where=f"[environments.{project.environment}.publish] on",
            hint=f'let it hold "branch:{request.branch}"',
        )


def _check_watch(project: Project) -> None:
    """The CI says of a run at which time it was started, and nothing else tells watching apart."""
    told = Triggers.of(project)
    if told.watch and told.watch in told.schedule:
        raise UsageError(
            f"`{told.watch}` is the time of `schedule` as well",
            where="[triggers] watch",
            hint="let the watch begin at another minute, some hours after what is built at night",
        )


def _published_elsewhere(project: Project) -> frozenset[str]:
    """The registries that the file publishes to in environments that were not chosen."""
    others: set[str | None] = {None, *project.environments}
    others.discard(project.environment)
    loaded = (load_project(project.file, environment=each) for each in others)
    return frozenset[str]().union(*map(published_to, loaded))


def _folder(project: Project, root: Path) -> str:
    """Where the config is, seen from the root.

    Raises:
        UsageError: a pipeline cannot hold such a path.
    """
    folder = project.root.resolve().relative_to(root.resolve()).as_posix()
    for part in (folder, project.file.name):
        if part != "." and not _SAFE_PATH.fullmatch(part):
            raise UsageError(
                "a pipeline cannot hold such a path",
                where=str(project.file),
                hint="use ASCII letters, digits, `-`, `_` and `.` in it",
            )
    return folder


def _command(project: Project, request: Request, root: Path) -> str:
    """What makes the file again, typed at the root."""
    words = ["polyarch", "ci", request.dialect]
    place = project.file.resolve().relative_to(root.resolve()).as_posix()
    for option, value in (
        ("--config", "" if place == FILE_NAME else place),
        ("--env", project.environment),
        ("--branch", request.branch),
        ("--stage-to", request.stage_to),
        ("--image", request.image),
        ("--protect", request.protect),
        ("--install", request.install),
        ("--output", _output(request, root)),
    ):
        words += [option, value] if value else []
    words += ["--single-job"] if request.single else []
    words += ["--issues"] if request.issues else []
    return shlex.join(words)


def _output(request: Request, root: Path) -> str:
    """The file as it is named at the root; empty where it is the usual one, or outside."""
    if request.output and request.output.is_relative_to(root):
        return request.output.relative_to(root).as_posix()
    return ""
