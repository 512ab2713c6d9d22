"""One suite for every storage of the sandbox registry, and a comparison of them all."""

from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from hypothesis import settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from polyarch.oci.digest import Digest
from polyarch.sandbox.discarding import DiscardingStorage
from polyarch.sandbox.folder import FolderStorage
from polyarch.sandbox.memory import MemoryStorage
from polyarch.sandbox.storage import Storage, StoredManifest

CONTENT = b"some content"
DIGEST = Digest.of(CONTENT)
MANIFEST = StoredManifest(media_type="application/x", raw=b'{"a":\n\n1}\n')
TARGET = Digest.of(MANIFEST.raw)


class Reopened:
    """A folder that is opened anew for every single call: nothing may live in the process."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def __getattr__(self, name: str) -> Any:
        return getattr(FolderStorage(self._folder), name)


MAKERS: dict[str, Callable[[Path], Any]] = {
    "memory": lambda _folder: MemoryStorage(),
    "discarding": lambda _folder: DiscardingStorage(),
    "folder": FolderStorage,
    "reopened": Reopened,
}


@pytest.fixture(params=MAKERS)
def storage(request: pytest.FixtureRequest, tmp_path: Path) -> Storage:
    made: Storage = MAKERS[request.param](tmp_path)
    return made


def push(storage: Storage, repository: str, content: bytes, algorithm: str = "sha256") -> Digest:
    session = storage.start_upload(repository, algorithm)
    storage.append_upload(session, content)
    digest = Digest.of(content, algorithm)
    assert storage.finish_upload(session, digest)
    return digest


def read(storage: Storage, digest: Digest) -> bytes:
    with storage.open_blob(digest) as file:
        return file.read()


# --- uploads ---


def test_upload_in_parts(storage: Storage) -> None:
    session = storage.start_upload("team/app", "sha256")
    sizes = [storage.upload_size("team/app", session)]
    for part in (CONTENT[:5], b"", CONTENT[5:]):
        storage.append_upload(session, part)
        sizes.append(storage.upload_size("team/app", session))
    assert sizes == [0, 5, 5, len(CONTENT)]
    assert storage.blob_size("team/app", DIGEST) is None
    assert storage.finish_upload(session, DIGEST)
    assert storage.upload_size("team/app", session) is None
    assert storage.blob_size("team/app", DIGEST) == len(CONTENT)
    assert read(storage, DIGEST) == CONTENT


@pytest.mark.parametrize("announced", ["sha256", "sha512"])
@pytest.mark.parametrize("used", ["sha256", "sha512"])
def test_the_announced_algorithm_does_not_bind(storage: Storage, announced: str, used: str) -> None:
    session = storage.start_upload("team/app", announced)
    storage.append_upload(session, CONTENT)
    assert storage.finish_upload(session, Digest.of(CONTENT, used))
    assert read(storage, Digest.of(CONTENT, used)) == CONTENT


def test_a_wrong_digest_leaves_nothing(storage: Storage) -> None:
    session = storage.start_upload("team/app", "sha256")
    storage.append_upload(session, CONTENT)
    wrong = Digest.of(b"wrong")
    assert not storage.finish_upload(session, wrong)
    assert storage.upload_size("team/app", session) is None
    for digest in (wrong, DIGEST):
        assert storage.blob_size("team/app", digest) is None
        assert storage.holders(digest) == ()
    assert not storage.has_repository("team/app")


def test_truncate_and_go_on(storage: Storage) -> None:
    session = storage.start_upload("team/app", "sha256")
    storage.append_upload(session, CONTENT[:5] + b"wrong")
    storage.truncate_upload(session, 5)
    assert storage.upload_size("team/app", session) == 5
    storage.append_upload(session, CONTENT[5:])
    assert storage.finish_upload(session, DIGEST)


def test_cancel(storage: Storage) -> None:
    session = storage.start_upload("team/app", "sha256")
    storage.append_upload(session, CONTENT)
    storage.cancel_upload(session)
    storage.cancel_upload(session)
    assert storage.upload_size("team/app", session) is None


def test_sessions_do_not_meet(storage: Storage) -> None:
    first, second = (storage.start_upload("team/app", "sha256") for _ in range(2))
    storage.append_upload(first, b"one")
    storage.append_upload(second, b"two")
    assert storage.upload_size("team/other", first) is None
    assert storage.finish_upload(first, Digest.of(b"one"))
    assert storage.finish_upload(second, Digest.of(b"two"))


@pytest.mark.parametrize("session", ["", "x", "..", "../../etc", "0" * 36])
def test_what_is_no_session(storage: Storage, session: str) -> None:
    assert storage.upload_size("team/app", session) is None


# --- blobs ---


def test_a_blob_is_held_by_each_repository_apart(storage: Storage) -> None:
    push(storage, "b", CONTENT)
    push(storage, "a", CONTENT)
    assert storage.holders(DIGEST) == ("a", "b")
    assert storage.blob_size("c", DIGEST) is None
    assert storage.link_blob("c/d", DIGEST)
    assert storage.holders(DIGEST) == ("a", "b", "c/d")
    assert storage.blob_size("c/d", DIGEST) == len(CONTENT)
    assert not storage.link_blob("a", Digest.of(b"absent"))


def test_the_content_goes_with_the_last_link(storage: Storage) -> None:
    push(storage, "a", CONTENT)
    storage.link_blob("b", DIGEST)
    assert storage.unlink_blob("a", DIGEST)
    assert not storage.unlink_blob("a", DIGEST)
    assert read(storage, DIGEST) == CONTENT
    assert storage.unlink_blob("b", DIGEST)
    assert not storage.link_blob("b", DIGEST)
    assert storage.has_repository("b")
    push(storage, "b", CONTENT)
    assert read(storage, DIGEST) == CONTENT


def test_reading_outlives_deleting(storage: Storage) -> None:
    push(storage, "a", CONTENT)
    with storage.open_blob(DIGEST) as file:
        storage.unlink_blob("a", DIGEST)
        assert file.read() == CONTENT


# --- manifests, tags, referrers ---


@pytest.mark.parametrize("subject", [None, DIGEST, Digest.of(CONTENT, "sha512")])
def test_a_manifest_is_kept_as_it_is(storage: Storage, subject: Digest | None) -> None:
    manifest = StoredManifest(media_type="a/b", raw=b"\n\n\x00{}", subject=subject)
    digest = Digest.of(manifest.raw, "sha512")
    storage.put_manifest("team/app", digest, manifest)
    assert storage.manifest("team/app", digest) == manifest
    assert storage.manifest("team/other", digest) is None
    assert storage.manifest("team/app", TARGET) is None
    assert storage.has_repository("team/app")


def test_tags(storage: Storage) -> None:
    storage.put_manifest("a", TARGET, MANIFEST)
    storage.put_manifest("a", DIGEST, MANIFEST)
    for tag in ("b", "a", "B", "_", "1.10", "1.9", "x" * 128):
        storage.put_tag("a", tag, TARGET)
    assert storage.tags("a") == ("1.10", "1.9", "B", "_", "a", "b", "x" * 128)
    storage.put_tag("a", "b", DIGEST)
    assert (storage.tag("a", "a"), storage.tag("a", "b")) == (TARGET, DIGEST)
    assert storage.tag("a", "absent") is None
    assert storage.delete_tag("a", "a")
    assert not storage.delete_tag("a", "a")
    assert storage.tag("a", "a") is None
    assert storage.tags("unknown") == ()
    assert storage.tag("unknown", "a") is None


def test_deleting_a_manifest_takes_its_tags(storage: Storage) -> None:
    storage.put_manifest("a", TARGET, MANIFEST)
    storage.put_manifest("a", DIGEST, MANIFEST)
    storage.put_tag("a", "gone", TARGET)
    storage.put_tag("a", "kept", DIGEST)
    assert storage.delete_manifest("a", TARGET)
    assert not storage.delete_manifest("a", TARGET)
    assert storage.tags("a") == ("kept",)
    assert storage.manifest("a", TARGET) is None


def test_referrers(storage: Storage) -> None:
    subject = Digest.of(b"subject", "sha512")
    raws = [b"one", b"two", b"three"]
    for raw in raws:
        manifest = StoredManifest(media_type="a/b", raw=raw, subject=subject)
        storage.put_manifest("a", Digest.of(raw), manifest)
    storage.put_manifest("a", TARGET, MANIFEST)
    found = storage.referrers("a", subject)
    assert found == tuple(sorted(Digest.of(raw) for raw in raws))
    storage.delete_manifest("a", found[0])
    assert storage.referrers("a", subject) == found[1:]
    assert storage.referrers("b", subject) == ()
    assert storage.referrers("a", DIGEST) == ()


# --- all storages do the same, whatever is done ---

REPOSITORIES = st.sampled_from(["a", "a/b", "a-b", "x.y/z"])
TAGS = st.sampled_from(["1", "v1", "V1", "latest"])
RAWS = st.sampled_from([b"one", b"two", b"three"])
SUBJECTS = st.none() | RAWS.map(Digest.of)


class SameAnswers(RuleBasedStateMachine):
    """Every step is done in each storage; the answers must not differ."""

    def __init__(self) -> None:
        super().__init__()
        self._folder = TemporaryDirectory()
        root = Path(self._folder.name)
        self.storages = [make(root / name) for name, make in MAKERS.items()]

    def teardown(self) -> None:
        self._folder.cleanup()

    def same(self, ask: Callable[[Storage], object]) -> None:
        first, *others = [ask(storage) for storage in self.storages]
        assert all(other == first for other in others)

    @rule(repository=REPOSITORIES, content=RAWS, other=st.booleans())
    def upload(self, repository: str, content: bytes, other: bool) -> None:
        digest = Digest.of(b"other" if other else content)

        def steps(storage: Storage) -> bool:
            session = storage.start_upload(repository, "sha256")
            storage.append_upload(session, content)
            return storage.finish_upload(session, digest)

        self.same(steps)

    @rule(repository=REPOSITORIES, content=RAWS)
    def link(self, repository: str, content: bytes) -> None:
        self.same(lambda storage: storage.link_blob(repository, Digest.of(content)))

    @rule(repository=REPOSITORIES, content=RAWS)
    def unlink(self, repository: str, content: bytes) -> None:
        self.same(lambda storage: storage.unlink_blob(repository, Digest.of(content)))

    @rule(repository=REPOSITORIES, raw=RAWS, subject=SUBJECTS, tag=TAGS)
    def push_manifest(self, repository: str, raw: bytes, subject: Digest | None, tag: str) -> None:
        # A manifest's subject is part of its bytes: one digest cannot have two subjects.
        raw += str(subject).encode()
        manifest = StoredManifest(media_type="a/b", raw=raw, subject=subject)
        for storage in self.storages:
            storage.put_manifest(repository, Digest.of(raw), manifest)
            storage.put_tag(repository, tag, Digest.of(raw))

    @rule(repository=REPOSITORIES, tag=TAGS)
    def delete_tag(self, repository: str, tag: str) -> None:
        self.same(lambda storage: storage.delete_tag(repository, tag))

    @rule(repository=REPOSITORIES, tag=TAGS)
    def delete_tagged(self, repository: str, tag: str) -> None:
        digest = self.storages[0].tag(repository, tag)
        if digest:
            self.same(lambda storage: storage.delete_manifest(repository, digest))

    @invariant()
    def all_views_agree(self) -> None:
        self.same(view)


def view(storage: Storage) -> list[object]:
    """All that a storage shows of what the rules can put into it."""
    names = ("a", "a/b", "a-b", "x.y/z")
    digests = [Digest.of(raw) for raw in (b"one", b"two", b"three")]
    return [
        [(storage.has_repository(name), storage.tags(name)) for name in names],
        [storage.holders(digest) for digest in digests],
        [(storage.blob_size(n, d), storage.referrers(n, d)) for n in names for d in digests],
    ]


SameAnswers.TestCase.settings = settings(
    max_examples=15, stateful_step_count=20, deadline=None, database=None
)
TestSameAnswers = SameAnswers.TestCase
