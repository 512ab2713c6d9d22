"""PA202: cargo compiles for the target on the machine that builds, with a cross linker of Debian.

Cargo takes the target from a configuration in the root folder, which holds for every command that
compiles the project, and not for tools that `cargo install` takes from elsewhere. What it compiles
for a named target lies in a folder of that name, so the paths behind are led there.
"""

import re
from collections.abc import Iterator

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.commands import Site, check_written, sites
from polyarch.dockerfile.fix.crosstools import Tools, tools
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.fix.pin import pin_edits
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.outputs import transfers
from polyarch.dockerfile.lint.view import StageView
from polyarch.dockerfile.source import Span
from polyarch.errors import FixRefusedError

_COMPILES = frozenset({"build", "b", "chef", "install", "rustc"})
_RUNS = frozenset({"bench", "r", "run", "t", "test"})
_FOLDER = re.compile(r"(?<![\w.-])target/(?=(?:release|debug)(?:/|$))")
_IN_RUN = "target/$(cat /.cargo/target)/"
_IN_COPY = "target/*-linux-*/"
_FOREIGN = frozenset({"maturin", "trunk", "wasm-pack", "wasm-bindgen"})


def cross_compile(finding: LintFinding, work: Work) -> Change:
    """Pin the stage, install linker and standard library, and lead paths to the new folder."""
    stage = work.stage(finding)
    users = [site.instruction for site in sites(stage) if _compiles(site)]
    if not users:
        raise FixRefusedError("no `cargo build` stands in the Dockerfile itself")
    installed, adds = tools(stage, work, users, Tools(rust=True))
    edits = [edit for site in sites(stage) for edit in _led(site)]
    taken = tuple(_taken(stage, work))
    return Change(
        edits=(*pin_edits(stage, work), *installed, *edits, *taken),
        adds=adds,
        native=stage.index,
    )


def _compiles(site: Site) -> bool:
    """Whether a command compiles the project.

    Raises:
        FixRefusedError: it would run what it compiles, or it names a target itself.
    """
    name, words = site.command.name, site.command.arguments
    if name in _FOREIGN:
        raise FixRefusedError(f"`{name}` has its own way to other platforms")
    if name != "cargo" or not words:
        return False
    verb = next((word for word in words if not word.startswith(("+", "-"))), "")
    if verb in _RUNS:
        raise FixRefusedError(f"`cargo {verb}` would run what is compiled for the target")
    told = [*words, *(f"{one.name}" for one in site.command.assignments)]
    if any(
        word.startswith(("--target=", "CARGO_BUILD_TARGET")) or word == "--target" for word in told
    ):
        raise FixRefusedError("`cargo` is told a target already")
    if verb == "chef" and "prepare" in words:
        return False
    if verb == "install" and "--path" not in words:
        return False
    if verb in _COMPILES:
        check_written(site.run)
    return verb in _COMPILES


def _led(site: Site) -> Iterator[Edit]:
    """Paths in commands of the stage; `strip` is the target's."""
    if site.command.name == "strip" and site.command.words[0].text == "strip":
        yield Edit(site.command.words[0].span, "target-strip")
    for word in site.command.words[1:]:
        for found in _FOLDER.finditer(word.text):
            if not word.is_contiguous or "'" in word.text:
                raise FixRefusedError(f"the path `{word.text}` is quoted or broken")
            start = word.span.start + found.start()
            yield Edit(Span(start, start + len(found[0])), _IN_RUN)


def _taken(stage: StageView, work: Work) -> Iterator[Edit]:
    """Paths in COPY instructions that take from the stage."""
    lines = {one.line for one in transfers(work.view).of(stage) if not one.is_mount}
    for one in work.file.instructions:
        if one.first_line not in lines or one.name != "COPY":
            continue
        for found in _FOLDER.finditer(one.arguments.text):
            span = one.arguments.span(found.start(), found.end())
            if span.of(work.text) != found[0]:
                raise FixRefusedError("a path is broken by a continuation")
            yield Edit(span, _IN_COPY)
