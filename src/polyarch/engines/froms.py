"""The platform of every stage of a Dockerfile, written down for Buildah.

Buildah 1.28 does not know BUILDPLATFORM in FROM, and once one FROM names a platform every later
FROM that names none gets the same one: the image says arm64 and holds amd64 files, and the build
ends well. With a platform in every FROM it does what BuildKit does. Drop this when the oldest
Buildah in use resolves them as BuildKit does.
"""

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType

from polyarch.errors import InvalidPlatformError
from polyarch.oci.platform import Platform

Names = Mapping[tuple[str, Platform | None], str]
"""What stands for an image on a platform."""

_NONE: Names = MappingProxyType({})
_DIRECTIVE = re.compile(r"^#\s*([a-z]+)\s*=\s*(\S+)\s*$", re.IGNORECASE)
_HEREDOC = re.compile(r"<<-?\s*[\"']?([A-Za-z_][A-Za-z0-9_]*)[\"']?")
_FROM = re.compile(
    r"^FROM\s+(?P<flags>(?:--\S+\s+)*)(?P<image>\S+)(?:\s+AS\s+(?P<name>\S+))?\s*$", re.IGNORECASE
)
_PLATFORM = re.compile(r"--platform=(\S+)\s*", re.IGNORECASE)
_ARG = re.compile(r"^ARG\s+(.*)$", re.IGNORECASE | re.DOTALL)
_ASSIGNMENT = re.compile(r"([A-Za-z_]\w*)(?:=(\"[^\"]*\"|'[^']*'|\S*))?")
_VARIABLE = re.compile(r"\$(?:\{(?P<braced>\w+)(?::(?P<how>[-+])(?P<word>[^}]*))?\}|(?P<bare>\w+))")
_HEREDOC_INSTRUCTIONS = ("RUN", "COPY", "ADD")


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """What one FROM says, variables expanded.

    `platform` is None where it cannot be told. `base` is an image's name, or, with `on_stage`, that
    of a stage above.
    """

    base: str
    name: str
    platform: Platform | None
    on_stage: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinned:
    """A Dockerfile in which every FROM names its platform.

    `platform` is that of the stage that becomes the image, None where it cannot be told.
    """

    text: str
    stages: tuple[Stage, ...]
    platform: Platform | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """One instruction: its lines (from, up to but without), and its text joined."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Pinning:
    """How a Dockerfile is pinned.

    `native` is the platform that stages on the build platform run on. `stage` is the stage to
    build, by name or number; the last one when empty. `aliases` stand for named contexts, `pulled`
    for images that no stage and no context is called like. `salt` is an instruction laid behind
    every FROM.
    """

    target: Platform
    native: Platform
    build_args: Mapping[str, str]
    stage: str = ""
    aliases: Names = field(default_factory=lambda: _NONE)
    pulled: Names = field(default_factory=lambda: _NONE)
    salt: str = ""


def pin_platforms(text: str, pinning: Pinning) -> Pinned:
    """Give every FROM the platform that BuildKit would: its own, its base stage's, the target."""
    lines = text.splitlines()
    values: dict[str, str] = {}
    stages: list[Stage] = []
    written: list[str] = []
    copied = 0
    for instruction in _instructions(lines):
        if not stages and (declared := _ARG.match(instruction.text)):
            _declare(declared[1], pinning.build_args, values)
        elif found := _FROM.match(instruction.text):
            stage = _stage(found, stages, {**values, **_automatic(pinning)}, pinning.target)
            stages.append(stage)
            written += lines[copied : instruction.start]
            written += [_line(found, stage, pinning), *filter(None, [pinning.salt])]
            copied = instruction.end
    written += lines[copied:]
    return Pinned(
        text="\n".join(written) + "\n", stages=tuple(stages), platform=_chosen(stages, pinning)
    )


