"""What a command line starts beside its first word: shells, `env` and small init programs."""

import re
from dataclasses import dataclass

_SHELLS = frozenset({"sh", "bash", "dash", "ash", "zsh", "ksh", "busybox"})
_INITS = frozenset({"tini", "tini-static", "dumb-init", "catatonit", "docker-init"})
_ASSIGNMENT = re.compile(r"[A-Za-z_]\w*=\S*")
_SIMPLE = re.compile(r"[\w@%+=:,./ \t-]+")
_BUILT_IN = frozenset({
    ".", ":", "[", "alias", "bg", "break", "case", "cd", "command", "continue", "declare", "do",
    "echo", "eval", "exit", "export", "false", "fg", "for", "function", "getopts", "hash", "if",
    "jobs", "kill", "let", "local", "printf", "pwd", "read", "readonly", "return", "select",
    "set", "shift", "shopt", "source", "test", "time", "times", "trap", "true", "type", "typeset",
    "ulimit", "umask", "unalias", "unset", "until", "wait", "while",
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
    if name in _SHELLS:
        return _of_shell(words)
    if name == "env":
        return _of_env(words[1:])
    return _after_options(words[1:]) if name in _INITS else None


def _of_shell(words: tuple[str, ...]) -> Inner | None:
    """The first command of `sh -c TEXT`; a script that a shell is given is read, not executed."""
    flag = next((i for i, word in enumerate(words[:4]) if re.fullmatch(r"-\w*c", word)), None)
    if flag is None or flag + 1 >= len(words):
        return None
    text = words[flag + 1].strip()
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


def _of_env(words: tuple[str, ...]) -> Inner | None:
    rest = list(words)
    while rest:
        word = rest.pop(0)
        if word in {"-S", "--split-string"} and rest:
            rest = [*rest[0].split(), *rest[1:]]
        elif word.startswith("-S") and len(word) > len("-S"):
            rest = [*word.removeprefix("-S").split(), *rest]
        elif word in _ENV_WITH_VALUE:
            rest = rest[1:]
        elif not word.startswith("-") and not _ASSIGNMENT.fullmatch(word):
            return Inner(words=(word, *rest))
    return None


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
