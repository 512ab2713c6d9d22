import time
from collections.abc import Iterator

import pytest

from polyarch.errors import CallFailedError
from polyarch.net.calls import LARGEST, get_json
from polyarch.net.proxy import ProxyRules
from tests.support.forge_api import ForgeApi, body, dripping, forge_api, says

NO_PROXY = ProxyRules()
SECRET = {"Authorization": "token s3cr3t"}


@pytest.fixture
def api() -> Iterator[ForgeApi]:
    with forge_api() as api:
        yield api


def test_an_answer(api: ForgeApi) -> None:
    api.answers["/a"] = says({"b": 1})
    assert get_json(f"{api.url}/a", SECRET, NO_PROXY) == {"b": 1}
    [(path, headers)] = api.seen
    assert (path, headers["Authorization"]) == ("/a", "token s3cr3t")


def test_a_redirect_within_the_origin(api: ForgeApi) -> None:
    api.answers["/a"] = body(b"", 301, Location="/b?c=d")
    api.answers["/b"] = says([1])
    assert get_json(f"{api.url}/a", SECRET, NO_PROXY) == [1]
    assert [path for path, _ in api.seen] == ["/a", "/b?c=d"]


def test_no_header_goes_to_another_origin(api: ForgeApi) -> None:
    with forge_api() as other:
        other.answers["/a"] = says({})
        api.answers["/a"] = body(b"", 302, Location=f"{other.url}/a")
        with pytest.raises(CallFailedError, match="another place"):
            get_json(f"{api.url}/a", SECRET, NO_PROXY)
        assert other.seen == []


@pytest.mark.parametrize(
    ("raw", "status", "problem"),
    [
        (b"", 200, "not JSON"),
        (b"<html>", 200, "not JSON"),
        (b"[" * 100_000, 200, "not JSON"),
        (b"\xff", 200, "not JSON"),
        (b'"' + b"x" * LARGEST + b'"', 200, "exceeds 4 MiB"),
        (b"{}", 401, "status 401"),
        (b"{}", 403, "status 403"),
        (b"{}", 404, "status 404"),
        (b"{}", 429, "status 429"),
        (b"{}", 500, "status 500"),
    ],
)
def test_what_is_no_answer(api: ForgeApi, raw: bytes, status: int, problem: str) -> None:
    api.answers["/a"] = body(raw, status)
    with pytest.raises(CallFailedError, match=problem) as caught:
        get_json(f"{api.url}/a", SECRET, NO_PROXY)
    assert "s3cr3t" not in str(caught.value)


@pytest.mark.parametrize("target", ["https://[", "//[", "file:///etc/passwd", "//other/b"])
def test_a_redirect_to_nowhere(api: ForgeApi, target: str) -> None:
    api.answers["/a"] = body(b"", 302, Location=target)
    with pytest.raises(CallFailedError, match="another place"):
        get_json(f"{api.url}/a", SECRET, NO_PROXY)


def test_no_login_of_an_address_is_told(api: ForgeApi) -> None:
    with pytest.raises(CallFailedError) as caught:
        get_json(api.url.replace("//", "//user:s3cr3t@"), {}, NO_PROXY)
    assert "s3cr3t" not in f"{caught.value} {caught.value.where}"


def test_round_and_round(api: ForgeApi) -> None:
    api.answers["/a"] = body(b"", 307, Location="/a")
    with pytest.raises(CallFailedError, match="round"):
        get_json(f"{api.url}/a", {}, NO_PROXY)
    assert len(api.seen) < 10


def test_an_answer_that_drips_has_an_end(api: ForgeApi) -> None:
    api.answers["/a"] = dripping
    began = time.monotonic()
    with pytest.raises(CallFailedError, match=r"within 0\.3 s"):
        get_json(f"{api.url}/a", {}, NO_PROXY, timeout_s=0.3)
    assert time.monotonic() - began < 5


def test_a_proxy_is_taken_and_its_password_is_not_told(api: ForgeApi) -> None:
    rules = ProxyRules(https=api.url.replace("//", "//user:s3cr3t@"))
    with pytest.raises(CallFailedError, match="Tunnel connection failed: 501") as caught:
        get_json("https://forge.example/a", SECRET, rules)
    assert "s3cr3t" not in str(caught.value)


def test_nobody_there() -> None:
    with forge_api() as gone:
        url = gone.url
    with pytest.raises(CallFailedError, match="refused"):
        get_json(f"{url}/a", {}, NO_PROXY)


@pytest.mark.parametrize(
    "url",
    [
        "http://example.com/a", "file:///etc/passwd", "file://localhost/etc/passwd", "nonsense",
        "https:///a", "",
    ],
)  # fmt: skip
def test_only_tls_leaves_the_machine(url: str) -> None:
    with pytest.raises(CallFailedError, match="https"):
        get_json(url, SECRET, NO_PROXY)
