"""What leaves a stage, judged: folders of the system, installed programs, tools of other stages."""

import re
from collections.abc import Iterable, Iterator

from polyarch.dockerfile.lint.emulation import Emulation, Site
from polyarch.dockerfile.lint.finding import FixClass
from polyarch.dockerfile.lint.leaving import leaving
from polyarch.dockerfile.lint.neutral import (
    is_bin_pattern,
    is_installed,
    is_library,
    is_neutral,
    is_package_tree,
    is_system_tree,
)
from polyarch.dockerfile.lint.outputs import Output
from polyarch.dockerfile.lint.preconditions import Doubt, Precondition
from polyarch.dockerfile.lint.written import is_written, written

_COPIES = frozenset({"cp", "mv", "install", "rsync", "ln"})
_BROUGHT = re.compile(r"/(?:usr/)?(?:s?bin|lib(?:32|64|x32|exec)?)/(?!.*\.(?:sh|py|pl)$)")
"""Where only the base image and its package manager put files."""
_ASKED = re.compile(r"\$\(\s*(?:which|command -v|type -p)\s|`\s*(?:which|command -v|type -p)\s")


def departing(
    emulation: Emulation, family: tuple[Site, ...], outputs: Iterable[Output]
) -> Iterator[Doubt]:
    """3: nothing leaves that the base image or a package manager brought for its platform."""
    made = written(emulation, family)
    for output in outputs:
        reason = "" if is_neutral(output.path) else _reason(output.path, made)
        if reason:
            yield Doubt(about=Precondition.NEUTRAL, most=FixClass.NONE, reason=reason)
    for site in family:
        yield from _taken(emulation, site, made)


def _taken(emulation: Emulation, site: Site, made: frozenset[str]) -> Iterator[Doubt]:
    """Programs and libraries of the base image that a command puts where something leaves."""
    found = leaving(emulation.transfers, site.stage)
    for deed in site.deeds:
        if deed.call.program not in _COPIES or deed.call.has("-s", "--symbolic", "-d"):
            continue
        *sources, destination = ("", *(str(word) for word in deed.command.words[1:]))
        for source in sources if found.has((destination,)) else ():
            path = source.strip("\"'")
            if _ASKED.match(path) or (_BROUGHT.match(path) and not is_written(path, made)):
                yield Doubt(
                    about=Precondition.NEUTRAL,
                    most=FixClass.NONE,
                    reason=f"`{deed.call}` takes `{path}`, which is there for the stage's platform",
                )


def _reason(path: str, made: frozenset[str]) -> str:
    if is_bin_pattern(path):
        return f"`{path}` takes a whole folder of programs"
    if is_package_tree(path):
        return f"`{path}` holds installed packages, which may be native"
    if is_system_tree(path):
        return f"`{path}` holds what the base image brings for its platform"
    if is_library(path) and not is_written(path, made):
        return f"`{path}` holds libraries of the platform"
    if is_installed(path) and not is_written(path, made):
        return f"`{path}` comes from a package, or from the base image, for its platform"
    return ""


def received_elsewhere(emulation: Emulation, outputs: Iterable[Output]) -> Iterator[Doubt]:
    """2: what is compiled goes to the image, not to a stage that may run it."""
    for output in outputs:
        receiver = emulation.view.stages[output.receiver]
        if receiver.runs and not receiver.is_shipped and not is_neutral(output.path):
            yield Doubt(
                about=Precondition.NOT_RUN,
                most=FixClass.REVIEW,
                reason=f"`{output.path}` goes to the stage of line {receiver.line}, which may run"
                " it",
            )
