"""A command that the project names: found, run without registries' logins, its output in a log.

Words are data, never text for a shell. A word with a slash is a path from the project's root.
"""

import shlex
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from polyarch.config.project import ImageSettings, Project
from polyarch.errors import ProcessFailedError, ProgramNotFoundError, StorageError
from polyarch.host.mask import Mask
from polyarch.host.process import LAST_LINES, find_program, stream
from polyarch.pipeline.environment import without_logins
from polyarch.pipeline.world import World

TIMEOUT_S = 1800.0
"""How long one command may take: whoever waits for more has been forgotten."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Ended:
    """One command that ran; `problem` is empty where it went well, else `ended with status 1`."""

    words: tuple[str, ...]
    log: Path
    problem: str = ""
    last_lines: tuple[str, ...] = ()

    @property
    def shown(self) -> str:
        """The command as a person would type it."""
        return shlex.join(self.words)


@dataclass(frozen=True, slots=True, kw_only=True)
class Commands:
    """Runs commands in the project's root; `environment` is all that they see.

    `mask` hides secrets in what they print.
    """

    root: Path
    environment: Mapping[str, str]
    mask: Mask = field(default_factory=Mask)

    @classmethod
    def of(cls, project: Project, world: World) -> Self:
        """Those of a project."""
        environment = without_logins(world.environment, project.secret_variables)
        return cls(root=project.root, environment=environment, mask=world.mask)

    def check(self, words: Sequence[str], key: str) -> None:
        """See that the program is there, as far as its name is known; `key` names it.

        Raises:
            ProgramNotFoundError: it is not.
        """
        program = self._program(words[0])
        if "{" in words[0] or find_program(program, self.environment):
            return
        problem = None
        if "/" in words[0]:
            there = Path(program).is_file()
            problem = "may not be executed" if there else "is not there"
        raise ProgramNotFoundError(words[0], problem=problem, named_by=key)

    def check_image(self, settings: ImageSettings, *, rehearsed: bool) -> None:
        """See that the programs are there which the gates and `after-publish` of an image name.

        In a rehearsal only gates are run.

        Raises:
            ProgramNotFoundError: one is not.
        """
        for words in settings.gates:
            self.check(words, f"`images.{settings.name}.gates`")
        for words in () if rehearsed else settings.after_publish:
            self.check(words, f"`images.{settings.name}.after-publish`")

    def run(
        self, words: Sequence[str], log: Path, more: Mapping[str, str], *, timeout_s: float
    ) -> Ended:
        """Run one to its end; `more` is added to its environment.

        Raises:
            StorageError: its log cannot be written.
        """
        last: deque[str] = deque(maxlen=LAST_LINES)
        try:
            with log.open("a", encoding="utf-8", errors="replace", buffering=1) as file:

                def keep(printed: str) -> None:
                    line = self.mask(printed)
                    file.write(f"{line}\n")
                    if line.strip():
                        last.append(line)

                file.write(f"$ {shlex.join(words)}\n")
                problem = self._stream(words, more, keep, timeout_s)
                file.write(f"# {problem or 'done'}\n")
        except OSError as error:
            raise StorageError(str(log), error.strerror or str(error)) from error
        return Ended(words=tuple(words), log=log, problem=problem, last_lines=tuple(last))

    def _stream(
        self,
        words: Sequence[str],
        more: Mapping[str, str],
        keep: Callable[[str], None],
        timeout_s: float,
    ) -> str:
        """Run it; what went wrong, in words that follow its name."""
        try:
            stream(
                [self._program(words[0]), *words[1:]],
                environment={**self.environment, **more},
                on_line=keep,
                folder=self.root,
                timeout_s=timeout_s,
            )
        except ProgramNotFoundError as error:
            return f"cannot be run: {error.message}"
        except ProcessFailedError as error:
            if error.is_late:
                return f"was ended: no end within {timeout_s:g} s"
            return error.how
        return ""

    def _program(self, word: str) -> str:
        return str(self.root / word) if "/" in word else word
