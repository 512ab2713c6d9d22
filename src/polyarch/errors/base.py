"""What every exception is, and the text that all make fit for one line."""

from typing import ClassVar, Self


class PolyarchError(Exception):
    """Base of all: three texts that together tell a person what to do."""

    code: ClassVar[str] = "error"
    retryable: ClassVar[bool] = False

    def __init__(self, message: str, *, where: str | None = None, hint: str | None = None) -> None:
        super().__init__(message)
        self.message = message
        self.where = where
        self.hint = hint

    def at(self, where: str) -> Self:
        """This error, told to be at `where` unless it says so itself."""
        self.where = self.where or where
        return self


class InterruptedByUserError(PolyarchError):
    """Ctrl-C or SIGTERM; `moves_tags` says that tags may have been on their way."""

    code = "interrupted"

    def __init__(self, *, moves_tags: bool = False) -> None:
        again = "run it again: what was finished is not done twice"
        whole = "every tag shows a whole image, the old or the new one; " if moves_tags else ""
        super().__init__(
            "interrupted before the work was done", where="this run", hint=whole + again
        )


def shorten(text: str, limit: int = 120) -> str:
    """Make hostile text fit for one line of a message: printable and not longer than `limit`."""
    line = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return line if len(line) <= limit else line[: limit - 1] + "…"
