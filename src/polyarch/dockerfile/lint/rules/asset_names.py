"""PA313, PA314: downloads whose name hides the platform, or says it in the wrong words."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.dockerfile.lint.arches import World, name_in
from polyarch.dockerfile.lint.assets import Asset, asset_in
from polyarch.dockerfile.lint.choices import Choices, choices
from polyarch.dockerfile.lint.downloads import fetched, is_address, is_check
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.leaving import leaving, words_of
from polyarch.dockerfile.lint.literals import Piece, concerned, of_arguments, of_shell, sources_of
from polyarch.dockerfile.lint.outputs import transfers
from polyarch.dockerfile.lint.rarities import rare_file
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.view import FileView, Run, StageView
from polyarch.dockerfile.shell.script import Script
from polyarch.dockerfile.tree import Instruction
from polyarch.findings import Severity
from polyarch.oci.platform import Platform


@dataclass(frozen=True, slots=True, kw_only=True)
class _Address:
    """An address that an instruction fetches; `names` are what its script puts into variables."""

    instruction: Instruction
    piece: Piece
    leaves: bool
    has_check: bool
    names: dict[str, str]


def _addresses(view: FileView) -> Iterator[tuple[StageView, _Address]]:
    flows = transfers(view)
    for stage in view.needed:
        runs = iter(stage.runs)
        out = leaving(flows, stage)
        for instruction in stage.body:
            if instruction.name == "ADD":
                leaves = out.has(one.text for one in of_arguments(instruction))
                checked = instruction.flag("checksum") is not None
                for piece in sources_of(instruction):
                    if is_address(piece.text):
                        yield (
                            stage,
                            _Address(
                                instruction=instruction,
                                piece=piece,
                                leaves=leaves,
                                has_check=checked,
                                names={},
                            ),
                        )
            elif instruction.name == "RUN":
                run = next(runs)
                yield from ((stage, one) for one in _of_run(run, leaves=out.has(words_of(run))))


def _of_run(run: Run, *, leaves: bool) -> Iterator[_Address]:
    has_check = any(is_check(command) for command in run.commands)
    for script in run.scripts:
        chosen = choices(script)
        names = _assigned(script, chosen)
        for command in script.commands:
            if chosen.cover(command.arms, command.span):
                continue
            for word in fetched(command):
                yield _Address(
                    instruction=run.instruction,
                    piece=of_shell(word),
                    leaves=leaves,
                    has_check=has_check,
                    names=names,
                )


def _assigned(script: Script, chosen: Choices) -> dict[str, str]:
    """Variables that are set once in the script, by no choice; the others may hold anything."""
    found: dict[str, str] = {}
    for assignment, _ in script.assignments:
        known = assignment.name in found or assignment.name in chosen.names
        found[assignment.name] = "" if known else assignment.value.text.strip("\"'")
    return found


# --- PA313 ---------------------------------------------------------------------------------------


def asset_without_suffix(view: FileView) -> Iterator[LintFinding]:
    """Files that are for one platform although no word says so, once per instruction."""
    told: set[int] = set()
    for stage, address in _addresses(view):
        line = address.instruction.first_line
        rarity = rare_file(address.piece.text)
        hit = concerned(stage, rarity.platforms, leaves=address.leaves) if rarity else ()
        if rarity and hit and line not in told:
            told.add(line)
            there = ", ".join(str(one) for one in rarity.platforms)
            fix, why_not = _way_out(address, known=rarity.has_others)
            yield LintFinding(
                rule="PA313",
                severity=Severity.WARNING,
                line=line,
                span=address.piece.span,
                platforms=hit,
                message=f"this file is for {there}, though its name does not say so",
                hint=rarity.instead or "fetch it in a branch for the platform that it is for",
                fix=fix,
                why_not=why_not,
            )


def _way_out(address: _Address, *, known: bool) -> tuple[FixClass, str]:
    if address.has_check:
        return FixClass.NONE, "a digest or a signature of this one file stands beside it"
    if not known:
        return FixClass.NONE, "the project publishes no such file for the other platforms"
    return FixClass.REVIEW, "nobody asked whether the other files are there"


# --- PA314 ---------------------------------------------------------------------------------------

_ASKS = {
    "dpkg --print-architecture": World.DEBIAN,
    "dpkg-architecture -q DEB_HOST_ARCH": World.DEBIAN,
    "uname -m": World.KERNEL,
    "uname -p": World.KERNEL,
    "uname -i": World.KERNEL,
    "arch": World.KERNEL,
    "apk --print-arch": World.ALPINE,
}
_SUBSTITUTION = re.compile(r"\$\(\s*([^()]*?)\s*\)|`\s*([^`]*?)\s*`")
_VARIABLE = re.compile(r"\$(?:\{(\w+)\}|(\w+))")


def asset_name_mismatch(view: FileView) -> Iterator[LintFinding]:
    """Names of a known project's files that are asked for in another world's words."""
    told: set[int] = set()
    for stage, address in _addresses(view):
        line = address.instruction.first_line
        found = asset_in(address.piece.text)
        if found is None or line in told:
            continue
        said = {one: _said(found.name, one, address.names) for one in stage.platforms}
        wrong = _wrong(found.asset, said)
        if wrong:
            told.add(line)
            fix, why_not = _way_out(address, known=True)
            yield LintFinding(
                rule="PA314",
                severity=Severity.WARNING,
                line=line,
                span=address.piece.part(found.start, found.end),
                platforms=tuple(wrong),
                message=_mismatch(found.asset, wrong),
                hint="translate the name with a `case` over `TARGETARCH` and `TARGETVARIANT`",
                fix=fix,
                why_not=why_not,
            )


def _said(name: str, platform: Platform, names: dict[str, str]) -> str | None:
    """What the name's expression comes to on a platform; None where that is not known."""
    variable = _VARIABLE.fullmatch(name)
    if variable:
        held = names.get(variable[1] or variable[2])
        name = name if held is None else held
    if name in {"$TARGETARCH", "${TARGETARCH}"}:
        return platform.architecture
    if name == "${TARGETARCH}${TARGETVARIANT}":
        return platform.word
    asked = _SUBSTITUTION.fullmatch(name)
    world = _ASKS.get(" ".join((asked[1] or asked[2] or "").split())) if asked else None
    return name_in(platform, world) if world else None


