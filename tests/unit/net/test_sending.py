"""JSON that is sent by the way: TLS, proxies, bounds."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from polyarch.errors import CallFailedError
from polyarch.net.proxy import ProxyRules
from polyarch.net.sending import LARGEST, Answer, Sending, send
from tests.support.receivers import Receivers, Reply, answers, busy, receivers
from tests.support.tls import self_signed

SECRET = "c4n4ry-t0k3n"
BODY = b'{"a": 1}'


@pytest.fixture
def received() -> Iterator[Receivers]:
    with receivers() as known:
        yield known


def post(url: str, proxies: ProxyRules | None = None, *, within_s: float = 5.0) -> Answer:
    headers = {"Authorization": f"Bearer {SECRET}"}
    sending = Sending(url=url, body=BODY, headers=headers)
    assert SECRET not in repr(sending)
    return send(sending, proxies or ProxyRules(), deadline=time.monotonic() + within_s)


def test_what_is_sent_comes_over(received: Receivers) -> None:
    answer = post(received.at("/x", answers(Reply(body=b'{"ok": true}', status=201))))
    assert (answer.status, answer.json(), answer.is_good) == (201, {"ok": True}, True)
    (got,) = received.got
    assert (got.method, got.body) == ("POST", BODY)
    assert got.headers["User-Agent"] == "polyarch"


def test_a_huge_answer_is_cut(received: Receivers) -> None:
    huge = answers(Reply(body=b"x" * (LARGEST + 7)))
    assert len(post(received.at("/x", huge)).body) == LARGEST


@pytest.mark.parametrize("wait", ["", "soon", "-1", "nan", "inf", "Wed, 21 Oct 2026 07:28:00 GMT"])
def test_a_wait_that_is_no_number_is_a_second(received: Receivers, wait: str) -> None:
    begun = time.monotonic()
    assert post(received.at("/x", busy(1, wait=wait))).status == 200
    assert time.monotonic() - begun >= 1


def test_a_proxy_is_asked(received: Receivers) -> None:
    received.at("/x")
    assert post("http://hook.example/x", ProxyRules(http=received.url)).status == 200
    assert received.got[0].headers["Host"] == "hook.example"


@pytest.mark.parametrize("url", ["http://127.0.0.1:1/", "https://127.0.0.1:1/", "http://[::1]:1/"])
def test_errors_name_no_address(url: str) -> None:
    with pytest.raises(CallFailedError) as caught:
        post(f"{url}{SECRET}")
    assert SECRET not in caught.value.message
    assert "127.0.0.1" not in caught.value.message


@pytest.mark.parametrize("wrong", ["http://127.0.0.1:1/a\nb", "http://127.0.0.1:1/\u00e4 b"])
def test_an_address_that_cannot_be_sent(wrong: str) -> None:
    with pytest.raises(CallFailedError):
        post(wrong)


def test_certificates_count(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pair = self_signed(tmp_path)
    with receivers(pair.server) as secured:
        url = f"https://{secured.host}{secured.at('/x').partition(secured.host)[2]}"
        with pytest.raises(CallFailedError, match="TLS: its certificate"):
            post(url)
        assert not secured.got
        monkeypatch.setenv("SSL_CERT_FILE", str(pair.ca))
        assert post(url).status == 200
