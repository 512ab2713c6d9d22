"""PA505, PA506: what emulation of a whole stage breaks, or once needed and does no more."""

import re
from collections.abc import Iterator

from polyarch.dockerfile.lint.emulation import platforms_of
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.packages import installed
from polyarch.dockerfile.lint.placing import words_of
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.view import FileView, Run, StageView
from polyarch.dockerfile.shell.script import Command
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Instruction
from polyarch.findings import Severity

_ALWAYS = frozenset({"sudo", "doas", "pkexec"})
_FOR_USERS = frozenset({"su", "runuser", "newgrp", "sg"})
_ROOT = frozenset({"root", "0", "root:root", "0:0", "root:0", "0:root"})
_QEMU = re.compile(r"(?:^|/)qemu-(?:[\w.${}-]+)-static(?:\.\w+)*$")
_QEMU_PACKAGE = re.compile(r"qemu-user(?:-static|-binfmt)?|binfmt-support|qemu-user-static-\w+")


# --- PA505 ---------------------------------------------------------------------------------------


def sudo_under_emulation(view: FileView) -> Iterator[LintFinding]:
    """Programs that get their rights from a set-user-ID bit, which an emulator may not honour."""
    for stage in view.needed:
        concerned = platforms_of(view, stage)
        if not concerned:
            continue
        is_root = _begins_as_root(view, stage)
        runs = {id(run.instruction): run for run in stage.runs}
        for instruction in stage.body:
            if instruction.name == "USER":
                is_root = _is_root(instruction)
            run = runs.get(id(instruction))
            found = _helper(run, is_root=is_root) if run else None
            if found:
                name, span = found
                yield LintFinding(
                    rule="PA505",
                    severity=Severity.WARNING,
                    line=instruction.first_line,
                    span=span,
                    platforms=concerned,
                    message=f"`{name}` gets its rights from a bit of its file, which an emulator "
                    "honours only where it was registered with the flag for it",
                    hint="switch with USER around the RUN; from root on, `setpriv` and `gosu` need "
                    "no such bit",
                    fix=FixClass.NONE,
                    why_not="which user each command needs is not in the file",
                )


def _begins_as_root(view: FileView, stage: StageView) -> bool:
    for parent in view.chain(stage)[1:]:
        users = [one for one in parent.body if one.name == "USER"]
        if users:
            return _is_root(users[-1])
    return True


def _is_root(user: Instruction) -> bool:
    return user.arguments.text.strip("\"'") in _ROOT


def _helper(run: Run, *, is_root: bool) -> tuple[str, Span] | None:
    for command in run.commands:
        for name in (*command.wrappers, command.name):
            if name in _ALWAYS or (name in _FOR_USERS and not is_root):
                return name, command.span
    return None


# --- PA506 ---------------------------------------------------------------------------------------


def bundled_qemu(view: FileView) -> Iterator[LintFinding]:
    """An emulator inside the image, as it was needed before binfmt held one open."""
    for stage in view.needed:
        for instruction in stage.body:
            if instruction.name in {"ADD", "COPY"} and any(
                map(_QEMU.search, words_of(instruction))
            ):
                span = instruction.arguments.span(0, len(instruction.arguments.text))
                yield _bundled(stage, instruction, span)
        if stage.is_shipped:
            yield from _installed(stage)


def _installed(stage: StageView) -> Iterator[LintFinding]:
    told: set[int] = set()
    for run, command in stage.commands:
        line = run.instruction.first_line
        if line not in told and any(map(_QEMU_PACKAGE.fullmatch, installed(command))):
            told.add(line)
            yield _bundled(stage, run.instruction, _word(command))


def _word(command: Command) -> Span:
    found = (word.span for word in command.words if _QEMU_PACKAGE.match(str(word)))
    return next(found, command.span)


def _bundled(stage: StageView, instruction: Instruction, span: Span) -> LintFinding:
    return LintFinding(
        rule="PA506",
        severity=Severity.WARNING,
        line=instruction.first_line,
        span=span,
        platforms=stage.platforms,
        message="the image carries an emulator: builders register one with the kernel today, which "
        "no image has to hold",
        hint="leave it out, and register QEMU on the machine that builds",
        fix=FixClass.REVIEW,
        why_not="an image that emulates on purpose needs it",
    )


RULES = (
    Rule(
        id="PA505",
        name="sudo-under-emulation",
        severity=Severity.WARNING,
        fix=FixClass.NONE,
        title="sudo in a stage that is emulated",
        consequence="The kernel starts the emulator instead of sudo, and gives it the file's "
        "rights only if QEMU was registered with the credentials flag. On builders without it the "
        "RUN ends with `effective uid is not 0`.",
        remedy="Change the user with USER before and after the RUN, or step down from root with "
        "`setpriv`.",
        before="RUN sudo -u app mkdir /home/user/data",
        after="USER app\nRUN mkdir /home/user/data\nUSER root",
        sources=(
            "https://github.com/docker/buildx/issues/1335",
            "https://github.com/multiarch/qemu-user-static/issues/17",
        ),
        check=sudo_under_emulation,
    ),
    Rule(
        id="PA506",
        name="bundled-qemu",
        severity=Severity.WARNING,
        fix=FixClass.REVIEW,
        title="The image carries its own emulator",
        consequence="`qemu-…-static` had to lie in the image before kernels kept a registered "
        "emulator open (the `F` flag of binfmt_misc). Now it is megabytes that nothing starts, of "
        "the builder's machine, which scanners and checks report.",
        remedy="Leave it out. Builders register QEMU once: BuildKit's images bring it, and so does "
        "`docker run --privileged tonistiigi/binfmt --install all`.",
        before="COPY qemu-aarch64-static /usr/bin/",
        after="",
        sources=("https://docs.kernel.org/admin-guide/binfmt-misc.html",),
        check=bundled_qemu,
    ),
)
