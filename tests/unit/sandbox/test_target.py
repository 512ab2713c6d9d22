import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.sandbox.target import Kind, Target

DIGEST = "sha256:" + "0" * 64


@pytest.mark.parametrize(
    ("path", "kind", "repository", "item"),
    [
        ("/v2/", Kind.PING, "", ""),
        ("/v2", Kind.PING, "", ""),
        ("/token", Kind.TOKEN, "", ""),
        ("/v2/a/blobs/uploads/", Kind.UPLOADS, "a", ""),
        ("/v2/a/b/c/blobs/uploads/x-1", Kind.UPLOAD, "a/b/c", "x-1"),
        (f"/v2/a/blobs/{DIGEST}", Kind.BLOB, "a", DIGEST),
        ("/v2/a/manifests/latest", Kind.MANIFEST, "a", "latest"),
        ("/v2/a/tags/list", Kind.TAGS, "a", ""),
        (f"/v2/a/referrers/{DIGEST}", Kind.REFERRERS, "a", DIGEST),
        ("/v2/blobs/uploads/manifests/v1", Kind.MANIFEST, "blobs/uploads", "v1"),
        ("/v2/a/manifests/tags/list", Kind.TAGS, "a/manifests", ""),
        ("/v2/blobs/blobs/blobs", Kind.BLOB, "blobs", "blobs"),
        ("/v2/a/blobs/uploads", Kind.BLOB, "a", "uploads"),
        ("/v2/a/manifests/", Kind.UNKNOWN, "", ""),
        ("/v2/manifests/v1", Kind.UNKNOWN, "", ""),
        ("/v2/a", Kind.UNKNOWN, "", ""),
        ("/v1/a/manifests/v1", Kind.UNKNOWN, "", ""),
        ("", Kind.UNKNOWN, "", ""),
    ],
)
def test_parse(path: str, kind: Kind, repository: str, item: str) -> None:
    assert Target.parse(path) == Target(kind=kind, repository=repository, item=item)


@given(st.text("/abv2.tokenlisguprf:", max_size=60) | st.text())
def test_any_path_is_read(path: str) -> None:
    target = Target.parse(path)
    assert target.repository in path
    assert target.item in path


@pytest.mark.parametrize(
    ("method", "path", "scopes"),
    [
        ("GET", "/v2/", []),
        ("GET", "/v2/a/manifests/v1", ["repository:a:pull"]),
        ("HEAD", f"/v2/a/blobs/{DIGEST}", ["repository:a:pull"]),
        ("GET", "/v2/a/tags/list", ["repository:a:pull"]),
        ("PUT", "/v2/a/manifests/v1", ["repository:a:pull,push"]),
        ("GET", "/v2/a/blobs/uploads/x", ["repository:a:pull,push"]),
        ("DELETE", "/v2/a/blobs/uploads/x", ["repository:a:pull,push"]),
        ("DELETE", "/v2/a/manifests/v1", ["repository:a:delete"]),
        ("POST", "/v2/a/blobs/uploads/", ["repository:a:pull,push", "repository:b:pull"]),
    ],
)
def test_needs(method: str, path: str, scopes: list[str]) -> None:
    assert list(map(str, Target.parse(path).needs(method, mount_from="b"))) == scopes


def test_a_mount_from_itself_needs_nothing_more() -> None:
    assert len(Target.parse("/v2/a/blobs/uploads/").needs("POST", mount_from="a")) == 1
