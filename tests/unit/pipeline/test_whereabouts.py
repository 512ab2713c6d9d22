"""A record names places; only those that came along and those of the project are ever opened."""

import json
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.content.layout import LayoutStore
from polyarch.errors import BlobNotFoundError
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.platform import Platform
from polyarch.oci.reference import Repository
from polyarch.pipeline.part import Part
from polyarch.pipeline.records import Record
from polyarch.pipeline.whereabouts import Whereabouts
from tests.support.images import make_index

CHILD = make_index(["linux/amd64"]).children[0]
PART = Part(
    image="app",
    platform=Platform.parse("linux/amd64"),
    manifest=CHILD,
    built=CHILD,
    sources=(),
    input_key="sha256:" + "1" * 64,
    revision="c0ffee",
)
OWN = Repository.parse("ghcr.io/team/app")
AT = f"@{CHILD.digest}"


def whereabouts(*sources: str, top: Path | None = None, folder: Path | None = None) -> Whereabouts:
    found = Record(part=replace(PART, sources=sources), where="x.json", folder=folder)
    return Whereabouts(records=[found], top=top, allowed=[OWN])


class TestRepositories:
    def test_those_of_the_project_alone(self):
        where = whereabouts(f"ghcr.io/team/app{AT}", f"ghcr.io/team/other{AT}", f"evil.io/app{AT}")
        assert where.repositories == (OWN,)
        reasons = list(where.reasons())
        assert reasons[0].endswith("it is not there")
        assert all("neither a repository of the image" in reason for reason in reasons[1:])

    @pytest.mark.parametrize(
        "source",
        ["", "?", "a b", "169.254.169.254/latest/meta-data", "ghcr.io/team/app/../../x", "\0",
         "https://ghcr.io/team/app", "GHCR.IO/team/app:x", "user:word@ghcr.io/team/app"],
    )  # fmt: skip
    def test_what_is_no_name_is_nobody(self, source: str):
        assert whereabouts(source).repositories == ()

    def test_each_once(self):
        assert whereabouts(f"ghcr.io/team/app{AT}", "ghcr.io/team/app:x").repositories == (OWN,)

    @given(st.lists(st.text(max_size=60), max_size=5))
    def test_any_texts(self, sources: list[str]):
        where = whereabouts(*sources, top=Path("/nowhere"), folder=Path("/nowhere/job"))
        assert set(where.repositories) <= {OWN}
        assert all(layout.root.is_relative_to("/nowhere") for layout in where.layouts)
        assert len(list(where.reasons())) == len(sources)


class TestLayouts:
    def test_beside_the_record_and_below_the_top(self, tmp_path: Path):
        where = whereabouts("oci:a", "oci:../b", "oci:.", top=tmp_path, folder=tmp_path / "job")
        assert [layout.root for layout in where.layouts] == [
            tmp_path / "job" / "a", tmp_path / "b", tmp_path / "job",
        ]  # fmt: skip

    @pytest.mark.parametrize("source", ["oci:../..", "oci:/", "oci:/etc", "oci:a/../../../b"])
    def test_nothing_that_leads_out(self, tmp_path: Path, source: str):
        where = whereabouts(source, top=tmp_path, folder=tmp_path / "job")
        assert where.layouts == ()
        assert list(where.reasons()) == [f"`{source}`: it leads out of the folder"]

    @pytest.mark.parametrize("source", ["oci:\0", "oci:" + "x" * 5000, "oci:round"])
    def test_names_that_no_file_can_have(self, tmp_path: Path, source: str):
        (tmp_path / "round").symlink_to("round")
        for layout in whereabouts(source, top=tmp_path, folder=tmp_path).layouts:
            assert not layout.exists(CHILD)

    def test_a_link_that_leads_out(self, tmp_path: Path):
        inside, outside = tmp_path / "inside", tmp_path / "outside"
        for folder in (inside, outside):
            folder.mkdir()
        (inside / "link").symlink_to(outside)
        assert whereabouts("oci:link", top=inside, folder=inside).layouts == ()

    def test_text_brings_no_folder(self, tmp_path: Path):
        assert whereabouts("oci:a", top=None, folder=None).layouts == ()
        [reason] = whereabouts("oci:a").reasons()
        assert reason.endswith("brings no folder along")


class TestBlobs:
    """A layout of somebody else may be full of links."""

    @pytest.fixture
    def secret(self, tmp_path: Path) -> tuple[Path, Descriptor]:
        path = tmp_path / "secret"
        path.write_text(json.dumps({"key": "s3cret"}))
        return path, Descriptor.of("application/json", path.read_bytes())

    def layout(self, tmp_path: Path) -> LayoutStore:
        top = tmp_path / "top"
        [found] = whereabouts("oci:layout", top=top, folder=top).layouts
        found.root.mkdir(parents=True)
        return found

    def closed(self, layout: LayoutStore, blob: Descriptor) -> None:
        assert not layout.exists(blob)
        with pytest.raises(BlobNotFoundError):
            layout.open(blob)
        assert not LayoutStore(layout.root.parent / "mine").adopt(blob, layout)

    def test_own_blobs_are_there(self, tmp_path: Path):
        layout = self.layout(tmp_path)
        blob = layout.add("application/json", b"{}")
        assert layout.exists(blob)
        with layout.open(blob) as content:
            assert content.read() == b"{}"

    def test_a_blob_that_is_a_link(self, tmp_path: Path, secret: tuple[Path, Descriptor]):
        path, blob = secret
        layout = self.layout(tmp_path)
        target = layout.path_of(blob.digest)
        target.parent.mkdir(parents=True)
        target.symlink_to(path)
        self.closed(layout, blob)

    def test_a_folder_of_blobs_that_is_a_link(
        self, tmp_path: Path, secret: tuple[Path, Descriptor]
    ):
        path, blob = secret
        layout = self.layout(tmp_path)
        elsewhere = tmp_path / "elsewhere" / "sha256"
        elsewhere.mkdir(parents=True)
        path.rename(elsewhere / blob.digest.encoded)
        (layout.root / "blobs").symlink_to(elsewhere.parent)
        self.closed(layout, blob)

    def test_links_in_a_circle(self, tmp_path: Path, secret: tuple[Path, Descriptor]):
        _, blob = secret
        layout = self.layout(tmp_path)
        target = layout.path_of(blob.digest)
        target.parent.mkdir(parents=True)
        target.symlink_to(target.name)
        self.closed(layout, blob)
