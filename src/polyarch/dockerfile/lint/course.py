"""The course that a script takes on one platform: which arms, which values, where it stops.

The script is followed in the order of its text. What stands on something that the file does not
tell is unknown, and what is done under an unknown condition makes the values that it sets unknown.
"""

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import NamedTuple

from polyarch.dockerfile.lint.answers import answer, asks_machine, asks_target
from polyarch.dockerfile.lint.matching import holds, names_it
from polyarch.dockerfile.lint.values import Values, expanded
from polyarch.dockerfile.shell.script import Arm, Command, Dispatch, Script, ShellAssignment
from polyarch.dockerfile.shell.word import ShellWord
from polyarch.dockerfile.source import Span
from polyarch.oci.platform import Platform

_SUBSTITUTED = re.compile(r"\$\([^()]*\)|`[^`]*`")
_SHOWS = frozenset({"echo", "printf"})
_STOPS = frozenset({"exit", "return"})
_LONGEST = 5_000
"""Statements of a script that are followed."""
_LONGEST_VALUE = 4096


@dataclass(frozen=True, slots=True, kw_only=True)
class Where:
    """On which platform a script runs, for which one, and with which variables."""

    target: Platform
    machine: Platform
    values: Values


@dataclass(frozen=True, slots=True, kw_only=True)
class Use:
    """A variable that is expanded. `value` is None where it has none and is not set.

    `setter` is the assignment that gave the value, with its arms; None where the stage did.
    """

    name: str
    word: ShellWord
    value: str | None
    setter: "Setter | None"


class Setter(NamedTuple):
    """An assignment and the arms that it stands in."""

    assignment: ShellAssignment
    arms: tuple[Arm, ...]


@dataclass(slots=True, kw_only=True)
class Course:
    """One script on one platform.

    `taken` tells for an arm (dispatch, index) whether it is taken, None where nobody knows; `named`
    are the arms that are taken because they name the platform. `done` are the commands that are
    certainly run, `stop` the one that fails the build. `uses` are expansions whose value is known
    or known to be missing.
    """

    script: Script
    where: Where
    taken: dict[tuple[int, int], bool | None] = field(default_factory=dict)
    named: set[tuple[int, int]] = field(default_factory=set)
    done: list[Command] = field(default_factory=list)
    stop: Command | None = None
    has_left: bool = False
    uses: list[Use] = field(default_factory=list)
    unknown: set[str] = field(default_factory=set)
    setters: dict[str, Setter] = field(default_factory=dict)
    local: dict[str, str] = field(default_factory=dict)

    def reaches(self, arms: Iterable[Arm]) -> bool | None:
        """Whether what stands in these arms is done; None where nobody knows."""
        found = [self.taken.get((arm.dispatch, arm.index)) for arm in arms]
        if False in found:
            return False
        return None if None in found else True

    # --- values ------------------------------------------------------------------------------

    def lookup(self, name: str) -> str | None:
        """What a variable is worth, None where that is not known or it is not set."""
        if name in self.unknown:
            return None
        return self.local[name] if name in self.local else self.where.values.get(name)

    def worth(self, word: ShellWord) -> str | None:
        """What a word is worth here."""
        if word.value is not None:
            return word.value
        if not word.asks:
            return expanded(word.text, self.lookup)
        answers = [self._answer(one) for one in word.asks]
        if None in answers:
            return None
        if len(word.asks) == 1 and " ".join(word.text.split()) == word.asks[0]:
            return answers[0]
        known = iter(answers)
        text, count = _SUBSTITUTED.subn(lambda _: next(known, None) or "", word.text)
        return expanded(text, self.lookup) if count == len(answers) else None

    def _answer(self, ask: str) -> str | None:
        where = self.where
        return answer(
            ask,
            machine=where.machine,
            target=where.target,
            expand=lambda text: expanded(text, self.lookup),
        )

    # --- statements --------------------------------------------------------------------------

    def decide(self, dispatch: Dispatch) -> None:
        """Find the arm that is taken."""
        before: bool | None = False
        for arm in dispatch.arms:
            key = (arm.dispatch, arm.index)
            itself = True if arm.is_else else holds(arm.condition, self.worth)
            if before is True or itself is False:
                self.taken[key] = False
            else:
                self.taken[key] = None if before is None or itself is None else True
            if self.taken[key] and not arm.is_else and names_it(arm.condition, self.worth):
                self.named.add(key)
            if itself is True or before is True:
                before = True
            elif itself is None:
                before = None

    def assign(self, assignment: ShellAssignment, arms: tuple[Arm, ...]) -> None:
        """Set a variable, or lose sight of it."""
        reached = self.reaches(arms)
        if reached is False:
            return
        name = assignment.name
        if reached:
            self.use((assignment.value,))
        value = self.worth(assignment.value)
        if assignment.is_appended and value is not None:
            before = self.lookup(name)
            value = None if before is None else (before + value)[:_LONGEST_VALUE]
        if reached is None or value is None:
            self.unknown.add(name)
            self.local.pop(name, None)
            return
        self.unknown.discard(name)
        self.local[name] = value
        self.setters[name] = Setter(assignment, arms)

    def use(self, words: Iterable[ShellWord]) -> None:
        """Note which variables are expanded, those aside of which nothing is known."""
        for word in words:
            for name in word.variables:
                if name in self.unknown:
                    continue
                if name in self.local:
                    use = Use(
                        name=name, word=word, value=self.local[name], setter=self.setters[name]
                    )
                elif name in self.where.values.known and self.where.values.get(name) is None:
                    continue
                else:
                    value = self.where.values.get(name)
                    use = Use(name=name, word=word, value=value, setter=None)
                self.uses.append(use)

    def run(self, command: Command) -> None:
        """Go through a command."""
        if self.reaches(command.arms) is not True:
            return
        self.done.append(command)
        if command.name in _SHOWS and not any(one.writes for one in command.redirects):
            return
        self.use(command.words)
        self.use(one.target for one in command.redirects)
        self.use(one.value for one in command.assignments)
        if command.is_substituted:
            return
        if command.name in _STOPS:
            self.has_left = True
            self.stop = command if command.arguments[:1] not in ((), ("0",)) else None
        elif command.name == "false" and command.arms:
            self.has_left, self.stop = True, command


