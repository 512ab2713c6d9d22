"""PA206: the .NET SDK runs on the machine that builds and is told the target by `-a`."""

import re
from collections.abc import Iterator

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.commands import Site, check_written, sites
from polyarch.dockerfile.fix.declare import declare
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.fix.pin import pin_edits
from polyarch.dockerfile.lint.calls import call
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.programs import asks_platform
from polyarch.errors import FixRefusedError

_TARGETED = frozenset({"restore", "publish", "build"})
_TOLD = re.compile(
    r"-a|-r|--arch|--runtime|--use-current-runtime|--ucr|-(?:a|r)=.*|--(?:arch|runtime)=.*"
)
_RID = re.compile(r"(?P<before>linux-(?:musl-)?)(?:x64|arm64|arm)")


def cross_publish(finding: LintFinding, work: Work) -> Change:
    """Pin the stage; where the output is for one platform, tell each command which."""
    stage = work.stage(finding)
    pinned = pin_edits(stage, work)
    if finding.fix is FixClass.SAFE:
        return Change(edits=pinned)
    if asking := next((one for one in sites(stage) if asks_platform(call(one.command))), None):
        raise FixRefusedError(f"`{asking.command.name}` would answer for the machine that builds")
    found = [
        site
        for site in sites(stage)
        if site.command.name == "dotnet"
        and site.command.arguments[:1]
        and site.command.arguments[0] in _TARGETED
    ]
    untold = [site for site in found if not any(map(_TOLD.fullmatch, site.command.arguments))]
    if untold and len(untold) < len(found):
        raise FixRefusedError("some of the commands name a platform and some do not")
    edits = [_told(site) for site in untold]
    declared = (
        declare(work, stage, ("TARGETARCH",), [s.instruction for s in untold]) if untold else ()
    )
    return Change(
        edits=(*pinned, *declared, *edits), adds=("ARG",) if declared else (), native=stage.index
    )


def _told(site: Site) -> Edit:
    check_written(site.run)
    return Edit.insert(site.command.words[1].span.end, " -a $TARGETARCH")


def target_rid(finding: LintFinding, work: Work) -> Change:
    """PA302: `-r linux-x64` becomes the target's; the SDK knows Docker's names from 7.0.300 on."""
    stage, instruction = work.stage(finding), work.instruction(finding)
    edits = list(_rids([site for site in sites(stage) if site.instruction is instruction]))
    if not edits:
        raise FixRefusedError("no RID stands on a `dotnet` command")
    declared = declare(work, stage, ("TARGETARCH",), [instruction])
    return Change(edits=(*declared, *edits), adds=("ARG",) if declared else ())


def _rids(found: list[Site]) -> Iterator[Edit]:
    for site in found:
        if site.command.name != "dotnet":
            continue
        check_written(site.run)
        for word in site.command.words[1:]:
            match = _RID.fullmatch(word.text)
            if match and word.is_contiguous:
                yield Edit(word.span, f"{match['before']}$TARGETARCH")
