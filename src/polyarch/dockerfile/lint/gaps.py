"""What a choice by platform leaves a platform without, or gives it of another one."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from polyarch.dockerfile.lint.arches import ARM_V6, ARM_V7
from polyarch.dockerfile.lint.archwords import ArchWord, find_words
from polyarch.dockerfile.lint.course import Course, Use, machine_decides, target_decides
from polyarch.dockerfile.lint.values import Values
from polyarch.dockerfile.shell.script import Arm, Command, Dispatch, Script
from polyarch.dockerfile.source import Span
from polyarch.oci.platform import Platform

_SHORT = 12
"""A value of so few letters is a name as a whole: bare `arm` counts, too."""
_FETCHES = frozenset({"curl", "wget", "aria2c"})
_SAYS = frozenset({"echo", "printf", "exit", "set", "[", "[[", "test"})
_ENOUGH = 2
"""Arms that make a choice: one alone is something extra for one platform."""


class GapKind(StrEnum):
    """What happens to the platform."""

    STOPS = "stops"
    UNSET = "unset"
    ABSENT = "absent"
    FOREIGN = "foreign"
    """It gets what is another platform's, and nothing tells."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Gap:
    """One platform in one choice. `text` is the variable or what it gets, `span` where to look."""

    kind: GapKind
    text: str
    span: Span


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """The dispatches of a script that choose by the platform, by their index.

    `targeted` are those that stand on the platform that is built, and not on the machine. `setting`
    are the variables that arms of them set, with the number of arms that name platforms.
    """

    dispatches: Mapping[int, Dispatch]
    targeted: frozenset[int]
    setting: Mapping[str, int]


def choosing(script: Script, values: Values) -> Choosing:
    """Find them."""
    targeted = frozenset(one.index for one in script.dispatches if target_decides(one, values))
    found = {
        one.index: one
        for one in script.dispatches
        if one.index in targeted or machine_decides(one, values)
    }
    arms: dict[str, set[tuple[int, int]]] = {}
    for assignment, inside in script.assignments:
        for arm in inside:
            if arm.dispatch in found:
                kept = arms.setdefault(assignment.name, set())
                kept |= {(arm.dispatch, arm.index)} if not arm.is_else else set()
    setting = {name: len(kept) for name, kept in arms.items()}
    return Choosing(dispatches=found, targeted=targeted, setting=setting)


def gaps(course: Course, chosen: Choosing, *, is_native: bool) -> Iterator[Gap]:
    """What one platform misses; `is_native` tells that the builder's machine runs the script."""
    if course.stop is not None:
        yield from _stop(course.stop, chosen)
    for use in course.uses:
        yield from _used(use, course, chosen)
    for command in course.done:
        yield from _ran(command, course, chosen)
    if course.stop is None:
        yield from _absent(course, chosen)
        if is_native and course.where.target != course.where.machine:
            yield from _built_for_the_builder(course, chosen)


def _choosing_arm(arms: tuple[Arm, ...], chosen: Choosing) -> Arm | None:
    """The innermost arm of a choice by platform."""
    return next((arm for arm in reversed(arms) if arm.dispatch in chosen.dispatches), None)


def _place(dispatch: Dispatch) -> Span:
    """What is compared, else the whole of it."""
    for arm in dispatch.arms:
        for one in arm.condition.matches:
            if one.subject is not None:
                return one.subject.span
    return dispatch.span


def _stop(stop: Command, chosen: Choosing) -> Iterator[Gap]:
    arm = _choosing_arm(stop.arms, chosen)
    if arm is not None:
        dispatch = chosen.dispatches[arm.dispatch]
        yield Gap(kind=GapKind.STOPS, text=stop.name, span=_place(dispatch))


# --- variables -------------------------------------------------------------------------------


def _used(use: Use, course: Course, chosen: Choosing) -> Iterator[Gap]:
    count = chosen.setting.get(use.name)
    if count is None:
        return
    if use.value is None:
        if count >= _ENOUGH and not re.search(rf"\$\{{{use.name}:?[-+?=]", use.word.text):
            yield Gap(kind=GapKind.UNSET, text=use.name, span=use.word.span)
        return
    words = tuple(find_words(use.value, weak=len(use.value) <= _SHORT))
    arm = _choosing_arm(use.setter.arms, chosen) if use.setter else None
    platform = _meant(course, chosen, arm)
    if count and _is_foreign(words, platform) and not _is_meant(words, arm, course):
        span = use.setter.assignment.span if use.setter else use.word.span
        yield Gap(kind=GapKind.FOREIGN, text=f"{use.name}={use.value}", span=span)


