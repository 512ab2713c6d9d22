"""Layers in every form, what they do to one another, and how they are remembered."""

import gzip
import io
import tarfile
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest
from backports import zstd

from polyarch.checks.architecture import check_architecture
from polyarch.checks.memory import LayerMemory
from polyarch.content.memory import MemoryStore
from polyarch.oci import mediatype
from polyarch.oci.platform import Platform
from tests.support.elf_files import dynamic, elf, library
from tests.support.honest_images import HONEST
from tests.support.lying import glibc
from tests.support.made_image import Made, file, plain

AMD64 = Platform.parse("linux/amd64")
FOREIGN = Made(layers=[glibc("amd64"), [file("usr/bin/x", elf("arm64"))]], command=["sh"])


def skippable(data: bytes) -> bytes:
    return b"\x50\x2a\x4d\x18" + len(data).to_bytes(4, "little") + data


def in_members(tar: bytes) -> bytes:
    """As eStargz has it: a member for each block."""
    return b"".join(gzip.compress(tar[i : i + 512], 1) for i in range(0, len(tar), 512))


def in_frames(tar: bytes) -> bytes:
    """As zstd:chunked has it: frames, and a table of contents in one that is skipped."""
    half = len(tar) // 2
    frames = zstd.compress(tar[:half]) + zstd.compress(tar[half:])
    return skippable(b"before") + frames + skippable(b"table of contents")


FORMS: dict[str, Callable[[bytes], bytes]] = {
    "gzip": gzip.compress,
    "none": bytes,
    "zstd": zstd.compress,
    "eStargz": in_members,
    "zstd:chunked": in_frames,
    "gzip, stored": lambda tar: gzip.compress(tar, 0),
}


def check(made: Made, store: MemoryStore | None = None, **more):
    store = store or MemoryStore()
    return check_architecture(
        store, made.put(store), Platform.parse(made.platform), subject="x", **more
    )


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("told", [mediatype.OCI_LAYER_GZIP, mediatype.DOCKER_LAYER_GZIP])
def test_every_form_is_read_whatever_it_is_called(form, told):
    made = Made(layers=FOREIGN.layers, command=["sh"], pack=FORMS[form], media_type=told)
    report = check(made)
    assert [found.path for found in report.findings] == ["/usr/bin/x"]
    assert report.layers == 2
    assert report.binaries == 5


@pytest.mark.parametrize("form", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT])
def test_long_names_in_every_form_of_tar(form):
    folder = "/".join(["folder"] * 20)
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=form) as tar:
        for name in ("short", f"{folder}/app"):
            entry = tarfile.TarInfo(name)
            data = elf("arm64")
            entry.size, entry.mode = len(data), 0o755
            tar.addfile(entry, io.BytesIO(data))
        if form != tarfile.USTAR_FORMAT:
            entry = tarfile.TarInfo("link")
            entry.type, entry.linkname = tarfile.SYMTYPE, f"/{folder}/app"
            tar.addfile(entry)
    command = ["/link"] if form != tarfile.USTAR_FORMAT else [f"/{folder}/app"]
    report = check(Made(layers=[buffer.getvalue()], command=command))
    assert (report.findings[0].path, report.findings[0].severity) == (f"/{folder}/app", "error")


@pytest.mark.parametrize("place", range(0, 700_000, 100_003))
def test_programs_are_read_across_the_borders_of_pieces(place):
    items = [
        *glibc("amd64"),
        plain("filler", bytes(place)),
        file("app", dynamic("amd64", "liba.so", padding=600_000)),
        file("usr/lib/liba.so", library("amd64", "liba.so", "libmissing.so", padding=300_000)),
    ]
    report = check(Made(layers=[items], command=["/app"]))
    assert [found.code for found in report.findings] == ["library-missing"]


def test_a_large_program_is_read_by_its_ends():
    big = dynamic("amd64", "libmissing.so", padding=40 << 20)
    report = check(Made(layers=[[*glibc("amd64"), file("app", big)]], command=["/app"]))
    assert [found.code for found in report.findings] == ["library-missing"]


