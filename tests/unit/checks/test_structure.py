from dataclasses import replace

import pytest

from polyarch.checks.structure import check_structure
from polyarch.content.memory import MemoryStore
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.platform import Platform
from tests.support.images import make_image, make_index

AMD, ARM = Platform.parse("amd64"), Platform.parse("arm64")


def codes(store, index, planned=(AMD, ARM)) -> set[str]:
    return {f.code for f in check_structure(store, index, planned, subject="x").findings}


def test_an_honest_image_has_no_finding():
    made = make_index()
    report = check_structure(made.store, made.index, (AMD, ARM), subject="x")
    assert report.ok
    assert (report.platforms, report.findings) == (2, ())
    assert report.layers == 2
    assert report.bytes > 0


def test_nothing_checked_is_not_ok():
    assert not check_structure(MemoryStore(), ImageIndex.build([]), (), subject="x").ok


@pytest.mark.parametrize("says", ["amd64", "linux/arm64/v9", "windows/arm64"])
def test_a_config_that_says_another_platform(says):
    store = MemoryStore()
    lying = make_image(store, ARM, {"a": b"1"}, says=Platform.parse(says))
    assert codes(store, ImageIndex.build([lying]), (ARM,)) == {"platform-mismatch"}


def test_missing_twice_unplanned_unnamed():
    made = make_index()
    amd, arm = made.children
    assert codes(made.store, ImageIndex.build([amd])) == {"platform-missing"}
    assert codes(made.store, ImageIndex.build([amd, arm, arm])) == {"platform-twice"}
    assert codes(made.store, made.index, (AMD,)) == {"platform-unplanned"}
    unnamed = replace(arm, platform=None)
    found = codes(made.store, ImageIndex.build([amd, unnamed]))
    assert found == {"platform-unnamed", "platform-missing"}


def test_absent_and_damaged_content():
    made = make_index()
    assert codes(MemoryStore(), made.index) == {"unreadable"}

    class WithoutLayers(MemoryStore):
        def exists(self, descriptor):
            return "layer" not in descriptor.media_type and super().exists(descriptor)

    store = WithoutLayers()
    for name, blob in made.store._blobs.items():
        store._blobs[name] = blob
    assert codes(store, made.index) == {"layer-missing"}
