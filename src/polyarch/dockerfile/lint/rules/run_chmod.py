"""PA401: a RUN that only changes modes."""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.dockerfile.lint.emulation import platforms_of
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.placing import (
    OLD_FRONTEND,
    READABLE,
    Source,
    Step,
    source_of,
    step_of,
)
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.surroundings import Surroundings, surroundings
from polyarch.dockerfile.lint.view import FileView, Run
from polyarch.dockerfile.shell.script import Command
from polyarch.dockerfile.tree import Instruction
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_NOTHING = frozenset({"true", ":", "set", "cd"})
_OCTAL = re.compile(r"0?[0-7]{3}")
_EXECUTABLE = frozenset({"+x", "a+x", "ugo+x"})
_GLOB = re.compile(r"[*?\[$`{]")


@dataclass(frozen=True, slots=True, kw_only=True)
class _Verdict:
    """Who may move the mode into COPY, and what keeps it from being safer."""

    fix: FixClass
    why_not: str = ""


_SAFE = _Verdict(fix=FixClass.SAFE)


def run_chmod(view: FileView) -> Iterator[LintFinding]:
    """In a stage that is shipped and emulated: what COPY can do itself."""
    known: dict[int, Surroundings] = {}
    for stage in view.needed:
        runs = {id(run.instruction): run for run in stage.runs}
        concerned = platforms_of(view, stage) if stage.is_shipped else ()
        above: list[Step] = []
        for instruction, here in surroundings(view, stage, known):
            run = runs.get(id(instruction)) if concerned else None
            modes = _modes(run) if run else ()
            if run and modes:
                verdict = _Judge(view=view, above=tuple(above), here=here).of(run)
                yield _finding(instruction, modes[0], concerned, verdict)
            above.append(step_of(instruction, here))


def _finding(
    instruction: Instruction, first: Command, concerned: tuple[Platform, ...], verdict: _Verdict
) -> LintFinding:
    return LintFinding(
        rule="PA401",
        severity=Severity.PERF,
        line=instruction.first_line,
        span=first.span,
        platforms=concerned,
        message="this RUN only changes modes: it starts an emulator, and the files are stored a "
        "second time in a layer of their own",
        hint="give the mode where the files are copied: `COPY --chmod=0755 …`",
        fix=verdict.fix,
        why_not=verdict.why_not,
    )


def _modes(run: Run) -> tuple[Command, ...]:
    """The calls of chmod where a RUN does nothing else."""
    if not all(script.is_whole and not script.assignments for script in run.scripts):
        return ()
    commands = tuple(run.commands)
    if any(one.name not in {"chmod", *_NOTHING} or one.is_substituted for one in commands):
        return ()
    return tuple(one for one in commands if one.name == "chmod")


