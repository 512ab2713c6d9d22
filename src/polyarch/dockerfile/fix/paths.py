"""PA308: a platform's name in a path, where the rewrite is plain."""

import re
from collections.abc import Iterator

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.declare import declare
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Instruction
from polyarch.errors import FixRefusedError

_JAVA = re.compile(r"/usr/lib/jvm/(?P<name>[a-z]+-\d+-openjdk)-(?:amd64|arm64|i386|armhf)\b")
_CONTEXT = re.compile(r"(?<=/)(?:amd64|arm64)(?=/|$)")
_SHIPS_JAVA = re.compile(r"\bopenjdk-\d+-")


def free_path(finding: LintFinding, work: Work) -> Change:
    """Write the path so that it holds on each platform."""
    instruction = work.instruction(finding)
    if instruction.name == "ENV":
        return _java_home(finding, instruction, work)
    if instruction.name in {"ADD", "COPY"} and instruction.flag("from") is None:
        return _context_path(finding, instruction, work)
    raise FixRefusedError("how the path is called elsewhere is not known")


def _java_home(finding: LintFinding, instruction: Instruction, work: Work) -> Change:
    """Give Debian's JDK a name without the platform: a link, made below the packages."""
    found = list(_found(_JAVA, instruction, work))
    if not found:
        raise FixRefusedError("the path is none of a Debian JDK")
    stage = work.stage(finding)
    if not any(_SHIPS_JAVA.search(run.instruction.arguments.text) for run in stage.runs):
        raise FixRefusedError("the JDK is not installed in this stage")
    name = found[0][0]["name"]
    link = f'RUN ln -s "{name}-$(dpkg --print-architecture)" "/usr/lib/jvm/{name}"'
    place = instruction.extent.start
    edits = [Edit.insert(place, f"{link}{work.file.newline}")]
    edits += [Edit(span, f"/usr/lib/jvm/{match['name']}") for match, span in found]
    return Change(edits=tuple(edits), adds=("RUN",))


def _context_path(finding: LintFinding, instruction: Instruction, work: Work) -> Change:
    found = list(_found(_CONTEXT, instruction, work))
    if not found:
        raise FixRefusedError("the path has no plain name of a platform")
    declared = declare(work, work.stage(finding), ("TARGETARCH",), [instruction])
    edits = [Edit(span, "${TARGETARCH}") for _, span in found]
    return Change(edits=(*declared, *edits), adds=("ARG",) if declared else ())


def _found(
    pattern: re.Pattern[str], instruction: Instruction, work: Work
) -> Iterator[tuple[re.Match[str], Span]]:
    """Each match in the arguments with its place; none may be broken by a continuation."""
    arguments = instruction.arguments
    for match in pattern.finditer(arguments.text):
        if not arguments.is_contiguous(match.start(), match.end()):
            raise FixRefusedError("the path is broken by a continuation")
        span = arguments.span(match.start(), match.end())
        if span.of(work.text) == match[0]:
            yield match, span
