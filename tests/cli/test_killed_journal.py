"""A run that goes on in the folder where one died: with its journal, or what is left of it."""

import json
import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.registry.habits import LARGE, MIB
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Call
from tests.support.counted import Counted
from tests.support.dying import PLATFORMS, Copying, Publishing, dying_project
from tests.support.killing import Strike, Tally, at_move, at_nth, newest_journal
from tests.support.received import received, stored
from tests.support.tiny_project import TinyProject
from tests.support.warm import WarmPolyarch

Registries = tuple[SandboxRegistry, ...]


@pytest.fixture
def ground(
    tmp_path: Path, registries: Registries, warm: WarmPolyarch, counted: Counted
) -> Iterator[Publishing]:
    project = dying_project(tmp_path / "project", [each.host for each in registries])
    tally = Tally(what="publish, again in the same folder", platforms=PLATFORMS)
    made = Publishing(project, registries, warm, tally)
    made.begin()
    yield made
    made.tally.tell(counted)


def is_commit(call: Call) -> bool:
    return call.method == "PUT" and "digest" in call.query


def is_manifest(call: Call) -> bool:
    return call.method == "PUT" and "sha256:" in call.target.item


def digest_in_journal(machine: Path) -> str:
    """What the run that died was to publish."""
    journal = newest_journal(machine)
    assert journal
    [image, *others] = json.loads(journal.read_text().splitlines()[0])["images"]
    assert {each["digest"] for each in others} == {image["digest"]}
    return str(image["digest"])


def strikes() -> list[Strike]:
    commits = [at_nth(number, is_commit) for number in (2, 5)]
    manifests = [at_nth(number, is_manifest) for number in (2, 8)]
    return [*commits, *manifests, *(at_move(number) for number in (1, 2, 5, 8, 9))]


def test_nothing_is_built_or_sent_twice(ground: Publishing):
    for strike in strikes():
        ground.revision = ground.renew()
        for registry in ground.registries:
            registry.forget_requests()
        where = ground.fresh()
        struck = ground.kill(where, strike).struck
        assert struck
        ground.judge(struck)
        wanted = digest_in_journal(where.root.parent)
        ground.converge(ground.run(where), struck)
        assert ground.old == wanted
        assert set(stored(ground.registries).values()) == {1}


class TestLargeBlobs:
    """The upload of one goes on behind the last byte that its registry has."""

    SIZE = LARGE + 2 * MIB

    @pytest.fixture
    def copying(
        self, tmp_path: Path, registries: Registries, warm: WarmPolyarch, counted: Counted
    ) -> Iterator[Copying]:
        project = TinyProject.make(tmp_path / "project", {}, git=False)
        tally = Tally(what="copy, large", platforms=PLATFORMS)
        made = Copying(project, registries, warm, tally, size=self.SIZE)
        made.begin()
        yield made
        made.tally.tell(counted)

    @pytest.mark.parametrize("after_bytes", [20 * MIB, LARGE - MIB])
    def test_no_byte_is_sent_twice(self, copying: Copying, after_bytes: int):
        copying.revision = copying.renew()
        for registry in copying.registries:
            registry.forget_requests()
        where = copying.fresh()
        large = at_nth(3, is_large)
        struck = copying.kill(where, large, after_bytes=after_bytes).struck
        assert struck
        assert struck.steps[-1] == "upload"
        copying.judge(struck)
        before = sum(received(registry) for registry in copying.registries)
        assert before > after_bytes
        copying.converge(copying.run(where), struck)
        assert set(stored(copying.registries).values()) == {1}
        for registry in copying.registries:
            assert self.SIZE < received(registry) < self.SIZE + 64 * 1024


def is_large(call: Call) -> bool:
    return int(call.headers.get("Content-Length", "0")) > MIB