def follow(script: Script, where: Where) -> Course:
    """Follow a script."""
    course = Course(script=script, where=where)
    for event in sorted(_events(script), key=_place)[:_LONGEST]:
        if course.has_left:
            break
        if isinstance(event, Dispatch):
            course.decide(event)
        elif isinstance(event, Command):
            course.run(event)
        else:
            course.assign(event.assignment, event.arms)
    return course


Event = Dispatch | Setter | Command


def _events(script: Script) -> Iterator[Event]:
    yield from script.dispatches
    yield from (Setter(one, arms) for one, arms in script.assignments)
    yield from script.commands


def _place(event: Event) -> tuple[int, int]:
    """A dispatch is decided before what stands in it, a variable set before what stands behind."""
    if isinstance(event, Dispatch):
        return event.span.start, 0
    if isinstance(event, Command):
        return event.span.start, 1
    return _end(event.assignment.span), 2


def _end(span: Span) -> int:
    return span.end


# --- what decides ----------------------------------------------------------------------------


def target_decides(dispatch: Dispatch, values: Values) -> bool:
    """Whether a dispatch stands on the platform that is built."""
    return any(
        name.startswith("TARGET") for one in dispatch.variables for name in values.decides(one)
    ) or any(asks_target(one) or _holds_target(one, values) for one in dispatch.asks)


def machine_decides(dispatch: Dispatch, values: Values) -> bool:
    """Whether it stands on the machine that runs the script, or on the one that builds."""
    return any(
        name.startswith("BUILD") for one in dispatch.variables for name in values.decides(one)
    ) or any(asks_machine(one) for one in dispatch.asks)


def _holds_target(ask: str, values: Values) -> bool:
    """`echo $TARGETARCH | sed …`."""
    names = re.findall(r"\$\{?(\w+)", ask)
    return any(one.startswith("TARGET") for name in names for one in values.decides(name))