def _stage(
    found: re.Match[str], above: Sequence[Stage], values: Mapping[str, str], target: Platform
) -> Stage:
    base = _expand(found["image"], values)
    same = _by_name(above, base)
    platform = same.platform if same else target
    if told := _PLATFORM.search(found["flags"]):
        platform = _platform(_expand(told[1], values))
    return Stage(base=base, name=found["name"] or "", platform=platform, on_stage=same is not None)


def _line(found: re.Match[str], stage: Stage, pinning: Pinning) -> str:
    if stage.platform is None:
        return found[0]
    flags = _PLATFORM.sub("", found["flags"])
    called = (stage.base, stage.platform)
    image = pinning.aliases.get(called, found["image"])
    if not stage.on_stage:
        image = pinning.pulled.get(called, image)
    name = f" AS {stage.name}" if stage.name else ""
    return f"FROM --platform={stage.platform} {flags}{image}{name}"


def _chosen(stages: Sequence[Stage], pinning: Pinning) -> Platform | None:
    wanted = pinning.stage
    if not stages:
        return pinning.target
    if stage := _by_name(stages, wanted):
        return stage.platform
    if wanted.isdecimal() and int(wanted) < len(stages):
        return stages[int(wanted)].platform
    return stages[-1].platform


def _by_name(stages: Sequence[Stage], name: str) -> Stage | None:
    """The last stage of a name: a later one hides an earlier one."""
    wanted = name.lower()
    return next((s for s in reversed(stages) if s.name and s.name.lower() == wanted), None)


def _instructions(lines: list[str]) -> Iterator[_Lines]:
    """Every instruction with its continuation lines; comments and here-documents are passed by."""
    escape = _escape(lines)
    at = 0
    while at < len(lines):
        if _is_nothing(lines[at]):
            at += 1
            continue
        start, parts = at, list[str]()
        while at < len(lines):
            line = lines[at].rstrip()
            at += 1
            if parts and _is_nothing(line):
                continue
            parts.append(line.removesuffix(escape))
            if not line.endswith(escape):
                break
        text = " ".join(part.strip() for part in parts)
        yield _Lines(start=start, end=at, text=text)
        if text.upper().startswith(_HEREDOC_INSTRUCTIONS):
            for word in _HEREDOC.findall(text):
                at = _behind(lines, at, word)


def _behind(lines: list[str], at: int, word: str) -> int:
    end = next((n for n in range(at, len(lines)) if lines[n].lstrip("\t").rstrip() == word), None)
    return at if end is None else end + 1


def _is_nothing(line: str) -> bool:
    return not line.strip() or line.lstrip().startswith("#")


def _escape(lines: list[str]) -> str:
    for line in lines:
        found = _DIRECTIVE.match(line.strip())
        if found is None:
            break
        if found[1].lower() == "escape":
            return found[2]
    return "\\"


def _declare(text: str, build_args: Mapping[str, str], values: dict[str, str]) -> None:
    for found in _ASSIGNMENT.finditer(text):
        name, default = found[1], found[2]
        if name in build_args:
            values[name] = build_args[name]
        elif default is not None:
            values[name] = _expand(default.strip("\"'"), values)


def _expand(text: str, values: Mapping[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        known = values.get(found["braced"] or found["bare"], "")
        if found["how"] == "-":
            return known or found["word"]
        if found["how"] == "+":
            return found["word"] if known else ""
        return known

    return _VARIABLE.sub(value, text.strip("\"'"))


def _platform(text: str) -> Platform | None:
    try:
        return Platform.parse(text)
    except InvalidPlatformError:
        return None


def _automatic(pinning: Pinning) -> dict[str, str]:
    """The variables that are there in every Dockerfile's FROM (BuildKit's "automatic" ARGs)."""
    return {
        f"{prefix}{suffix}": value
        for prefix, platform in (("TARGET", pinning.target), ("BUILD", pinning.native))
        for suffix, value in (
            ("PLATFORM", str(platform)),
            ("OS", platform.os),
            ("ARCH", platform.architecture),
            ("VARIANT", platform.variant),
        )
    }
