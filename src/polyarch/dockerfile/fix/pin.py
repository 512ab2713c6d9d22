"""Stages that move to the machine that builds: one flag on a FROM."""

from collections.abc import Iterator

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.view import StageClass, StageView
from polyarch.errors import FixRefusedError

NATIVE = "$BUILDPLATFORM"
EMULATED_WORK = "PA2"


def pin(finding: LintFinding, work: Work) -> Change:
    """Build the stage on the machine that builds; what leaves it is the same on every platform."""
    return Change(edits=pin_edits(work.stage(finding), work))


def pin_edits(stage: StageView, work: Work) -> tuple[Edit, ...]:
    """What moves a stage, and all that stands on the same base, to the build platform.

    Raises:
        FixRefusedError: something that stands on the base has to stay where it is.
    """
    if stage.kind is StageClass.NATIVE:
        return ()
    root = root_of(stage, work)
    for one in family(root, work):
        _may_move(one, work)
    if root.outline.base == "scratch":
        raise FixRefusedError("`scratch` runs on nothing")
    start = root.outline.start
    flag = start.flag("platform")
    if flag is None:
        return (Edit.insert(start.keyword.span.end, f" --platform={NATIVE}"),)
    if flag.value_span is None or root.kind is not StageClass.TARGET:
        raise FixRefusedError(f"stage `{root.name}` has a platform of its own")
    return (Edit(flag.value_span, NATIVE),)


def root_of(stage: StageView, work: Work) -> StageView:
    """The stage whose FROM names an image: `--platform` of the others has no effect.

    Source: BuildKit, dockerfile2llb, where a stage takes platform and image of the one it stands
    on.

    Raises:
        FixRefusedError: the platform chooses what it stands on.
    """
    while parents := stage.parents:
        if len(parents) > 1:
            raise FixRefusedError(f"what stage `{stage.name}` stands on depends on the platform")
        stage = work.view.stages[parents[0]]
    return stage


def family(root: StageView, work: Work) -> Iterator[StageView]:
    """A stage and all needed ones that stand on it, each once."""
    waiting, seen = [root], {root.index}
    for one in waiting:
        yield one
        waiting += [each for each in work.view.standing_on(one) if each.index not in seen]
        seen |= {each.index for each in waiting}


def _may_move(stage: StageView, work: Work) -> None:
    if stage.is_shipped:
        raise FixRefusedError(f"stage `{stage.name}` becomes part of the image")
    found = [
        one
        for one in work.findings
        if one.line == stage.line and one.rule.startswith(EMULATED_WORK)
    ]
    allowed = {FixClass.SAFE, work.allow}
    if stuck := next((one for one in found if one.fix not in allowed), None):
        raise FixRefusedError(
            f"stage `{stage.name}` on the same base has {stuck.rule}, which stays"
        )
