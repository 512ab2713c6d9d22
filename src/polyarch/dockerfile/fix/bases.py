"""PA101, PA103, PA105 and PA106: what a FROM says of the platform."""

import re
from collections.abc import Iterator

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.fix.pin import NATIVE, root_of
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.neutral import is_neutral
from polyarch.dockerfile.lint.outputs import transfers
from polyarch.dockerfile.lint.view import StageView
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Flag, Instruction
from polyarch.errors import FixRefusedError

_NAMESPACE = re.compile(
    r"(?:^|(?<=/)|(?<=[\"']))"
    r"(?:amd64|arm32v5|arm32v6|arm32v7|arm64v8|i386|ppc64le|riscv64|s390x)/(?=[a-z0-9][a-z0-9_.-]*(?:[:@\"']|$))"
)
"""Where Docker's official images are kept one platform at a time."""
_SUFFIX = re.compile(
    r"[-_.](?:amd64|arm64v8|arm64|aarch64|x86_64|arm32v[567]|armv[67]|armhf|i386|386|ppc64le|s390x|riscv64)$"
)
_VARIABLE = re.compile(r"\$\{?([A-Za-z_][A-Za-z0-9_]*)")


def free_platform(finding: LintFinding, work: Work) -> Change:
    """PA101: a helper goes to the build platform, what is shipped to the target."""
    stage = work.stage(finding)
    flag = _flag(stage.outline.start)
    if stage.is_shipped:
        return Change(edits=(_without(flag, work),))
    return Change(edits=(Edit(flag.value_span or flag.span, NATIVE),))


def free_base(finding: LintFinding, work: Work) -> Change:
    """PA103: the official image instead of its copy for one platform."""
    stage = work.stage(finding)
    if stage.outline.start.first_line != finding.line:
        text, span = _argument(finding, work)
    else:
        text, span = stage.outline.base, stage.outline.base_span
        if names := _VARIABLE.findall(text):
            text, span = _default(names, work)
    if "@" in text:
        raise FixRefusedError("the digest behind it is that of one platform, too")
    if found := _NAMESPACE.search(text):
        start = span.start + found.start()
        return Change(edits=(Edit.delete(Span(start, start + len(found[0]))),))
    return Change(edits=(_shortened(text, span, work),))


def move_flag(finding: LintFinding, work: Work) -> Change:
    """PA105: the image goes to the target, and stages that only compile keep the build platform.

    A stage that stands on another takes its platform, so those that compile have to name the image
    themselves; that is the same only while the shared stage does nothing of its own.
    """
    stage = work.view.final if work.stage(finding).is_shipped else work.stage(finding)
    root = root_of(stage, work)
    flag = _flag(root.outline.start)
    edits = [_without(flag, work), *_helpers(root, flag, work)]
    return Change(edits=tuple(edits))


def renew_digest(finding: LintFinding, work: Work) -> Change:
    """PA106: the digest of the index that the tag has."""
    stage = work.stage(finding)
    text, span = stage.outline.base, stage.outline.base_span
    found = work.view.lookup(text, work.view.platforms) if work.view.lookup else None
    if found is None or not found.index or work.text[span.start : span.end] != text:
        raise FixRefusedError("the index of the tag is not known, or FROM does not name it plainly")
    return Change(edits=(Edit(span, found.index),))


def _helpers(root: StageView, flag: Flag, work: Work) -> Iterator[Edit]:
    if root.outline.body:
        return
    given = transfers(work.view)
    for child in work.view.standing_on(root):
        # What is not the same on every platform has to be made on each from now on.
        is_neutral_child = all(is_neutral(one.path) for one in given.of(child))
        is_free = not child.is_shipped and child.outline.start.flag("platform") is None
        if is_free and is_neutral_child and not work.view.standing_on(child):
            start = child.outline.start
            value = (flag.value_span or flag.span).of(work.text)
            yield Edit.insert(start.keyword.span.end, f" --platform={value}")
            yield Edit(child.outline.base_span, root.outline.base_span.of(work.text))


def _flag(start: Instruction) -> Flag:
    flag = start.flag("platform")
    if flag is None or flag.value_span is None:
        raise FixRefusedError("FROM has no `--platform`")
    return flag


def _without(flag: Flag, work: Work) -> Edit:
    end = flag.span.end
    if work.text[end : end + 1] not in {" ", "\t"}:
        raise FixRefusedError("nothing but a blank may follow the flag")
    return Edit.delete(Span(flag.span.start, end + 1))


def _argument(finding: LintFinding, work: Work) -> tuple[str, Span]:
    for one in work.instruction(finding).assignments:
        if one.value is not None and one.value_span is not None:
            return one.value, one.value_span
    raise FixRefusedError("the platform is not in a default")


def _default(names: list[str], work: Work) -> tuple[str, Span]:
    """The value of a global ARG that FROM stands on, where it holds the platform."""
    for _, one in work.view.arguments:
        if one.name in names and one.value and one.value_span:
            plain = one.value.strip("\"'")
            if _NAMESPACE.search(plain) or _SUFFIX.search(plain):
                return one.value, one.value_span
    raise FixRefusedError("the platform stands in no default of an argument")


def _shortened(text: str, span: Span, work: Work) -> Edit:
    short = _SUFFIX.sub("", text)
    if short == text or work.view.lookup is None:
        raise FixRefusedError("whether there is such a base for all platforms has to be looked up")
    found = work.view.lookup(short, work.view.platforms)
    if found is None or not found.is_index or not all(map(found.serves, work.view.platforms)):
        raise FixRefusedError(f"`{short}` does not have all platforms")
    return Edit.delete(Span(span.start + len(short), span.start + len(text)))
