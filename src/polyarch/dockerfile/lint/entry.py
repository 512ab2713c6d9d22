"""The program that an image starts, as ENTRYPOINT and CMD name it."""

import re
import shlex
from collections.abc import Iterator, Sequence

from polyarch.dockerfile.lint.view import FileView
from polyarch.dockerfile.tree import Instruction

_STARTERS = frozenset(
    {"catchsegv", "dumb-init", "env", "exec", "gosu", "nice", "setpriv", "sh", "su-exec", "sudo",
     "tini", "tini-static", "bash"}
)  # fmt: skip
_WITH_USER = frozenset({"gosu", "su-exec"})
_ASSIGNMENT = re.compile(r"\w+=")


def programs(view: FileView) -> frozenset[str]:
    """What the image's ENTRYPOINT and CMD start, as written: a path, or a name to be found in PATH.

    Each of the two gives the first word that is no mere starter (`tini --`, `exec`).
    """
    return frozenset(_names(view))


def _names(view: FileView) -> Iterator[str]:
    for wanted in ("ENTRYPOINT", "CMD"):
        for stage in view.chain(view.final):
            last = next((one for one in reversed(stage.body) if one.name == wanted), None)
            if last is not None:
                yield from _started(_words(last))
                break


def _words(instruction: Instruction) -> Sequence[str]:
    if instruction.json is not None:
        return instruction.json
    try:
        return shlex.split(instruction.arguments.text)
    except ValueError:
        return instruction.arguments.text.split()


def _started(words: Sequence[str]) -> Iterator[str]:
    skip_user = False
    for word in words:
        name = word.rpartition("/")[2]
        if skip_user:
            skip_user = False
        elif name in _STARTERS:
            skip_user = name in _WITH_USER
        elif not word.startswith("-") and not _ASSIGNMENT.match(word):
            yield word
            return
