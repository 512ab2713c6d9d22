"""Runs that died: what their journals say, for the next run to go on from.

Nothing in a journal is believed unchecked: it is a file, and its last line may be cut off.
"""

import base64
import binascii
import contextlib
import fcntl
import json
import os
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import BinaryIO

from polyarch.content.files import open_regular
from polyarch.errors import SpecError
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.manifest import parse_any
from polyarch.oci.reference import Repository
from polyarch.registry.memory import Upload
from polyarch.transaction.journal import FILE, Root

MAX_BYTES = 256 * 1024 * 1024
"""Of a journal that is read; a line holds a manifest at most."""

MAX_RUNS = 200
"""How many runs are looked at, the newest first."""

_TAIL_BYTES = 64
_ENDS = frozenset({b'{"do":"end"}', b'{"do": "end"}'})
"""How journals end, as their own run and as a later one writes it."""


class PastRun:
    """What the journal of a run says that is over.

    `moving` are the tags that had begun to move, by repository and tag, with the digest they were
    to have; `old` is what each tag had when it was frozen. `rehearsed`: other registries stood in
    for those that are named.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.ended = False
        self.rehearsed = False
        self.uploads: dict[tuple[str, str], Upload] = {}
        self.moving: dict[tuple[str, str], str] = {}
        self.old: dict[tuple[str, str], Root | None] = {}
        self._overtaken: set[tuple[str, str]] = set()

    @classmethod
    def read(cls, path: Path) -> "PastRun | None":
        """Read a journal, up to where it was cut off; None where it is still being written.

        A file that cannot be read is as good as an empty one.
        """
        past = cls(path)
        with contextlib.suppress(OSError), open_regular(path, follow=False) as file:
            if not _is_free(file):
                return None
            for entry in _entries(file):
                past._take(entry)
        return past

    @property
    def name(self) -> str:
        """The id of the run."""
        return self.path.parent.name

    @property
    def died_in_flip(self) -> bool:
        """Whether its writer died after the first tag had begun to move, and some still wait."""
        return bool(self.halfway) and not self.ended

    @property
    def halfway(self) -> tuple[tuple[str, str], ...]:
        """Those of `moving` that no other run has moved or kept since."""
        return tuple(key for key in self.moving if key not in self._overtaken)

    def settle(self, repositories: Collection[Repository]) -> None:
        """Say in the journal that its tags are where they belong; a full disk may forget that.

        Uploads to other repositories than these may still be gone on with. What stands there in
        place of a file is left alone, and never waited for.
        """
        left = [key for key, each in self.uploads.items() if each.repository not in repositories]
        gone = [_ended(*key) for key in self.uploads if key not in left]
        self._write([*gone, {"do": "settled"}] if left else [{"do": "end"}])

    def overtake(self, tags: Collection[tuple[str, str]]) -> None:
        """Say in the journal that other runs have moved or kept some of its tags since."""
        self._write(
            [{"do": "overtaken", "repository": repository, "tag": tag} for repository, tag in tags]
        )

    def _write(self, entries: Sequence[JsonObject]) -> None:
        flags = os.O_WRONLY | os.O_APPEND | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC
        with contextlib.suppress(OSError), os.fdopen(os.open(self.path, flags), "ab") as file:
            file.write("".join(f"\n{json.dumps(entry)}\n" for entry in entries).encode())

    def _take(self, entry: JsonObject) -> None:
        with contextlib.suppress(KeyError, TypeError, ValueError, SpecError, binascii.Error):
            match entry.get("do"):
                case "upload":
                    upload = _upload(entry)
                    self.uploads[str(upload.repository), str(upload.digest)] = upload
                case "ended":
                    self.uploads.pop((entry["repository"], entry["digest"]), None)
                case "frozen":
                    self.old[_tag(entry)] = _root(entry)
                case "moving" | "moved":
                    self.moving[_tag(entry)] = str(entry["digest"])
                case "overtaken":
                    self._overtaken.add(_tag(entry))
                case "restored":
                    self.moving.pop(_tag(entry), None)
                case "settled":
                    self.moving.clear()
                case "rehearse":
                    self.rehearsed = True
                case "end":
                    self.ended = True
                case _:  # what is only for people, or what a later version writes
                    pass


def unfinished(runs: Path, *, rehearsed: bool = False) -> tuple[PastRun, ...]:
    """The runs below this folder that died before their end, the newest first.

    Either those that spoke with the registries themselves, or those that `rehearsed`.
    """
    paths = sorted(runs.glob(f"*/{FILE}"), reverse=True)[:MAX_RUNS]
    read: Sequence[PastRun | None] = [PastRun.read(path) for path in paths if not _is_over(path)]
    dead = (past for past in read if past and not past.ended)
    return tuple(past for past in dead if past.rehearsed is rehearsed)


def _is_over(path: Path) -> bool:
    """Whether its last line says that the run came to its end: nearly all have, and are not read.

    One that has no such line there may be over all the same.
    """
    with contextlib.suppress(OSError), open_regular(path, follow=False) as file:
        file.seek(max(0, file.seek(0, os.SEEK_END) - _TAIL_BYTES))
        last = file.read(_TAIL_BYTES).rstrip(b"\n").rpartition(b"\n")[2]
        return last in _ENDS
    return False


def _is_free(file: BinaryIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except OSError:
        return False
    return True


def _entries(file: BinaryIO) -> Iterator[JsonObject]:
    left = MAX_BYTES
    while left > 0 and (line := file.readline(left)):
        left -= len(line)
        try:
            value = json.loads(line)
        except (ValueError, RecursionError):
            continue  # what was being written when its writer died
        if isinstance(value, dict):
            yield value


def _ended(repository: str, digest: str) -> JsonObject:
    return {"do": "ended", "repository": repository, "digest": digest}


def _tag(entry: JsonObject) -> tuple[str, str]:
    """Repository and tag, that are such."""
    repository = Repository.parse(_text(entry, "repository"))
    return str(repository), repository.tag(_text(entry, "tag")).tag


def _upload(entry: JsonObject) -> Upload:
    acknowledged = entry["acknowledged"]
    if not isinstance(acknowledged, int) or acknowledged < 0:
        raise TypeError(acknowledged)
    return Upload(
        repository=Repository.parse(_text(entry, "repository")),
        digest=Digest.parse(_text(entry, "digest")),
        location=_text(entry, "location"),
        acknowledged=acknowledged,
    )


def _text(entry: JsonObject, name: str) -> str:
    value = entry[name]
    if not isinstance(value, str):
        raise TypeError(value)
    return value


def _root(entry: JsonObject) -> Root | None:
    """The bytes under a tag, if they are what their digest says."""
    if "raw" not in entry:
        return None
    raw = base64.b64decode(entry["raw"], validate=True)
    wanted = Digest.parse(_text(entry, "digest"))
    if Digest.of(raw, wanted.algorithm) != wanted:
        raise ValueError(wanted)
    return parse_any(raw, _text(entry, "media_type"))
