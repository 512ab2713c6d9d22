"""Which platform a compiler is told to compile for: options, variables and words that say it."""

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum

from polyarch.dockerfile.lint.archnames import means_architecture
from polyarch.dockerfile.lint.archwords import first_word
from polyarch.dockerfile.lint.literals import Literal, Piece, of_shell, whole_or_within
from polyarch.dockerfile.shell.script import Command, ShellAssignment, ShellWord


class TargetKind(StrEnum):
    """The sort of name that tells the target; the value names it in messages."""

    GO = "GOARCH"
    RID = "the runtime identifier"
    TRIPLE = "the target triple"
    OTHER = "the target"


@dataclass(frozen=True, slots=True, kw_only=True)
class Target:
    """A platform word that a compiler takes as its target."""

    kind: TargetKind
    literal: Literal


_FOREIGN = re.compile(
    r"windows|win32|mingw|apple|darwin|macos|ios|bsd|wasm|wasi|uefi|bpf|android|emscripten|cuda"
    r"|(?:^|-)none(?:-|$)|-elf",
    re.IGNORECASE,
)
"""Targets that are no Linux: firmware, other systems, byte code."""
_CROSS_TOOL = re.compile(
    r"(?:\S*/)?[a-z0-9_]+(?:-[a-z0-9_]+)?-linux-(?:gnu|musl)[a-z0-9]*-"
    r"(?:gcc|g\+\+|cc|c\+\+|cpp|ld|ar|as|nm|strip|ranlib|objcopy|clang|clang\+\+)(?:-\d+)?",
)

_T, _R, _O = TargetKind.TRIPLE, TargetKind.RID, TargetKind.OTHER

_OPTIONS: Mapping[str, tuple[TargetKind, frozenset[str]]] = {
    **dict.fromkeys(
        ("cargo", "cross", "rustc", "maturin", "trunk", "cargo-zigbuild", "crystal", "deno"),
        (_T, frozenset({"--target"})),
    ),
    "rustup": (_T, frozenset({"--target", "-t", "--default-host", "--host"})),
    "rustup-init": (_T, frozenset({"--target", "-t", "--default-host"})),
    "dotnet": (_R, frozenset({"-r", "--runtime", "-a", "--arch", "--os-arch"})),
    **dict.fromkeys(("clang", "clang++", "swiftc"), (_T, frozenset({"--target", "-target"}))),
    "zig": (_T, frozenset({"-target", "--target", "-Dtarget"})),
    "swift": (_T, frozenset({"--triple", "--swift-sdk", "--arch"})),
    "bun": (_O, frozenset({"--target"})),
    **dict.fromkeys(("pkg", "nexe"), (_O, frozenset({"-t", "--target", "--targets"}))),
    **dict.fromkeys(
        ("npm", "pnpm", "yarn", "node-gyp", "prebuild-install", "node-pre-gyp", "electron-rebuild"),
        (_O, frozenset({"--cpu", "--arch", "--target_arch", "--target-arch"})),
    ),
    "gox": (_O, frozenset({"-osarch", "-arch"})),
    **dict.fromkeys(("bazel", "bazelisk"), (_O, frozenset({"--cpu", "--platforms", "--config"}))),
    **dict.fromkeys(("pip", "pip3"), (_O, frozenset({"--platform"}))),
    "vcpkg": (_O, frozenset({"--triplet"})),
    "dart": (_O, frozenset({"--target-arch"})),
    "flutter": (_O, frozenset({"--target-platform"})),
    "nim": (_O, frozenset({"--cpu"})),
}
_CONFIGURE = (_T, frozenset({"--host", "--build"}))
_DEFINES = frozenset({"cmake", "mvn", "mvnw", "gradle", "gradlew", "meson", "zig", "qmake", "ant"})
_DEFINED = re.compile(
    r"-[DP][\w.:-]*?(?:PROCESSOR|TRIPLE|TRIPLET|ARCH|COMPILER|os\.arch|classifier|platform"
    r"|CROSS_COMPILE|CPU)[\w:]*=",
    re.IGNORECASE,
)
_PROPERTY = re.compile(
    r"(?:-p|/p|--property|-property|/property):(?:RuntimeIdentifiers?|Platform\w*)=", re.IGNORECASE
)
_MAKES = frozenset({"make", "gmake", "ninja", "scons", "just", "task", "mage"})
_BUILD_NAME = re.compile(r"(?:^|[-_.])(?:build|compile|make)(?:[-_.]|$)")
_RUST_ADDS = frozenset({"target", "toolchain", "default"})

_TRIPLE_NAMES = re.compile(
    r"(?:^|_)(?:TARGET|TRIPLET?|CHOST|CROSS_COMPILE|HOST_TRIPLE|BUILD_TARGET|CROSS_PREFIX)$",
    re.IGNORECASE,
)
_RID_NAMES = re.compile(r"(?:^|_)(?:RID|RUNTIME|RUNTIME_?ID(?:ENTIFIER)?)$", re.IGNORECASE)
_TOOL_NAMES = re.compile(
    r"(?:^|_)(?:CC|CXX|CPP|LD|AR|AS|NM|STRIP|RANLIB|OBJCOPY|LINKER|READELF)$", re.IGNORECASE
)
_ARCH_NAMES = re.compile(
    r"(?:^|_)(?:GOARCH|ARCH|ARCHITECTURE|CPU|target_arch|config_arch|arch)$", re.IGNORECASE
)
_TRIPLE = re.compile(r"[\"']?[a-z0-9_]+(?:-[a-z0-9_]+)?-linux-[a-z0-9]+-?[\"']?", re.IGNORECASE)
_RID = re.compile(r"[\"']?linux(?:-musl)?-[a-z0-9]+[\"']?", re.IGNORECASE)


