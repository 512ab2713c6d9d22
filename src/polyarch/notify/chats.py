"""How each chat service wants a notice, and how it says that it took it.

Each is one POST of JSON. What projects, branches and errors are called was written by anybody: no
text of a notice may mention people, become a link, or be read as markup.

Sources: api.slack.com, "Sending messages using incoming webhooks"; open.dingtalk.com, "Custom robot
access"; open.feishu.cn, "Custom bot usage guide"; developer.work.weixin.qq.com, "Group robot";
discord.com/developers, "Execute Webhook"; core.telegram.org, "sendMessage"; learn.microsoft.com,
"Create incoming webhooks with Workflows".
"""

import json
from collections.abc import Callable, Mapping

from polyarch.net.sending import Answer, Sending
from polyarch.notify.address import Address, Service
from polyarch.notify.notice import Notice
from polyarch.notify.outbox import Outbox, not_taken
from polyarch.notify.signing import dingtalk_signature, feishu_signature, webhook_signature
from polyarch.notify.wording import Words, words_of
from polyarch.oci.fields import JsonObject

_JSON = {"Content-Type": "application/json; charset=utf-8", "Accept": "application/json"}
_DISCORD, _TELEGRAM = 2000, 4096
"""Characters of a message."""
_WECOM, _LONG = 2048, 16000
"""Bytes of a text that WeCom takes, and what the others surely do."""

_HARMLESS = str.maketrans({"<": "(", ">": ")", "[": "(", "]": ")", "`": "'"})
"""For services whose markup has no escapes: names lose their meaning."""


def send_to_chat(notice: Notice, address: Address, outbox: Outbox) -> None:
    """Send it.

    Raises:
        CallFailedError: no answer.
        NoticeNotSentError: the service did not take it.
    """
    words = words_of(notice)
    if address.service is Service.WEBHOOK:
        sending = _webhook(notice, address, outbox)
    else:
        sending = _FORMS[address.service](words, address, outbox)
    answer = outbox.send(sending)
    said = _refusal(answer, address.service)
    if said is not None:
        raise not_taken(answer, said)


def _webhook(notice: Notice, address: Address, outbox: Outbox) -> Sending:
    body = json.dumps(notice.to_json(), ensure_ascii=False).encode("utf-8", "replace")
    headers = dict(_JSON)
    if secret := address.options.get("secret") or outbox.secret:
        timestamp = str(int(outbox.now.timestamp()))
        headers["X-Polyarch-Timestamp"] = timestamp
        headers["X-Polyarch-Signature"] = webhook_signature(secret, timestamp, body)
    return Sending(url=address.url, body=body, headers=headers)


def _slack(words: Words, address: Address, _: Outbox) -> Sending:
    text = words.text(_LONG).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return _post(address.url, {"text": text, "unfurl_links": False})


def _dingtalk(words: Words, address: Address, outbox: Outbox) -> Sending:
    url = address.url
    if secret := address.options.get("secret"):
        milliseconds = int(outbox.now.timestamp() * 1000)
        between = "&" if "?" in url else "?"
        sign = dingtalk_signature(secret, milliseconds)
        url = f"{url}{between}timestamp={milliseconds}&sign={sign}"
    return _post(url, {"msgtype": "text", "text": {"content": _harmless(words, _LONG)}})


def _feishu(words: Words, address: Address, outbox: Outbox) -> Sending:
    content = [[{"tag": "text", "text": f"{label}: {text}"}] for label, text in words.lines]
    if words.url:
        content.append([{"tag": "text", "text": words.url}])
    post = {"title": words.title, "content": content}
    body: JsonObject = {"msg_type": "post", "content": {"post": {"zh_cn": post, "en_us": post}}}
    if secret := address.options.get("secret"):
        seconds = int(outbox.now.timestamp())
        body = {"timestamp": str(seconds), "sign": feishu_signature(secret, seconds), **body}
    return _post(address.url, body)


