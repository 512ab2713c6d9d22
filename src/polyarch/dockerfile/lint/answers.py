"""What programs say that are asked for the machine: `uname -m`, `dpkg --print-architecture`.

Sources: uname(1) of coreutils and busybox, dpkg(1), dpkg-architecture(1), apk(8), rpm's macros, the
README of tonistiigi/xx.
"""

import re
import shlex
from collections.abc import Callable, Mapping

from polyarch.dockerfile.lint.arches import World, name_in
from polyarch.oci.platform import Platform

Expand = Callable[[str], str | None]
"""A text with its variables; None where they are not known."""

_LONGEST = 500
_SUBSTITUTION = re.compile(r"s([/|#,:@])(\^?)([\w./ +-]*)(\$?)\1([\w./ +-]*)\1(g?)")
_FIELD = re.compile(r"\{\s*print \$(NF|[1-9])\s*\}")
_SAME = frozenset({"cat", "head", "tail", "xargs"})
_ENDS = frozenset({";", "&&", "||", "&", "(", ")", "<", "|&"})
_BITS_ASKED = ["getconf", "LONG_BIT"]
_BITS = {"amd64": "64", "arm64": "64", "ppc64le": "64", "s390x": "64", "riscv64": "64"}

_WORLDS: Mapping[tuple[str, ...], World] = {
    ("arch",): World.KERNEL,
    ("uname", "-m"): World.KERNEL,
    ("uname", "-p"): World.KERNEL,
    ("uname", "-i"): World.KERNEL,
    ("uname", "--machine"): World.KERNEL,
    ("uname", "--processor"): World.KERNEL,
    ("dpkg", "--print-architecture"): World.DEBIAN,
    ("apk", "--print-arch"): World.ALPINE,
    ("cat", "/etc/apk/arch"): World.ALPINE,
    ("go", "env", "GOARCH"): World.GO,
    ("go", "env", "GOHOSTARCH"): World.GO,
    ("gcc", "-print-multiarch"): World.MULTIARCH,
    ("cc", "-print-multiarch"): World.MULTIARCH,
}
_QUERIES = {
    "ARCH": World.DEBIAN,
    "GNU_CPU": World.KERNEL,
    "MULTIARCH": World.MULTIARCH,
    "GNU_TYPE": World.MULTIARCH,
}
"""Endings of what `dpkg-architecture -q` is asked for."""
_TARGETED: Mapping[tuple[str, ...], World] = {
    ("xx-info", "arch"): World.DOCKER,
    ("xx-info", "march"): World.KERNEL,
    ("xx-info", "alpine-arch"): World.ALPINE,
    ("xx-info", "debian-arch"): World.DEBIAN,
    ("xx-info", "rhel-arch"): World.RPM,
}


def asks_machine(ask: str) -> bool:
    """Whether the first command of a text asks what machine it runs on."""
    commands = _commands(ask)
    return bool(commands) and (commands[0] == _BITS_ASKED or _world(commands[0]) is not None)


def asks_target(ask: str) -> bool:
    """Whether it asks for the platform that is built, wherever it runs."""
    commands = _commands(ask)
    return bool(commands) and tuple(commands[0]) in _TARGETED


def answer(ask: str, *, machine: Platform, target: Platform, expand: Expand) -> str | None:
    """What a command, or a pipeline that changes its answer, prints; None where that is unknown."""
    commands = _commands(ask)
    if not commands:
        return None
    value = _first(commands[0], machine, target, expand)
    for words in commands[1:]:
        if value is None:
            return None
        value = _changed(words, value)
    return value


def _commands(ask: str) -> list[list[str]]:
    """The commands of a pipeline as words; nothing for anything greater."""
    if len(ask) > _LONGEST:
        return []
    lexer = shlex.shlex(ask, posix=True, punctuation_chars=True)
    lexer.whitespace_split = True
    lexer.commenters = ""
    try:
        tokens = list(lexer)
    except ValueError:
        return []
    commands: list[list[str]] = [[]]
    for token in tokens:
        if token in _ENDS:
            return []
        if token == "|":  # noqa: S105 -- a pipe
            commands.append([])
        else:
            commands[-1].append(token)
    return [_without_errors(words) for words in commands]


