"""The finding that all rules about emulated work make: one for a stage, on its FROM."""

from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site, platforms_of
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.preconditions import Verdict
from polyarch.findings import Severity


def emulated(
    emulation: Emulation,
    site: Site,
    deed: Deed,
    *,
    rule: str,
    leads_to: str,
    hint: str,
    verdict: Verdict,
    severity: Severity = Severity.PERF,
) -> LintFinding:
    """A finding about one stage; `deed` is the command that is named, with its line."""
    line = deed.line(emulation.view.file.text)
    return LintFinding(
        rule=rule,
        severity=severity,
        line=site.stage.line,
        span=site.stage.outline.base_span,
        platforms=platforms_of(emulation.view, site.stage),
        message=f"`{deed.call}` (line {line}) runs under emulation: {leads_to}",
        hint=hint,
        fix=verdict.fix,
        why_not=verdict.why_not,
    )
