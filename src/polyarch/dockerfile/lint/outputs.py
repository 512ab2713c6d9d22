"""What leaves a stage, and who receives it: `COPY --from=` and `RUN --mount=from=`."""

import csv
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from polyarch.dockerfile.graph import OriginKind, Use
from polyarch.dockerfile.lint.surroundings import Surroundings, surroundings
from polyarch.dockerfile.lint.view import FileView, StageView
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Flag, Instruction
from polyarch.dockerfile.words import plain_words

_LONGEST = 4096
"""Characters of a path (Linux, PATH_MAX)."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Output:
    """A path that one stage takes from another, or from an image.

    `giver` is the index of the stage, None for an image, `origin` the name as it stands there.
    `path` is absolute in the giver, with variables filled in as far as the file tells; it may be a
    pattern. `destination` is absolute in the receiver; a last slash says that it is a folder.
    """

    giver: int | None
    origin: str
    receiver: int
    path: str
    destination: str
    is_mount: bool
    line: int
    span: Span

    def __str__(self) -> str:
        return self.path


@dataclass(frozen=True, slots=True, kw_only=True)
class Transfers:
    """All of a file's, by giver and by receiver.

    `ends` is what surrounds the end of each stage, `workdirs` the folders in which it runs things.
    """

    given: Mapping[int, tuple[Output, ...]]
    taken: Mapping[int, tuple[Output, ...]]
    ends: Mapping[int, Surroundings]
    workdirs: Mapping[int, tuple[str, ...]]

    def of(self, stage: StageView) -> tuple[Output, ...]:
        """What leaves a stage."""
        return self.given.get(stage.index, ())

    def into(self, stage: StageView) -> tuple[Output, ...]:
        """What a stage takes from others."""
        return self.taken.get(stage.index, ())


def transfers(view: FileView) -> Transfers:
    """What the needed stages of a file take from each other and from images."""
    given: dict[int, list[Output]] = {}
    taken: dict[int, list[Output]] = {}
    ends: dict[int, Surroundings] = {}
    workdirs: dict[int, dict[str, None]] = {}
    for stage in view.needed:
        for output in _into(view, stage, ends, workdirs.setdefault(stage.index, {})):
            taken.setdefault(stage.index, []).append(output)
            if output.giver is not None:
                given.setdefault(output.giver, []).append(output)
    return Transfers(
        given={index: tuple(found) for index, found in given.items()},
        taken={index: tuple(found) for index, found in taken.items()},
        ends=ends,
        workdirs={index: tuple(found) for index, found in workdirs.items()},
    )


def _into(
    view: FileView, stage: StageView, ends: dict[int, Surroundings], workdirs: dict[str, None]
) -> Iterator[Output]:
    uses = {
        use.span: use
        for one in stage.resolved.values()
        for use in one.copies_from
        if use.origin.kind in {OriginKind.STAGE, OriginKind.IMAGE}
    }
    for instruction, here in surroundings(view, stage, ends):
        if instruction.name == "RUN":
            workdirs[here.workdir] = None
        for flag in instruction.flags:
            use = uses.get(flag.span)
            if use is None:
                continue
            if instruction.name == "COPY":
                yield from _copied(stage, instruction, use, here)
            else:
                yield _mounted(stage, flag, use, here)


def _copied(
    stage: StageView, instruction: Instruction, use: Use, here: Surroundings
) -> Iterator[Output]:
    *sources, last = _words(instruction)
    destination = here.path(last)
    if last.endswith(("/", "/.")) or last in {".", "./"} or len(sources) > 1:
        destination = destination.rstrip("/") + "/"
    for source in sources:
        path = Surroundings(escape=here.escape, values=here.values).path(source)
        yield _output(stage, use, path, destination)


def _mounted(stage: StageView, flag: Flag, use: Use, here: Surroundings) -> Output:
    rows = list(csv.reader([flag.value or ""]))
    pairs = (field.partition("=") for row in rows for field in row)
    fields = {name.lower(): value for name, _, value in pairs}
    source = fields.get("source", fields.get("src", "/")) or "/"
    target = next((fields[name] for name in ("target", "dst", "destination") if name in fields), "")
    path = Surroundings(escape=here.escape, values=here.values).path(source)
    return _output(stage, use, path, here.path(target), is_mount=True)


def _output(
    stage: StageView, use: Use, path: str, destination: str, *, is_mount: bool = False
) -> Output:
    return Output(
        giver=use.origin.stage,
        origin=use.origin.text,
        receiver=stage.index,
        path=path[:_LONGEST],
        destination=destination[:_LONGEST],
        is_mount=is_mount,
        line=use.line,
        span=use.span,
    )


def _words(instruction: Instruction) -> tuple[str, ...]:
    if instruction.json is not None:
        return instruction.json
    # The shell form knows no quotes; people write them all the same.
    return tuple(word.text.strip("\"'") for word in plain_words(instruction.arguments.text))
