"""PA301, PA314: a download that names one platform names the target, where names are known.

Where the project uses Docker's own names, one word changes. Else a `case` in front of the script
chooses the name, and a download of ADD, which cannot choose, becomes one of RUN; where nothing is
there that fetches, arguments make the name that ADD takes.
"""

import posixpath
import re
from collections.abc import Sequence

from polyarch.dockerfile.fix.change import Change, Work
from polyarch.dockerfile.fix.commands import check_written
from polyarch.dockerfile.fix.declare import above, declare
from polyarch.dockerfile.fix.dispatch import ARGUMENTS, statement
from polyarch.dockerfile.fix.edit import Edit
from polyarch.dockerfile.fix.replacement import OLD_FRONTEND, arguments
from polyarch.dockerfile.lint.assets import Asset, Found, asset_in
from polyarch.dockerfile.lint.bases import PackageManager, base_of
from polyarch.dockerfile.lint.downloads import is_check
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.literals import (
    Literal,
    Piece,
    literals,
    of_assignment,
    of_shell,
    sources_of,
)
from polyarch.dockerfile.lint.packages import installed
from polyarch.dockerfile.lint.view import Run, StageView
from polyarch.dockerfile.source import Span
from polyarch.dockerfile.tree import Instruction
from polyarch.errors import FixRefusedError

VARIABLE = "asset_arch"
_TARGET = "${TARGETARCH}"
_NUMBERS = re.compile(r"v?(\d{1,6}(?:\.\d{1,6}){0,3})")
_FETCH = {"curl": 'curl -fsSL -o "{place}" "{address}"', "wget": 'wget -qO "{place}" "{address}"'}


def choose_asset(finding: LintFinding, work: Work) -> Change:
    """Name the target's file."""
    instruction, stage = work.instruction(finding), work.stage(finding)
    if instruction.name == "RUN":
        return _in_run(instruction, stage, work)
    if instruction.name == "ADD":
        return _in_add(instruction, stage, work)
    pieces = [of_assignment(one) for one in instruction.assignments if one.value]
    if instruction not in stage.outline.body:
        raise FixRefusedError("an argument above the first FROM cannot see the target")
    asset, found = _only_asset(pieces)
    if not asset.is_dockers:
        raise FixRefusedError(f"{asset.project} does not use Docker's names: it needs a choice")
    return _change([instruction], stage, work, [Edit(one, _TARGET) for one in found], asset)


def choose_named(finding: LintFinding, work: Work) -> Change:
    """PA314: a name that another world chose becomes one of the project's own."""
    instruction, stage = work.instruction(finding), work.stage(finding)
    run = _own_run(instruction, stage)
    pieces = [of_shell(word) for command in run.commands for word in command.words]
    found = [(piece, one) for piece in pieces if (one := asset_in(piece.text)) and "$" in one.name]
    if not found or any(one.asset.names != found[0][1].asset.names for _, one in found):
        raise FixRefusedError("no download, or those of several projects, take a chosen name")
    if any(not piece.is_exact or "'" in piece.text for piece, _ in found):
        raise FixRefusedError("an address is quoted or broken")
    asset = found[0][1].asset
    places = [piece.part(one.start, one.end) for piece, one in found]
    value = _TARGET if asset.is_dockers else f"${{{VARIABLE}}}"
    edits = [Edit(place, value) for place in places]
    if not asset.is_dockers:
        edits.append(_choice(run, asset, work))
    return _change([instruction], stage, work, edits, asset)


def _own_run(instruction: Instruction, stage: StageView) -> Run:
    """The RUN with its script, which may be written into.

    Raises:
        FixRefusedError: it may not.
    """
    run = next((one for one in stage.runs if one.instruction is instruction), None)
    if run is None:
        raise FixRefusedError("the RUN is not the stage's own")
    check_written(run)
    if any(is_check(command) for command in run.commands):
        raise FixRefusedError("a checksum or signature for the one file stands beside it")
    if len(run.scripts) > 1 or VARIABLE in run.scripts[0].text:
        raise FixRefusedError("the RUN is more than one script")
    return run


def _in_run(instruction: Instruction, stage: StageView, work: Work) -> Change:
    run = _own_run(instruction, stage)
    pieces = [of_shell(word) for command in run.commands for word in command.words]
    asset, found = _only_asset(pieces)
    if asset.is_dockers:
        return _change([instruction], stage, work, [Edit(one, _TARGET) for one in found], asset)
    edits = [Edit(one, f"${{{VARIABLE}}}") for one in found]
    edits.append(_choice(run, asset, work))
    return _change([instruction], stage, work, edits, asset)