# --- whether COPY can do it ----------------------------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    """Looks at one RUN, from what stands above it in the stage."""

    view: FileView
    above: tuple[Step, ...]
    here: Surroundings

    def of(self, run: Run) -> _Verdict:
        instruction = run.instruction
        syntax = self.view.file.syntax
        if syntax and OLD_FRONTEND.fullmatch(syntax):
            return _none(f"`{syntax}` does not know `--chmod`")
        if builder := self.view.given.builder:
            return _none(f"`{builder}` in CI may not know `--chmod`, or take it otherwise")
        if instruction.flags or instruction.heredocs or any(one.arms for one in run.commands):
            return _none("the RUN is more than a chain of plain commands")
        verdicts: list[_Verdict] = []
        copies: dict[int, tuple[Step, set[str]]] = {}
        for path, mode in self._operands(run):
            verdict = self._operand(path, mode, copies) if path else _NO_FILE
            verdicts.append(verdict)
        verdicts += [_whole(step, paths) for step, paths in copies.values()]
        if len(copies) > 1:
            verdicts.append(_review("the files come from several COPY instructions"))
        return min(verdicts, key=lambda one: _ORDER.index(one.fix), default=_NO_FILE)

    def _operands(self, run: Run) -> Iterator[tuple[str, str]]:
        """Absolute paths with the mode that each gets; an empty path for what is none."""
        folder = self.here.workdir
        for command in run.commands:
            words = command.arguments
            if command.name == "cd":
                folder = posixpath.join(folder, self.here.expand(words[0]) if words else "/")
            elif command.name == "chmod":
                mode, *files = words or ("",)
                if mode.startswith("-") or not files or command.wrappers:
                    yield "", mode
                for file in files:
                    yield self._path(file, folder), mode

    def _path(self, file: str, folder: str) -> str:
        path = self.here.expand(file.strip("\"'"))
        if _GLOB.search(path) or path.startswith("-") or path.rstrip("/") in {"", ".", ".."}:
            return ""
        return posixpath.normpath(posixpath.join(folder, path))

    def _operand(self, path: str, mode: str, copies: dict[int, tuple[Step, set[str]]]) -> _Verdict:
        kind, step, source = source_of(path, self.above)
        if step is None or kind is Source.UNKNOWN:
            where = f"the RUN in line {step.instruction.first_line}" if step else "no COPY"
            return _none(f"`{path}` comes from {where} of this stage")
        if kind is Source.TREE:
            return _none(
                f"`{path}` lies in what line {step.instruction.first_line} copies as a whole"
            )
        copies.setdefault(id(step), (step, set()))[1].add(path)
        if kind is Source.OWNED:
            return _review("a chown of the same file comes in between")
        return self._mode(mode, kind, step, source)

    def _mode(self, mode: str, kind: Source, step: Step, source: str) -> _Verdict:
        if _OCTAL.fullmatch(mode):
            return _SAFE
        if mode not in _EXECUTABLE:
            return _review(f"what `{mode}` comes to depends on the mode that the file has")
        if kind is Source.FETCHED:
            return _review(f"what ADD fetches has mode 0600, of which `{mode}` makes 0711")
        given = step.instruction.flag("chmod")
        if given and not _OCTAL.fullmatch(given.value or ""):
            return _review(f"`{mode}` comes on top of `--chmod={given.value}`")
        found = None
        if self.view.folder and not step.instruction.flag("from"):
            found = self.view.folder.mode(source)
        if found is not None and found & READABLE != READABLE:
            return _review(
                f"`{source}` has mode {found:04o}, of which `{mode}` makes another than 0755"
            )
        return _SAFE


_ORDER = (FixClass.NONE, FixClass.REVIEW, FixClass.SAFE)


def _none(reason: str) -> _Verdict:
    return _Verdict(fix=FixClass.NONE, why_not=reason)


def _review(reason: str) -> _Verdict:
    return _Verdict(fix=FixClass.REVIEW, why_not=reason)


_NO_FILE = _none("it names no single files")


def _whole(step: Step, paths: set[str]) -> _Verdict:
    """`--chmod` is for all that a COPY copies."""
    if {path for _, path in step.files or ()} == paths:
        return _SAFE
    return _none(f"line {step.instruction.first_line} copies other files as well")


RULES = (
    Rule(
        id="PA401",
        name="run-chmod",
        severity=Severity.PERF,
        fix=FixClass.SAFE,
        title="A RUN of the shipped stage only changes modes",
        consequence="RUN starts a process of the target's platform, under an emulator where the "
        "builder is another, and a changed mode puts a second copy of the file into the image. "
        "Where it is the last RUN, the stage needs no emulator at all without it.",
        remedy="Let COPY set the mode, in octal digits: symbolic modes need a newer frontend. It "
        "is for everything that the COPY copies, so a single script in a folder needs a COPY of "
        "its own. Files that ADD fetches have mode 0600 before.",
        before="COPY entrypoint.sh /entrypoint.sh\nRUN chmod +x /entrypoint.sh",
        after="COPY --chmod=0755 entrypoint.sh /entrypoint.sh",
        sources=(
            "https://docs.docker.com/reference/dockerfile/#copy---chown---chmod",
            "https://github.com/moby/moby/issues/34819",
        ),
        check=run_chmod,
    ),
)
