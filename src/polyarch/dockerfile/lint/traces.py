"""Traces in the commands of stages: what they make, what they take, whose answers they use."""

import re
from collections.abc import Iterator

from polyarch.dockerfile.lint.emulation import Deed, Emulation, Site
from polyarch.dockerfile.lint.neutral import is_neutral
from polyarch.dockerfile.lint.outputs import Output
from polyarch.dockerfile.lint.tools import Work

_BUILT = frozenset(
    {"build", "_build", ".build", "target", "out", "output", "dist", "zig-out", "cmake-build"}
)
"""Folders of a project that compilers write to."""
_LONGEST = 100_000
"""Characters of a script that is searched for names; in a longer one each is taken for used."""


def products(emulation: Emulation, family: tuple[Site, ...]) -> frozenset[str]:
    """The names of what is compiled: what `-o` names, and what leaves without an ending."""
    named = (
        value.rpartition("/")[2]
        for site in family
        for deed in site.deeds
        if deed.work in {Work.GO, Work.C, Work.RUST, Work.DOTNET}
        for value in deed.call.values("-o", "--output", "--bin")
    )
    left = (
        output.path.rpartition("/")[2]
        for site in family
        for output in emulation.transfers.of(site.stage)
        if not is_neutral(output.path)
    )
    return frozenset(name for name in (*named, *left) if name and "." not in name)


def is_from_build(deed: Deed) -> bool:
    """Whether a program is started out of a folder that compilers write to (`./build/app`).

    Scripts have an ending; what stands in `/usr` and its like was installed.
    """
    path = (deed.command.words[0].value or "") if deed.command.words else ""
    *folders, name = path.removeprefix("./").split("/")
    return bool(name) and "." not in name and bool(folders) and folders[0] in _BUILT


def foreign(emulation: Emulation, family: tuple[Site, ...]) -> Iterator[Output]:
    """What the family takes from images, and from stages of the target that stay there."""
    inside = {site.stage.index for site in family}
    for site in family:
        for output in emulation.transfers.into(site.stage):
            if output.giver is None or (
                output.giver not in inside and emulation.view.stages[output.giver].is_emulated
            ):
                yield output


def looks_run(output: Output, family: tuple[Site, ...]) -> bool:
    """Whether what a family takes is a program that it may run: by its folder, or by its name."""
    path = output.destination
    if is_neutral(output.path) or output.path.endswith(".phar"):
        return False
    name = path.rstrip("/").rpartition("/")[2]
    source = output.path.rpartition("/")[2]
    in_bin = "/bin/" in f"{path}/" or "/sbin/" in f"{path}/" or path == "/"
    return in_bin or any(
        deed.call.program in {name, source} for site in family for deed in site.deeds
    )


def is_used(deed: Deed) -> bool:
    """Whether the answer of a question goes anywhere: into a word, or a variable that is used."""
    if not deed.command.is_substituted:
        return True
    span = deed.command.span
    for assignment, _ in deed.script.assignments:
        value = assignment.value.span
        if value.start <= span.start and span.end <= value.end:
            return _is_read(assignment.name, deed)
    return True


def _is_read(name: str, deed: Deed) -> bool:
    """Whether the name stands anywhere but in the one place that sets it."""
    bodies = (heredoc.body for heredoc in deed.run.instruction.heredocs)
    text = "\n".join([deed.script.text, *bodies])
    return len(text) > _LONGEST or len(re.findall(rf"\b{re.escape(name)}\b", text)) > 1
