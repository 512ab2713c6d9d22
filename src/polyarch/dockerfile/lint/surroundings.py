"""What surrounds an instruction of a stage: the variables as far as the file tells, the WORKDIR.

Values are the same for every platform: automatic arguments and what only a caller or a base image
knows stay as they are written.
"""

import posixpath
import re
from collections.abc import Iterator
from dataclasses import dataclass, field

from polyarch.dockerfile.expand import Reading, expand
from polyarch.dockerfile.lint.names import AUTOMATIC
from polyarch.dockerfile.lint.view import FileView, StageView
from polyarch.dockerfile.tree import Instruction
from polyarch.errors import ExpansionError

_KEPT = Reading(keep_unset=True)
_BRACED = re.compile(r"\$\{(\w+)\}")
_LONGEST = 4096
"""Characters of a value; longer ones are kept as written, so that values cannot grow for ever."""


@dataclass(slots=True, kw_only=True)
class Surroundings:
    """Variables and working directory while a stage is read from top to bottom.

    A stage shares its parent's values until it sets one.
    """

    escape: str
    values: dict[str, str] = field(default_factory=dict)
    workdir: str = "/"
    is_shared: bool = False

    def child(self) -> "Surroundings":
        """What a stage that stands on this one begins with."""
        return Surroundings(
            escape=self.escape, values=self.values, workdir=self.workdir, is_shared=True
        )

    def expand(self, text: str) -> str:
        """The text with what is known; the rest stays, `${X}` as `$X`."""
        try:
            found = expand(text, self.values.get, escape=self.escape, reading=_KEPT).text
        except ExpansionError:
            return text
        return _BRACED.sub(r"$\1", found if len(found) <= _LONGEST else text)

    def path(self, text: str) -> str:
        """An absolute path, without a last slash; relative to the WORKDIR."""
        return posixpath.normpath(posixpath.join(self.workdir, self.expand(text)))

    def set(self, name: str, value: str) -> None:
        """Give a variable a value."""
        if self.is_shared:
            self.values, self.is_shared = dict(self.values), False
        self.values[name] = value

    def follow(self, instruction: Instruction, scope: "Surroundings") -> None:
        """Take in what an instruction sets; `scope` are the global arguments."""
        if instruction.name == "WORKDIR":
            self.workdir = self.path(instruction.arguments.text.strip("\"'"))
        for one in instruction.assignments if instruction.name in {"ENV", "ARG"} else ():
            if one.value is not None:
                self.set(one.name, self.expand(one.value))
            elif one.name in scope.values and one.name not in AUTOMATIC:
                self.set(one.name, scope.values[one.name])


def surroundings(
    view: FileView, stage: StageView, known: dict[int, Surroundings]
) -> Iterator[tuple[Instruction, Surroundings]]:
    """Each instruction with what surrounds it; afterwards `known` has what the stage leaves.

    Stages are to be walked in the file's order. The same object is given each time.
    """
    scope = _global(view)
    parent = next((known[index] for index in stage.parents if index in known), None)
    here = parent.child() if parent else Surroundings(escape=view.file.escape)
    for instruction in stage.body:
        yield instruction, here
        here.follow(instruction, scope)
    known[stage.index] = here


def _global(view: FileView) -> Surroundings:
    scope = Surroundings(escape=view.file.escape)
    for _, one in view.arguments:
        if one.value is not None:
            scope.set(one.name, scope.expand(one.value))
    return scope
