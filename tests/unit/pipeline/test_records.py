"""Records of parts as other machines hand them over: every form is read, every lie refused."""

import contextlib
import json
import os
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from polyarch.errors import NoPartsGivenError, PartsError, PartUnreadableError
from polyarch.oci.platform import Platform
from polyarch.pipeline import records
from polyarch.pipeline.part import Part, Proof
from polyarch.pipeline.records import (
    MAX_LIST,
    MAX_RECORD_BYTES,
    RecordFolder,
    RecordText,
    RecordVariables,
)
from tests.support.images import make_index
from tests.support.strategies import json_values


def made(platform: str, image: str = "app") -> Part:
    child = make_index([platform]).children[0]
    return Part(
        image=image,
        platform=Platform.parse(platform),
        manifest=child,
        built=child,
        sources=(f"ghcr.io/team/{image}@{child.digest}",),
        input_key="sha256:" + "1" * 64,
        revision="c0ffee",
    )


AMD, ARM = made("linux/amd64"), made("linux/arm64")
ONE, TWO = AMD.to_json(), ARM.to_json()
BUILD = {"schema": "polyarch.build/v1", "run": "1", "parts": [{**ONE, "reused": True}, TWO]}


class TestText:
    @pytest.mark.parametrize(
        ("text", "count"),
        [
            (json.dumps(ONE), 1),
            (json.dumps(ONE, indent=2), 1),
            (json.dumps([ONE, TWO]), 2),
            (f"{json.dumps(ONE)}\n{json.dumps(TWO)}\n", 2),
            (f"\n\n{json.dumps(ONE)}\r\n\r\n{json.dumps(TWO)}", 2),
            (f"{json.dumps(ONE, indent=2)}\n{json.dumps(TWO, indent=2)}", 2),
            (f"{json.dumps([ONE])}\n{json.dumps([TWO])}", 2),
            (f"\ufeff{json.dumps(ONE)}", 1),
            (json.dumps(BUILD), 2),
        ],
    )
    def test_every_form(self, text: str, count: int):
        found = RecordText(raw=text.encode()).read()
        assert [record.part for record in found] == [AMD, ARM][:count]
        assert {record.folder for record in found} == {None}

    @pytest.mark.parametrize("text", ["", "  \n\t"])
    def test_nothing_at_all(self, text: str):
        with pytest.raises(NoPartsGivenError):
            RecordText(raw=text.encode()).read()

    def test_no_part_in_it_is_no_fault_of_the_form(self):
        assert RecordText(raw=b"[]").read() == ()

    @pytest.mark.parametrize(
        "text",
        [
            json.dumps(ONE)[:-1],
            json.dumps(ONE) + "}",
            "7",
            "null",
            '["text"]',
            f"[{json.dumps(ONE)}, 7]",
            "{}",
            json.dumps({**ONE, "schema": "polyarch.part/v2"}),
            json.dumps({**BUILD, "parts": 7}),
            json.dumps({**BUILD, "parts": [7]}),
            json.dumps({**ONE, "platform": "linux/nothing"}),
            json.dumps({**ONE, "manifest": {**ONE["manifest"], "digest": "sha256:1"}}),
            json.dumps({**ONE, "manifest": {**ONE["manifest"], "size": -1}}),
            json.dumps({**ONE, "manifest": {**ONE["manifest"], "mediaType": "text/plain"}}),
            json.dumps(
                {
                    **ONE,
                    "manifest": {
                        **ONE["manifest"],
                        "mediaType": "application/vnd.oci.image.index.v1+json",
                    },
                }
            ),
            json.dumps({**ONE, "attestations": [{**ONE["manifest"], "mediaType": "a/b"}]}),
            json.dumps({**ONE, "sources": "oci:x"}),
            json.dumps({**ONE, "image": "\ud800"}),
            "[" * 100_000,
            '{"a":' * 100_000,
            "9" * 10_000,
        ],
    )
    def test_what_is_no_record(self, text: str):
        with pytest.raises(PartUnreadableError) as raised:
            RecordText(raw=text.encode()).read()
        assert raised.value.where == "standard input"
        assert len(raised.value.message) < 400

    def test_bytes_that_are_no_text(self):
        with pytest.raises(PartUnreadableError):
            RecordText(raw=b'{"image":"\xff"}').read()

    @pytest.mark.parametrize("key", ["sources", "attestations", "inherited", "proofs"])
    def test_lists_have_a_bound(self, key: str):
        item = {
            "sources": "oci:x",
            "attestations": ONE["manifest"],
            "inherited": "x",
            "proofs": Proof(subject="x", level="y", how="z").to_json(),
        }[key]
        RecordText(raw=json.dumps({**ONE, key: [item] * MAX_LIST}).encode()).read()
        with pytest.raises(PartUnreadableError, match="more than 64"):
            RecordText(raw=json.dumps({**ONE, key: [item] * (MAX_LIST + 1)}).encode()).read()

    def test_so_have_size_and_number(self, monkeypatch: pytest.MonkeyPatch):
        monkeypatch.setattr(records, "MAX_RECORDS", 2)
        text = json.dumps([ONE] * 3).encode()
        with pytest.raises(PartUnreadableError, match="more than 2 records"):
            RecordText(raw=text).read()
        monkeypatch.setattr(records, "MAX_TEXT_BYTES", len(text) - 1)
        with pytest.raises(PartUnreadableError, match="larger than"):
            RecordText(raw=text).read()

    @given(st.binary(max_size=200) | st.text(max_size=200).map(str.encode))
    @example(b"\xef\xbb\xbf")
    def test_any_bytes_are_read_or_refused(self, raw: bytes):
        with contextlib.suppress(NoPartsGivenError, PartsError):
            RecordText(raw=raw).read()

    @given(st.sampled_from(sorted(ONE)), json_values)
    def test_any_value_of_any_key_is_read_or_refused(self, key: str, value: object):
        try:
            found = RecordText(raw=json.dumps({**ONE, key: value}).encode()).read()
        except PartsError:
            return
        assert found[0].part.manifest.size >= 0

    @given(st.lists(st.sampled_from([ONE, TWO]), min_size=1, max_size=6), st.data())
    def test_how_records_are_strung_together_does_not_matter(self, chosen, data):
        """Arrays, lines and indents may be mixed: the same records come out."""
        pieces: list[str] = []
        rest = list(chosen)
        while rest:
            count = data.draw(st.integers(1, len(rest)))
            taken, rest = rest[:count], rest[count:]
            value = taken if count > 1 or data.draw(st.booleans()) else taken[0]
            pieces.append(json.dumps(value, indent=data.draw(st.sampled_from([None, 2]))))
        gap = data.draw(st.sampled_from(["\n", "\r\n", " ", "", "\n\n"]))
        found = RecordText(raw=gap.join(pieces).encode()).read()
        assert [record.part.to_json() for record in found] == chosen