def _in_add(instruction: Instruction, stage: StageView, work: Work) -> Change:
    if instruction.flag("checksum"):
        raise FixRefusedError("the checksum is that of the one file")
    pieces = sources_of(instruction)
    asset, found = _only_asset(pieces)
    if asset.is_dockers:
        return _change([instruction], stage, work, [Edit(one, _TARGET) for one in found], asset)
    if len(pieces) != 1 or len(found) != 1 or instruction.flags or instruction.json is not None:
        raise FixRefusedError("ADD takes more than the one file, or has flags")
    place, address = _destination(instruction, pieces[0]), _address(pieces[0], found[0], work.text)
    tool = _tool(stage, work, instruction)
    newline = work.file.newline
    if tool is None:
        return _replaced(instruction, stage, work, asset, f"ADD {address} {place}")
    fetch = _FETCH[tool].format(place=place, address=address)
    script = f"RUN set -e; {_case(asset, '    ', newline)}; \\{newline}    {fetch}"
    edit = Edit(instruction.span, script)
    declared = declare(work, stage, ARGUMENTS, [instruction])
    adds = ("ARG", "RUN") if declared else ("RUN",)
    return Change(edits=(*declared, edit), adds=adds, removes=1)


def _replaced(add: Instruction, stage: StageView, work: Work, asset: Asset, instead: str) -> Change:
    """ADD cannot choose, and nothing else can fetch: arguments make the name."""
    if OLD_FRONTEND.fullmatch(work.file.syntax or ""):
        raise FixRefusedError("ADD cannot choose, and no `wget` or `curl` is known to be there")
    if VARIABLE in work.text:
        raise FixRefusedError(f"an argument is called `{VARIABLE}` already")
    lines = arguments(asset.names, VARIABLE)
    declared = declare(work, stage, ARGUMENTS, [add])
    edit = Edit(add.span, work.file.newline.join((*lines, instead)))
    adds = ("ARG",) * (len(lines) + bool(declared))
    return Change(edits=(*declared, edit), adds=(*adds, "ADD"), removes=1)


def _only_asset(pieces: Sequence[Piece]) -> tuple[Asset, list[Span]]:
    """The one asset of a text, and every place that has its platform's name.

    Raises:
        FixRefusedError: none is known, there are several, or another platform word stands there.
    """
    addresses = [(piece, found) for piece in pieces if (found := asset_in(piece.text))]
    if not addresses:
        raise FixRefusedError("how the project calls its other files is not known")
    assets = [found.asset for _, found in addresses]
    first = addresses[0][1]
    names = [one for piece in pieces for one in literals(piece)]
    mine = [one for one in names if one.word.text == first.name]
    if any(one.names != assets[0].names for one in assets) or len(mine) < len(names):
        raise FixRefusedError("it names several platforms, or several projects' files")
    _check_version(first)
    return assets[0], [_place(one) for one in mine]


def _place(literal: Literal) -> Span:
    if not literal.piece.is_exact:
        raise FixRefusedError("an address is broken by a continuation, or in the JSON form")
    if "'" in literal.piece.text:
        raise FixRefusedError("an address stands in single quotes, which expand nothing")
    return literal.span


def _check_version(found: Found) -> None:
    numbers = _NUMBERS.match(found.version)
    if numbers and found.asset.since:
        version = tuple(int(part) for part in numbers[1].split("."))
        if version < found.asset.since:
            raise FixRefusedError(f"{found.asset.project} {found.version} has fewer files")


def _change(
    users: list[Instruction], stage: StageView, work: Work, edits: list[Edit], asset: Asset
) -> Change:
    names = ("TARGETARCH",) if asset.is_dockers else ARGUMENTS
    declared = declare(work, stage, names, users)
    return Change(edits=(*declared, *edits), adds=("ARG",) if declared else ())


def _choice(run: Run, asset: Asset, work: Work) -> Edit:
    """The `case` in front of a script."""
    heredocs = run.instruction.heredocs
    start = heredocs[0].body_span.start if heredocs else run.instruction.arguments.offset(0)
    newline = work.file.newline
    text = _case(asset, "" if heredocs else "    ", newline)
    if heredocs:
        return Edit.insert(start, text.replace(f" \\{newline}", newline) + newline)
    return Edit.insert(start, f"{text}; \\{newline}    ")


def _case(asset: Asset, indent: str, newline: str) -> str:
    values = {one: f"{VARIABLE}={name}" for one, name in asset.names.items()}
    return statement(values, indent=indent, newline=newline, complaint=f"no {asset.project} for")


def _address(piece: Piece, name: Span, text: str) -> str:
    before, after = text[piece.span.start : name.start], text[name.end : piece.span.end]
    return f"{before}${{{VARIABLE}}}{after}".strip("\"'")


def _destination(add: Instruction, piece: Piece) -> str:
    """The file's path; its name stays, for those who read it."""
    target = add.arguments.text.split()[-1].strip("\"'")
    name = posixpath.basename(piece.text.strip("\"'"))
    is_folder = target.endswith("/") or target in {".", "/tmp"}  # noqa: S108 - of the image
    return posixpath.join(target, name) if is_folder else target


def _tool(stage: StageView, work: Work, before: Instruction) -> str | None:
    """What can fetch there: what the stage has used or installed above, or BusyBox."""
    known = {id(one) for one in above(work, stage, before)}
    for member in work.view.chain(stage):
        for run, command in member.commands:
            if id(run.instruction) in known:
                names = {command.name, *installed(command)}
                if tool := next((one for one in _FETCH if one in names), ""):
                    return tool
    if base_of(work.view, stage).package_manager is PackageManager.APK:
        return "wget"
    return None
