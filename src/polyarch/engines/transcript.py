"""What an engine says during one build, without secrets: kept in the log, told to the listener."""

from collections import deque
from types import TracebackType
from typing import IO, Self

from polyarch.engines.base import BuildRequest
from polyarch.errors import StorageError
from polyarch.events import BuildLog, BuildStep, Listener, Warned

LAST_LINES = 20
"""How many of a failed build's last lines an error carries."""


class Transcript:
    """The log file of one build while it runs; it keeps the last lines for an error."""

    def __init__(self, request: BuildRequest, listen: Listener) -> None:
        self._request = request
        self._listen = listen
        self._file: IO[str] | None = None
        self._last: deque[str] = deque(maxlen=LAST_LINES)

    def __enter__(self) -> Self:
        """Open the log, if one is wanted.

        Raises:
            StorageError: it cannot be written.
        """
        path = self._request.log
        if path is not None:
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._file = path.open("a", encoding="utf-8", errors="replace", buffering=1)
            except OSError as error:
                raise StorageError(str(path), error.strerror or str(error)) from error
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._file is not None:
            self._file.close()

    @property
    def last_lines(self) -> tuple[str, ...]:
        """The end of what was said, steps left out."""
        return tuple(self._last)

    def line(self, text: str) -> None:
        """One line of output."""
        text = self._request.mask(text)
        self._keep(text)
        if text.strip():
            self._last.append(text)
        self._listen(
            BuildLog(image=self._request.image, platform=self._request.platform, line=text)
        )

    def step(self, text: str, *, done: int, total: int) -> None:
        """The engine went on to another step: told to the listener, not written to the log."""
        self._listen(
            BuildStep(
                image=self._request.image,
                platform=self._request.platform,
                text=self._request.mask(text),
                done=done,
                total=total,
            )
        )

    def warn(self, text: str) -> None:
        """Something that a person should look at though the build goes on."""
        about = f"image `{self._request.image}`, platform `{self._request.platform}`"
        self._listen(Warned(text=f"{about}: {self._request.mask(text)}"))

    def note(self, text: str) -> None:
        """One line for the log alone.

        Raises:
            StorageError: the log cannot be written.
        """
        self._keep(self._request.mask(text))

    def _keep(self, text: str) -> None:
        if self._file is None:
            return
        try:
            self._file.write(text + "\n")
        except OSError as error:
            raise StorageError(str(self._request.log), error.strerror or str(error)) from error
