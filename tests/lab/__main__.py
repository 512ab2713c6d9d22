"""`python -m tests.lab setup` brings the real parts here, `status` tells which are."""

import sys
import time
from collections.abc import Callable

from tests.lab.cache import cache_folder, only_one
from tests.lab.parts import PARTS, provide_all
from tests.lab.reasons import Missing

USAGE = "usage: python -m tests.lab setup | status\n"


def main(words: list[str]) -> int:
    """Do what the words say and return the exit code."""
    match words:
        case ["setup"]:
            return _setup()
        case ["status"]:
            return _status()
        case _:
            sys.stderr.write(USAGE)
            return 2


def _setup() -> int:
    started = time.monotonic()

    def tell(note: str) -> None:
        sys.stderr.write(f"lab {time.monotonic() - started:6.1f} s  {note}\n")
        sys.stderr.flush()

    with only_one(waiting=lambda: tell("waiting for another set-up")):
        provide_all(tell)
    return _status()


def _status() -> int:
    rows = [_row(part.name, part.purpose, *_state(part.probe)) for part in PARTS]
    sys.stdout.write("\n".join([_row("part", "for", "here", "version, or why not"), *rows]))
    sys.stdout.write(f"\n\nkept in {cache_folder()}\n")
    return 0


def _state(probe: Callable[[], str]) -> tuple[str, str]:
    try:
        return "yes", probe()
    except Missing as error:
        return "no", str(error)


def _row(name: str, purpose: str, here: str, note: str) -> str:
    return f"{name:<11}{purpose:<37}{here:<6}{note}"


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
