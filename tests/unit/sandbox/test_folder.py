"""What only the folder storage promises: it outlives its process, and nothing leaves the folder."""

import resource
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from polyarch.errors import InvalidReferenceError, StorageError
from polyarch.oci.digest import Digest
from polyarch.sandbox.folder import FolderStorage
from polyarch.sandbox.storage import StoredManifest

PUSH_AND_DIE = """
import os, signal, sys
from pathlib import Path
from polyarch.oci.digest import Digest
from polyarch.sandbox.folder import FolderStorage
from polyarch.sandbox.storage import StoredManifest

storage = FolderStorage(Path(sys.argv[1]))
session = storage.start_upload("team/app", "sha256")
storage.append_upload(session, b"whole")
storage.finish_upload(session, Digest.of(b"whole"))
manifest = StoredManifest(media_type="a/b", raw=b"{}", subject=Digest.of(b"subject"))
storage.put_manifest("team/app", Digest.of(b"{}"), manifest)
storage.put_tag("team/app", "v1", Digest.of(b"{}"))
session = storage.start_upload("team/app", "sha256")
storage.append_upload(session, b"half ")
print(session, flush=True)
os.kill(os.getpid(), signal.SIGKILL)
"""


def test_killed_and_opened_again(tmp_path: Path) -> None:
    command = [sys.executable, "-c", PUSH_AND_DIE, str(tmp_path)]
    died = subprocess.run(command, capture_output=True, text=True, check=False)
    assert died.returncode == -signal.SIGKILL, died.stderr
    storage = FolderStorage(tmp_path)
    whole = Digest.of(b"whole")
    assert storage.blob_size("team/app", whole) == 5
    with storage.open_blob(whole) as file:
        assert file.read() == b"whole"
    assert storage.tag("team/app", "v1") == Digest.of(b"{}")
    assert storage.referrers("team/app", Digest.of(b"subject")) == (Digest.of(b"{}"),)

    session = died.stdout.strip()
    assert storage.upload_size("team/app", session) == 5
    storage.append_upload(session, b"done")
    assert storage.finish_upload(session, Digest.of(b"half done"))
    assert not list((tmp_path / "uploads").iterdir())


@pytest.mark.parametrize("name", ["..", "../x", "a/../../x", "/etc", "a\0b", "", "A"])
def test_no_name_leaves_the_folder(tmp_path: Path, name: str) -> None:
    storage = FolderStorage(tmp_path / "root")
    digest = Digest.of(b"")
    manifest = StoredManifest(media_type="a/b", raw=b"")
    for attempt in (
        lambda: storage.put_manifest(name, digest, manifest),
        lambda: storage.blob_size(name, digest),
        lambda: storage.unlink_blob(name, digest),
        lambda: storage.put_tag("a", name.lower() and f"../{name}", digest),
        lambda: storage.tags(name),
        lambda: storage.has_repository(name),
    ):
        with pytest.raises(InvalidReferenceError):
            attempt()
    assert [path.name for path in tmp_path.iterdir()] == ["root"]


def test_a_disk_that_is_full_in_the_middle_of_a_block(tmp_path: Path) -> None:
    storage = FolderStorage(tmp_path)
    session = storage.start_upload("a", "sha256")
    storage.append_upload(session, b"good")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1000, hard))
    try:
        with pytest.raises(OSError, match="large"):
            storage.append_upload(session, bytes(5000))
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    assert storage.upload_size("a", session) == 4
    assert storage.finish_upload(session, Digest.of(b"good"))


def test_a_folder_that_cannot_be_made(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StorageError):
        FolderStorage(tmp_path / "file" / "storage")
