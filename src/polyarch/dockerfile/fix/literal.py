"""PA302: a compiler that is told one platform is told the target."""

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.commands import sites
from polyarch.dockerfile.fix.dotnet import target_rid
from polyarch.dockerfile.fix.golang import target_arch
from polyarch.dockerfile.lint.finding import LintFinding


def target_named(finding: LintFinding, work: Work) -> Change:
    """By the program that is told: Go, or the .NET SDK."""
    instruction = work.instruction(finding)
    here = (site for site in sites(work.stage(finding)) if site.instruction is instruction)
    if any(site.command.name == "dotnet" for site in here):
        return target_rid(finding, work)
    return target_arch(finding, work)
