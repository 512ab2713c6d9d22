"""The platform of every stage of a Dockerfile, written down for Buildah.

Buildah 1.28 does not know BUILDPLATFORM in FROM, and once one FROM names a platform every later
FROM that names none gets the same one: the image says arm64 and holds amd64 files, and the build
ends well. With a platform in every FROM it does what BuildKit does. Drop this when the oldest
Buildah in use resolves them as BuildKit does.
"""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from polyarch.errors import InvalidPlatformError
from polyarch.oci.platform import Platform

SCRATCH = "scratch"

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
class Pinned:
    """A Dockerfile in which every FROM names its platform.

    `text` is None where no FROM named one: then the file is right as it is. `platform` is that of
    the stage that becomes the image, None where it cannot be told.
    """

    text: str | None
    platform: Platform | None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Lines:
    """One instruction: its lines (from, up to but without), and its text joined."""

    start: int
    end: int
    text: str


@dataclass(slots=True)
class _Stages:
    """What the FROM lines so far say."""

    values: dict[str, str]
    by_name: dict[str, Platform | None] = field(default_factory=dict)
    platforms: list[Platform | None] = field(default_factory=list)


def pin_platforms(
    text: str,
    *,
    target: Platform,
    native: Platform,
    build_args: Mapping[str, str],
    stage: str = "",
) -> Pinned:
    """Give every FROM the platform that BuildKit would: its own, its base stage's, the target.

    `stage` is the stage to build, by name or number; the last one when empty.
    """
    lines = text.splitlines()
    stages = _Stages(values={})
    told = False
    for instruction in _instructions(lines):
        if not stages.platforms and (found := _ARG.match(instruction.text)):
            _declare(found[1], build_args, stages.values)
        elif found := _FROM.match(instruction.text):
            told = told or "--platform" in found["flags"].lower()
            automatic = _automatic(target, native)
            line = _stage(found, stages, {**stages.values, **automatic}, target)
            # As many lines as before: errors of the engine name lines.
            height = instruction.end - instruction.start
            lines[instruction.start : instruction.end] = [line, *[""] * (height - 1)]
    return Pinned(
        text="\n".join(lines) + "\n" if told else None, platform=_chosen(stages, stage, target)
    )


def _stage(
    found: re.Match[str], stages: _Stages, values: Mapping[str, str], target: Platform
) -> str:
    image, name = found["image"], found["name"]
    written = _PLATFORM.search(found["flags"])
    base = _expand(image, values).lower()
    platform: Platform | None = stages.by_name.get(base, target)
    if written:
        platform = _platform(_expand(written[1], values))
    stages.platforms.append(platform)
    if name:
        stages.by_name[name.lower()] = platform
    if platform is None:
        return found[0]
    flags = _PLATFORM.sub("", found["flags"])
    return f"FROM --platform={platform} {flags}{image}" + (f" AS {name}" if name else "")


def _chosen(stages: _Stages, stage: str, target: Platform) -> Platform | None:
    if not stages.platforms:
        return target
    if stage.lower() in stages.by_name:
        return stages.by_name[stage.lower()]
    if stage.isdecimal() and int(stage) < len(stages.platforms):
        return stages.platforms[int(stage)]
    return stages.platforms[-1]


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


def _automatic(target: Platform, native: Platform) -> dict[str, str]:
    """The variables that are there in every Dockerfile's FROM (BuildKit's "automatic" ARGs)."""
    return {
        f"{prefix}{suffix}": value
        for prefix, platform in (("TARGET", target), ("BUILD", native))
        for suffix, value in (
            ("PLATFORM", str(platform)),
            ("OS", platform.os),
            ("ARCH", platform.architecture),
            ("VARIANT", platform.variant),
        )
    }
