"""An address that notices go to: one line of a variable, and a secret as a whole."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Self
from urllib.parse import SplitResult, parse_qs, unquote, urlsplit

from polyarch.errors import InvalidNoticeAddressError
from polyarch.net.endpoint import is_loopback_name

_NOTHING: Mapping[str, str] = MappingProxyType({})
_LONGEST = 4096
"""Characters of a line."""
_MOST = 100
_TELLING = 8
"""Characters from which on a part of an address is looked for in other texts, and hidden."""


class Service(StrEnum):
    """Who takes notices; the value is what stands before `+` in an address."""

    WEBHOOK = "webhook"
    SLACK = "slack"
    DINGTALK = "dingtalk"
    FEISHU = "feishu"
    WECOM = "wecom"
    DISCORD = "discord"
    TELEGRAM = "telegram"
    TEAMS = "teams"
    MAIL = "mail"
    GITHUB = "github"
    APPRISE = "apprise"


_PREFIXES = {each.value: each for each in Service} | {"lark": Service.FEISHU}
_NOT_HTTP = frozenset({Service.MAIL, Service.GITHUB, Service.APPRISE})
_OPTIONS = frozenset({"secret", "plain-http"})
_SIGNED = frozenset({Service.WEBHOOK, Service.DINGTALK, Service.FEISHU})

_HOSTS: Mapping[str, Service] = {
    "hooks.slack.com": Service.SLACK,
    "hooks.slack-gov.com": Service.SLACK,
    "oapi.dingtalk.com": Service.DINGTALK,
    "open.feishu.cn": Service.FEISHU,
    "open.larksuite.com": Service.FEISHU,
    "qyapi.weixin.qq.com": Service.WECOM,
    "discord.com": Service.DISCORD,
    "discordapp.com": Service.DISCORD,
    "api.telegram.org": Service.TELEGRAM,
    "webhook.office.com": Service.TEAMS,
    "logic.azure.com": Service.TEAMS,
    "api.powerplatform.com": Service.TEAMS,
}
"""By host, or by the domain that it belongs to."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Address:
    """`number` is its line. `url` is what is called, without prefix and options; none is shown."""

    number: int
    service: Service
    url: str = field(repr=False)
    options: Mapping[str, str] = field(default_factory=lambda: _NOTHING, repr=False)

    @classmethod
    def parse(cls, line: str, number: int) -> Self:
        """Read one line.

        Raises:
            InvalidNoticeAddressError: it is of no form that is known; the error quotes nothing.
        """
        try:
            return cls._parse(line.strip(), number)
        except ValueError:  # a port or an IPv6 address, which urlsplit would quote
            raise InvalidNoticeAddressError(number, "the address is broken") from None

    @classmethod
    def _parse(cls, line: str, number: int) -> Self:
        if len(line) > _LONGEST or not line.isprintable() or " " in line:
            raise InvalidNoticeAddressError(number, "it has blanks, or is far too long")
        scheme, separator, rest = line.partition("://")
        if not separator or not scheme.isascii():
            raise InvalidNoticeAddressError(number, "it is no address: there is no `://`")
        prefix, plus, inner = scheme.lower().rpartition("+")
        if inner in {"http", "https"}:
            named = _PREFIXES.get(prefix) if plus else None
            if plus and (named is None or named in _NOT_HTTP):
                raise InvalidNoticeAddressError(number, "what stands before `+` is not known")
            return cls._http(f"{inner}://{rest}", named, number)
        service = {
            "smtp": Service.MAIL,
            "smtps": Service.MAIL,
            "github": Service.GITHUB,
        }.get(scheme.lower(), Service.APPRISE)
        if service is not Service.APPRISE:
            line = f"{scheme.lower()}://{rest}"
            _ = urlsplit(line).port
        return cls(number=number, service=service, url=line)

    @classmethod
    def _http(cls, line: str, named: Service | None, number: int) -> Self:
        parts = urlsplit(line)
        host, _ = parts.hostname or "", parts.port
        if not host or "@" in parts.netloc:
            raise InvalidNoticeAddressError(number, "it has no host, or a login before it")
        service = named or _of_host(host, parts.path)
        options = dict(_options(parts.fragment))
        if unknown := options.keys() - _OPTIONS:
            listed = "`secret` and `plain-http`"
            problem = f"{len(unknown)} words behind `#` are not known, only {listed}"
            raise InvalidNoticeAddressError(number, problem)
        if not options.get("secret", "-").strip():  # an unset variable, say
            raise InvalidNoticeAddressError(number, "there is no key behind `secret=`")
        if "secret" in options and service not in _SIGNED:
            raise InvalidNoticeAddressError(number, "this service takes no signature")
        if parts.scheme == "http" and not (is_loopback_name(host) or "plain-http" in options):
            problem = "it has no TLS; `#plain-http` behind it allows that"
            raise InvalidNoticeAddressError(number, problem)
        url = parts._replace(fragment="").geturl()
        return cls(number=number, service=service, url=url, options=options)

    @property
    def label(self) -> str:
        """All that is ever said of it."""
        return f"line {self.number} ({self.service})"

    @property
    def hidden(self) -> tuple[str, ...]:
        """What must not be in any text: the whole, and the parts that open a door."""
        return tuple(dict.fromkeys(_secrets(self.url, self.options)))

    @property
    def parts(self) -> SplitResult:
        """Scheme, host, path and query."""
        return urlsplit(self.url)

    @property
    def query(self) -> Mapping[str, tuple[str, ...]]:
        """The query, by name."""
        found = parse_qs(self.parts.query, keep_blank_values=True)
        return {name: tuple(values) for name, values in found.items()}


def read_addresses(
    text: str,
) -> tuple[tuple[Address, ...], tuple[InvalidNoticeAddressError, ...]]:
    """The addresses of a variable, and what is wrong with lines that are none.

    Empty lines and those that begin with `#` do not count, nor what was said before.
    """
    found: dict[tuple[str, ...], Address] = {}
    wrong: list[InvalidNoticeAddressError] = []
    for number, line in enumerate(text.splitlines(), 1):
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        if len(found) + len(wrong) == _MOST:
            wrong.append(InvalidNoticeAddressError(number, f"there are more than {_MOST}"))
            break
        try:
            address = Address.parse(line, number)
        except InvalidNoticeAddressError as error:
            wrong.append(error)
        else:
            found.setdefault((address.service.value, address.url), address)
    return tuple(found.values()), tuple(wrong)


def _of_host(host: str, path: str) -> Service:
    host = host.lower().removesuffix(".")
    while host:
        if service := _HOSTS.get(host):
            is_hook = service is not Service.DISCORD or path.startswith("/api/webhooks/")
            return service if is_hook else Service.WEBHOOK
        host = host.partition(".")[2]
    return Service.WEBHOOK


def _options(fragment: str) -> Iterator[tuple[str, str]]:
    for item in filter(None, fragment.split("&")):
        name, _, value = item.partition("=")
        yield name, unquote(value)


def _secrets(url: str, options: Mapping[str, str]) -> Iterator[str]:
    yield url
    try:
        parts = urlsplit(url)
        yield from filter(None, (parts.password, unquote(parts.password or "")))
    except ValueError:  # Apprise's own forms
        return
    values = (value for several in parse_qs(parts.query).values() for value in several)
    for part in (*parts.path.split("/"), *values, *options.values()):
        if len(part) >= _TELLING:
            yield part
            yield unquote(part)
