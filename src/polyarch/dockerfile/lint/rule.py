"""A rule of the catalogue: what it is called, how bad it is, and what it tells of itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.view import FileView
from polyarch.findings import Severity

Check = Callable[[FileView], Iterable[LintFinding]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Rule:
    """One rule. `severity` and `fix` are the usual ones; a finding may have others.

    `title` is one line, `consequence` what happens to the image, `remedy` what to do, both as prose
    for `--explain`; `before` and `after` are an example. `sources` are links. `buildkit` names the
    check of BuildKit that says the same, whose `# check=skip=` silences this one.
    """

    id: str
    name: str
    severity: Severity
    fix: FixClass
    title: str
    consequence: str
    remedy: str
    check: Check
    before: str = ""
    after: str = ""
    sources: tuple[str, ...] = ()
    buildkit: str = ""
