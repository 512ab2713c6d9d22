"""What variables bring into a text: the platform words of ARG, ENV and assignments."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from polyarch.dockerfile.lint.archnames import means_architecture
from polyarch.dockerfile.lint.downloads import is_address
from polyarch.dockerfile.lint.literals import Literal, literals, of_assignment, of_shell
from polyarch.dockerfile.lint.names import AUTOMATIC, variables
from polyarch.dockerfile.lint.view import FileView
from polyarch.dockerfile.shell.script import ShellAssignment
from polyarch.dockerfile.tree import Assignment, Instruction


@dataclass(frozen=True, slots=True, kw_only=True)
class Binding:
    """A variable's value: the line that gives it, its platform words, what it stands on itself."""

    line: int
    literals: tuple[Literal, ...] = ()
    names: tuple[str, ...] = ()
    is_address: bool = False


_DEEPEST = 64
"""Variables that one text is followed through; people write a handful."""

_CLEARED = Binding(line=0)


@dataclass(slots=True, kw_only=True)
class Bindings:
    """The variables at a place of a stage; a stage shares its parent's until it sets one.

    Those of a script lie over the stage's: `below`.
    """

    found: dict[str, Binding] = field(default_factory=dict)
    is_shared: bool = False
    below: "Mapping[str, Binding]" = field(default_factory=dict)

    def child(self) -> "Bindings":
        """What a stage that stands on this one begins with."""
        return Bindings(found=self.found, is_shared=True)

    def inner(self) -> "Bindings":
        """What a script begins with."""
        return Bindings(below=self.found)

    def behind(self, text: str) -> tuple[Binding, ...]:
        """The bindings that the variables of a text lead to."""
        waiting, found = list(variables(text)), dict[str, Binding]()
        while waiting and len(found) < _DEEPEST:
            name = waiting.pop()
            binding = self.found.get(name) or self.below.get(name)
            if binding is not None and name not in found:
                found[name] = binding
                waiting += binding.names
        return tuple(found.values())

    def follow(self, instruction: Instruction, scope: "Bindings") -> None:
        """Take in ARG and ENV; `scope` are the global arguments.

        An ARG that means an architecture brings nothing: that is told of the ARG itself.
        """
        for one in instruction.assignments:
            if one.value is not None:
                self._set(one.name, _bound(one, instruction.first_line, instruction.name))
            elif one.name in scope.found and one.name not in AUTOMATIC:
                self._set(one.name, scope.found[one.name])

    def assign(self, assignment: ShellAssignment, line: int) -> None:
        """Take in an assignment of a script."""
        piece = of_shell(assignment.value)
        self._set(
            assignment.name,
            Binding(
                line=line,
                literals=literals(piece),
                names=variables(piece.text),
                is_address=is_address(piece.text),
            ),
        )

    def clear(self, name: str) -> None:
        """Forget what a variable holds: a dispatch gives it a value."""
        self._set(name, _CLEARED)

    def _set(self, name: str, binding: Binding) -> None:
        if self.is_shared:
            self.found, self.is_shared = dict(self.found), False
        self.found[name] = binding


def global_bindings(view: FileView) -> Bindings:
    """The arguments above the first FROM."""
    return Bindings(found={one.name: _bound(one, line, "ARG") for line, one in view.arguments})


def start(known: Mapping[int, Bindings], parents: tuple[int, ...]) -> Bindings:
    """What a stage begins with: what the stage that it stands on leaves."""
    parent = next((known[index] for index in parents if index in known), None)
    return parent.child() if parent else Bindings()


def _bound(assignment: Assignment, line: int, keyword: str) -> Binding:
    piece = of_assignment(assignment)
    is_own = keyword == "ARG" and means_architecture(assignment.name)
    return Binding(
        line=line,
        literals=() if is_own else literals(piece),
        names=variables(piece.text),
        is_address=is_address(piece.text),
    )
