"""Addresses: every line is either one, or refused in words that show nothing of it."""

from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import InvalidNoticeAddressError
from polyarch.notify.address import Address, Service, read_addresses

FORMS = {
    "https://hooks.slack.com/services/T/B/x": Service.SLACK,
    "https://oapi.dingtalk.com/robot/send?access_token=t": Service.DINGTALK,
    "https://open.feishu.cn/open-apis/bot/v2/hook/x": Service.FEISHU,
    "https://open.larksuite.com/open-apis/bot/v2/hook/x": Service.FEISHU,
    "https://qyapi.weixin.qq.com/cgi-bin/webhook/send?key=x": Service.WECOM,
    "https://discord.com/api/webhooks/1/x": Service.DISCORD,
    "https://ptb.discord.com/api/webhooks/1/x": Service.DISCORD,
    "https://discord.com/somewhere": Service.WEBHOOK,
    "https://api.telegram.org/bot1:x/sendMessage?chat_id=2": Service.TELEGRAM,
    "https://prod-1.westeurope.logic.azure.com:443/workflows/x": Service.TEAMS,
    "https://team.webhook.office.com/webhookb2/x": Service.TEAMS,
    "https://hooks.slack.com.evil.example/x": Service.WEBHOOK,
    "HTTPS://Hooks.Slack.Com/x": Service.SLACK,
    "https://example.com/hook": Service.WEBHOOK,
    "http://127.0.0.1:8000/hook": Service.WEBHOOK,
    "http://intern.example/hook#plain-http": Service.WEBHOOK,
    "slack+https://chat.example.com/hooks/x": Service.SLACK,
    "webhook+https://hooks.slack.com/x": Service.WEBHOOK,
    "smtp://mail.example.com?to=a@example.com": Service.MAIL,
    "smtps://u:p@mail.example.com:465?to=a@example.com": Service.MAIL,
    "github://team/app": Service.GITHUB,
    "github://": Service.GITHUB,
    "tgram://bot/chat": Service.APPRISE,
    "mailto://user:p@example.com": Service.APPRISE,
}

WRONG = (
    "",
    "hooks.slack.com/services/x",
    "https://",
    "https:///path",
    "https://user:c4n4ry@example.com/hook",
    "http://intern.example/c4n4ry",
    "https://example.com:c4n4ry/",
    "https://[c4n4ry/",
    "https://example.com/a c4n4ry",
    "https://example.com/\x1bc4n4ry",
    "nobody+https://example.com/c4n4ry",
    "mail+https://example.com/c4n4ry",
    "https://example.com/hook#c4n4ry",
    "https://hooks.slack.com/x#secret=c4n4ry",
    "https://example.com/c4n4ry#secret=",
    "https://example.com/c4n4ry#secret",
    "https://example.com/c4n4ry#secret=&plain-http",
    "https://example.com/c4n4ry#secret=%20",
    "https://example.com/hook#secret=c4n4ry&secret=",
    "dingtalk+https://example.com/c4n4ry#secret=",
    "smtp://example.com:c4n4ry",
    f"https://example.com/{'x' * 5000}",
)


@pytest.mark.parametrize("line", FORMS)
def test_the_forms(line: str) -> None:
    address = Address.parse(line, 3)
    assert address.service is FORMS[line]
    assert address.label == f"line 3 ({FORMS[line]})"
    assert "#" not in address.url


@pytest.mark.parametrize("line", WRONG)
def test_what_is_none(line: str) -> None:
    with pytest.raises(InvalidNoticeAddressError) as caught:
        Address.parse(line, 3)
    assert "line 3" in str(caught.value.where)
    assert "c4n4ry" not in f"{caught.value.message} {caught.value.where} {caught.value.hint}"


def test_a_variable_of_many_lines() -> None:
    text = "\n# the team\n  https://example.com/a  \n\nhttps://example.com/a\nnonsense\ngithub://\n"
    addresses, wrong = read_addresses(text)
    assert [each.number for each in addresses] == [3, 7]
    assert [each.line for each in wrong] == [6]


def test_there_are_not_too_many() -> None:
    addresses, wrong = read_addresses("\n".join(f"https://example.com/{n}" for n in range(500)))
    assert len(addresses) == 100
    assert len(wrong) == 1


SECRETS = st.text(st.sampled_from("abcXYZ0189-_~"), min_size=12, max_size=40)


@given(SECRETS, SECRETS, SECRETS)
def test_no_address_shows_itself(path: str, value: str, secret: str) -> None:
    address = Address.parse(f"https://example.com/x/{path}?k={value}#secret={quote(secret)}", 1)
    assert not [each for each in (path, value, secret) if each in f"{address} {address!r}"]
    assert {path, value, secret} <= set(address.hidden)
    assert address.options["secret"] == secret


@given(st.text(max_size=200))
def test_any_text(text: str) -> None:
    addresses, wrong = read_addresses(text)
    assert len({each.number for each in addresses} | {each.line for each in wrong}) == len(
        addresses
    ) + len(wrong)


STARTS = ("https://", "http://127.0.0.1", "slack+https://", "smtp://", "github://", "x://", "")


@given(st.sampled_from(STARTS), st.text(st.characters(codec="utf-8"), max_size=60))
def test_any_line_is_an_address_or_refused(start: str, rest: str) -> None:
    line = start + rest
    try:
        address = Address.parse(line, 1)
    except InvalidNoticeAddressError as error:
        assert len(rest) < 8 or rest not in f"{error.message} {error.where} {error.hint}"
        return
    assert address.hidden
    if address.service is Service.APPRISE:
        return  # its forms are its own
    _ = address.query
    if address.service not in {Service.GITHUB, Service.MAIL}:
        assert address.parts.hostname
        assert address.parts.scheme in {"http", "https"}
        assert not address.parts.fragment
