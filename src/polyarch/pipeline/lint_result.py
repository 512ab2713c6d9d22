"""What `lint` found: the files, their findings, and what could not be read."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import MappingProxyType

from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.source import Position
from polyarch.dockerfile.textlines import Lines
from polyarch.errors import PolyarchError
from polyarch.findings import Severity
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.lint_files import Kind
from polyarch.pipeline.lint_job import Job
from polyarch.pipeline.lint_request import LintRequest
from polyarch.pipeline.lint_rules import rule_of

SCHEMA = "polyarch.lint/v1"

_NOTHING: Mapping[tuple[str, int], str] = MappingProxyType({})

TellError = Callable[[PolyarchError], JsonObject]


@dataclass(frozen=True, slots=True, kw_only=True)
class Mended:
    """A text and what became of it; places in `applied` are those of the text before.

    `refused` are findings that could not be mended, with the reason. `outputs` are paths in the
    image whose machine type wants to be looked at once it is built.
    """

    before: str
    after: str
    applied: tuple[LintFinding, ...]
    refused: tuple[tuple[LintFinding, str], ...]
    outputs: tuple[str, ...]

    def to_json(self) -> JsonObject:
        """As it stands in `polyarch.lint/v1`."""
        return {
            "applied": [{"rule": each.rule, "line": each.line} for each in self.applied],
            "refused": [
                {"rule": each.rule, "line": each.line, "reason": reason}
                for each, reason in self.refused
            ],
            "outputs_to_check": list(self.outputs),
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LintedFile:
    """One file. `error` says why it could not be judged; `images` are the project's that it is for.

    `path` is what it is called, `place` where it lies; `jobs` are the ways in which it is built.
    `is_named`: a person asked for it, so that what cannot be read of it is a failure. `mended` is
    None where nothing was to be mended, and `unwritten` says why it is not in the file. `never`
    says why no fix touches it, whatever is found in it; empty where one may. `hindered` says, by
    rule and line, why a fix that was tried did not come to be.
    """

    path: str
    place: Path
    kind: Kind
    lines: Lines
    jobs: tuple[Job, ...]
    mended: Mended | None = None
    findings: tuple[LintFinding, ...] = ()
    images: tuple[str, ...] = ()
    error: PolyarchError | None = None
    unwritten: PolyarchError | None = None
    is_named: bool = True
    never: str = ""
    hindered: Mapping[tuple[str, int], str] = field(default_factory=lambda: _NOTHING)

    def hindrance(self, found: LintFinding) -> str:
        """Why nothing mends a finding that has a fix; empty where nothing is known against it."""
        return self.never or self.hindered.get((found.rule, found.line), "")

    def begin(self, found: LintFinding) -> Position:
        """Where what a finding shows begins."""
        return self.lines.position(found.span.start)

    def end(self, found: LintFinding) -> Position:
        """Where it ends: the column is behind its last character."""
        return self.lines.position(max(found.span.start, found.span.end))

    def to_json(self, request: LintRequest, tell: TellError) -> JsonObject:
        """As it stands in `polyarch.lint/v1`."""
        return {
            "path": self.path,
            "kind": self.kind.value,
            "images": list(self.images),
            "findings": [self._finding(each) for each in self.findings if request.shows(each)],
            "mended": self.mended.to_json() if self.mended else None,
            "error": tell(error) if (error := self.error or self.unwritten) else None,
        }

    def _finding(self, found: LintFinding) -> JsonObject:
        begin, end = self.begin(found), self.end(found)
        return {
            "rule": found.rule,
            "name": rule_of(found.rule).name,
            "severity": found.severity.value,
            "line": found.line,
            "token_line": begin.line,
            "column": begin.column,
            "end_line": end.line,
            "end_column": end.column,
            "platforms": [str(platform) for platform in found.platforms],
            "message": found.message,
            "hint": found.hint or None,
            "fix": found.fix.value,
            "why_not": found.why_not or None,
        }


@dataclass(frozen=True, slots=True, kw_only=True)
class LintResult:
    """All files, in the order in which they were read."""

    files: tuple[LintedFile, ...]
    request: LintRequest

    @property
    def findings(self) -> tuple[LintFinding, ...]:
        """Those of all files."""
        return tuple(found for file in self.files for found in file.findings)

    @property
    def failing(self) -> tuple[LintFinding, ...]:
        """Those that are as bad as what was said to fail."""
        return tuple(x for x in self.findings if x.severity.reaches(self.request.fail_on))

    @property
    def judged(self) -> tuple[LintedFile, ...]:
        """The files that could be read."""
        return tuple(file for file in self.files if file.error is None)

    @property
    def errors(self) -> tuple[PolyarchError, ...]:
        """What kept files that count from being judged.

        A file that was only found counts where nothing could be judged: nothing checked is no
        success.
        """
        broken = [file for file in self.files if file.error]
        told = [x.error for x in broken if x.error and (x.is_named or not self.judged)]
        return (*told, *(x.unwritten for x in self.files if x.unwritten))

    @property
    def ok(self) -> bool:
        """Whether all that counts was judged and nothing fails."""
        return not (self.failing or self.errors)

    def count(self, severity: Severity) -> int:
        """How many findings are of a severity."""
        return sum(found.severity is severity for found in self.findings)

    def mendable(self, fix: FixClass) -> int:
        """How many findings have a fix of this class, as far as is known."""
        return sum(
            found.fix is fix and not file.hindrance(found)
            for file in self.files
            for found in file.findings
        )

    def to_json(self, tell: TellError) -> JsonObject:
        """The document `polyarch.lint/v1`."""
        return {
            "schema": SCHEMA,
            "ok": self.ok,
            "fail_on": self.request.fail_on.value,
            "counts": {severity.value: self.count(severity) for severity in Severity},
            "files": [file.to_json(self.request, tell) for file in self.files],
        }
