"""The finding that all rules about emulated work make: one for a stage, on its FROM."""

from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site, platforms_of
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.preconditions import Verdict
from polyarch.findings import Severity

_PIN = "put `--platform="
_SPLIT = (
    "move this work into a stage of its own, from which the image takes its output by `COPY"
    " --from`; there "
)


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
        hint=_SPLIT + hint if site.stage.is_shipped and hint.startswith(_PIN) else hint,
        fix=verdict.fix,
        why_not=verdict.why_not,
    )