def _meant(course: Course, chosen: Choosing, arm: Arm | None) -> Platform:
    """Whose values are right: the target's, or in a choice by machine the machine's."""
    by_target = arm.dispatch in chosen.targeted if arm else bool(chosen.targeted)
    return course.where.target if by_target else course.where.machine


def _is_foreign(words: tuple[ArchWord, ...], platform: Platform) -> bool:
    """Whether they name platforms, and not this one; v7 also runs what is made for v6."""
    named = {one for word in words for one in word.platforms}
    suits = {platform, ARM_V6} if platform == ARM_V7 else {platform}
    return bool(named) and not named & suits


def _is_meant(words: tuple[ArchWord, ...], arm: Arm | None, course: Course) -> bool:
    """Whether the author gave this platform another one's words by name.

    Not where the pattern takes both (`arm*`), or takes one world's name for another's (`armhf`).
    """
    if arm is None:
        return False
    named = {one for word in words for one in word.platforms}
    patterns = {
        one
        for pattern in arm.patterns
        for word in find_words(pattern, weak=True)
        for one in word.platforms
    }
    by_name = (arm.dispatch, arm.index) in course.named
    return not named & patterns if by_name else bool(named & patterns)


# --- commands --------------------------------------------------------------------------------


def _ran(command: Command, course: Course, chosen: Choosing) -> Iterator[Gap]:
    """Commands of an `else` that name another platform."""
    arm = _choosing_arm(command.arms, chosen)
    if arm is None or command.name in _SAYS or (arm.dispatch, arm.index) in course.named:
        return
    words = _platform_words(command)
    if _is_foreign(words, _meant(course, chosen, arm)) and not _is_meant(words, arm, course):
        yield Gap(kind=GapKind.FOREIGN, text=words[0].text, span=command.span)


def _platform_words(command: Command) -> tuple[ArchWord, ...]:
    texts = [str(word) for word in command.words]
    texts += [f"{one.name}={one.value}" for one in command.assignments]
    return tuple(word for text in texts for word in find_words(text))


def _absent(course: Course, chosen: Choosing) -> Iterator[Gap]:
    """Choices without `else` that fetch a file per platform, none of them for this one."""
    groups: dict[tuple[tuple[str, ...], tuple[str, ...]], list[Dispatch]] = {}
    for dispatch in chosen.dispatches.values():
        groups.setdefault((dispatch.variables, dispatch.asks), []).append(dispatch)
    for group in groups.values():
        arms = [arm for dispatch in group for arm in dispatch.arms]
        if any(arm.is_else for arm in arms) or len(arms) < _ENOUGH:
            continue
        if any(course.taken.get((arm.dispatch, arm.index)) is not False for arm in arms):
            continue
        if all(_fetches(arm, course) for arm in arms):
            yield Gap(kind=GapKind.ABSENT, text="", span=_place(group[0]))


def _fetches(arm: Arm, course: Course) -> bool:
    return any(
        arm in command.arms and command.name in _FETCHES and _platform_words(command)
        for command in course.script.commands
    )


def _built_for_the_builder(course: Course, chosen: Choosing) -> Iterator[Gap]:
    """An `else` that does without a target what an arm does for one platform."""
    for command in course.done:
        arm = _choosing_arm(command.arms, chosen)
        if arm is None or not arm.is_else or arm.dispatch not in chosen.targeted:
            continue
        if command.name in _SAYS or _platform_words(command) or _knows_target(command, course):
            continue
        if any(
            other.name == command.name and _platform_words(other) and _beside(other, arm)
            for other in course.script.commands
        ):
            yield Gap(kind=GapKind.FOREIGN, text=command.name, span=command.span)


def _beside(command: Command, arm: Arm) -> bool:
    return any(one.dispatch == arm.dispatch and one.index != arm.index for one in command.arms)


def _knows_target(command: Command, course: Course) -> bool:
    words = (*command.words, *(one.value for one in command.assignments))
    return any(
        course.where.values.decides(name) or name in course.setters or word.asks
        for word in words
        for name in (*word.variables, "")
    )
