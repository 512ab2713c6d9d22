"""Layers that mean harm: never out of the image, never a crash, bounded in memory, each told."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.checks.architecture import check_architecture
from polyarch.content.memory import MemoryStore
from polyarch.findings import Report
from polyarch.oci.platform import Platform
from tests.support.hostile_layers import HARMLESS, LARGE, SMALL, header, of_blocks
from tests.support.made_image import Made

AMD64 = Platform.parse("linux/amd64")

CHECKOUT = Path(__file__).parents[3]


def report_of(layer: bytes) -> Report:
    store = MemoryStore()
    image = Made(layers=[b""], pack=lambda _: layer, diff_ids=[]).put(store)
    return check_architecture(store, image, AMD64, subject="x")


@pytest.mark.parametrize("name", SMALL)
def test_it_is_told(name):
    make, code = SMALL[name]
    report = report_of(make())
    assert code in {found.code for found in report.findings}
    assert all(found.message.isprintable() for found in report.findings)


@pytest.mark.parametrize("name", HARMLESS)
def test_what_is_only_odd_is_taken(name):
    report = report_of(HARMLESS[name]())
    assert [str(found) for found in report.findings] == []


def checked_apart(layer: bytes, form: str, folder: Path) -> dict[str, Any]:
    """Check it in a process of its own, which may not have more than a gigabyte of memory."""
    path = folder / "layer"
    path.write_bytes(layer)
    words = [sys.executable, "-m", "tests.support.hostile_check", str(path), form]
    said = subprocess.run(words, check=True, capture_output=True, cwd=CHECKOUT, timeout=300)
    found: dict[str, Any] = json.loads(said.stdout)
    return found


@pytest.mark.parametrize("name", LARGE)
def test_what_grows_is_bounded(name, tmp_path):
    size, code = LARGE[name].short
    told = checked_apart(LARGE[name].make(size), "short", tmp_path)
    assert code in told["codes"]
    assert told["peak"] < 250 << 20


@pytest.mark.long
@pytest.mark.parametrize("name", LARGE)
def test_what_grows_far_is_bounded(name, tmp_path):
    size, code = LARGE[name].long
    told = checked_apart(LARGE[name].make(size), "long", tmp_path)
    assert code in told["codes"]
    assert told["peak"] < 900 << 20
    assert told["seconds"] < 120


@given(st.lists(st.binary(min_size=1, max_size=600), max_size=8))
def test_any_bytes_are_a_report(parts):
    report_of(b"".join(parts))


@given(
    st.lists(
        st.builds(
            header,
            st.text(st.characters(codec="ascii"), max_size=40),
            size=st.integers(min_value=0, max_value=2000),
            kind=st.sampled_from([bytes([n]) for n in b"\x000123456789gxLKSVA"]),
            target=st.text(st.characters(codec="ascii"), max_size=40),
        )
        | st.binary(min_size=512, max_size=512),
        max_size=12,
    )
)
def test_any_headers_are_a_report(blocks):
    report_of(of_blocks(*blocks))
