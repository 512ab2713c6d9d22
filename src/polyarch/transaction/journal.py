"""The journal of one run: what is needed to go on, or to undo, when the process has died.

JSON, one object a line, appended; what must survive a power loss is forced to the disk before the
step that it is about begins. The file is its writer's alone (a lock ends with the process). It may
hold signed URLs, so only the owner reads it; credentials never come here.
"""

import asyncio
import base64
import contextlib
import fcntl
import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import BinaryIO, Self

from polyarch.errors import StorageError
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.memory import Upload

FILE = "journal.jsonl"

Root = ImageIndex | ImageManifest


class Journal:
    """Appends; remembers uploads of its own and of the runs that died before."""

    def __init__(self, file: BinaryIO | None, name: str = "") -> None:
        self._file = file
        self._name = name
        self._torn = False
        self._uploads: dict[tuple[str, Digest], Upload] = {}

    @classmethod
    def none(cls) -> Self:
        """A journal that keeps nothing beyond this process."""
        return cls(None)

    @classmethod
    def create(cls, path: Path) -> Self:
        """A new file, locked.

        Raises:
            StorageError: it cannot be made, or another process writes it.
        """
        try:
            handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
            file = os.fdopen(handle, "ab", buffering=0)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except OSError:
                file.close()
                raise
        except OSError as error:
            raise StorageError(str(path), error.strerror or str(error)) from error
        return cls(file, str(path))

    def inherit(self, uploads: Sequence[Upload]) -> None:
        """Take over uploads that another run began."""
        self._uploads.update({(str(each.repository), each.digest): each for each in uploads})

    @property
    def inherited(self) -> tuple[Upload, ...]:
        """Uploads that nobody has finished yet."""
        return tuple(self._uploads.values())

    def rehearse(self) -> None:
        """Registries of this machine stand in for the ones that are named."""
        self._write({"do": "rehearse"})

    def begin(self, images: Sequence[JsonObject]) -> None:
        """What is to be published, so that somebody who finds the journal can tell."""
        self._write({"do": "begin", "images": list(images)})

    def recall(self, repository: Repository, digest: Digest) -> Upload | None:
        """An upload of this blob that was begun and not ended."""
        return self._uploads.get((str(repository), digest))

    def keep(self, upload: Upload) -> None:
        """An upload got so far."""
        self._uploads[str(upload.repository), upload.digest] = upload
        self._note(
            {
                "do": "upload",
                "repository": str(upload.repository),
                "digest": str(upload.digest),
                "location": upload.location,
                "acknowledged": upload.acknowledged,
            }
        )

    def forget(self, repository: Repository, digest: Digest) -> None:
        """The blob stands, or its upload is gone."""
        if self._uploads.pop((str(repository), digest), None):
            known = {"repository": str(repository), "digest": str(digest)}
            self._note({"do": "ended", **known})

    async def frozen(self, repository: Repository, tag: str, old: Root | None) -> None:
        """What a tag has before it moves, bytes and all."""
        entry: JsonObject = {"do": "frozen", "repository": str(repository), "tag": tag}
        if old:
            entry |= {
                "digest": str(old.descriptor.digest),
                "media_type": old.descriptor.media_type,
                "raw": base64.b64encode(old.raw).decode(),
            }
        await self._write_safely(entry)

    async def moving(self, repository: Repository, tag: str, digest: Digest) -> None:
        """A tag is about to move."""
        await self._write_safely(_step("moving", repository, tag, digest))

    def moved(self, repository: Repository, tag: str, digest: Digest) -> None:
        """A tag has moved, and shows it."""
        self._note(_step("moved", repository, tag, digest))

    def restored(self, repository: Repository, tag: str) -> None:
        """A tag has again what it had."""
        self._note(_step("restored", repository, tag, None))

    def end(self) -> None:
        """Nothing is left to do or to undo."""
        self._note({"do": "end"})

    def close(self) -> None:
        """Let the file go; the lock with it."""
        if self._file:
            self._file.close()

    def _note(self, entry: JsonObject) -> None:
        """Write what only saves work: registries themselves tell what has been done."""
        with contextlib.suppress(StorageError):
            self._write(entry)

    def _write(self, entry: JsonObject) -> None:
        if self._file is None:
            return
        left = json.dumps(entry, separators=(",", ":")).encode() + b"\n"
        if self._torn:
            left = b"\n" + left
        try:
            # A file takes what it has room for, and refuses the next byte.
            while left:
                self._torn = True
                left = left[self._file.write(left) :]
        except OSError as error:
            raise StorageError(self._name, error.strerror or str(error)) from error
        self._torn = False

    async def _write_safely(self, entry: JsonObject) -> None:
        self._write(entry)
        if self._file is not None:
            try:
                await asyncio.to_thread(os.fsync, self._file.fileno())
            except OSError as error:
                raise StorageError(self._name, error.strerror or str(error)) from error

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_error: object) -> None:
        self.close()


def _step(do: str, repository: Repository, tag: str, digest: Digest | None) -> JsonObject:
    told = {"digest": str(digest)} if digest else {}
    return {"do": do, "repository": str(repository), "tag": tag, **told}
