"""All fixes of one file, one step after the other, until nothing changes any more.

Every change is tried on its own text: read again, compared, and held against the rules. What does
not pass is dropped with the reason, and the finding stays.
"""

from bisect import bisect_left, insort
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.fixers import FIXERS, STEPS
from polyarch.dockerfile.fix.never import why_never
from polyarch.dockerfile.fix.outputs import outputs_of
from polyarch.dockerfile.fix.verify import edited, no_worse
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.lint import findings_in
from polyarch.dockerfile.lint.view import FileView, view_of
from polyarch.dockerfile.tree import Dockerfile
from polyarch.errors import DockerfileError, FixRefusedError

Refused = tuple[LintFinding, str]

_ROUNDS = 100
"""More than any file needs; each ends with something mended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Fixed:
    """What became of a file.

    `applied` are the findings that are gone, with their places in the old text, `refused` those
    that a fix was tried for, each with the reason. `outputs_to_check` are paths in the image whose
    machine type has to be looked at once it is built.
    """

    text: str
    applied: tuple[LintFinding, ...]
    refused: tuple[Refused, ...]
    outputs_to_check: tuple[str, ...]


def fix_file(
    file: Dockerfile,
    findings: Sequence[LintFinding],
    view: FileView,
    *,
    allow: FixClass = FixClass.SAFE,
    takes: Callable[[str], bool] = lambda _: True,
) -> Fixed:
    """Mend what may be mended of a file in which this was found; `takes` chooses rules by id."""
    wanted = [one for one in findings if _is_allowed(one, allow) and takes(one.rule)]
    if why := why_never(file):
        return Fixed(
            text=file.text,
            applied=(),
            refused=tuple((one, why) for one in wanted),
            outputs_to_check=(),
        )
    bench = _Bench(view, tuple(findings), allow, takes)
    bench.mend()
    return bench.fixed(findings)


def _is_allowed(finding: LintFinding, allow: FixClass) -> bool:
    return finding.fix is FixClass.SAFE or FixClass.REVIEW is finding.fix is allow


@dataclass(slots=True)
class _Bench:
    """A file under repair; `lines` leads from its lines back to those of the old text."""

    view: FileView
    findings: tuple[LintFinding, ...]
    allow: FixClass
    takes: Callable[[str], bool]
    lines: dict[int, int] = field(default_factory=dict)
    applied: list[LintFinding] = field(default_factory=list)
    refused: dict[LintFinding, str] = field(default_factory=dict)
    native: set[int] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.lines = {one.first_line: one.first_line for one in self.view.file.instructions}

    def mend(self) -> None:
        """Go through the steps again and again, until a whole round changes nothing."""
        for _ in range(_ROUNDS):
            self.refused.clear()
            if sum(self._step(rules) for rules in STEPS) == 0:
                return

    def fixed(self, findings: Sequence[LintFinding]) -> Fixed:
        """What became of it."""
        left = {(one.rule, self.lines.get(one.line)) for one in self.findings}
        refused = [(self._before(one), why) for one, why in self.refused.items()]
        refused += self._unknown()
        gone = {(one.rule, one.line): one for one in self.applied}
        gone |= {(one.rule, one.line): one for one in findings if (one.rule, one.line) not in left}
        return Fixed(
            text=self.view.file.text,
            applied=tuple(sorted(gone.values(), key=lambda one: (one.line, one.rule))),
            refused=tuple(sorted(refused, key=lambda one: (one[0].line, one[0].rule))),
            outputs_to_check=outputs_of(self.view, self.native),
        )

    def _unknown(self) -> Iterable[Refused]:
        """What might be mended, if there were a fixer for it."""
        for one in self.findings:
            if one.rule not in FIXERS and _is_allowed(one, self.allow) and self.takes(one.rule):
                yield self._before(one), "how to write it depends on what is meant"

    def _step(self, rules: frozenset[str]) -> bool:
        """Mend what these rules found: all at once, else one by one."""
        work = Work(view=self.view, findings=self.findings, allow=self.allow)
        changes: dict[LintFinding, Change] = {}
        for one in self.findings:
            if one.rule in rules and _is_allowed(one, self.allow) and self.takes(one.rule):
                try:
                    changes[one] = FIXERS[one.rule](one, work)
                except FixRefusedError as error:
                    self.refused[one] = error.reason
        if not changes:
            return False
        together = _together(changes, work)
        if len(together) > 1 and not self._try(together):
            return True
        for one, change in list(changes.items())[:_ROUNDS]:
            if why := self._try({one: change}):
                self.refused[one] = why
            else:
                return True
        return False

    def _try(self, changes: dict[LintFinding, Change]) -> str:
        """Take the changes; a text says why not."""
        view = self.view
        try:
            done = edited(view.file, tuple(changes.values()))
            new = _laid_out(done.file, view)
            after = findings_in(new)
            no_worse(self.findings, after, done, tuple(changes))
        except DockerfileError as error:
            return error.message
        self.view = new
        self.applied += map(self._before, changes)
        self.native |= {one.native for one in changes.values() if one.native is not None}
        self.lines = {new: self.lines[old] for old, new in done.lines.items() if old in self.lines}
        self.findings = after
        return ""

    def _before(self, finding: LintFinding) -> LintFinding:
        return replace(finding, line=self.lines.get(finding.line, finding.line))


def _laid_out(file: Dockerfile, like: FileView) -> FileView:
    return view_of(
        file,
        platforms=like.platforms,
        build_platform=like.build_platform,
        target=like.final.outline.name,
        lookup=like.lookup,
        folder=like.folder,
        given=like.given,
    )


def _together(changes: dict[LintFinding, Change], work: Work) -> dict[LintFinding, Change]:
    """Those of the changes that do not want the same; of two, the first."""
    chosen: dict[LintFinding, Change] = {}
    taken: list[tuple[int, int]] = []
    declaring: set[int] = set()
    for one, change in changes.items():
        stage = {work.stage(one).index} if "ARG" in change.adds else set()
        spans = {(edit.span.start, edit.span.end) for edit in change.edits}
        if not stage & declaring and not any(_is_taken(span, taken) for span in spans):
            chosen[one] = change
            declaring |= stage
            for span in spans:
                insort(taken, span)
    return chosen


def _is_taken(span: tuple[int, int], taken: list[tuple[int, int]]) -> bool:
    """Whether another change has an edit there; `taken` is in order and does not overlap."""
    at = bisect_left(taken, span)
    before, after = taken[max(0, at - 1) : at], taken[at : at + 1]
    return any(end > span[0] for _, end in before) or any(
        start < span[1] or (start, end) == span for start, end in after
    )
