"""Whether a call is work that an emulator makes slow, and of which kind."""

import re

from polyarch.dockerfile.lint.bases import Language
from polyarch.dockerfile.lint.calls import Call
from polyarch.dockerfile.lint.tools import TOOLS, Tool, Work

_INFO = frozenset({"--version", "-V", "-version"})
_CARGO = frozenset(
    {"build", "b", "install", "rustc", "run", "r", "test", "t", "bench", "check", "c", "clippy",
     "doc", "d", "package", "publish", "zigbuild", "build-deb", "deb", "make", "leptos",
     "auditable", "component", "pgrx", "tauri", "ndk", "xtask", "nextest", "llvm-cov"}
)  # fmt: skip
_MIX = frozenset(
    {"deps.compile", "compile", "release", "test", "assets.deploy", "assets.build",
     "escript.build", "phx.digest", "archive.install"}
)  # fmt: skip
_UV = {"pip": {"install", "sync", "wheel"}, "tool": {"install"}}
_SELF = frozenset({"npm", "pnpm", "yarn", "corepack", "bun"})
_PIP_ITSELF = frozenset({"pip", "setuptools", "wheel"})
_PIP_VALUED = frozenset(
    {"-i", "--index-url", "--extra-index-url", "--trusted-host", "--cache-dir", "-f",
     "--find-links", "--timeout", "--retries", "--proxy", "--progress-bar", "--upgrade-strategy"}
)  # fmt: skip
_NAMES_BUILD = re.compile(r"(?:^|[-_./])(?:build|compile|make)(?:[-_.]|$|\.sh)", re.IGNORECASE)
_SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh"})
_DRIVERS = frozenset({"make", "gmake", "just", "task", "mage", "bazel", "bazelisk", "please"})
_FIRST_WITHOUT_GET = (1, 18)
"""Since Go 1.18 `go get` only changes go.mod (its release notes)."""


def work_of(found: Call, language: Language | None, version: tuple[int, ...] = ()) -> Work | None:
    """The kind of work of a call; None where it is none, or cheap.

    `language` and `version` are the base image's: `make` in a Go base drives Go.
    """
    if found.is_question or not found.program:
        return None
    if drives(found) and language in {Language.GO, Language.RUST}:
        return Work.GO if language is Language.GO else Work.RUST
    special = _SPECIAL.get(found.program)
    if special:
        return special(found)
    if found.program == "go" and found.verb == "get":
        return Work.GO if _installs_by_get(found, language, version) else None
    tool = TOOLS.get(found.program)
    return tool.work if tool and _is_heavy(found, tool) else None


def drives(found: Call) -> bool:
    """Whether what is compiled, and how, stands in another file: a makefile, a script."""
    if found.program in _DRIVERS:
        return not (found.program in {"make", "gmake"} and found.verb in {"clean", "distclean"})
    if found.program in _SHELLS:
        return any(_NAMES_BUILD.search(word) for word in found.plain[:1])
    return found.is_path and _NAMES_BUILD.search(found.program) is not None


def _is_heavy(found: Call, tool: Tool) -> bool:
    if tool.heavy:
        return found.verb in tool.heavy and not _is_cheap(found)
    if tool.light:
        if found.program == "make":
            return not found.plain or any(word not in tool.light for word in found.plain)
        return found.verb not in tool.light and not _is_cheap(found) and not _only_info(found)
    return not _only_info(found)


def _only_info(found: Call) -> bool:
    return bool(found.words) and all(word in _INFO for word in found.words)


def _is_cheap(found: Call) -> bool:
    """Heavy verbs on light things: a package manager that renews itself, lists of tools."""
    plain = found.plain
    if found.program in {"npm", "pnpm", "yarn"}:
        names = [re.sub(r"(?<=.)@.*", "", word) for word in plain[1:] if word != "global"]
        verbs = {"install", "i", "add", "global", "update"}
        return (
            plain[:1] != ()
            and plain[0] in verbs
            and bool(names)
            and set(names) <= (_SELF | {"add"})
        )
    if found.program == "pip":
        return _only_pip_itself(found)
    if found.program == "uv":
        second = plain[1] if len(plain) > 1 else ""
        return second not in _UV.get(plain[0], {second})
    if found.program == "dotnet" and plain[0] in {"tool", "workload"}:
        return not set(plain[1:]) & {"install", "restore", "update"}
    if found.program in {"conda", "mamba", "micromamba"} and plain[0] == "env":
        return not set(plain[1:]) & {"create", "update"}
    return False


def _only_pip_itself(found: Call) -> bool:
    if found.verb != "install" or found.has("-r", "--requirement", "-e", "--editable"):
        return False
    names: list[str] = []
    skips = False
    for word in found.words:
        if skips:
            skips = False
        elif word.startswith("-"):
            skips = word in _PIP_VALUED
        else:
            names.append(re.split(r"[=<>~!\[;@]", word)[0])
    return bool(names[1:]) and set(names[1:]) <= _PIP_ITSELF


def _installs_by_get(found: Call, language: Language | None, version: tuple[int, ...]) -> bool:
    names = [word for word in found.plain[1:] if not word.startswith(".") and "/" in word]
    if found.has("-d") or not names:
        return False
    if language is not Language.GO:
        return True
    return bool(version) and version < _FIRST_WITHOUT_GET


def _cargo(found: Call) -> Work | None:
    plain = found.plain
    if plain[:1] == ("chef",):
        return Work.RUST if plain[1:2] == ("cook",) else None
    verb = plain[0] if plain else ""
    return Work.RUST if verb in _CARGO and not found.has("--version", "--help") else None


def _cargo_chef(found: Call) -> Work | None:
    return Work.RUST if "cook" in found.plain else None


def _java(found: Call) -> Work | None:
    works = any(
        word.startswith(("-jar", "-D", "-XX:ArchiveClasses", "-Xshare:dump", "-cp", "-classpath"))
        for word in found.words
    )
    return Work.JAVA if works else None


def _dotnet(found: Call) -> Work | None:
    if found.verb.endswith(".dll"):
        return Work.DOTNET
    return Work.DOTNET if _is_heavy(found, TOOLS["dotnet"]) else None


def _python(found: Call) -> Work | None:
    script = found.verb.rpartition("/")[2]
    verbs = {"build", "build_ext", "install", "develop", "bdist_wheel", "bdist", "test"}
    return Work.PYTHON if script == "setup.py" and verbs & set(found.plain[1:]) else None


def _node(found: Call) -> Work | None:
    is_script = re.search(r"\.[cm]?[jt]s$", found.verb) or "node_modules/" in found.verb
    return Work.NODE if is_script else None


def _mix(found: Call) -> Work | None:
    verbs = {word.rstrip(",") for word in found.plain}
    return Work.OTHER if verbs & _MIX else None


def _r(found: Call) -> Work | None:
    asks = any(re.search(r"install(?:_\w+|\.packages)?\(|INSTALL", word) for word in found.words)
    return Work.OTHER if asks else None


def _bundle(found: Call) -> Work | None:
    return Work.OTHER if found.verb in {"", "install", "update"} else None


_SPECIAL = {
    "cargo": _cargo,
    "xx-cargo": _cargo,
    "cargo-chef": _cargo_chef,
    "java": _java,
    "dotnet": _dotnet,
    "python": _python,
    "python2": _python,
    "python3": _python,
    "node": _node,
    "nodejs": _node,
    "mix": _mix,
    "R": _r,
    "Rscript": _r,
    "bundle": _bundle,
}