def _wrong(asset: Asset, said: dict[Platform, str | None]) -> dict[Platform, tuple[str, str]]:
    """The platforms that have a file, and are asked for under a name that none has."""
    return {
        platform: (word, asset.names[platform])
        for platform, word in said.items()
        if word is not None
        and platform in asset.names
        and word != asset.names[platform]
        and word not in asset.aliases
    }


def _mismatch(asset: Asset, wrong: dict[Platform, tuple[str, str]]) -> str:
    platform, (word, name) = next(iter(wrong.items()))
    more = f", and on {len(wrong) - 1} more" if len(wrong) > 1 else ""
    return f"on {platform} this asks {asset.project} for `{word}`, which is called `{name}`{more}"


RULES = (
    Rule(
        id="PA313",
        name="asset-without-suffix",
        severity=Severity.WARNING,
        fix=FixClass.REVIEW,
        title="A download is for one platform though its name does not say so",
        consequence="Some projects have published for amd64 first and call that file by the plain "
        "name. All platforms of the image get it, and the program starts on amd64 only.",
        remedy="Take the file with the platform in its name, chosen by the platform in the "
        "project's own words. Where there is none, take the distribution's package or another "
        "base.",
        before="ADD https://github.com/krallin/tini/releases/download/v0.19.0/tini /tini",
        after="RUN wget -qO /tini https://github.com/krallin/tini/releases/download/v0.19.0/"
        "tini-$(dpkg --print-architecture)",
        sources=("https://github.com/krallin/tini#using-tini",),
        check=asset_without_suffix,
    ),
    Rule(
        id="PA314",
        name="asset-name-mismatch",
        severity=Severity.WARNING,
        fix=FixClass.REVIEW,
        title="A download's name is made of the wrong world's words",
        consequence="Debian, Alpine, the kernel, Docker and Go have different names for one "
        "platform. A name that fits on amd64 asks for a file on another platform that does not "
        "exist, and the build stops there; or it exists and is for another machine.",
        remedy="Translate: a `case` over `TARGETARCH` and `TARGETVARIANT` with the project's own "
        "names, which stops for platforms that it has no file for.",
        before='RUN wget "https://github.com/mikefarah/yq/releases/download/v4.47.1/'
        'yq_linux_$(dpkg --print-architecture)"',
        after='ARG TARGETARCH\nRUN wget "https://github.com/mikefarah/yq/releases/download/'
        'v4.47.1/yq_linux_${TARGETARCH}"',
        sources=(
            "https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope",
            "https://wiki.debian.org/SupportedArchitectures",
        ),
        check=asset_name_mismatch,
    ),
)
