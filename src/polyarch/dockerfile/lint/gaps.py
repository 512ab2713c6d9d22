"""What a choice by platform leaves a platform without, or gives it of another one."""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum

from polyarch.dockerfile.lint.arches import ARM_V6, ARM_V7
from polyarch.dockerfile.lint.archwords import ArchWord, find_words
from polyarch.dockerfile.lint.choosing import PRINTS, Choosing, platform_words, value_words
from polyarch.dockerfile.lint.course import Course, Use
from polyarch.dockerfile.shell.script import Arm, Command, Dispatch
from polyarch.dockerfile.source import Span
from polyarch.oci.platform import Platform

_SAYS = frozenset({*PRINTS, "exit", "set", "[", "[[", "test"})
_ENOUGH = 2
"""Arms that make a choice: one alone is something extra for one platform."""


class GapKind(StrEnum):
    """What happens to the platform, from the mildest on."""

    ABSENT = "absent"
    EMPTY = "empty"
    UNSET = "unset"
    STOPS = "stops"
    FOREIGN = "foreign"
    """It gets what is another platform's, and nothing tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One platform in one choice. `text` is the variable or what it gets, `span` where to look."""

    kind: GapKind
    text: str
    span: Span

    @property
    def weight(self) -> int:
        """The greater, the worse."""
        return list(GapKind).index(self.kind)


def gaps(course: Course, chosen: Choosing, *, is_native: bool) -> Iterator[Gap]:
    """What one platform misses; `is_native` tells that the builder's machine runs the script."""
    if course.stop is not None:
        yield from _stop(course.stop, course, chosen)
    for use in course.uses:
        yield from _used(use, course, chosen)
    for command in course.done:
        yield from _ran(command, course, chosen)
    if course.stop is None:
        yield from _absent(course, chosen)
        yield from _empty(course, chosen)
        if is_native and course.where.target != course.where.machine:
            yield from _built_for_the_builder(course, chosen)


def _place(dispatch: Dispatch) -> Span:
    """What is compared, else the whole of it."""
    for arm in dispatch.arms:
        for one in arm.condition.matches:
            if one.subject is not None:
                return one.subject.span
    return dispatch.span


def _stop(stop: Command, course: Course, chosen: Choosing) -> Iterator[Gap]:
    arm = chosen.arm(stop.arms)
    dispatch = chosen.dispatches[arm.dispatch] if arm else _check(stop, course, chosen)
    if dispatch is not None:
        yield Gap(kind=GapKind.STOPS, text="", span=_place(dispatch))


def _check(stop: Command, course: Course, chosen: Choosing) -> Dispatch | None:
    """The test behind a choice that stops because no arm has set its variable (`[ -z … ]`)."""
    tests = {one.index: one for one in course.script.dispatches}
    for arm in reversed(stop.arms):
        test = tests[arm.dispatch]
        if any(chosen.setting.get(name, 0) >= _ENOUGH for name in test.variables):
            return test
    return None


# --- what it gets ----------------------------------------------------------------------------


def _used(use: Use, course: Course, chosen: Choosing) -> Iterator[Gap]:
    """A variable that arms set, where it is expanded."""
    count = chosen.setting.get(use.name)
    if count is None:
        return
    if use.value is None:
        if count >= _ENOUGH and not re.search(rf"\$\{{{use.name}:?[-+?=]", use.word.text):
            yield Gap(kind=GapKind.UNSET, text=use.name, span=use.word.span)
        return
    arm = chosen.arm(use.setter.arms) if use.setter else None
    if count and _is_wrong(value_words(use.value), arm, course, chosen):
        span = use.setter.assignment.span if use.setter else use.word.span
        yield Gap(kind=GapKind.FOREIGN, text=f"{use.name}={use.value}", span=span)


def _ran(command: Command, course: Course, chosen: Choosing) -> Iterator[Gap]:
    """What an `else` runs or prints, with another platform's name in it."""
    arm = chosen.arm(command.arms)
    if arm is None:
        return
    if command.is_substituted and command.name in PRINTS:
        words = value_words(" ".join(command.arguments))
    elif command.name in _SAYS or (arm.dispatch, arm.index) in course.named:
        return
    else:
        words = platform_words(command)
    if _is_wrong(words, arm, course, chosen):
        yield Gap(kind=GapKind.FOREIGN, text=words[0].text, span=command.span)


