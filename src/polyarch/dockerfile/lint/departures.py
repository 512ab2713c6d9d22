"""What leaves a stage, judged: folders of the system, installed programs, tools of other stages."""

import re
from collections.abc import Iterable, Iterator

from polyarch.dockerfile.lint.emulation import Emulation, Site
from polyarch.dockerfile.lint.finding import FixClass
from polyarch.dockerfile.lint.neutral import (
    is_bin_pattern,
    is_bundle,
    is_installed,
    is_library,
    is_neutral,
    is_package_tree,
    is_system_tree,
)
from polyarch.dockerfile.lint.outputs import Output
from polyarch.dockerfile.lint.preconditions import Doubt, Precondition
from polyarch.dockerfile.lint.programs import installs_packages

_BRACED = re.compile(r"\$\{(\w+)\}")
_REDIRECTED = re.compile(r">\s*(/\S+)")


def system_output(outputs: Iterable[Output]) -> Iterator[Doubt]:
    """3: no library folders, package trees or whole folders of the system leave the stages."""
    for output in outputs:
        path = output.path
        reason = ""
        if is_neutral(path):
            continue
        if is_bin_pattern(path):
            reason = f"`{path}` takes a whole folder of programs"
        elif is_package_tree(path) and not is_bundle(path):
            reason = f"`{path}` holds installed packages, which may be native"
        elif is_library(path):
            reason = f"`{path}` holds libraries of the platform"
        elif is_system_tree(path):
            reason = f"`{path}` holds what the base image brings for its platform"
        if reason:
            yield _doubt(Precondition.NEUTRAL, reason)


def received_elsewhere(emulation: Emulation, outputs: Iterable[Output]) -> Iterator[Doubt]:
    """2: what is compiled goes to the image, not to a stage that may run it."""
    for output in outputs:
        receiver = emulation.view.stages[output.receiver]
        if receiver.runs and not receiver.is_shipped and not is_neutral(output.path):
            yield _doubt(
                Precondition.NOT_RUN,
                f"`{output.path}` goes to the stage of line {receiver.line}, which may run it",
                FixClass.REVIEW,
            )


def packaged(family: tuple[Site, ...], outputs: Iterable[Output]) -> Iterator[Doubt]:
    """3: no program leaves that a package manager put there."""
    text = _written(family)
    for output in outputs:
        path = output.path
        if is_installed(path) and not is_neutral(path) and path not in text:
            yield _doubt(
                Precondition.NEUTRAL,
                f"`{path}` comes from a package, or from the base image, for its platform",
            )


def _written(family: tuple[Site, ...]) -> str:
    """What the stages write by name: their commands without the package managers', their COPY."""
    words = (
        str(word)
        for site in family
        for deed in site.deeds
        if not installs_packages(deed.call)
        for word in deed.command.words[1:]
    )
    copies = (
        instruction.arguments.text
        for site in family
        for instruction in site.stage.body
        if instruction.name in {"COPY", "ADD"}
    )
    scripts = (script.text for site in family for run in site.stage.runs for script in run.scripts)
    redirected = (part for text in scripts for part in _REDIRECTED.findall(text))
    return _BRACED.sub(r"$\1", "\n".join([*words, *copies, *redirected]))


def _doubt(about: Precondition, reason: str, most: FixClass = FixClass.NONE) -> Doubt:
    return Doubt(about=about, most=most, reason=reason)
