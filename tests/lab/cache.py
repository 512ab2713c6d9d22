"""The lab's folder outside the checkout: one subfolder per thing that was fetched or built."""

import fcntl
import hashlib
import json
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

# Threads of one set-up may want the same thing at once.
MAKING: dict[Path, Lock] = {}


def cache_folder() -> Path:
    """Return where the lab keeps what it made: `$POLYARCH_LAB`, or the user's cache folder."""
    if named := os.environ.get("POLYARCH_LAB"):
        return Path(named).absolute()
    home = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(home).absolute() / "polyarch-lab"


def keyed(name: str, *recipe: Any) -> Path:
    """Return the place of a thing made by `recipe` (JSON values): another recipe, another place."""
    digest = hashlib.sha256(json.dumps(recipe, sort_keys=True).encode()).hexdigest()
    return cache_folder() / f"{name}-{digest[:12]}"


def make_once(place: Path, make: Callable[[Path], None]) -> Path:
    """Make `place` unless it stands: `make` fills a folder, which appears whole or not at all."""
    with MAKING.setdefault(place, Lock()):
        if place.exists():
            return place
        with work_folder() as work:
            made = work / place.name
            made.mkdir()
            make(made)
            made.rename(place)
    return place


@contextmanager
def work_folder() -> Iterator[Path]:
    """Give a folder on the cache's file system (so that a rename is atomic), gone afterwards."""
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    work = Path(tempfile.mkdtemp(prefix="work-", dir=cache))
    try:
        yield work
    finally:
        shutil.rmtree(work, ignore_errors=True)


@contextmanager
def only_one(waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the cache's lock; call `waiting` first when another process has it."""
    cache = cache_folder()
    cache.mkdir(parents=True, exist_ok=True)
    with (cache / "lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            waiting()
            fcntl.flock(lock, fcntl.LOCK_EX)
        _sweep(cache)
        yield


def _sweep(cache: Path) -> None:
    """Remove what a killed run left half made; nobody else is at work while the lock is held."""
    for left in cache.glob("work-*"):
        shutil.rmtree(left, ignore_errors=True)