def by_variable(name: str, piece: Piece) -> Iterator[Target]:
    """What a variable of the environment tells compilers, whoever reads it.

    One whose name says the platform as well (`CARGO_TARGET_AARCH64_…_LINKER`) is for that alone.
    """
    text = piece.text
    if first_word(name):
        return
    kind = None
    if name == "GOARCH":
        kind = TargetKind.GO
    elif _TRIPLE_NAMES.search(name) and _TRIPLE.fullmatch(text):
        kind = TargetKind.TRIPLE
    elif _RID_NAMES.search(name) and _RID.fullmatch(text):
        kind = TargetKind.RID
    elif _TOOL_NAMES.search(name) and _CROSS_TOOL.match(text.strip("\"'")):
        kind = TargetKind.TRIPLE
    elif name.lower() in {"npm_config_arch", "npm_config_target_arch", "conda_subdir"}:
        kind = TargetKind.OTHER
    if kind is not None:
        yield from _targets(kind, piece)


def of_command(command: Command) -> Iterator[Target]:
    """What the words of a command say, its assignments left out."""
    name = command.name
    if _CROSS_TOOL.fullmatch(name):
        yield from _targets(_T, of_shell(command.words[0]))
    if name.lower().startswith("config"):
        yield from _of_configure(command)
    elif name in _MAKES:
        yield from _of_make(command)
    elif name == "rustup" and command.arguments[:1] and command.arguments[0] in _RUST_ADDS:
        for word in command.words[2:]:
            yield from _targets(_T, of_shell(word))
    elif name == "go" and command.arguments[:2] == ("env", "-w"):
        for word in command.words[3:]:
            yield from _named(TargetKind.GO, word, "GOARCH")
    elif name in _OPTIONS:
        kind, flags = _OPTIONS[name]
        yield from _of_options(command, kind, flags)
    if name in _DEFINES or name == "dotnet":
        yield from _of_defines(command)


def of_assignment(assignment: ShellAssignment, command: Command | None = None) -> Iterator[Target]:
    """What an assignment of a script says, on its own or in front of a command."""
    found = tuple(by_variable(assignment.name, of_shell(assignment.value)))
    yield from found
    # `ARCH=arm64 make`: what a build is given, the build alone knows what for.
    if command and not found and means_architecture(assignment.name) and _builds(command):
        yield from _targets(_O, of_shell(assignment.value))


def _builds(command: Command) -> bool:
    return command.name in _MAKES or _BUILD_NAME.search(command.name) is not None


def _of_options(command: Command, kind: TargetKind, flags: frozenset[str]) -> Iterator[Target]:
    follows = False
    for word in command.words[1:]:
        flag, equals, _ = word.text.partition("=")
        if follows:
            yield from _targets(kind, of_shell(word))
            follows = False
        elif flag in flags and equals:
            yield from _named(kind, word, flag)
        else:
            follows = flag in flags


def _of_configure(command: Command) -> Iterator[Target]:
    yield from _of_options(command, *_CONFIGURE)
    for word in command.words[1:]:
        # What OpenSSL's Configure calls its targets.
        if re.fullmatch(r"[\"']?linux(?:32|64)?-[a-z0-9_]+[\"']?", word.text):
            yield from _targets(_O, of_shell(word))


def _of_make(command: Command) -> Iterator[Target]:
    follows = False
    for word in command.words[1:]:
        name, equals, value = word.text.partition("=")
        if follows or name in {"-C", "-f", "--directory", "--file", "-I"}:
            follows = not follows and not equals
        elif equals and _ARCH_NAMES.search(name):
            kind = TargetKind.GO if name == "GOARCH" else _O
            yield from _named(kind, word, name)
        elif equals and (_TRIPLE_NAMES.search(name) or _TOOL_NAMES.search(name)):
            if _TRIPLE.fullmatch(value) or _CROSS_TOOL.match(value):
                yield from _named(_O, word, name)
        elif not equals and not name.startswith("-"):
            yield from _targets(_O, of_shell(word))


def _of_defines(command: Command) -> Iterator[Target]:
    for word in command.words[1:]:
        found = _DEFINED.match(word.text) or _PROPERTY.match(word.text)
        if found and "/lib" not in word.text[found.end() :]:
            kind = _R if command.name == "dotnet" else _O
            yield from _named(kind, word, found.group().removesuffix("="))


def _named(kind: TargetKind, word: ShellWord, name: str) -> Iterator[Target]:
    """The value behind `name=` of a word."""
    head = len(name) + 1
    if word.text[:head] == f"{name}=":
        piece = of_shell(word)
        inner = Piece(
            text=piece.text[head:], span=piece.part(head, len(piece.text)), is_exact=piece.is_exact
        )
        yield from _targets(kind, inner)


def _targets(kind: TargetKind, piece: Piece) -> Iterator[Target]:
    if not _FOREIGN.search(piece.text):
        yield from (Target(kind=kind, literal=one) for one in whole_or_within(piece))
