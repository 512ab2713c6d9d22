"""A Dockerfile cut into its global arguments and its stages, nothing expanded yet.

Source: BuildKit, frontend/dockerfile/instructions/parse.go (`Parse`, `parseFrom`).
"""

import re
from dataclasses import dataclass

from polyarch.dockerfile.source import Span
from polyarch.dockerfile.spacing import Word
from polyarch.dockerfile.tree import Assignment, Dockerfile, Instruction
from polyarch.dockerfile.words import plain_words
from polyarch.errors import DockerfileSyntaxError

_STAGE_NAME = re.compile(r"[a-z][a-z0-9_.-]*")
_DOCKER_FRONTEND = re.compile(
    r"(?:docker\.io/)?docker/dockerfile(?:-upstream)?(?:[:@].*)?", re.DOTALL
)
_NAMED = 3
"""Words of `FROM base AS name`."""


@dataclass(frozen=True, slots=True, kw_only=True)
class StageOutline:
    """A FROM and the instructions below it; `name` is in lower case, `base` as written."""

    index: int
    name: str | None
    start: Instruction
    base: str
    base_span: Span
    platform: str | None
    body: tuple[Instruction, ...]

    @property
    def triggers(self) -> tuple[Instruction, ...]:
        """What ONBUILD leaves to the stages that stand on this one."""
        return tuple(one.trigger for one in self.body if one.trigger)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outline:
    """`arguments` are the ARGs above the first FROM, each with its line."""

    arguments: tuple[tuple[int, Assignment], ...]
    stages: tuple[StageOutline, ...]


def outline(dockerfile: Dockerfile) -> Outline:
    """Cut a Dockerfile.

    Raises:
        DockerfileSyntaxError: no stage, an instruction before the first FROM, a malformed FROM or
            ARG, or an instruction that neither BuildKit's frontend nor another one that
            `# syntax=` names can know.
    """
    arguments: list[tuple[int, Assignment]] = []
    starts: list[tuple[Instruction, list[Instruction]]] = []
    syntax = dockerfile.syntax
    is_foreign = syntax is not None and not is_docker_frontend(syntax)
    for instruction in dockerfile.instructions:
        _check(dockerfile, instruction, is_foreign=is_foreign)
        if instruction.name == "FROM":
            starts.append((instruction, []))
        elif starts:
            starts[-1][1].append(instruction)
        elif instruction.name == "ARG":
            arguments += ((instruction.first_line, one) for one in instruction.assignments)
        else:
            reason = f"{instruction.name} stands before the first FROM; only ARG may"
            raise DockerfileSyntaxError(dockerfile.path, instruction.first_line, reason)
    if not starts:
        last = dockerfile.instructions[-1].last_line
        raise DockerfileSyntaxError(dockerfile.path, last, "there is no FROM")
    stages = (_stage(dockerfile, i, start, body) for i, (start, body) in enumerate(starts))
    return Outline(arguments=tuple(arguments), stages=tuple(stages))


def is_docker_frontend(image: str) -> bool:
    """Whether `# syntax=` names the frontend whose language this room knows."""
    return bool(_DOCKER_FRONTEND.fullmatch(image))


def _check(dockerfile: Dockerfile, instruction: Instruction, *, is_foreign: bool) -> None:
    reason = ""
    if not instruction.is_known and not is_foreign:
        reason = f"`{instruction.keyword}` is no instruction"
    elif instruction.name in {"ARG", "ENV", "LABEL"} and not instruction.assignments:
        reason = f"{instruction.name} needs a name"
    elif any(not one.name for one in instruction.assignments):
        reason = f"{instruction.name} has a name that is empty"
    if reason:
        raise DockerfileSyntaxError(dockerfile.path, instruction.first_line, reason)


def _stage(
    dockerfile: Dockerfile, index: int, start: Instruction, body: list[Instruction]
) -> StageOutline:
    def refuse(reason: str) -> DockerfileSyntaxError:
        return DockerfileSyntaxError(dockerfile.path, start.first_line, reason)

    words = plain_words(start.arguments.text)
    if len(words) != 1 and not (len(words) == _NAMED and words[1].text.lower() == "as"):
        raise refuse("FROM is written `FROM base` or `FROM base AS name`")
    flags = [flag.name for flag in start.flags]
    if flags not in ([], ["platform"]) or any(flag.value is None for flag in start.flags):
        raise refuse("FROM takes one flag, `--platform=…`")
    name = words[2].text.lower() if len(words) == _NAMED else None
    if name is not None and not _STAGE_NAME.fullmatch(name):
        raise refuse(
            f"`{words[2].text}` is no name for a stage: it begins with a letter and has letters, "
            "digits, `-`, `_` and `.` only"
        )
    base: Word = words[0]
    return StageOutline(
        index=index,
        name=name,
        start=start,
        base=base.text,
        base_span=start.arguments.span(base.start, base.end),
        platform=start.flags[0].value if start.flags else None,
        body=tuple(body),
    )
