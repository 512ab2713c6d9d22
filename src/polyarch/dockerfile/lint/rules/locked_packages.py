"""PA315, PA316: packages of a lock file that some platforms have no compiled file of."""

from collections.abc import Callable, Iterable, Iterator, Mapping

from polyarch.dockerfile.lint.bases import Language, base_of
from polyarch.dockerfile.lint.calls import Call, call
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.locks import lock_text
from polyarch.dockerfile.lint.node_lock import NodeGap, node_gaps
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.view import FileView, Run, StageView
from polyarch.dockerfile.lint.wheel_lock import WheelGap, wheel_gaps
from polyarch.dockerfile.shell.script import Command
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_NAMED = 5
"""Packages that a message names."""

_NODE_LOCKS = ("package-lock.json", "npm-shrinkwrap.json")
_PYTHON_LOCKS: Mapping[str, tuple[str, ...]] = {
    "uv": ("uv.lock",),
    "poetry": ("poetry.lock",),
}


# --- PA315 ---------------------------------------------------------------------------------------


def python_wheel_gap(view: FileView) -> Iterator[LintFinding]:
    """Installs by a lock file of Python that lists wheels for some platforms only."""
    for stage, run, command in _installs(view, _is_python):
        lock = lock_text(view, stage, _PYTHON_LOCKS[call(command).program])
        if lock is None:
            continue
        base = base_of(view, stage)
        python = base.version if base.language is Language.PYTHON else ()
        found = wheel_gaps(lock[1], _machines(stage), base.libc, python)
        if found:
            yield _wheels(stage, run, command, lock[0], found)


def _is_python(found: Call) -> bool:
    return (found.program, found.verb) in {("uv", "sync"), ("poetry", "install")}


def _wheels(
    stage: StageView, run: Run, command: Command, path: str, gaps: tuple[WheelGap, ...]
) -> LintFinding:
    packages = _listed(one.package for one in gaps)
    compiled = all(one.has_source for one in gaps)
    what = "are compiled from source there" if compiled else "cannot all be installed there"
    return LintFinding(
        rule="PA315",
        severity=Severity.WARNING,
        line=run.instruction.first_line,
        span=command.span,
        platforms=_concerned(stage, {one.platform for one in gaps}),
        message=f"`{path}` has no wheels of {packages} for some platforms: they {what}",
        hint="take a base for which wheels are published (glibc rather than musl), or compile them "
        "in a stage of their own with a cache",
        fix=FixClass.NONE,
        why_not="which base or version serves every platform is for a person to choose",
    )


# --- PA316 ---------------------------------------------------------------------------------------


def npm_native_packages(view: FileView) -> Iterator[LintFinding]:
    """Installs by npm's lock file whose native packages leave platforms out."""
    for stage, run, command in _installs(view, _is_npm):
        lock = lock_text(view, stage, _NODE_LOCKS)
        found = node_gaps(lock[1], _machines(stage)) if lock else None
        if lock and found:
            yield _node(stage, run, command, lock[0], found)


def _is_npm(found: Call) -> bool:
    return found.program == "npm" and found.verb in {"ci", "install", "i", "clean-install"}


def _node(
    stage: StageView, run: Run, command: Command, path: str, gaps: tuple[NodeGap, ...]
) -> LintFinding:
    lost = tuple(one for one in gaps if one.is_lost)
    packages = _listed(one.package for one in lost or gaps)
    if lost:
        message = f"`{path}` was written without the files of {packages} for some platforms"
        hint = "write the lock file anew without `node_modules` beside it: npm then lists them all"
    else:
        message = f"{packages} has no files for some platforms, as `{path}` tells"
        hint = "take a package without native files there, or leave these platforms out"
    return LintFinding(
        rule="PA316",
        severity=Severity.WARNING,
        line=run.instruction.first_line,
        span=command.span,
        platforms=_concerned(stage, {one.platform for one in lost or gaps}),
        message=message,
        hint=hint,
        fix=FixClass.NONE,
        why_not="the lock file is not the Dockerfile",
    )


# --- what both do --------------------------------------------------------------------------------


def _installs(
    view: FileView, wanted: Callable[[Call], bool]
) -> Iterator[tuple[StageView, Run, Command]]:
    """The first command of each RUN that is wanted; nothing without the build context."""
    told: set[int] = set()
    for stage in view.needed if view.folder else ():
        for run in stage.runs:
            line = run.instruction.first_line
            command = next((one for one in run.commands if wanted(call(one))), None)
            if command and line not in told:
                told.add(line)
                yield stage, run, command


def _machines(stage: StageView) -> tuple[Platform, ...]:
    """What the stage runs on for the platforms that are built."""
    return tuple(dict.fromkeys(one.platform for one in stage.resolved.values()))


def _concerned(stage: StageView, machines: set[Platform]) -> tuple[Platform, ...]:
    return tuple(one for one in stage.platforms if stage.resolved[one].platform in machines)


def _listed(names: Iterable[str]) -> str:
    every = tuple(dict.fromkeys(names))
    said = ", ".join(f"`{one}`" for one in every[:_NAMED])
    return said if len(every) <= _NAMED else f"{said} and {len(every) - _NAMED} more"


RULES = (
    Rule(
        id="PA315",
        name="python-wheel-gap",
        severity=Severity.WARNING,
        fix=FixClass.NONE,
        title="Python packages have no wheels for some platforms",
        consequence="Where there is no wheel, pip and its like compile the package: the build "
        "needs compilers and headers that the image may not have, and takes minutes to hours where "
        "the platform is emulated. A package without a source cannot be installed at all.",
        remedy="Take a base that wheels are published for: glibc (Debian) rather than musl "
        "(Alpine), a version of Python that is not brand-new. Otherwise compile the wheels in a "
        "stage of their own with a cache, or build these platforms on machines of their kind.",
        sources=(
            "https://peps.python.org/pep-0600/",
            "https://peps.python.org/pep-0656/",
            "https://github.com/pyca/cryptography/issues/6286",
        ),
        check=python_wheel_gap,
    ),
    Rule(
        id="PA316",
        name="npm-native-packages",
        severity=Severity.WARNING,
        fix=FixClass.NONE,
        title="Native packages of npm leave platforms out",
        consequence="Packages such as esbuild, Rollup or sharp bring one optional package for each "
        "platform. Where none fits, the install succeeds and the program stops when it is started. "
        "A lock file that was written beside a full `node_modules` lists its own platform only.",
        remedy="Remove `node_modules` and the lock file together and write it anew, so that it "
        "lists every platform. For platforms that a package does not serve, take one that is "
        "written in JavaScript or compiled to WebAssembly.",
        sources=(
            "https://docs.npmjs.com/cli/configuring-npm/package-json#cpu",
            "https://github.com/npm/cli/issues/4828",
        ),
        check=npm_native_packages,
    ),
)
