"""What a file itself asks not to be told.

`# polyarch: ignore=PA310,PA301 why` stands on the comment lines right above an instruction, or
among those inside it, and silences the rules for that instruction; above FROM also what is told of
the stage. BuildKit's `# check=skip=…` silences the rules that say the same as its own checks
(frontend/dockerfile/linter, `ParseLintOptions`).
"""

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.tree import Blank, Comment, Dockerfile, Instruction

_IGNORE = re.compile(r"polyarch:\s*ignore\s*=\s*([A-Za-z0-9-]+(?:\s*,\s*[A-Za-z0-9-]+)*)(?=\s|$)")
_ALL = "all"


@dataclass(frozen=True, slots=True, kw_only=True)
class Silence:
    """What is silent where.

    `by_line` holds ids and names of rules, in capitals, by the first line of an instruction,
    `skipped` the names of BuildKit's checks that the whole file skips, `all` for every one.
    """

    by_line: Mapping[int, frozenset[str]]
    skipped: frozenset[str]

    def hides(self, finding: LintFinding, rule: Rule) -> bool:
        """Whether the file asks not to be told of it."""
        if rule.buildkit and self.skipped & {rule.buildkit, _ALL}:
            return True
        return not {rule.id, rule.name.upper()}.isdisjoint(self.by_line.get(finding.line, ()))


def silence_of(file: Dockerfile) -> Silence:
    """Read all comments of a file."""
    return Silence(by_line=dict(_lines(file)), skipped=_skipped(file))


def _lines(file: Dockerfile) -> Iterator[tuple[int, frozenset[str]]]:
    above: list[Comment] = []
    for node in file.nodes:
        if isinstance(node, Comment):
            above.append(node)
        elif isinstance(node, Instruction):
            ids = frozenset(_ids((*above, *node.comments)))
            if ids:
                yield node.first_line, ids
            above = []
        elif isinstance(node, Blank):
            above = []


def _ids(comments: Iterable[Comment]) -> Iterator[str]:
    for comment in comments:
        found = _IGNORE.match(comment.text)
        if found:
            yield from (one.strip().upper() for one in found[1].split(","))


def _skipped(file: Dockerfile) -> frozenset[str]:
    """The value is `skip=A,B;error=true`, in any order."""
    directive = file.directive("check")
    options = (part.partition("=") for part in (directive.value if directive else "").split(";"))
    names = (value.split(",") for name, _, value in options if name.strip().lower() == "skip")
    return frozenset(_name(one) for part in names for one in part if one.strip())


def _name(text: str) -> str:
    name = text.strip()
    return _ALL if name.lower() == _ALL else name
