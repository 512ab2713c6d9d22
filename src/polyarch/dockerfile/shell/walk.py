"""From the syntax tree of a script to its commands, assignments and dispatches.

The walk keeps its own stack, so that no depth of a script is too deep; arms, substitutions and
texts within texts are followed to a bound, beyond which the script counts as not whole.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from polyarch.dockerfile.shell.branching import (
    Branching,
    case_of,
    chain_of,
    first_tests,
    guards_of,
    if_of,
    subjects,
)
from polyarch.dockerfile.shell.comparison import test_words
from polyarch.dockerfile.shell.frame import Chain, Context, Frame, Step
from polyarch.dockerfile.shell.invocation import assignment_of, invocation_of
from polyarch.dockerfile.shell.origins import Origins
from polyarch.dockerfile.shell.script import Arm, Command, Dispatch, Script, ShellAssignment
from polyarch.dockerfile.shell.syntax import Budget, parse_script
from polyarch.dockerfile.shell.word import word_of
from polyarch.dockerfile.source import JoinedText

_TOP = Context()
_DEEPEST = 60
"""Arms, substitutions and texts within each other that are followed."""
_SIMPLE = frozenset({"command", "declaration_command", "unset_command", "redirected_statement"})
_SUBSTITUTIONS = frozenset({"command_substitution", "process_substitution"})
_LEAVES = frozenset({"comment", "heredoc_start", "heredoc_end", "variable_name", "word", "number"})


def read_text(text: JoinedText, budget: Budget, context: Context = _TOP) -> Script:
    """Read one script; `context` tells what started its shell."""
    walk = _Walk(budget=budget)
    walk.enter(text, context)
    while walk.waiting:
        walk.visit(walk.waiting.pop())
    return Script(
        text=text.text,
        commands=tuple(walk.commands),
        assignments=tuple(walk.assignments),
        dispatches=tuple(walk.dispatches),
        is_whole=walk.is_whole,
    )


@dataclass(slots=True, kw_only=True)
class _Walk:
    budget: Budget
    commands: list[Command] = field(default_factory=list)
    assignments: list[tuple[ShellAssignment, tuple[Arm, ...]]] = field(default_factory=list)
    dispatches: list[Dispatch] = field(default_factory=list)
    origins: Origins = field(default_factory=Origins)
    waiting: list[Step] = field(default_factory=list)
    pipelines: int = 0
    is_whole: bool = True

    def enter(self, text: JoinedText, context: Context) -> None:
        """Go on with a text of its own: the script, or one within it."""
        if context.depth > _DEEPEST:
            self.is_whole = False
            return
        tree = parse_script(text, self.budget, is_exact=context.is_exact)
        self.is_whole = self.is_whole and tree.is_whole
        if tree.root is not None:
            self.waiting.append(Frame(node=tree.root, source=tree.source, context=context))

    def push(self, steps: Iterable[Step]) -> None:
        """What comes next, in its order."""
        self.waiting += reversed(tuple(steps))

    def visit(self, step: Step) -> None:
        if isinstance(step, Chain):
            self.link(step)
            return
        kind = step.node.type
        if kind in _SIMPLE:
            self.statement(step)
        elif kind in {"case_statement", "if_statement"}:
            self.dispatch(case_of(step) if kind == "case_statement" else if_of(step))
        elif kind == "list":
            self.link(chain_of(step))
        elif kind == "pipeline":
            self.members(step, self.numbered(step.context.in_pipeline(None)))
        elif kind not in _LEAVES:
            self.note(step)
            self.descend(step)

    def note(self, frame: Frame) -> None:
        """What a node says besides what stands in it."""
        kind = frame.node.type
        if kind == "variable_assignment":
            found = assignment_of(frame.node, frame.source)
            if found is not None:
                self.assign(found, frame.context)
        elif kind == "test_command":
            self.test(frame)
        elif kind == "for_statement":
            self.loop(frame)

    def descend(self, frame: Frame) -> None:
        """Into what is no statement itself: groups, loops, words."""
        if frame.node.type == "negated_command":
            self.members(frame, frame.context)
            return
        context = frame.context.in_pipeline(None)
        if frame.node.type in _SUBSTITUTIONS:
            context = replace(context, is_substituted=True, depth=context.depth + 1)
        if context.depth > _DEEPEST:
            self.is_whole = False
            return
        self.push((*frame.inside(context), *frame.at(frame.redirects, context)))

    def members(self, frame: Frame, context: Context) -> None:
        """The commands of a pipeline; what is redirected is the last one."""
        steps = list(frame.inside(context))
        if steps:
            steps[-1] = replace(steps[-1], redirects=frame.redirects)
        self.push(steps)

    def numbered(self, context: Context) -> Context:
        """The place with a pipeline, a new one unless it is in one."""
        if context.pipeline is not None:
            return context
        self.pipelines += 1
        return context.in_pipeline(self.pipelines)

    # --- commands ----------------------------------------------------------------------------

    def statement(self, frame: Frame) -> None:
        found = invocation_of(frame)
        if found is None:
            self.redirected(frame)
            return
        context = self.numbered(frame.context)
        wrappers = (*context.wrappers, *found.wrappers)
        for assignment in found.declared:
            self.assign(assignment, context)
        self.push(found.steps(frame, context))
        if found.script is not None:
            name, _, text = found.script
            made = (*context.assignments, *found.assignments)
            inner = replace(
                context, wrappers=(*wrappers, name), assignments=made, depth=context.depth + 1
            )
            self.enter(text, inner.in_pipeline(None))
            return
        if not found.words:
            # `FOO=1 >file`: nothing is run.
            for assignment in found.assignments:
                self.assign(assignment, context)
            return
        self.commands.append(
            Command(
                words=found.words,
                assignments=(*context.assignments, *found.assignments),
                arms=context.arms,
                wrappers=wrappers,
                is_substituted=context.is_substituted,
                pipeline=context.pipeline or 0,
                span=frame.span,
                redirects=found.redirects,
                is_fed=found.is_fed,
            )
        )

    def redirected(self, frame: Frame) -> None:
        """Redirections of something greater than a command."""
        body = frame.node.child_by_field_name("body")
        if body is None:
            self.push(frame.inside(frame.context))
            return
        redirects = (*frame.node.children_by_field_name("redirect"), *frame.redirects)
        self.push([replace(frame, node=body, redirects=redirects)])

    def test(self, frame: Frame) -> None:
        context = self.numbered(frame.context)
        self.commands.append(
            Command(
                words=tuple(test_words(frame.node, frame.source)),
                assignments=(),
                arms=context.arms,
                wrappers=context.wrappers,
                is_substituted=context.is_substituted,
                pipeline=context.pipeline or 0,
                span=frame.span,
            )
        )

    def assign(self, assignment: ShellAssignment, context: Context) -> None:
        self.assignments.append((assignment, context.arms))
        is_certain = not context.arms and not assignment.is_appended
        self.origins.set(assignment.name, assignment.value, is_certain=is_certain)

    def loop(self, frame: Frame) -> None:
        """`for`: the variable takes each of the words."""
        variable = frame.node.child_by_field_name("variable")
        for one in frame.node.children_by_field_name("value"):
            if variable is not None and one.is_named:
                word = word_of(one, frame.source)
                self.origins.set(frame.source.of(variable), word, is_certain=False)

    # --- branches ----------------------------------------------------------------------------

    def link(self, chain: Chain) -> None:
        """The links up to the first test, and what that test decides about the others."""
        tests = first_tests(chain)
        context = chain.frame.context.in_pipeline(None)
        if len(context.arms) >= _DEEPEST:
            self.is_whole = False
            tests = range(0)
        if tests and tests.start == chain.start:
            self.dispatch(guards_of(chain, tests))
            return
        plain = range(chain.start, tests.start if tests else chain.stop)
        self.push(chain.links[index].at(chain.frame, context) for index in plain)
        if tests:
            # What stands before is looked at first: it may set the variable that is compared.
            rest = chain.part(tests.start, chain.stop, context)
            self.waiting.insert(len(self.waiting) - len(plain), rest)

    def dispatch(self, branching: Branching) -> None:
        context = branching.frame.context.in_pipeline(None)
        if len(context.arms) >= _DEEPEST:
            self.is_whole = False
            self.push(branching.frame.inside(context))
            return
        arms = tuple(self.arms(branching))
        words = (one.subject for one in subjects(branching.branches) if one.subject)
        origin = self.origins.of(dict.fromkeys(words))
        self.dispatches.append(
            Dispatch(
                index=len(self.dispatches),
                is_case=branching.is_case,
                variables=origin.variables,
                asks=origin.asks,
                arms=arms,
                has_else=any(arm.is_else for arm in arms),
                span=branching.span,
                outer=context.arms,
            )
        )
        self.push(_steps(branching, arms, context))

    def arms(self, branching: Branching) -> Iterator[Arm]:
        for index, branch in enumerate(branching.branches):
            yield Arm(
                dispatch=len(self.dispatches),
                index=index,
                patterns=branch.patterns,
                is_else=branch.is_else,
                span=branch.span,
                condition=branch.condition,
            )


def _steps(branching: Branching, arms: tuple[Arm, ...], context: Context) -> Iterator[Step]:
    for branch, arm in zip(branching.branches, arms, strict=True):
        yield from branching.frame.at(branch.tests, context)
        yield from branch.steps(branching.frame, context.in_arm(arm))
    if branching.rest is not None:
        yield branching.rest
