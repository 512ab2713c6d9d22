"""Which runs that died are over when another has published."""

from pathlib import Path

import pytest

from polyarch.events import ignore
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.pipeline.journals import journal_for
from polyarch.registry.memory import Upload
from polyarch.transaction.journal import FILE, Journal
from polyarch.transaction.values import Outcome, Status

BIG, SMALL = (Repository.parse(f"ghcr.io/team/{name}") for name in ("big", "small"))
BLOB = Digest.of(b"half of it is there")


def die(runs: Path) -> None:
    location = "https://ghcr.io/v2/team/big/blobs/uploads/1"
    (runs / "1").mkdir()
    with Journal.create(runs / "1" / FILE) as journal:
        journal.begin([])
        journal.keep(Upload(repository=BIG, digest=BLOB, location=location, acknowledged=5))


@pytest.mark.parametrize(("repository", "known"), [(SMALL, True), (BIG, False)])
def test_half_an_upload_waits_for_a_run_that_publishes_there(
    tmp_path: Path, repository: Repository, known: bool
):
    die(tmp_path)
    done = Outcome(
        image="app", repository=repository, status=Status.PUBLISHED, digest=None, tags=()
    )
    for number in (2, 3):
        (tmp_path / f"{number}").mkdir()
        with journal_for(tmp_path / f"{number}", ignore) as opened:
            if number == 2:
                opened.settle([done])
                opened.journal.end()
            else:
                assert bool(opened.journal.recall(BIG, BLOB)) is known
