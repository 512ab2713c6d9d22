"""What a rule found: where, on which platforms, and how it may be mended."""

from dataclasses import dataclass
from enum import StrEnum

from polyarch.dockerfile.source import Span
from polyarch.findings import Severity
from polyarch.oci.platform import Platform


class FixClass(StrEnum):
    """Who may apply a fix: anybody, somebody who looks at it, or nobody."""

    SAFE = "safe"
    REVIEW = "review"
    NONE = "none"


@dataclass(frozen=True, slots=True, kw_only=True)
class LintFinding:
    """One finding. `line` is the first line of the instruction, or of FROM for a stage.

    `span` is what a caret shows, in the source. `platforms` are those of the requested ones that it
    concerns. `message` says what is there and what it leads to, `hint` what to do. `why_not` says
    what keeps a fix from being safer than it is.
    """

    rule: str
    severity: Severity
    line: int
    span: Span
    platforms: tuple[Platform, ...]
    message: str
    hint: str
    fix: FixClass = FixClass.NONE
    why_not: str = ""
