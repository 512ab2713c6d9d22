"""Records that were packed for the way from job to job."""

import gzip
import json
from base64 import b64encode

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import PartUnreadableError
from polyarch.pipeline.packed_records import unpacked
from polyarch.pipeline.records import MAX_RECORD_BYTES, RecordVariables
from tests.unit.pipeline.test_records import BUILD

LIMIT = 1000


def packed(raw: bytes) -> str:
    return b64encode(gzip.compress(raw, mtime=0)).decode()


@given(st.binary(max_size=LIMIT))
def test_what_was_packed_comes_out(raw: bytes):
    assert unpacked(packed(raw), "here", LIMIT) == raw
    wrapped = "\n".join(packed(raw)[at : at + 76] for at in range(0, len(packed(raw)), 76))
    assert unpacked(f"{wrapped}\n", "here", LIMIT) == raw


@given(st.text())
def test_other_text_stays_or_is_refused(text: str):
    if not text.lstrip().startswith("H4sI"):
        assert unpacked(text, "here", LIMIT) == text.encode(errors="surrogateescape")


@given(st.text(alphabet="ABCabc019+/= \n\x00é"))
def test_broken_packing_is_told(text: str):
    with pytest.raises(PartUnreadableError, match="packed"):
        unpacked(f"H4sI{text}", "here", LIMIT)


@pytest.mark.parametrize("cut", [4, 11, 30])
def test_cut_packing_is_told(cut: int):
    with pytest.raises(PartUnreadableError, match="packed"):
        unpacked(packed(b"x" * 20 + bytes(range(200)))[:cut], "here", LIMIT)


def test_a_bomb_is_not_unpacked_whole():
    assert len(unpacked(packed(bytes(50_000_000)), "here", LIMIT)) == LIMIT + 1
    source = RecordVariables(variables={"PART_A": packed(bytes(MAX_RECORD_BYTES * 9))}, prefix="P")
    with pytest.raises(PartUnreadableError, match="larger"):
        source.read()


def test_variables_may_hold_packed_records():
    variables = {"PART_A": packed(json.dumps(BUILD, indent=2).encode()), "PART_B": ""}
    assert len(RecordVariables(variables=variables, prefix="PART_").read()) == 2