def _without_errors(words: list[str]) -> list[str]:
    """`2>/dev/null` taken off, which comes as three words."""
    if ">" in words:
        at = words.index(">")
        return words[: at - 1] if at and words[at - 1] == "2" else []
    return words


def _first(words: list[str], machine: Platform, target: Platform, expand: Expand) -> str | None:
    if words[:1] == ["echo"] or words[:1] == ["printf"]:
        texts = [one for one in words[1:] if one not in {"-n", "-e", "%s", "%s\\n"}]
        return expand(" ".join(texts))
    if tuple(words) in _TARGETED:
        return name_in(target, _TARGETED[tuple(words)])
    if words in (["uname", "-s"], ["uname"]):
        return "Linux"
    if words == _BITS_ASKED:
        return _BITS.get(machine.architecture, "32")
    world = _world(words)
    return None if world is None else _name(machine, world)


def _name(platform: Platform, world: World) -> str | None:
    """Its name there; a world that does not have the platform falls back on the kernel's."""
    return name_in(platform, world) or name_in(platform, World.KERNEL)


def _world(words: list[str]) -> World | None:
    if not words:
        return None
    name = words[0].rpartition("/")[2]
    found = _WORLDS.get((name, *words[1:]))
    if found is not None:
        return found
    text = " ".join(words[1:])
    if name == "rpm" and ("_arch" in text or "{ARCH}" in text.upper()):
        return World.RPM
    if name == "dpkg-architecture":
        endings = (world for ending, world in _QUERIES.items() if text.endswith(ending))
        return next(endings, None)
    return None


# --- what stands behind a pipe ---------------------------------------------------------------


def _changed(words: list[str], value: str) -> str | None:
    name, options = (words[0], words[1:]) if words else ("", [])
    if name in _SAME:
        return value
    if name == "sed":
        return _sed(options, value)
    if name == "tr":
        return _tr(options, value)
    if name == "cut":
        return _cut(options, value)
    return _awk(options, value) if name in {"awk", "gawk"} else None


def _sed(options: list[str], value: str) -> str | None:
    for script in options:
        if script in {"-e", "-r", "-E"}:
            continue
        for one in filter(None, (part.strip() for part in script.split(";"))):
            found = _SUBSTITUTION.fullmatch(one)
            if found is None:
                return None
            value = _substituted(value, found)
    return value


def _substituted(value: str, found: re.Match[str]) -> str:
    _, begin, old, end, new, every = found.groups()
    pattern = f"{begin}{re.escape(old)}{end}"
    return re.sub(pattern, lambda _: new, value, count=0 if every else 1)


def _tr(options: list[str], value: str) -> str | None:
    if options[:1] == ["-d"] and len(options) == len(("-d", "set")):
        return "".join(one for one in value if one not in options[1])
    if options in (["[:upper:]", "[:lower:]"], ["A-Z", "a-z"]):
        return value.lower()
    if len(options) == len(("from", "to")) and len(options[0]) == len(options[1]) == 1:
        return value.replace(options[0], options[1])
    return None


def _cut(options: list[str], value: str) -> str | None:
    found = re.fullmatch(r"-d ?(.) -f ?([1-9])(-?)", " ".join(options))
    if found is None:
        return None
    parts = value.split(found[1])
    if len(parts) == 1:
        return value
    first = int(found[2]) - 1
    return found[1].join(parts[first:] if found[3] else parts[first : first + 1])


def _awk(options: list[str], value: str) -> str | None:
    found = re.fullmatch(r"-F ?(\S) (.*)", " ".join(options))
    field = _FIELD.fullmatch(found[2].strip()) if found else None
    if found is None or field is None:
        return None
    parts = value.split(found[1])
    if field[1] == "NF":
        return parts[-1]
    index = int(field[1]) - 1
    return parts[index] if index < len(parts) else ""