class TestSmallRequests:
    """A registry whose limit is found out anew by each process."""

    SIZE = 8 * MIB
    LIMIT = 3 * MIB

    @pytest.fixture
    def copying(
        self, tmp_path: Path, registries: Registries, warm: WarmPolyarch, counted: Counted
    ) -> Iterator[Copying]:
        project = TinyProject.make(tmp_path / "project", {}, git=False)
        tally = Tally(what="copy in small requests", platforms=PLATFORMS)
        made = Copying(project, registries, warm, tally, size=self.SIZE)
        made.normal = Quirks(max_body=self.LIMIT)
        made.behave(made.normal)
        made.begin()
        yield made
        made.tally.tell(counted)

    def test_what_was_taken_is_not_sent_again(self, copying: Copying):
        copying.revision = copying.renew()
        for registry in copying.registries:
            registry.forget_requests()
        where = copying.fresh()
        struck = copying.kill(where, at_nth(8, lambda call: call.method == "PATCH")).struck
        assert struck
        copying.converge(copying.run(where), struck)
        for registry in copying.registries:
            assert self.SIZE < received(registry) < self.SIZE + MIB


def cut(journal: Path) -> None:
    journal.write_bytes(journal.read_bytes()[:-40])


def empty(journal: Path) -> None:
    journal.write_bytes(b"")


def fill_with_zeros(journal: Path) -> None:
    """As some file systems leave what was not synced."""
    journal.write_bytes(bytes(journal.stat().st_size))


def scramble(journal: Path) -> None:
    lines = journal.read_bytes().splitlines()
    odd = [b"\xff\xfe", b"[" * 5000, b'{"do":"moving"}', b'{"do":"upload","repository":[]}']
    journal.write_bytes(b"\n".join(part for pair in zip(odd, lines, strict=False) for part in pair))


def point_elsewhere(journal: Path) -> None:
    other = journal.with_name("other")
    other.write_text("untouched")
    journal.unlink()
    journal.symlink_to(other)


def put_a_pipe_there(journal: Path) -> None:
    journal.unlink()
    os.mkfifo(journal)


def put_a_folder_there(journal: Path) -> None:
    journal.unlink()
    journal.mkdir()


def remove(journal: Path) -> None:
    journal.unlink()


DAMAGES = (
    cut,
    empty,
    fill_with_zeros,
    scramble,
    point_elsewhere,
    put_a_pipe_there,
    put_a_folder_there,
    remove,
)


def test_a_damaged_journal_hinders_nobody(ground: Publishing):
    for number, damage in enumerate(DAMAGES):
        ground.revision = ground.renew()
        where = ground.fresh()
        struck = ground.kill(where, at_move(1 + number)).struck
        assert struck
        ground.judge(struck)
        journal = newest_journal(where.root.parent)
        assert journal
        damage(journal)
        ground.converge(ground.run(where), damage.__name__)
        if damage is point_elsewhere:
            assert journal.read_text() == "untouched"


def rooms(journal: Path) -> list[int]:
    """Sizes of a disk that lets a line of the journal begin and not end: two lines of each kind."""
    size = 0
    starts: dict[str, list[int]] = {}
    for line in journal.read_bytes().splitlines(keepends=True):
        starts.setdefault(json.loads(line)["do"], []).append(size + 20)
        size += len(line)
    found = {place for places in starts.values() for place in (places[0], places[-1])}
    return sorted(room for room in found if room > OTHER_FILES)


OTHER_FILES = 8_000
"""Bytes of any file that a run writes before its tags move, but the journal."""


def test_a_disk_that_is_full(ground: Publishing):
    """What has no room in the journal is not done, or was not worth a line."""
    ground.revision = ground.renew()
    where = ground.fresh()
    assert ground.run(where).code == 0
    journal = newest_journal(where.root.parent)
    assert journal
    ground.old = ground.one()
    codes = set()
    for room in rooms(journal):
        ground.revision = ground.renew()
        where = ground.fresh()
        said = ground.run(where, room=room)
        codes.add(said.code)
        ground.judge(f"{room} bytes")
        assert (ground.one() != ground.old) == (said.code == 0), (room, said)
        ground.converge(ground.run(where), room)
    assert codes == {0, 4}