def _wecom(words: Words, address: Address, _: Outbox) -> Sending:
    return _post(
        address.url, {"msgtype": "text", "text": {"content": _cut(_harmless(words, _LONG), _WECOM)}}
    )


def _discord(words: Words, address: Address, _: Outbox) -> Sending:
    body = {"content": _harmless(words, _DISCORD), "allowed_mentions": {"parse": []}}
    return _post(address.url, body)


def _telegram(words: Words, address: Address, _: Outbox) -> Sending:
    parts = address.parts
    path = parts.path.rstrip("/")
    path = path if path.endswith("/sendMessage") else f"{path}/sendMessage"
    body: JsonObject = {name: values[-1] for name, values in address.query.items()}
    body |= {"text": words.text(_TELEGRAM), "link_preview_options": {"is_disabled": True}}
    return _post(parts._replace(path=path, query="").geturl(), body)


def _teams(words: Words, address: Address, _: Outbox) -> Sending:
    facts = [{"title": label, "value": _plain(text)} for label, text in words.lines]
    card: JsonObject = {
        "type": "AdaptiveCard",
        "$schema": "http://adaptivecards.io/schemas/adaptive-card.json",
        "version": "1.2",
        "body": [
            {"type": "TextBlock", "text": _plain(words.title), "weight": "bolder", "wrap": True},
            {"type": "FactSet", "facts": facts},
        ],
    }
    if words.url:
        card["actions"] = [{"type": "Action.OpenUrl", "title": "The run", "url": words.url}]
    attachment = {
        "contentType": "application/vnd.microsoft.card.adaptive",
        "contentUrl": None,
        "content": card,
    }
    return _post(address.url, {"type": "message", "attachments": [attachment]})


_FORMS: Mapping[Service, Callable[[Words, Address, Outbox], Sending]] = {
    Service.SLACK: _slack,
    Service.DINGTALK: _dingtalk,
    Service.FEISHU: _feishu,
    Service.WECOM: _wecom,
    Service.DISCORD: _discord,
    Service.TELEGRAM: _telegram,
    Service.TEAMS: _teams,
}

CHATS = frozenset({*_FORMS, Service.WEBHOOK})
"""Who takes one POST."""

_SAYS: Mapping[Service, tuple[tuple[str, ...], object, str]] = {
    # Keys of which one must have a value, that value, and the key of what went wrong.
    Service.DINGTALK: (("errcode",), 0, "errmsg"),
    Service.WECOM: (("errcode",), 0, "errmsg"),
    Service.FEISHU: (("code", "StatusCode"), 0, "msg"),
    Service.TELEGRAM: (("ok",), True, "description"),
}
"""Services that answer 200 to what they did not take."""


def _refusal(answer: Answer, service: Service) -> str | None:
    """Why it was not taken, as far as that is said; None where it was."""
    if service not in _SAYS:
        return None if answer.is_good else ""
    keys, wanted, why = _SAYS[service]
    document = answer.json()
    found = document if isinstance(document, dict) else {}
    if answer.is_good and any(key in found and found[key] == wanted for key in keys):
        return None
    code = next((found[key] for key in keys if key in found), "no result")
    return f"{code} {found.get(why, '')}".strip()


def _post(url: str, body: JsonObject) -> Sending:
    return Sending(url=url, body=json.dumps(body).encode(), headers=_JSON)


def _plain(text: str) -> str:
    return text.translate(_HARMLESS)


def _harmless(words: Words, longest: int) -> str:
    """The words without markup; the run's address is polyarch's own and stays as it is."""
    shown = Words(
        title=_plain(words.title),
        lines=tuple((label, _plain(text)) for label, text in words.lines),
        url=words.url,
    )
    return shown.text(longest)


def _cut(text: str, most_bytes: int) -> str:
    raw = text.encode("utf-8", "replace")
    return text if len(raw) <= most_bytes else raw[: most_bytes - 3].decode("utf-8", "ignore") + "…"
