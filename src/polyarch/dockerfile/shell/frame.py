"""What the walk through a script has still to look at, and what is known about the place."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from polyarch.dockerfile.shell.script import Arm, ShellAssignment
from polyarch.dockerfile.shell.syntax import Source
from polyarch.dockerfile.source import Span

if TYPE_CHECKING:
    from tree_sitter import Node


@dataclass(frozen=True, slots=True, kw_only=True)
class Context:
    """Where a statement stands. `depth` counts substitutions and texts around it.

    `assignments` are those in front of a shell whose text it stands in. `is_exact` is that of the
    text (see `Source`).
    """

    arms: tuple[Arm, ...] = ()
    wrappers: tuple[str, ...] = ()
    assignments: tuple[ShellAssignment, ...] = ()
    is_substituted: bool = False
    pipeline: int | None = None
    depth: int = 0
    is_exact: bool = True

    def in_pipeline(self, number: int | None) -> "Context":
        """The same place as a member of a pipeline; None is outside of any."""
        return self if self.pipeline == number else replace(self, pipeline=number)

    def in_arm(self, arm: Arm) -> "Context":
        """One branch further in."""
        return replace(self, arms=(*self.arms, arm), pipeline=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Frame:
    """A node to look at.

    `redirects` stand behind it and are its own, although the grammar has them around more:
    `a && b > file` is for it `(a && b) > file`.
    """

    node: "Node"
    source: Source
    context: Context
    redirects: "tuple[Node, ...]" = ()

    @property
    def span(self) -> Span:
        """The node's place in the Dockerfile."""
        return self.source.span(self.node)

    def at(self, nodes: "Iterable[Node]", context: Context) -> Iterator["Frame"]:
        """Frames of nodes of the same text."""
        for one in nodes:
            yield Frame(node=one, source=self.source, context=context)

    def inside(self, context: Context) -> Iterator["Frame"]:
        """Frames of the named children."""
        return self.at(self.node.named_children, context)


@dataclass(frozen=True, slots=True, kw_only=True)
class Link:
    """One statement of a chain, what joins it to the one before, and its redirections."""

    operator: str
    node: "Node"
    redirects: "tuple[Node, ...]" = ()

    def at(self, frame: Frame, context: Context) -> Frame:
        """The statement as the next thing to look at."""
        return replace(frame, node=self.node, context=context, redirects=self.redirects)


@dataclass(frozen=True, slots=True, kw_only=True)
class Chain:
    """A part of `a && b || c`: links from `start` up to but without `stop`, each with its joint.

    The operator of the first link is of no account.
    """

    links: tuple[Link, ...]
    start: int
    stop: int
    frame: Frame

    def part(self, start: int, stop: int, context: Context) -> "Chain":
        """Some of its links, in another place."""
        return replace(self, start=start, stop=stop, frame=replace(self.frame, context=context))

    @property
    def span(self) -> Span:
        """From the first link to the last one, in the Dockerfile."""
        source = self.frame.source
        first, last = self.links[self.start].node, self.links[self.stop - 1].node
        return source.text.span(source.start(first), source.end(last))


Step = Frame | Chain
