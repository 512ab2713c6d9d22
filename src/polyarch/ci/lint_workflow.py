"""What in one workflow leaves platforms out, builds them so that one wins, or cannot build them."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from polyarch.ci.automatic import NAMES, override
from polyarch.ci.lint_rules import CI_GAP
from polyarch.ci.matrix import Leg
from polyarch.ci.workflow import Step, WorkflowJob, platforms_in, read_workflow
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.textlines import Lines
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_MATRIX = re.compile(r"\bmatrix\b|\brunner\.arch\b|\brunner\.os\b")
_OUTPUT = re.compile(r"steps\.([\w-]+)\.outputs")
_BY_DIGEST = "push-by-digest=true"


class Emulates(Protocol):
    """Tells of a Dockerfile for which platforms something in its build is run."""

    def __call__(
        self, dockerfile: str, target: str, platforms: Sequence[Platform]
    ) -> tuple[Platform, ...] | None:
        """Those of `platforms`; None where the file is not known."""
        ...


@dataclass(frozen=True, slots=True, kw_only=True)
class _Leg:
    """One run of a step that builds: for what, and what its machine runs by itself."""

    leg: Leg
    built: tuple[Platform, ...]
    native: tuple[Platform, ...]

    @property
    def foreign(self) -> tuple[Platform, ...]:
        """What has to be emulated where something is run for it; nothing where nobody knows."""
        if not self.native:
            return ()
        return tuple(
            each for each in self.built if not any(each.satisfies(own) for own in self.native)
        )


def lint_workflow(
    raw: bytes,
    name: str,
    platforms: Sequence[Platform],
    *,
    wanted: Sequence[Platform] = (),
    emulates: Emulates | None = None,
) -> Iterator[LintFinding]:
    """Findings in one file; `wanted` are the platforms that a person, or a project, asks for.

    Raises:
        YamlError: it cannot be read.
    """
    lines = Lines.of(raw.decode("utf-8", "surrogateescape"))
    for job in read_workflow(raw, name):
        judge = _Judge(
            job=job, lines=lines, platforms=tuple(platforms), wanted=wanted, emulates=emulates
        )
        yield from judge.findings()


@dataclass(frozen=True, slots=True, kw_only=True)
class _Judge:
    job: WorkflowJob
    lines: Lines
    platforms: tuple[Platform, ...]
    wanted: Sequence[Platform]
    emulates: Emulates | None

    def findings(self) -> Iterator[LintFinding]:
        needed = False
        builds = [step for step in self.job.steps if step.builds]
        for step in builds:
            legs = self._legs(step)
            yield from self._arguments(step)
            yield from self._one_wins(step, legs)
            yield from self._left_out(step, legs)
            foreign = self._emulated(step, legs)
            needed = needed or foreign is None or bool(foreign)
            if foreign and not (self.job.emulator or self.job.builds_elsewhere):
                yield self._not_set_up(step, foreign)
        emulator = self.job.emulator
        if emulator and builds and not needed and self._runs_nothing_else():
            yield self._found(
                emulator.line,
                Severity.INFO,
                (),
                "emulators are set up, and nothing in this job is built that needs one",
                "leave the step out",
            )

    def _legs(self, step: Step) -> tuple[_Leg, ...] | None:
        """The runs of a step; None where what one builds is not known."""
        found: list[_Leg] = []
        for leg in self.job.legs:
            text = leg.text(step.input("platforms"))
            native = self.job.native(leg)
            built = None if text is None else platforms_in(text)
            if built is None:
                return None
            found.append(_Leg(leg=leg, built=built or native[:1], native=native))
        return tuple(found) or None

    def _emulated(self, step: Step, legs: tuple[_Leg, ...] | None) -> tuple[Platform, ...] | None:
        """The foreign platforms of all runs, without those for which nothing is run.

        None where what is built, or on what machine, is not known.
        """
        if legs is None or any(not leg.native for leg in legs):
            return None
        foreign = tuple(dict.fromkeys(each for leg in legs for each in leg.foreign))
        known = self._known(step, foreign)
        return foreign if known is None else known

    def _known(self, step: Step, platforms: Sequence[Platform]) -> tuple[Platform, ...] | None:
        """Of these the platforms for which the Dockerfile runs something, where it is at hand."""
        place = self._dockerfile(step)
        if self.emulates is None or place is None:
            return None
        return self.emulates(place, step.input("target"), platforms)

    def _dockerfile(self, step: Step) -> str | None:
        """Its path from the repository's root; without a context the action takes the root."""
        context, file = step.input("context") or ".", step.input("file")
        if "${{" in context + file or "://" in context:
            return None
        return file or f"{context.rstrip('/')}/Dockerfile"

    def _not_set_up(self, step: Step, foreign: tuple[Platform, ...]) -> LintFinding:
        is_known = self._known(step, foreign) is not None
        names = ", ".join(f"`{each}`" for each in foreign)
        condition = "" if is_known else ", unless its Dockerfile runs nothing there"
        return self._at_platforms(
            step,
            Severity.WARNING if is_known else Severity.INFO,
            foreign,
            f"no emulator is set up for {names}: the build stops at the first RUN for"
            f" it{condition}",
            "add `docker/setup-qemu-action` before the build, or build on a machine of its own",
        )

    def _one_wins(self, step: Step, legs: tuple[_Leg, ...] | None) -> Iterator[LintFinding]:
        """Runs of one platform each that push the same tags."""
        if legs is None or not _pushes(step) or _BY_DIGEST in step.input("outputs"):
            return
        built = [leg.built for leg in legs]
        if len(set(built)) <= 1 or any(len(each) != 1 for each in built):
            return
        if self._differ(step.input("tags")) or not step.input("tags"):
            return
        names = ", ".join(f"`{each}`" for each in dict.fromkeys(one[0] for one in built))
        yield self._at_platforms(
            step,
            Severity.WARNING,
            tuple(dict.fromkeys(one[0] for one in built)),
            f"each of {names} is pushed by a run of its own, all under the same tags: whichever"
            " ends last is all that the tags hold",
            "push by digest (`outputs: type=image,push-by-digest=true,…`) and join the digests in"
            " one last job, or build all platforms in one run",
        )

    def _differ(self, tags: str) -> bool:
        """Whether tags may be others in each run."""
        if _MATRIX.search(tags):
            return True
        sources = {found[1] for found in _OUTPUT.finditer(tags)}
        steps = [step for step in self.job.steps if step.name in sources]
        told = (tree.text or "" for step in steps for tree in step.inputs.values())
        return len(steps) < len(sources) or any(
            map(_MATRIX.search, (*told, *(step.run for step in steps)))
        )

    def _left_out(self, step: Step, legs: tuple[_Leg, ...] | None) -> Iterator[LintFinding]:
        """Platforms that somebody wants and that no run of a step builds."""
        if legs is None or not _pushes(step) or not any(leg.built for leg in legs):
            return
        built = [each for leg in legs for each in leg.built]
        missing = tuple(
            each for each in self.wanted if not any(one.satisfies(each) for one in built)
        )
        if missing:
            names = ", ".join(f"`{each}`" for each in missing)
            yield self._at_platforms(
                step,
                Severity.INFO,
                missing,
                f"what is pushed here lacks {names}, which are asked for",
                "list them under `platforms`, or build the image with `polyarch publish`",
            )

    def _arguments(self, step: Step) -> Iterator[LintFinding]:
        tree = step.inputs.get("build-args")
        for text in ((tree.text or "") if tree else "").splitlines():
            name, equals, value = text.strip().partition("=")
            if tree and equals and name in NAMES and value and not _MATRIX.search(value):
                line = self._line_of(f"{name}=", tree.line)
                yield override(name, value, line, self.lines, self.platforms)

    def _runs_nothing_else(self) -> bool:
        """Whether no script of the job may need what is emulated."""
        return not any("docker" in step.run or "qemu" in step.run for step in self.job.steps)

    def _line_of(self, word: str, first: int) -> int:
        """The line of a word in a text over several lines that begins at `first`."""
        at = self.lines.text.find(word, self.lines.span_of_whole(first).start)
        return first if at < 0 else self.lines.position(at).line

    def _at_platforms(
        self,
        step: Step,
        severity: Severity,
        platforms: tuple[Platform, ...],
        message: str,
        hint: str,
    ) -> LintFinding:
        tree = step.inputs.get("platforms")
        line = tree.line if tree else step.line
        return self._found(line, severity, platforms, message, hint)

    def _found(
        self,
        line: int,
        severity: Severity,
        platforms: tuple[Platform, ...],
        message: str,
        hint: str,
    ) -> LintFinding:
        return LintFinding(
            rule=CI_GAP.id,
            severity=severity,
            line=line,
            span=self.lines.span_of(line),
            platforms=platforms,
            message=message,
            hint=hint,
        )


def _pushes(step: Step) -> bool:
    return step.input("push") not in {"", "false"} or "push=true" in step.input("outputs")
