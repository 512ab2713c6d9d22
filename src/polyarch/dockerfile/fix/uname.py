"""PA309: `uname -m` asks the machine that builds; the platform that is built for has its name, too.

`$(uname -m)` becomes a choice that prints the kernel's name of the target, so that everything
around it stays as it is.
"""

from collections.abc import Iterator

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.commands import Site, check_written, sites
from polyarch.dockerfile.fix.declare import declare
from polyarch.dockerfile.fix.dispatch import ARGUMENTS, substitution
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.arches import KNOWN, World, name_in
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.errors import FixRefusedError

_ASKED = frozenset({("uname", "-m"), ("uname", "--machine"), ("arch",)})


def ask_the_target(finding: LintFinding, work: Work) -> Change:
    """Put the target's name in place of the machine's."""
    stage, instruction = work.stage(finding), work.instruction(finding)
    found = [
        site
        for site in sites(stage)
        if site.instruction is instruction
        and (site.command.name, *site.command.arguments) in _ASKED
    ]
    if not found:
        raise FixRefusedError("`uname -m` does not stand alone in `$( )`")
    check_written(found[0].run)
    edits = tuple(edit for site in found for edit in _edits(site, work))
    declared = declare(work, stage, ARGUMENTS, [instruction])
    return Change(edits=(*declared, *edits), adds=("ARG",) if declared else ())


def _edits(site: Site, work: Work) -> Iterator[Edit]:
    span = site.command.span
    before, after = work.text[: span.start].rstrip(" "), work.text[span.end :].lstrip(" ")
    if not before.endswith("$(") or not after.startswith(")"):
        raise FixRefusedError("`uname -m` does not stand alone in `$( )`")
    names = {one: name_in(one, World.KERNEL) or "" for one in KNOWN}
    # ppc64le, s390x and riscv64 are called so everywhere.
    special = {one: name for one, name in names.items() if name not in {"", one.architecture}}
    yield Edit(span, substitution(special, otherwise='"$TARGETARCH"'))
