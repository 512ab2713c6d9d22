"""Each service gets what it documents, and what it does not take is told."""

import json
import time

import pytest

from polyarch.errors import NoticeNotSentError
from polyarch.notify.chats import CHATS
from polyarch.notify.notice import Kind, Notice
from tests.support.notices import NOTICE, deliver
from tests.support.receivers import (
    Received,
    Receivers,
    Reply,
    answers,
    busy,
    dingtalk,
    feishu,
    says,
    webhook,
)

OK = answers(says({"errcode": 0, "errmsg": "ok"}))


def one(received: Receivers) -> Received:
    (found,) = received.got
    return found


def test_a_webhook_gets_the_document_signed(received: Receivers) -> None:
    address = received.at("/hook", webhook("s3cr3t"))
    assert deliver(address, secret="s3cr3t").error is None
    assert Notice.parse(one(received).body) == NOTICE
    assert deliver(f"{address}#secret=s3cr3t", secret="another").error is None
    assert deliver(address, secret="another").error
    assert deliver(address).error


def test_slack(received: Receivers) -> None:
    assert deliver(f"slack+{received.at('/services/T/B/x')}").error is None
    text = one(received).json["text"]
    assert text.startswith("team/app: publishing failed (main)")
    assert "&lt;!channel&gt;" in text
    assert "<" not in text
    assert text.endswith(NOTICE.url)


def test_dingtalk(received: Receivers) -> None:
    address = received.at("/robot/send", dingtalk("SECabc+/="))
    line = f"dingtalk+{address}?access_token=t0k3n#secret=SECabc%2B/="
    assert deliver(line).error is None
    assert one(received).query["access_token"] == "t0k3n"
    refused = deliver(line.replace("SECabc", "SECabd")).error
    assert refused
    assert "310000 sign not match" in refused.message


def test_feishu(received: Receivers) -> None:
    address = received.at("/open-apis/bot/v2/hook/x", feishu("s3cr3t"))
    assert deliver(f"feishu+{address}#secret=s3cr3t").error is None
    assert deliver(f"lark+{address}#secret=s3cr3t").error is None
    title = received.got[0].json["content"]["post"]["en_us"]["title"]
    assert title.startswith("team/app: publishing failed")
    refused = deliver(f"feishu+{address}#secret=another").error
    assert refused
    assert "19021" in refused.message


def test_wecom(received: Receivers) -> None:
    long = Notice(kind=Kind.FAILURE, project="p", time=NOTICE.time, version="1", what="大" * 5000)
    address = received.at("/cgi-bin/webhook/send", OK)
    assert deliver(f"wecom+{address}?key=k", long).error is None
    assert len(one(received).json["text"]["content"].encode()) <= 2048


def test_discord(received: Receivers) -> None:
    address = received.at("/api/webhooks/1/x", answers(Reply(status=204, body=b"")))
    assert deliver(f"discord+{address}").error is None
    body = one(received).json
    assert body["allowed_mentions"] == {"parse": []}
    assert "](" not in body["content"]


def test_telegram(received: Receivers) -> None:
    address = received.at("/bot1:x", answers(says({"ok": True})))
    assert deliver(f"telegram+{address}?chat_id=-7").error is None
    assert one(received).path == "/bot1:x/sendMessage"
    assert one(received).json["chat_id"] == "-7"
    received.at("/bot1:x", answers(says({"ok": False, "description": "chat not found"}, 400)))
    refused = deliver(f"telegram+{address}?chat_id=-8").error
    assert refused
    assert "chat not found" in refused.message


def test_teams(received: Receivers) -> None:
    address = received.at("/workflows/x", answers(Reply(status=202, body=b"")))
    assert deliver(f"teams+{address}?sig=y").error is None
    (attachment,) = one(received).json["attachments"]
    assert attachment["content"]["type"] == "AdaptiveCard"
    assert "](" not in json.dumps(attachment)


def test_a_busy_service_is_waited_for(received: Receivers) -> None:
    assert deliver(f"slack+{received.at('/busy', busy(2))}").error is None
    assert len(received.got) == 3
    assert deliver(f"slack+{received.at('/once', busy(1, status=503))}").error is None


def test_but_not_for_ever(received: Receivers) -> None:
    begun = time.monotonic()
    error = deliver(f"slack+{received.at('/busy', busy(9, wait='3600'))}").error
    assert error
    assert "429" in error.message
    assert time.monotonic() - begun < 4
    assert len(received.got) == 1


def test_one_that_does_not_answer(received: Receivers) -> None:
    def slow(_: Received) -> Reply:
        time.sleep(1.5)
        return Reply()

    error = deliver(received.at("/slow", slow), within_s=0.4).error
    assert isinstance(error, NoticeNotSentError)
    assert "in" in error.message


def test_one_that_is_down() -> None:
    error = deliver("http://127.0.0.1:1/t0k3n-of-somebody").error
    assert error
    assert "refused" in error.message
    assert "127.0.0.1" not in error.message


@pytest.mark.parametrize("status", [301, 302, 307, 308])
def test_redirects_are_not_followed(received: Receivers, status: int) -> None:
    elsewhere = received.at("/elsewhere")
    received.at("/hook", answers(Reply(status=status, headers={"Location": elsewhere})))
    error = deliver(f"{received.url}/hook").error
    assert error
    assert str(status) in error.message
    assert not received.of("/elsewhere")


@pytest.mark.parametrize("service", sorted(CHATS))
@pytest.mark.parametrize(
    "reply",
    [Reply(status=500), Reply(status=403, body=b"{"), Reply(status=404, body=b'{"errcode": 0}')],
)
def test_every_service_says_no(received: Receivers, service: str, reply: Reply) -> None:
    error = deliver(f"{service}+{received.at('/no', answers(reply))}").error
    assert error
    assert str(reply.status) in error.message


@pytest.mark.parametrize("service", ["dingtalk", "wecom", "feishu", "telegram"])
@pytest.mark.parametrize("body", [b"", b"ok", b"[]", b'"x"', b"[" * 100_000])
def test_an_answer_that_means_nothing(received: Receivers, service: str, body: bytes) -> None:
    assert deliver(f"{service}+{received.at('/odd', answers(Reply(body=body)))}").error


def test_a_service_that_says_the_address_back(received: Receivers) -> None:
    echo = answers(says({"errcode": 1, "errmsg": "no key c4n4ry-k3y at 127.0.0.1, /cgi-bin/send"}))
    error = deliver(f"wecom+{received.at('/cgi-bin/send', echo)}?key=c4n4ry-k3y").error
    assert error
    assert not {"c4n4ry-k3y", "127.0.0.1"} & set(error.message.replace(",", " ").split())
    assert "***" in error.message
