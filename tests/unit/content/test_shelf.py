import os
from pathlib import Path

from polyarch.content.shelf import Shelf
from polyarch.oci.digest import Digest


def test_what_was_put_is_there_again(tmp_path: Path):
    digest = Digest.of(b"{}")
    shelf = Shelf(tmp_path / "shelf")
    assert shelf.get(digest) is None
    shelf.put(digest, b"{}")
    assert Shelf(tmp_path / "shelf").get(digest) == b"{}"


def test_bytes_that_changed_on_the_disk_are_forgotten(tmp_path: Path):
    digest = Digest.of(b"{}")
    shelf = Shelf(tmp_path)
    shelf.put(digest, b"{}")
    [path] = tmp_path.iterdir()
    path.write_bytes(b"[]")
    assert shelf.get(digest) is None


def test_the_older_half_makes_room(tmp_path: Path):
    shelf = Shelf(tmp_path, most=4)
    for number in range(5):
        raw = str(number).encode()
        shelf.put(Digest.of(raw), raw)
        for age, path in enumerate(sorted(tmp_path.iterdir(), key=lambda p: p.stat().st_mtime)):
            os.utime(path, (age, age))
    kept = [number for number in range(5) if shelf.get(Digest.of(str(number).encode()))]
    assert len(kept) == 3
    assert kept[-1] >= 3


def test_a_disk_that_cannot_be_written_forgets(tmp_path: Path):
    (tmp_path / "file").write_text("")
    shelf = Shelf(tmp_path / "file" / "shelf")
    shelf.put(Digest.of(b"{}"), b"{}")
    assert shelf.get(Digest.of(b"{}")) is None
