"""Mail, to a server that speaks SMTP."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.support.mailbox import Mailbox, mailbox
from tests.support.notices import NOTICE, deliver
from tests.support.tls import TlsPair, self_signed

LOGIN = ("robot", "p4ss/+ w0rd")
QUERY = "from=ci@example.com&to=a@example.com,b@example.com&to=c@example.com"


@pytest.fixture
def tls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TlsPair:
    pair = self_signed(tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(pair.ca))
    return pair


@pytest.fixture
def box() -> Iterator[Mailbox]:
    with mailbox(Mailbox()) as found:
        yield found


def test_a_letter(box: Mailbox) -> None:
    assert deliver(f"smtp://127.0.0.1:{box.port}?{QUERY}").error is None
    (letter,) = box.letters
    assert letter.sender == "ci@example.com"
    assert letter.recipients == ("a@example.com", "b@example.com", "c@example.com")
    assert letter.message["Subject"] == "team/app: publishing failed (main) [polyarch]"
    assert letter.message["Auto-Submitted"] == "auto-generated"
    text = letter.message.get_content()
    assert "Dockerfile:3" in text
    assert NOTICE.url in text
    assert not letter.secured


def test_starttls_and_a_login(tls: TlsPair) -> None:
    with mailbox(Mailbox(login=LOGIN, tls=tls.server)) as box:
        line = f"smtp://robot:p4ss%2F%2B%20w0rd@localhost:{box.port}?{QUERY}"
        assert deliver(line).error is None
        assert box.letters[0].secured
        wrong = deliver(line.replace("w0rd", "w0rt")).error
        assert wrong
        assert "535" in wrong.message
        assert "w0rt" not in wrong.message


def test_tls_from_the_first_byte(tls: TlsPair) -> None:
    with mailbox(Mailbox(login=LOGIN, tls=tls.server), implicit=True) as box:
        line = f"smtps://robot:p4ss%2F%2B%20w0rd@127.0.0.1:{box.port}?{QUERY}"
        assert deliver(line).error is None
        assert box.letters[0].secured


def test_a_certificate_that_nobody_vouches_for(tmp_path: Path) -> None:
    with mailbox(Mailbox(tls=self_signed(tmp_path).server)) as box:
        error = deliver(f"smtp://127.0.0.1:{box.port}?{QUERY}").error
        assert error
        assert "TLS" in error.message
        assert not box.letters
        assert deliver(f"smtp://127.0.0.1:{box.port}?{QUERY}&tls=none").error is None


def test_recipients_that_are_refused(box: Mailbox) -> None:
    box.refuse = ("a@example.com",)
    error = deliver(f"smtp://127.0.0.1:{box.port}?{QUERY}").error
    assert error
    assert "1 of the recipients" in error.message
    box.refuse = ("a@example.com", "b@example.com", "c@example.com")
    error = deliver(f"smtp://127.0.0.1:{box.port}?{QUERY}").error
    assert error
    assert "550" in error.message


@pytest.mark.parametrize("query", ["", "to=", "from=a@example.com", "to=a@b%0d%0aBcc:x@y", "to=<"])
def test_an_address_without_anybody(box: Mailbox, query: str) -> None:
    assert deliver(f"smtp://127.0.0.1:{box.port}?{query}").error
    assert not box.letters


def test_a_server_that_is_down() -> None:
    error = deliver(f"smtp://127.0.0.1:1?{QUERY}").error
    assert error
    assert "refused" in error.message.lower()
