"""Answers of registries about base images, kept between runs.

What a digest has stays true for ever, what a tag has for a day; without `--online` an older answer
is better than none, for a month.
"""

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from polyarch.content.files import write_bytes
from polyarch.dockerfile.lint.lookup import BaseImage
from polyarch.errors import InvalidPlatformError, StorageError
from polyarch.oci.fields import JsonObject
from polyarch.oci.platform import Platform

FILE = "bases.json"
MAX_ANSWERS = 2000
MAX_BYTES = 16 << 20

_FRESH = timedelta(days=1)
_OLD = timedelta(days=30)


@dataclass(slots=True, kw_only=True)
class BaseCache:
    """One file; one that cannot be read is as good as none, and what cannot be kept is not."""

    path: Path | None
    now: datetime
    _answers: dict[str, JsonObject] | None = field(default=None, repr=False)
    _is_new: bool = False

    def get(
        self, reference: str, platforms: tuple[Platform, ...], *, is_online: bool
    ) -> BaseImage | None:
        """The answer, unless it is too old."""
        answer = self._all().get(_key(reference, platforms))
        try:
            age = self.now - datetime.fromisoformat(str((answer or {}).get("at")))
            limit = _FRESH if is_online and "@" not in reference else _OLD
            return _read(answer) if answer and timedelta(0) <= age <= limit else None
        except (InvalidPlatformError, KeyError, TypeError, ValueError, AttributeError):
            return None

    def put(self, reference: str, platforms: tuple[Platform, ...], found: BaseImage) -> None:
        """Keep an answer, until `save` in memory alone."""
        answers = self._all()
        answers.pop(_key(reference, platforms), None)
        answers[_key(reference, platforms)] = {
            "at": self.now.isoformat(),
            "offered": [str(each) for each in found.offered],
            "is_index": found.is_index,
            "flaws": {str(each): reason for each, reason in found.flaws.items()},
            "index": found.index,
            "others": list(found.others),
        }
        self._is_new = True

    def save(self) -> None:
        """Write what is new; a disk that takes nothing keeps nobody from an answer."""
        if self.path is None or not self._is_new:
            return
        kept = dict(list(self._all().items())[-MAX_ANSWERS:])
        try:
            write_bytes(self.path, json.dumps(kept).encode(), mode=0o600)
        except StorageError:
            return

    def _all(self) -> dict[str, JsonObject]:
        if self._answers is None:
            self._answers = self._file()
        return self._answers

    def _file(self) -> dict[str, JsonObject]:
        try:
            if self.path is None or self.path.stat().st_size > MAX_BYTES:
                return {}
            found = json.loads(self.path.read_bytes())
        except (OSError, ValueError, RecursionError):
            return {}
        return found if isinstance(found, dict) else {}


def _key(reference: str, platforms: tuple[Platform, ...]) -> str:
    return f"{reference} {','.join(map(str, platforms))}"


def _read(answer: Mapping[str, Any]) -> BaseImage:
    return BaseImage(
        offered=tuple(Platform.parse(each) for each in answer["offered"]),
        is_index=bool(answer["is_index"]),
        flaws={Platform.parse(each): str(why) for each, why in answer["flaws"].items()},
        index=str(answer["index"]),
        others=tuple(str(each) for each in answer["others"]),
    )
