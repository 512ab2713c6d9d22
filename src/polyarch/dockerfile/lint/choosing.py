"""Which dispatches of a script choose by the platform, what they set, and what they run."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from polyarch.dockerfile.lint.archwords import ArchWord, find_words
from polyarch.dockerfile.lint.course import machine_decides, target_decides
from polyarch.dockerfile.lint.values import Values
from polyarch.dockerfile.shell.script import Arm, Command, Dispatch, Script

FETCHES = frozenset({"curl", "wget", "aria2c"})
PRINTS = frozenset({"echo", "printf"})
_SHORT = 12
"""A value of so few letters is a name as a whole: bare `arm` counts, too."""

Key = tuple[int, int]
"""An arm: the index of its dispatch, and its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Choosing:
    """The dispatches of a script that choose by the platform, by their index.

    `targeted` are those that stand on the platform that is built, and not on the machine. `setting`
    are the variables that arms of them set, with the number of arms that name platforms.
    `fetching` are the arms that fetch what is one platform's, `printing` those that do nothing but
    print, into a substitution. `specific` are the programs that arms give a platform's name, each
    with the arms.
    """

    dispatches: Mapping[int, Dispatch]
    targeted: frozenset[int]
    setting: Mapping[str, int]
    fetching: frozenset[Key]
    printing: frozenset[Key]
    specific: Mapping[tuple[int, str], frozenset[int]]

    def arm(self, arms: tuple[Arm, ...]) -> Arm | None:
        """The innermost of these arms that belongs to a choice by platform."""
        return next((arm for arm in reversed(arms) if arm.dispatch in self.dispatches), None)


def choosing(script: Script, values: Values) -> Choosing:
    """Find them."""
    targeted = frozenset(one.index for one in script.dispatches if target_decides(one, values))
    found = {
        one.index: one
        for one in script.dispatches
        if one.index in targeted or machine_decides(one, values)
    }
    fetching: set[Key] = set()
    printing: dict[Key, bool] = {}
    specific: dict[tuple[int, str], set[int]] = {}
    for command, arm in _inside(script, found):
        key = (arm.dispatch, arm.index)
        is_printing = command.is_substituted and command.name in {*PRINTS, "exit"}
        printing[key] = printing.get(key, True) and is_printing
        if platform_words(command):
            specific.setdefault((arm.dispatch, command.name), set()).add(arm.index)
            fetching |= {key} if command.name in FETCHES else set()
    return Choosing(
        dispatches=found,
        targeted=targeted,
        setting=_setting(script, found),
        fetching=frozenset(fetching),
        printing=frozenset(key for key, is_printing in printing.items() if is_printing),
        specific={key: frozenset(arms) for key, arms in specific.items()},
    )


def _inside(script: Script, found: Mapping[int, Dispatch]) -> Iterator[tuple[Command, Arm]]:
    if not found:
        return
    for command in script.commands:
        for arm in command.arms:
            if arm.dispatch in found:
                yield command, arm


def _setting(script: Script, found: Mapping[int, Dispatch]) -> Mapping[str, int]:
    arms: dict[str, set[Key]] = {}
    for assignment, inside in script.assignments:
        for arm in inside:
            if arm.dispatch in found:
                kept = arms.setdefault(assignment.name, set())
                if not arm.is_else:
                    kept.add((arm.dispatch, arm.index))
    return {name: len(kept) for name, kept in arms.items()}


def platform_words(command: Command) -> tuple[ArchWord, ...]:
    """The platforms that a command names in its words and in the assignments in front of it."""
    texts = [str(word) for word in command.words]
    texts += [f"{one.name}={one.value}" for one in command.assignments]
    return tuple(word for text in texts for word in find_words(text))


def value_words(value: str) -> tuple[ArchWord, ...]:
    """The platforms that a value names."""
    return tuple(find_words(value, weak=len(value) <= _SHORT))
