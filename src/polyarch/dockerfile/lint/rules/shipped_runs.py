"""PA402, PA403: what a shipped stage runs although it could do without, or nearly so."""

from collections.abc import Iterator

from polyarch.dockerfile.lint.emulation import platforms_of
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.owning import NEAR, moved
from polyarch.dockerfile.lint.placing import Step, step_of
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.surroundings import Surroundings, surroundings
from polyarch.dockerfile.lint.view import FileView, Run
from polyarch.dockerfile.shell.script import Command
from polyarch.findings import Severity

_BOOKKEEPING = frozenset(
    {
        "[", "[[", "addgroup", "adduser", "awk", "basename", "cat", "chgrp", "chown", "chpasswd",
        "cp", "cut", "delgroup", "deluser", "dirname", "echo", "find", "grep", "groupadd",
        "groupdel", "groupmod", "gunzip", "gzip", "head", "id", "install", "ln", "ls", "mkdir",
        "mkfifo", "mv", "passwd", "printf", "rm", "rmdir", "sed", "sort", "tail", "tar", "tee",
        "test", "touch", "tr", "truncate", "useradd", "userdel", "usermod", "wc", "xargs", "chmod",
    }
)  # fmt: skip
_NOTHING = frozenset(
    {"cd", "exit", "export", "set", "true", ":", "false", "umask", "unset", "shopt"}
)
_PACKAGES = {
    "apk": frozenset({"add", "update", "upgrade"}),
    "apt": frozenset({"install", "update", "upgrade", "full-upgrade", "dist-upgrade"}),
    "apt-get": frozenset({"install", "update", "upgrade", "dist-upgrade"}),
    "dnf": frozenset({"install", "upgrade", "update", "groupinstall"}),
    "microdnf": frozenset({"install", "upgrade", "update"}),
    "pacman": frozenset(),
    "tdnf": frozenset({"install", "upgrade", "update"}),
    "yum": frozenset({"install", "upgrade", "update", "groupinstall", "localinstall"}),
    "zypper": frozenset({"install", "in", "update", "up", "dup"}),
}

_ACCOUNTS = (
    "COPY has to find the same accounts in the image, and what it copies has to be single files"
)


def run_bookkeeping(view: FileView) -> Iterator[LintFinding]:
    """Files and accounts: each such RUN of a shipped stage."""
    known: dict[int, Surroundings] = {}
    for stage in view.needed:
        concerned = platforms_of(view, stage) if stage.is_shipped else ()
        runs = {id(run.instruction): run for run in stage.runs} if concerned else {}
        above: list[Step] = []
        for instruction, here in surroundings(view, stage, known):
            run = runs.get(id(instruction))
            first = _bookkeeping(run) if run else None
            if run and first:
                moves = instruction.first_line > stage.line and moved(
                    run, above[-NEAR:], here.workdir, stage, view
                )
                yield LintFinding(
                    rule="PA402",
                    severity=Severity.INFO,
                    line=run.instruction.first_line,
                    span=first.span,
                    platforms=concerned,
                    message="this RUN only tends files or accounts, and needs an emulator for it",
                    hint="WORKDIR makes folders, `COPY --chown` gives owners, and account files "
                    "can be prepared in a stage on `$BUILDPLATFORM`",
                    fix=FixClass.REVIEW if moves else FixClass.NONE,
                    why_not=_ACCOUNTS if moves else "",
                )
            above.append(step_of(instruction, here))


def _bookkeeping(run: Run) -> Command | None:
    commands = tuple(run.commands)
    told = [one for one in commands if one.name not in _NOTHING and one.words]
    if not told or any(one.name not in _BOOKKEEPING for one in told):
        return None
    if all(one.name == "chmod" for one in told):
        return None
    return told[0]


def run_packages(view: FileView) -> Iterator[LintFinding]:
    """The first package manager of each shipped stage."""
    for stage in view.shipped:
        concerned = platforms_of(view, stage)
        found = (
            (run, command) for run, command in stage.commands if concerned and _installs(command)
        )
        for run, command in found:
            yield LintFinding(
                rule="PA403",
                severity=Severity.INFO,
                line=run.instruction.first_line,
                span=command.span,
                platforms=concerned,
                message=f"`{command.name}` installs packages under an emulator, triggers included",
                hint="take a base that has them, or copy single static programs from one; what "
                "cannot be avoided costs seconds, up to a minute",
            )
            break


def _installs(command: Command) -> bool:
    verbs = _PACKAGES.get(command.name)
    if verbs is None:
        return False
    if command.name == "pacman":
        return any(word.startswith(("-S", "-U")) for word in command.arguments)
    return any(word in verbs for word in command.arguments)


RULES = (
    Rule(
        id="PA402",
        name="run-bookkeeping",
        severity=Severity.INFO,
        fix=FixClass.NONE,
        title="A RUN of the shipped stage only tends files or accounts",
        consequence="It takes a moment each, but an emulator has to be there for it: without such "
        "RUN instructions a last stage is put together on any machine.",
        remedy="WORKDIR creates folders, `COPY --chown` and `--chmod` set owners and modes, "
        "`passwd` and `group` can be written in a stage on `$BUILDPLATFORM` and copied, links come "
        "with a copied folder.",
        before="RUN mkdir -p /app/data\nWORKDIR /app/data",
        after="WORKDIR /app/data",
        sources=("https://docs.docker.com/build/building/multi-platform/",),
        check=run_bookkeeping,
    ),
    Rule(
        id="PA403",
        name="run-packages",
        severity=Severity.INFO,
        fix=FixClass.NONE,
        title="The shipped stage installs packages",
        consequence="Package managers and the triggers of packages run under an emulator for all "
        "platforms but the builder's. That is right, only slow; a few triggers crash there "
        "(libc-bin on 32-bit Arm).",
        remedy="Choose a base that has the packages, or copy static programs out of images that "
        "hold them. Leave it where neither is there.",
        sources=(
            "https://docs.docker.com/build/building/multi-platform/#qemu",
            "https://github.com/docker/buildx/issues/314",
        ),
        check=run_packages,
    ),
)
