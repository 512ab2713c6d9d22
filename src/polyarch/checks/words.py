"""What a command line starts beside its first word: shells, `env` and small init programs."""

import re
import shlex
from dataclasses import dataclass

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh"})
_TEXT_FOLLOWS = re.compile(r"-\w*c\w*")
_SHELL_WITH_VALUE = re.compile(r"[-+]\w*[oO]|--rcfile|--init-file")
_INITS = frozenset({"tini", "tini-static", "dumb-init", "catatonit", "docker-init"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=\S*")
_SIMPLE = re.compile(r"[\w@%+=:,./ \t-]+")
_BUILT_IN = frozenset({
    ".", ":", "[", "alias", "bg", "break", "builtin", "case", "cd", "command", "continue", "coproc",
    "declare", "dirs", "do", "echo", "enable", "eval", "exit", "export", "false", "fg", "for",
    "function", "getopts", "hash", "help", "history", "if", "jobs", "kill", "let", "local",
    "mapfile", "popd", "printf", "pushd", "pwd", "read", "readarray", "readonly", "return",
    "select", "set", "setopt", "shift", "shopt", "source", "test", "time", "times", "trap", "true",
    "type", "typeset", "ulimit", "umask", "unalias", "unset", "until", "wait", "while",
})  # fmt: skip
_ENV_WITH_VALUE = frozenset({"-u", "-C", "--unset", "--chdir"})
_INIT_WITH_VALUE = frozenset({"-e", "-p", "-r", "--rewrite"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Inner:
    """A command within another; `certain` where it is run for sure, and nothing else before it."""

    words: tuple[str, ...]
    certain: bool = True


def inner_command(words: tuple[str, ...]) -> Inner | None:
    """What the first word of a command line starts, None where it starts nothing that is known."""
    name = words[0].rpartition("/")[2] if words else ""
    if name == "busybox":
        # It is what its next word says; applets that are no shells have options of their own.
        return inner_command(words[1:]) if words[1:] and words[1] in _SHELLS else None
    if name in _SHELLS:
        return _of_shell(words)
    if name == "env":
        return _of_env(words[1:])
    return _after_options(words[1:]) if name in _INITS else None


def _of_shell(words: tuple[str, ...]) -> Inner | None:
    """The first command of `sh -c TEXT`; a script that a shell is given is read, not executed."""
    text = (_shell_text(words) or "").strip()
    certain = bool(_SIMPLE.fullmatch(text))
    first = [part for part in text.split() if not _ASSIGNMENT.fullmatch(part)]
    while first and first[0] == "exec":
        first = first[1:]
    if (
        not first
        or first[0] in _BUILT_IN
        or not _SIMPLE.fullmatch(first[0])
        or first[0].startswith("-")
    ):
        return None
    return Inner(words=tuple(first), certain=certain)


def _shell_text(words: tuple[str, ...]) -> str | None:
    """What a shell is given with `-c`; None where it is given a script, whose words are its own."""
    is_text = False
    rest = iter(words[1:])
    for word in rest:
        if word in {"-", "--"} or not word.startswith(("-", "+")):
            text = next(rest, None) if word in {"-", "--"} else word
            return text if is_text else None
        is_text = is_text or bool(_TEXT_FOLLOWS.fullmatch(word))
        if _SHELL_WITH_VALUE.fullmatch(word):
            next(rest, None)
    return None


def _of_env(words: tuple[str, ...]) -> Inner | None:
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in {"-S", "--split-string"} and rest:
            rest = [*_split(rest[0]), *rest[1:]]
        elif word.startswith("-S") and len(word) > len("-S"):
            rest = [*_split(word.removeprefix("-S")), *rest]
        elif word in _ENV_WITH_VALUE:
            rest = rest[1:]
        elif not word.startswith("-") and not _ASSIGNMENT.fullmatch(word):
            return None if "${" in word else Inner(words=(word, *rest))
    return None


def _split(text: str) -> list[str]:
    """The words of `env -S`, which knows quotes; none where they are not closed."""
    try:
        return shlex.split(text)
    except ValueError:
        return []


def _after_options(words: tuple[str, ...]) -> Inner | None:
    rest = list(words)
    while rest and rest[0].startswith("-"):
        word = rest.pop(0)
        if word == "--":
            break
        if word in _INIT_WITH_VALUE:
            rest = rest[1:]
    return Inner(words=tuple(rest)) if rest else None


def script_command(line: str) -> tuple[str, ...]:
    """The words of a `#!` line: the interpreter and one argument, spaces and all."""
    interpreter, _, argument = line.removeprefix("#!").strip(" \t").partition(" ")
    interpreter, tab, more = interpreter.partition("\t")
    argument = (more + " " + argument if tab else argument).strip(" \t")
    return (interpreter, argument) if argument else (interpreter,)
