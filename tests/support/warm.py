"""Many short lives of the command: each is a process of its own, forked from one that has loaded
polyarch, because loading takes longer than what is looked at here.
"""

import importlib
import json
import os
import resource
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from tests.support.tiny_project import NOTHING, Said, TinyProject

ROOT = Path(__file__).parents[2]
NO_CONSTANTS: Mapping[str, float] = MappingProxyType({})
LOADED = (
    "polyarch.cli.main",
    "polyarch.cli.move_view",
    "polyarch.pipeline.copy",
    "polyarch.pipeline.moving.rolling_back",
    "polyarch.pipeline.moving.undoing",
    "polyarch.pipeline.pruning.prune",
    "polyarch.pipeline.story",
    "polyarch.registry.aiohttp_transport",
)


@dataclass(frozen=True)
class Life:
    """One process that runs, or has run."""

    parent: "WarmPolyarch"
    pid: int
    said: tuple[Path, Path]

    def wait(self) -> Said:
        """Its end; a signal that ended it is told as a negative number."""
        code = self.parent.ask({"wait": self.pid})
        out, err = (path.read_text() for path in self.said)
        return Said(code=code, stdout=out, stderr=err)


class WarmPolyarch:
    """The process that forks."""

    def __init__(self, process: "subprocess.Popen[str]", folder: Path) -> None:
        self._process = process
        self._folder = folder
        self._lives = 0

    def start(
        self,
        project: TinyProject,
        *words: str,
        more: Mapping[str, str] = NOTHING,
        room: int | None = None,
        constants: Mapping[str, float] = NO_CONSTANTS,
    ) -> Life:
        """Start the command in a project.

        With `room` no file of it can have more bytes; `constants` get other values there, by name.
        """
        self._lives += 1
        said = tuple(self._folder / f"{self._lives}.{name}" for name in ("out", "err"))
        pid = self.ask(
            {
                "words": words,
                "folder": str(project.root),
                "environment": {**project.environment, **more},
                "said": [str(path) for path in said],
                "room": room,
                "constants": dict(constants),
            }
        )
        return Life(self, pid, (said[0], said[1]))

    def ask(self, what: Mapping[str, Any]) -> int:
        """One line there, one line back."""
        assert self._process.stdin
        assert self._process.stdout
        print(json.dumps(what), file=self._process.stdin, flush=True)
        answer = self._process.stdout.readline()
        assert answer, "the process that forks has ended"
        return int(answer)


@contextmanager
def warm_polyarch() -> Iterator[WarmPolyarch]:
    """Load polyarch in a process, which ends with the block."""
    with (
        tempfile.TemporaryDirectory() as folder,
        subprocess.Popen(
            [sys.executable, "-X", "faulthandler", "-m", "tests.support.warm"],
            cwd=ROOT,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        ) as process,
    ):
        yield WarmPolyarch(process, Path(folder))
        assert process.stdin
        process.stdin.close()


def serve() -> None:
    """Fork, and wait, for as long as somebody asks."""
    _load()
    for line in sys.stdin:
        asked = json.loads(line)
        if "wait" in asked:
            _, status = os.waitpid(asked["wait"], 0)
            answer = os.waitstatus_to_exitcode(status)
        else:
            answer = os.fork()
            if answer == 0:
                os._exit(_live(**asked))
        sys.stdout.write(f"{answer}\n")
        sys.stdout.flush()


def _load() -> None:
    for module in LOADED:
        importlib.import_module(module)


def _live(
    *,
    words: Sequence[str],
    folder: str,
    environment: Mapping[str, str],
    said: Sequence[str],
    room: int | None,
    constants: Mapping[str, float],
) -> int:
    from polyarch.cli.main import run

    os.chdir(folder)
    os.environ.clear()
    os.environ.update(environment)
    for place, path in enumerate((os.devnull, *said)):
        opened = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
        os.dup2(opened, place)
        os.close(opened)
    for name, value in constants.items():
        module, _, constant = name.rpartition(".")
        setattr(importlib.import_module(module), constant, value)
    if room is not None:
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, room))
    code = run(words)
    sys.stdout.flush()
    sys.stderr.flush()
    return int(code)


if __name__ == "__main__":
    serve()