def test_sparse_files_are_looked_into(tmp_path):
    import subprocess

    big = tmp_path / "app"
    with big.open("wb") as out:
        out.write(elf("arm64"))
        out.seek(5 << 20)
        out.write(b"end")
    big.chmod(0o755)
    (tmp_path / "later").write_bytes(elf("arm64"))
    (tmp_path / "later").chmod(0o755)
    for words in (["--format=gnu"], ["--format=pax", "--sparse-version=1.0"],
                  ["--format=pax", "--sparse-version=0.1"],
                  ["--format=pax", "--sparse-version=0.0"]):  # fmt: skip
        tar = tmp_path / "x.tar"
        subprocess.run(["tar", "-cSf", tar, *words, "-C", tmp_path, "app", "later"], check=True)
        assert tar.stat().st_size < 1 << 20
        report = check(Made(layers=[tar.read_bytes()]))
        paths = {found.path for found in report.findings}
        assert "/later" in paths
        assert "/app" in paths or "--sparse-version=0.0" in words


def test_layers_that_are_not_distributed_are_told_and_nothing_is_missing():
    foreign = "application/vnd.docker.image.rootfs.foreign.diff.tar.gzip"
    store = MemoryStore()
    made = Made(layers=[[plain("a")]], entrypoint=["/x"], media_type=foreign)
    image = made.put(store)
    from polyarch.content.reader import read_small
    from polyarch.oci.manifest import ImageManifest

    (layer,) = ImageManifest.parse(read_small(store, image)).layers
    del store._blobs[layer.digest]
    report = check_architecture(store, image, AMD64, subject="x")
    assert [found.code for found in report.findings] == ["layer-foreign"]
    assert report.ok


def test_a_layer_that_is_missing_or_other_bytes():
    for change, code in ((None, "layer-missing"), (b"other", "layer-damaged")):
        store = MemoryStore()
        image = FOREIGN.put(store)
        digest = max(store._blobs, key=lambda each: len(store._blobs[each]))
        blob = store._blobs.pop(digest)
        if change:
            store._blobs[digest] = blob[:-5] + change
        report = check_architecture(store, image, AMD64, subject="x")
        assert code in {found.code for found in report.findings}
        assert "entrypoint-missing" not in {found.code for found in report.findings}


class CountingStore(MemoryStore):
    """Counts how often each blob is opened."""

    def __init__(self) -> None:
        super().__init__()
        self.opened: list[int] = []
        self.lock = threading.Lock()

    def open(self, descriptor, offset=0):
        with self.lock:
            self.opened.append(descriptor.size)
        return super().open(descriptor, offset)


@pytest.mark.parametrize("on_disk", [False, True])
def test_a_layer_seen_before_is_not_read_again(tmp_path, on_disk):
    folder = tmp_path / "layers" if on_disk else None
    store = CountingStore()
    image = FOREIGN.put(store)
    seen = LayerMemory(folder)
    first = check_architecture(store, image, AMD64, subject="x", seen=seen)
    assert len(store.opened) == 4
    seen = LayerMemory(folder) if on_disk else seen
    again = check_architecture(store, image, AMD64, subject="x", seen=seen)
    assert again == first
    assert len(store.opened) == 6
    if folder:
        for each in folder.iterdir():
            each.write_bytes(each.read_bytes()[:-3])
        assert (
            check_architecture(store, image, AMD64, subject="x", seen=LayerMemory(folder)) == first
        )
        assert len(store.opened) == 10


def test_platforms_that_are_checked_at_once_read_a_shared_layer_once():
    store = CountingStore()
    image = FOREIGN.put(store)
    seen = LayerMemory()
    platforms = [AMD64, Platform.parse("arm64"), Platform.parse("s390x"), Platform.parse("386")]
    with ThreadPoolExecutor(4) as pool:
        reports = [
            *pool.map(
                lambda each: check_architecture(store, image, each, subject="x", seen=seen),
                platforms,
            )
        ]
    assert len(store.opened) == 2 * 4 + 2
    assert [len(report.errors) > 1 for report in reports] == [False, True, True, True]


def test_findings_that_are_alike_are_told_once():
    items = [file(f"usr/bin/x{i}", elf("arm64")) for i in range(100)]
    report = check(Made(layers=[glibc("amd64"), items], command=["sh"]))
    assert len(report.findings) == 21
    assert "80 more" in report.findings[-1].message


def test_names_that_cannot_be_shown_are_written_otherwise():
    name = "usr/bin/a\n\udcff\x1b[31m"
    report = check(Made(layers=[glibc("amd64"), [file(name, elf("arm64"))]], command=["sh"]))
    (found,) = report.findings
    assert found.path.isprintable()
    assert found.path.encode()


def test_the_honest_table_is_honest_in_every_form():
    for honest in HONEST[:20]:
        made = Made(
            layers=honest.made.layers,
            platform=honest.made.platform,
            entrypoint=honest.made.entrypoint,
            command=honest.made.command,
            env=honest.made.env,
            pack=zstd.compress,
        )
        assert check(made).ok or honest.allow
