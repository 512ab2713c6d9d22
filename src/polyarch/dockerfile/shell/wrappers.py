"""What only starts another program: `env`, `sudo`, `time`, `nice`, `xargs` and others."""

import re
from dataclasses import dataclass
from itertools import pairwise

from polyarch.dockerfile.shell.word import ShellWord

SHELLS = frozenset({"sh", "bash", "ash", "dash", "zsh", "ksh", "mksh"})
_ASSIGNMENT = re.compile(r"[A-Za-z_][A-Za-z0-9_]*=")
_MOST = 16
"""Wrappers around one command that are taken off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Wrapper:
    """`valued` are the options whose value is the next word, `operands` what precedes the program.

    `assigns` tells that `name=value` may stand there. `refused` are options with which it is no
    wrapper (`command -v`).
    """

    valued: frozenset[str] = frozenset()
    operands: int = 0
    assigns: bool = False
    refused: frozenset[str] = frozenset()


_PLAIN = _Wrapper()
_WRAPPERS = {
    "builtin": _PLAIN,
    "busybox": _PLAIN,
    "command": _Wrapper(refused=frozenset({"-v", "-V"})),
    "doas": _Wrapper(valued=frozenset({"-u", "-C"}), assigns=True),
    "dumb-init": _PLAIN,
    "eatmydata": _PLAIN,
    "env": _Wrapper(valued=frozenset({"-u", "--unset", "-C", "--chdir"}), assigns=True),
    "exec": _Wrapper(valued=frozenset({"-a"})),
    "fakeroot": _PLAIN,
    "gosu": _Wrapper(operands=1),
    "ionice": _Wrapper(valued=frozenset({"-c", "-n"})),
    "nice": _Wrapper(valued=frozenset({"-n"})),
    "nohup": _PLAIN,
    "setpriv": _Wrapper(valued=frozenset({"--reuid", "--regid", "--groups"})),
    "stdbuf": _Wrapper(valued=frozenset({"-i", "-o", "-e"})),
    "su-exec": _Wrapper(operands=1),
    "sudo": _Wrapper(
        valued=frozenset({"-u", "--user", "-g", "--group", "-h", "-p", "-C", "-D"}), assigns=True
    ),
    "time": _Wrapper(valued=frozenset({"-f", "-o"})),
    "timeout": _Wrapper(valued=frozenset({"-k", "-s"}), operands=1),
    "tini": _Wrapper(valued=frozenset({"-p", "-e"})),
    "xargs": _Wrapper(
        valued=frozenset({"-I", "-i", "-n", "-P", "-L", "-d", "-s", "-a", "-E", "--max-args"})
    ),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Unwrapped:
    """A command without its wrappers, outermost first, and the assignments that they made."""

    words: tuple[ShellWord, ...]
    wrappers: tuple[str, ...]
    assignments: tuple[ShellWord, ...]


def unwrap(words: tuple[ShellWord, ...]) -> Unwrapped:
    """Take wrappers off; one without a program behind it is the program itself."""
    wrappers: list[str] = []
    assignments: list[ShellWord] = []
    while words and len(wrappers) < _MOST:
        name = (words[0].value or "").rpartition("/")[2]
        wrapper = _WRAPPERS.get(name)
        start, assigned = _behind(words, wrapper) if wrapper else (len(words), [])
        if start >= len(words):
            break
        wrappers.append(name)
        assignments += assigned
        words = words[start:]
    return Unwrapped(words=words, wrappers=tuple(wrappers), assignments=tuple(assignments))


def _behind(words: tuple[ShellWord, ...], wrapper: _Wrapper) -> tuple[int, list[ShellWord]]:
    """Where the wrapped program stands, and the assignments before it."""
    assigned: list[ShellWord] = []
    index, operands = 1, wrapper.operands
    while index < len(words):
        text = words[index].text
        if text in wrapper.refused:
            return len(words), []
        if text == "--":
            return index + 1 + operands, assigned
        if text.startswith("-"):
            index += 1 + (text in wrapper.valued)
        elif wrapper.assigns and _ASSIGNMENT.match(text):
            assigned.append(words[index])
            index += 1
        elif operands:
            operands -= 1
            index += 1
        else:
            break
    return index, assigned


def inner_script(words: tuple[ShellWord, ...]) -> tuple[str, ShellWord] | None:
    """The word that a shell takes as its script, with the wrapper's name: `sh -c "…"`, `eval …`."""
    name = (words[0].value or "").rpartition("/")[2] if words else ""
    if name == "eval" and len(words) == len(("eval", "text")):
        return name, words[1]
    if name == "su":
        return _behind_option(words, name, {"-c", "--command"})
    if name in SHELLS:
        options = {one.text for one in words[1:] if re.fullmatch("-[a-z]*c", one.text)}
        return _behind_option(words, name, options)
    return None


def _behind_option(
    words: tuple[ShellWord, ...], name: str, options: set[str]
) -> tuple[str, ShellWord] | None:
    for option, value in pairwise(words[1:]):
        if option.text in options:
            return name, value
    return None
