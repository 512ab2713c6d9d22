"""Files of a base, found in its layers: whatever hides or replaces them counts."""

import contextlib
import gzip
import io
import tarfile
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.content.memory import MemoryStore
from polyarch.errors import PolyarchError
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.pipeline.base_files import WANTED, find_files

PASSWD = "etc/passwd"


def layer(store: MemoryStore, files: Mapping[str, bytes | None]) -> Descriptor:
    """A layer with these files; None is a link, a name that ends with a slash a folder."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name.rstrip("/"))
            if data is None:
                entry.type, entry.linkname = tarfile.SYMTYPE, "elsewhere"
            elif name.endswith("/"):
                entry.type = tarfile.DIRTYPE
            entry.size = len(data or b"")
            tar.addfile(entry, io.BytesIO(data or b""))
    return store.add(mediatype.OCI_LAYER_GZIP, gzip.compress(buffer.getvalue(), mtime=0))


def found(*layers: Mapping[str, bytes | None]) -> dict[str, bytes]:
    store = MemoryStore()
    made = tuple(layer(store, each) for each in layers)
    return find_files(lambda _: store, made, WANTED)


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        ([{PASSWD: b"one"}], b"one"),
        ([{f"./{PASSWD}": b"one"}, {"etc/other": b"x"}], b"one"),
        ([{PASSWD: b"one"}, {PASSWD: b"two"}], b"two"),
        ([{PASSWD: b"one"}, {"etc/.wh.passwd": b""}], None),
        ([{PASSWD: b"one"}, {"etc/.wh.passwd": b""}, {PASSWD: b"three"}], b"three"),
        ([{PASSWD: b"one"}, {".wh.etc": b""}], None),
        ([{PASSWD: b"one"}, {"etc/.wh..wh..opq": b""}], None),
        ([{PASSWD: b"one"}, {"etc/.wh..wh..opq": b"", "etc/passwd": b"two"}], b"two"),
        ([{PASSWD: b"one"}, {"etc": None}], None),
        ([{PASSWD: b"one"}, {"etc/": b""}], b"one"),
        ([{PASSWD: None}], b""),
        ([{}], None),
    ],
)
def test_the_upper_layer_counts(layers, expected):
    assert found(*layers).get(PASSWD) == expected


def test_layers_below_are_not_read_when_all_is_known():
    store = MemoryStore()
    top = layer(store, {PASSWD: b"x", "etc/group": b"y"})
    below = Descriptor.of(mediatype.OCI_LAYER_GZIP, b"nobody has it")
    assert find_files(lambda _: store, (below, top), frozenset({PASSWD, "etc/group"}))


def test_a_large_file_is_only_told_to_be_there():
    assert found({"etc/ssl/certs/ca-certificates.crt": bytes(2_000_000)}) == {
        "etc/ssl/certs/ca-certificates.crt": b""
    }


@given(st.binary(max_size=2000))
def test_a_layer_that_is_none_is_an_error_of_ours(data):
    store = MemoryStore()
    made = store.add(mediatype.OCI_LAYER_GZIP, data)
    with contextlib.suppress(PolyarchError):
        find_files(lambda _: store, (made,), WANTED)