class TestVariables:
    def read(self, **variables: str) -> list[tuple[Part, str]]:
        source = RecordVariables(variables=variables, prefix="PART_")
        return [(record.part, record.where) for record in source.read()]

    def test_one_or_an_array_in_each_by_name(self):
        found = self.read(PART_B=json.dumps([TWO]), PART_A=json.dumps(ONE), OTHER="?", PART_C=" ")
        assert found == [(AMD, "the variable `PART_A`"), (ARM, "the variable `PART_B`")]

    def test_none(self):
        with pytest.raises(NoPartsGivenError) as raised:
            self.read(OTHER=json.dumps(ONE), PART_A="")
        assert raised.value.where == "env:PART_"

    def test_what_is_no_record_is_told_by_its_variable(self):
        with pytest.raises(PartUnreadableError) as raised:
            self.read(PART_A=json.dumps(ONE), PART_B="s3cret")
        assert raised.value.where == "the variable `PART_B`"
        assert "s3cret" not in str(raised.value)

    def test_halves_of_characters(self):
        with pytest.raises(PartUnreadableError):
            self.read(PART_A='{"image":"\udcff"}')


class TestFolder:
    def test_artifacts_of_any_depth(self, tmp_path: Path):
        write(tmp_path / "job-2" / "parts" / "app" / "linux-arm64.json", ARM)
        write(tmp_path / "job-1" / "deeper" / "still" / "linux-amd64.json", AMD)
        found = RecordFolder(folder=tmp_path).read()
        assert [record.part for record in found] == [AMD, ARM]
        assert found[1].folder == tmp_path / "job-2" / "parts" / "app"
        assert found[1].where.endswith("job-2/parts/app/linux-arm64.json")

    def test_what_stands_beside_them(self, tmp_path: Path):
        """Layouts, other JSON, files that are none: nothing of it is a record."""
        write(tmp_path / "linux-amd64.json", AMD)
        layout = tmp_path / "linux-amd64"
        (layout / "blobs" / "sha256").mkdir(parents=True)
        (layout / "oci-layout").write_text("{}")
        for path in (layout / "index.json", layout / "blobs" / "sha256" / "x.json"):
            write(path, ARM)
        (tmp_path / "package.json").write_text('{"name": "x"}')
        (tmp_path / "tsconfig.json").write_text("{ // no JSON\n}")
        (tmp_path / "large.json").write_text(" " * (MAX_RECORD_BYTES + 1))
        (tmp_path / "linux-arm64.txt").write_text(json.dumps(TWO))
        (tmp_path / "folder.json").mkdir()
        assert [record.part for record in RecordFolder(folder=tmp_path).read()] == [AMD]

    def test_a_record_in_the_folder_of_a_layout(self, tmp_path: Path):
        write(tmp_path / "part.json", AMD)
        (tmp_path / "oci-layout").write_text("{}")
        assert len(RecordFolder(folder=tmp_path).read()) == 1

    @pytest.mark.parametrize("cut", [1, 300])
    def test_a_record_that_was_cut_off(self, tmp_path: Path, cut: int):
        path = tmp_path / "linux-amd64.json"
        path.write_text(json.dumps(ONE)[:-cut])
        with pytest.raises(PartUnreadableError) as raised:
            RecordFolder(folder=tmp_path).read()
        assert raised.value.where == str(path)

    def test_one_that_is_far_too_large(self, tmp_path: Path):
        (tmp_path / "x.json").write_text(json.dumps(ONE) + " " * MAX_RECORD_BYTES)
        with pytest.raises(PartUnreadableError, match="larger than"):
            RecordFolder(folder=tmp_path).read()

    def test_links_are_not_followed(self, tmp_path: Path):
        outside = tmp_path / "outside"
        write(outside / "linux-amd64.json", AMD)
        inside = tmp_path / "inside"
        inside.mkdir()
        (inside / "link.json").symlink_to(outside / "linux-amd64.json")
        (inside / "folder").symlink_to(outside)
        assert RecordFolder(folder=inside).read() == ()

    def test_a_pipe_is_never_waited_for(self, tmp_path: Path):
        os.mkfifo(tmp_path / "x.json")
        with pytest.raises(PartUnreadableError):
            RecordFolder(folder=tmp_path).read()

    @pytest.mark.parametrize("name", ["nowhere", "file"])
    def test_no_folder(self, tmp_path: Path, name: str):
        (tmp_path / "file").write_text("")
        with pytest.raises(NoPartsGivenError) as raised:
            RecordFolder(folder=tmp_path / name).read()
        assert raised.value.where == str(tmp_path / name)

    def test_its_own_name_may_be_a_link(self, tmp_path: Path):
        write(tmp_path / "real" / "x.json", AMD)
        (tmp_path / "link").symlink_to("real")
        source = RecordFolder(folder=tmp_path / "link")
        assert source.top == tmp_path / "real"
        assert len(source.read()) == 1


def write(path: Path, part: Part) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(part.to_json()))


def test_a_record_says_which_part_it_is():
    [record] = RecordText(raw=json.dumps(replace(AMD, image="web").to_json()).encode()).read()
    assert str(record) == "`web` for `linux/amd64`"
