from pathlib import Path

import pytest

from polyarch.content.layout import LayoutStore
from polyarch.errors import BuildContextError
from polyarch.oci import mediatype
from polyarch.pipeline.layout_contexts import layout_context


@pytest.fixture
def layout(tmp_path: Path) -> LayoutStore:
    return LayoutStore(tmp_path / "build" / "kit")


def test_the_only_image_needs_no_name(layout: LayoutStore, tmp_path: Path) -> None:
    one = layout.add(mediatype.OCI_INDEX, b"{}")
    layout.tag(one, "v1")
    found = layout_context("oci-layout://build/kit", tmp_path)
    assert found.layout == tmp_path / "build" / "kit"
    assert found.descriptor.digest == one.digest
    assert layout_context("oci-layout://build/kit:v1", tmp_path).descriptor == found.descriptor
    pinned = f"oci-layout://build/kit@{one.digest}"
    assert layout_context(pinned, tmp_path).descriptor == found.descriptor


def test_what_is_not_there_or_not_one_is_told(layout: LayoutStore, tmp_path: Path) -> None:
    layout.tag(layout.add(mediatype.OCI_INDEX, b"{}"), "v1")
    layout.tag(layout.add(mediatype.OCI_INDEX, b"{ }"), "v2")
    for text, words in (
        ("oci-layout://build/none", "no such OCI layout"),
        ("oci-layout://build/kit", "several images"),
        ("oci-layout://build/kit:v3", "does not hold"),
        (f"oci-layout://build/kit@sha256:{'0' * 64}", "does not hold"),
    ):
        with pytest.raises(BuildContextError, match=words):
            layout_context(text, tmp_path)
