"""PA309: `uname -m` asks the machine that builds; the platform that is built for has its name, too.

A choice by it becomes one by TARGETARCH, patterns and all. Elsewhere `$(uname -m)` becomes a `case`
that prints what the kernel of the target says, so that everything around it stays as it is.
"""

import re
from collections.abc import Iterator, Mapping

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.commands import Site, check_written, sites
from polyarch.dockerfile.fix.declare import declare
from polyarch.dockerfile.fix.dispatch import ARGUMENTS, SUBJECT, arm_of, substitution
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.arches import ARM_V6, ARM_V7, I386, KNOWN, PPC64LE, World, name_in
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.shell.script import Arm, Command, Dispatch
from polyarch.dockerfile.source import Span
from polyarch.errors import FixRefusedError
from polyarch.oci.platform import Platform

_ASKED = frozenset({("uname", "-m"), ("uname", "--machine"), ("arch",)})
_TESTS = frozenset({"[", "[[", "test"})
_COMPARES = frozenset({"=", "==", "!="})
_SUBJECT = re.compile(r"case[ \t]+(?P<subject>[^\n]*?)[ \t]+in(?=[\s\\])")
_ONE = r"[\"']?[\w*?.-]+[\"']?"
_PATTERNS = re.compile(rf"(?P<patterns>{_ONE}(?:[ \t]*\|[ \t]*{_ONE})*)[ \t]*\)[\s\\]*$")
_WORDS: Mapping[str, Platform] = {
    **{name: one for one in KNOWN if (name := name_in(one, World.KERNEL))},
    **{one.architecture: one for one in KNOWN if one.architecture in {"amd64", "arm64"}},
    **dict.fromkeys(("i386", "i586"), I386),
}
_MUSL: Mapping[Platform, str] = {ARM_V7: "armhf", ARM_V6: "armhf", I386: "i386"}
"""The names in `ld-musl-….so.1` and `.path`, where they are not the kernel's.

Source: musl, arch directories; Alpine builds both 32-bit Arms for hard float.
"""


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
    text = " ".join(edit.replacement for edit in edits)
    names = [one for one in ARGUMENTS if one in text]
    declared = declare(work, stage, names, [instruction])
    return Change(edits=(*declared, *edits), adds=("ARG",) if declared else ())


def _edits(site: Site, work: Work) -> Iterator[Edit]:
    before, after = _around(site.command, work)
    for test in site.run.commands:
        if test.name in _TESTS and _holds(test.span, site.command.span):
            yield from _compared(test, site.command)
            return
    for script in site.run.scripts:
        for dispatch in script.dispatches:
            if dispatch.is_case and _is_subject(site.command, dispatch, work):
                yield from _chosen(dispatch, work)
                return
    names = {one: name_in(one, World.KERNEL) or "" for one in KNOWN if one in _asked_for(work)}
    if before.endswith("ld-musl-$(") and after.startswith(")"):
        names |= {one: name for one, name in _MUSL.items() if one in names}
        names |= {PPC64LE: "powerpc64le"} if PPC64LE in names else {}
    # ppc64le, s390x and riscv64 are called so everywhere.
    special = {one: name for one, name in names.items() if name not in {"", one.architecture}}
    yield Edit(site.command.span, substitution(special, otherwise='"$TARGETARCH"'))


def _asked_for(work: Work) -> frozenset[Platform]:
    asked = {(one.architecture, one.variant) for one in work.view.platforms}
    return frozenset(one for one in KNOWN if (one.architecture, one.variant) in asked)


def _around(command: Command, work: Work) -> tuple[str, str]:
    """What stands around `$(uname -m)`, its own parentheses included.

    Raises:
        FixRefusedError: it stands in backquotes, or with other commands.
    """
    before = work.text[: command.span.start].rstrip(" ")
    after = work.text[command.span.end :].lstrip(" ")
    if not before.endswith("$(") or not after.startswith(")"):
        raise FixRefusedError("`uname -m` does not stand alone in `$( )`")
    return before, after


def _holds(outer: Span, inner: Span) -> bool:
    return outer.start <= inner.start and inner.end <= outer.end


# --- tests ----------------------------------------------------------------------------------------


def _compared(test: Command, asked: Command) -> Iterator[Edit]:
    """`[ "$(uname -m)" = aarch64 ]` becomes `[ "$TARGETARCH" = "arm64" ]`."""
    words = [word for word in test.words[1:] if str(word) not in {"]", "]]"}]
    if len(words) != 3 or str(words[1]) not in _COMPARES:  # noqa: PLR2004 - subject, sign, value
        raise FixRefusedError("a test asks more than whether two texts are the same")
    subject, _, value = words
    platform = _WORDS.get(value.value or "")
    is_alone = subject.text.strip('"').replace(" ", "") in {"$(uname-m)", "$(arch)"}
    if platform is None or not is_alone or not _holds(subject.span, asked.span):
        raise FixRefusedError("a test compares with what is no name of a kernel")
    yield Edit(subject.span, SUBJECT if platform.variant else '"$TARGETARCH"')
    yield Edit(value.span, f'"{platform.architecture}{platform.variant}"')


# --- choices --------------------------------------------------------------------------------------


def _is_subject(asked: Command, dispatch: Dispatch, work: Work) -> bool:
    head = _SUBJECT.match(work.text, dispatch.span.start, dispatch.span.end)
    return head is not None and head.start("subject") <= asked.span.start < head.end("subject")


def _chosen(dispatch: Dispatch, work: Work) -> Iterator[Edit]:
    """`case "$(uname -m)" in x86_64)` becomes `case "$TARGETARCH$TARGETVARIANT" in amd64*)`."""
    head = _SUBJECT.match(work.text, dispatch.span.start, dispatch.span.end)
    if head is None or head["subject"].strip('"').replace(" ", "") not in {"$(uname-m)", "$(arch)"}:
        raise FixRefusedError("a choice stands on more than `uname -m`")
    yield Edit(Span(head.start("subject"), head.end("subject")), SUBJECT)
    at = head.end()
    for arm in dispatch.arms:
        if arm.patterns == ("*",):
            at = max(at, arm.span.end)
            continue
        found = _PATTERNS.search(work.text[at : arm.span.start])
        if found is None or arm.patterns != _plain(found["patterns"]):
            raise FixRefusedError("the patterns of a choice are not plain")
        new = _named(arm)
        if new != found["patterns"]:
            yield Edit(Span(at + found.start("patterns"), at + found.end("patterns")), new)
        at = arm.span.end


def _plain(patterns: str) -> tuple[str, ...]:
    return tuple(one.strip().strip("\"'") for one in patterns.split("|"))


def _named(arm: Arm) -> str:
    """The patterns of an arm by Docker's names."""
    platforms = [_WORDS.get(one) for one in arm.patterns]
    named = dict.fromkeys(arm_of(one) for one in platforms if one)
    if None in platforms:
        raise FixRefusedError("a pattern of a choice is no name of a kernel")
    return "|".join(named)