def _is_wrong(
    words: tuple[ArchWord, ...], arm: Arm | None, course: Course, chosen: Choosing
) -> bool:
    """Whether they name platforms, but not the one that is meant; v7 also runs what v6 does.

    In a choice by the machine the machine's names are right.
    """
    by_target = arm.dispatch in chosen.targeted if arm else bool(chosen.targeted)
    platform = course.where.target if by_target else course.where.machine
    named = _platforms(words)
    suits = {platform, ARM_V6} if platform == ARM_V7 else {platform}
    return bool(named) and not named & suits and not _is_meant(named, platform, arm, course)


def _is_meant(named: set[Platform], platform: Platform, arm: Arm | None, course: Course) -> bool:
    """Whether the author gave this platform another one's words by name.

    Not where the pattern takes both (`arm*`), or takes one world's name for another's (`armhf`).
    """
    if arm is None:
        return False
    meanings = [(one, _platforms(find_words(one, weak=True))) for one in arm.patterns]
    if (arm.dispatch, arm.index) not in course.named:
        return any(named & meaning for _, meaning in meanings)
    return not any(
        named & meaning
        for pattern, meaning in meanings
        if platform in meaning or any(sign in pattern for sign in "*?[")
    )


def _platforms(words: Iterable[ArchWord]) -> set[Platform]:
    return {one for word in words for one in word.platforms}


# --- what it misses --------------------------------------------------------------------------


def _absent(course: Course, chosen: Choosing) -> Iterator[Gap]:
    """Choices without `else` that fetch a file per platform, none of them for this one."""
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Dispatch]] = {}
    for dispatch in chosen.dispatches.values():
        groups.setdefault((dispatch.variables, dispatch.asks), []).append(dispatch)
    for group in groups.values():
        arms = [arm for dispatch in group for arm in dispatch.arms]
        if _is_missed(arms, course) and all(_key(arm) in chosen.fetching for arm in arms):
            yield Gap(kind=GapKind.ABSENT, text="", span=_place(group[0]))


def _empty(course: Course, chosen: Choosing) -> Iterator[Gap]:
    """`$(case … esac)` that prints nothing for this platform, or ends only itself."""
    for command in course.done:
        arm = chosen.arm(command.arms)
        if arm and command.is_substituted and command.name == "exit":
            span = _place(chosen.dispatches[arm.dispatch])
            if not _is_set_again(command.span, course):
                yield Gap(kind=GapKind.EMPTY, text="", span=span)
    for dispatch in chosen.dispatches.values():
        arms = list(dispatch.arms)
        if _is_missed(arms, course) and all(_key(arm) in chosen.printing for arm in arms):
            yield Gap(kind=GapKind.EMPTY, text="", span=_place(dispatch))


def _is_set_again(span: Span, course: Course) -> bool:
    """Whether it stands in the value of a variable that gets another one afterwards."""
    certain = [one for one, arms in course.script.assignments if not arms]
    names = {
        one.name
        for one in certain
        if one.value.span.start <= span.start and span.end <= one.value.span.end
    }
    return any(one.name in names and one.span.start > span.end for one in certain)


def _is_missed(arms: list[Arm], course: Course) -> bool:
    """Whether there are arms for several platforms, and none is for this one."""
    return (
        len(arms) >= _ENOUGH
        and not any(arm.is_else for arm in arms)
        and all(course.taken.get(_key(arm)) is False for arm in arms)
    )


def _key(arm: Arm) -> tuple[int, int]:
    return arm.dispatch, arm.index


def _built_for_the_builder(course: Course, chosen: Choosing) -> Iterator[Gap]:
    """An `else` that does without a target what an arm does for one platform."""
    for command in course.done:
        arm = chosen.arm(command.arms)
        if arm is None or not arm.is_else or arm.dispatch not in chosen.targeted:
            continue
        if command.name in _SAYS or platform_words(command) or _knows_target(command, course):
            continue
        if chosen.specific.get((arm.dispatch, command.name), frozenset()) - {arm.index}:
            yield Gap(kind=GapKind.FOREIGN, text=command.name, span=command.span)


def _knows_target(command: Command, course: Course) -> bool:
    words = (*command.words, *(one.value for one in command.assignments))
    return any(word.asks for word in words) or any(
        course.where.values.decides(name) or name in course.setters
        for word in words
        for name in word.variables
    )
