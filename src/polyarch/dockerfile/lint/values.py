"""What the variables of a stage are worth on one platform, where each of its RUNs stands."""

from collections.abc import Iterator
from dataclasses import dataclass, field

from polyarch.dockerfile.expand import Lookup, expand
from polyarch.dockerfile.lint.names import DECISIVE, variables
from polyarch.dockerfile.lint.view import FileView, Run, StageView
from polyarch.dockerfile.scope import automatic_arguments, declare_globally
from polyarch.dockerfile.tree import Assignment, Instruction
from polyarch.errors import ExpansionError
from polyarch.oci.platform import Platform

_MOST = 300
"""Variables of one stage that are followed."""
_LONGEST = 4096
"""Characters of a value; a longer one counts as unknown."""


@dataclass(slots=True, kw_only=True)
class Values:
    """Variables while a stage is read from top to bottom; those that are missing are unknown.

    `decided` tells for a variable which of BuildKit's own variables of a platform its value stands
    on. A stage shares its parent's values until it sets one. `given` are the build arguments, which
    beat the defaults of a stage.
    """

    escape: str
    known: dict[str, str | None] = field(default_factory=dict)
    decided: dict[str, frozenset[str]] = field(default_factory=dict)
    is_shared: bool = False
    given: frozenset[str] = frozenset()

    def child(self) -> "Values":
        """What a stage that stands on this one begins with."""
        return Values(escape=self.escape, known=self.known, decided=self.decided, is_shared=True)

    def get(self, name: str) -> str | None:
        """The value; None where nobody knows."""
        return self.known.get(name)

    def decides(self, name: str) -> frozenset[str]:
        """The variables of the platform that this one stands on."""
        return self.decided.get(name, frozenset())

    def expand(self, text: str) -> str | None:
        """The text with its variables, None where one of them is unknown."""
        return expanded(text, self.known.get, self.escape)

    def follow(self, instruction: Instruction, scope: "Values") -> None:
        """Take in what an instruction declares or sets; `scope` are the global arguments."""
        if instruction.name == "ENV":
            pairs = [(one, self.expand(one.value or "")) for one in instruction.assignments]
            for one, value in pairs:
                self._set(one.name, value, self._decides(one))
        elif instruction.name == "ARG":
            for one in instruction.assignments:
                if one.value is not None and one.name not in scope.given:
                    self._set(one.name, self.expand(one.value), self._decides(one))
                elif one.name in scope.known:
                    self._set(one.name, scope.known[one.name], scope.decides(one.name))

    def _decides(self, one: Assignment) -> frozenset[str]:
        return frozenset[str]().union(*(self.decides(name) for name in variables(one.value or "")))

    def _set(self, name: str, value: str | None, decided: frozenset[str]) -> None:
        if len(self.known) >= _MOST and name not in self.known:
            return
        if self.is_shared:
            self.known, self.decided = dict(self.known), dict(self.decided)
            self.is_shared = False
        self.known[name] = value
        self.decided[name] = decided


def expanded(text: str, lookup: Lookup, escape: str = "\\") -> str | None:
    """A text with its variables; None where one is unknown, or where it cannot be read."""
    unknown: set[str] = set()

    def known(name: str) -> str | None:
        value = lookup(name)
        if value is None:
            unknown.add(name)
        return value

    try:
        found = expand(text, known, escape=escape).text
    except ExpansionError:
        return None
    return None if unknown or len(found) > _LONGEST else found


def values_at_runs(view: FileView, platform: Platform) -> Iterator[tuple[StageView, Run, Values]]:
    """Each RUN of the stages that a platform needs; the values hold until the next one is asked."""
    scope = _scope(view, platform)
    left: dict[int, Values] = {}
    for stage in view.needed:
        if platform not in stage.resolved:
            continue
        parent = stage.resolved[platform].base.stage
        here = left[parent].child() if parent in left else Values(escape=view.file.escape)
        runs = {id(run.instruction): run for run in stage.runs}
        for instruction in stage.body:
            if id(instruction) in runs:
                yield stage, runs[id(instruction)], here
            here.follow(instruction, scope)
        left[stage.index] = here


def _scope(view: FileView, platform: Platform) -> Values:
    """What FROM sees, and what ARG without a default takes over."""
    given = view.given.build_args
    automatic = automatic_arguments(platform, view.build_platform, view.final.name)
    known = {name: given.get(name, value) for name, value in automatic.items()}
    known.update(given)
    scope = Values(escape=view.file.escape, given=frozenset(given))
    scope.decided = {name: frozenset({name}) for name in DECISIVE - given.keys()}
    for _, one in view.arguments:
        try:
            declare_globally(known, one, given, view.file.escape)
        except ExpansionError:
            known.pop(one.name, None)
        if one.value is not None:
            names = (scope.decides(name) for name in variables(one.value))
            scope.decided[one.name] = frozenset[str]().union(*names)
    scope.known = {**known}
    return scope
