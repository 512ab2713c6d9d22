"""PA203: C compiled for the target on the machine that builds, by Debian's cross compilers.

Only the small shapes: a compiler that is called by name, `make`, `./configure` and CMake, each told
which compiler to take.
"""

import re
from collections.abc import Iterator

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.commands import Site, check_written, sites
from polyarch.dockerfile.fix.crosstools import Tools, tools
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.fix.pin import pin_edits
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.errors import FixRefusedError

_COMPILERS = {"cc": "gcc", "gcc": "gcc", "c++": "g++", "g++": "g++"}
_BINUTILS = frozenset({"ar", "ld", "nm", "objcopy", "ranlib", "strip"})
_CHOSEN = re.compile(r"(?:CC|CXX|CROSS_COMPILE|--host|-DCMAKE_(?:C|CXX)_COMPILER)=.*")
_CMAKE = (
    "-DCMAKE_SYSTEM_NAME=Linux"
    ' -DCMAKE_SYSTEM_PROCESSOR="$(target-gcc -dumpmachine | cut -d- -f1)"'
    " -DCMAKE_C_COMPILER=target-gcc -DCMAKE_CXX_COMPILER=target-g++"
)
"""With a system named, CMake takes it that what it builds cannot run here."""
_LATER = ("--build", "--install", "-E", "-P")


def cross_compile(finding: LintFinding, work: Work) -> Change:
    """Pin the stage, install the cross compiler, and tell each command of it."""
    stage = work.stage(finding)
    edits: list[Edit] = []
    users = []
    cxx = False
    for site in sites(stage):
        found = tuple(_edits(site))
        if found:
            check_written(site.run)
            users.append(site.instruction)
            cxx = cxx or any("g++" in edit.replacement for edit in found)
        edits += found
    if not users:
        raise FixRefusedError("no compiler, `make` or CMake stands in the Dockerfile itself")
    installed, adds = tools(stage, work, users, Tools(cxx=cxx))
    return Change(
        edits=(*pin_edits(stage, work), *installed, *edits), adds=adds, native=stage.index
    )


def _edits(site: Site) -> Iterator[Edit]:
    name, words = site.command.name, site.command.words
    told = [*site.command.arguments, *(f"{one.name}=" for one in site.command.assignments)]
    is_ours = name in {"make", "gmake", "cmake", "configure"}
    if is_ours and any(map(_CHOSEN.fullmatch, told)):
        raise FixRefusedError(f"`{name}` is told a compiler already")
    if name in _COMPILERS or name in _BINUTILS:
        if words[0].text != name:
            raise FixRefusedError(f"`{words[0]}` is called by its path")
        yield Edit(words[0].span, f"target-{_COMPILERS.get(name, name)}")
    elif name in {"make", "gmake"}:
        yield Edit.insert(words[0].span.end, " CC=target-gcc")
    elif name == "configure":
        yield Edit.insert(words[0].span.end, ' CC=target-gcc --host="$(target-gcc -dumpmachine)"')
    elif name == "cmake" and not _is_later(site):
        yield Edit.insert(words[0].span.end, f" {_CMAKE}")


def _is_later(site: Site) -> bool:
    return site.command.arguments[:1] != () and site.command.arguments[0] in _LATER
