"""Questions asked at once, none of which can keep the others, or the program's end, waiting."""

import threading
import time
from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Asked(Generic[T]):
    """A question that is being asked since this was made."""

    def __init__(self, question: Callable[[], T]) -> None:
        self._question = question
        self._answers: list[T] = []
        self._error: BaseException | None = None
        # A thread that nobody waits for: what hangs is left behind when the program ends.
        self._thread = threading.Thread(target=self._ask, name="asked", daemon=True)
        self._thread.start()

    def answer(self, until: float) -> T | None:
        """The answer, or None where there is none when the monotonic clock says `until`.

        Raises:
            PolyarchError: as the question did.
        """
        self._thread.join(max(until - time.monotonic(), 0))
        if self._error is not None:
            raise self._error
        return self._answers[0] if self._answers else None

    def _ask(self) -> None:
        try:
            self._answers.append(self._question())
        except BaseException as error:  # noqa: BLE001 - told to who waits for the answer
            self._error = error
