"""Registries in trouble: slow, full, down, cut off, badly certified; and secrets that stay in."""

import asyncio
import base64
import logging
import ssl
import traceback
from collections import Counter
from collections.abc import Awaitable, Callable
from dataclasses import replace
from pathlib import Path

import pytest

from polyarch.errors import (
    DeniedError,
    PolyarchError,
    PushesRefusedError,
    RateLimitedError,
    RegistryError,
    RegistryUnavailableError,
    TlsError,
    UnexpectedAnswerError,
)
from polyarch.events import Event, Warned
from polyarch.net.endpoint import Endpoint
from polyarch.net.proxy import ProxyRules
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient, connect_by_aiohttp
from polyarch.registry.credential import Credential, FixedKeychain
from polyarch.registry.repository import RemoteRepository
from polyarch.registry.retry import RetryPolicy
from polyarch.registry.transport import Request, Response, Transport
from polyarch.sandbox.auth import Account, BasicAuth
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import HANG_UP, Answer, Call, json_answer
from tests.support.clock import FakeClock
from tests.support.remote import CANARY, LOGIN, blob_of, connected, push_image, read
from tests.support.servers import serving
from tests.support.tls import self_signed

ME = Account(username="me", password=CANARY)


# --- 429 and 503 --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("retry_after", "wait"), [("7", 7), ("Tue, 14 Nov 2023 22:14:20 GMT", 60), (None, 0)]
)
async def test_a_registry_that_wants_time_gets_what_it_asks_for(retry_after, wait):
    quirks = Quirks(throttled=1, retry_after=retry_after)
    async with connected(SandboxRegistry(quirks=quirks)) as place:
        assert await place.repository().head("v1") is None
        assert place.clock.slept[0] == wait
        assert [status for _, status in place.seen()] == [429, 404]


@pytest.mark.parametrize("status", [429, 503])
async def test_bodies_are_sent_again(status):
    async def hook(call: Call) -> Answer | None:
        seen[call.method, call.target.kind] += 1
        again = seen[call.method, call.target.kind] <= 2
        return Answer(status=status) if again and call.method in {"POST", "PUT"} else None

    seen: Counter[tuple[str, Kind]] = Counter()
    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        manifest = await push_image(place.repository(), b"layer", tag="v1")
        assert await place.repository().get_manifest("v1") == manifest


async def test_one_429_pauses_the_whole_host():
    """A mount is not repeated by itself: only the pause makes the next request wait."""

    async def hook(call: Call) -> Answer | None:
        limited = Answer(status=429, headers=(("Retry-After", "30"),))
        return limited if "mount" in call.query else None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        blob, body = blob_of(b"layer")
        source = place.repository("team/base").repository
        assert await place.repository().push_blob(blob, body, mount_from=[source]) == "uploaded"
        assert place.clock.slept == [30]


async def test_a_wait_that_is_too_long_is_told_and_not_begun():
    quirks = Quirks(throttled=99, retry_after="7200")
    async with connected(SandboxRegistry(quirks=quirks)) as place:
        for _ in range(2):
            with pytest.raises(RateLimitedError) as caught:
                await place.repository().head("v1")
            assert caught.value.retry_after_s == 7200
            assert "7200 s" in (caught.value.hint or "")
        assert place.clock.slept == []
        assert len(place.seen()) <= 1


async def test_trouble_that_does_not_end_is_told_after_the_last_try():
    async with connected(SandboxRegistry(quirks=Quirks(unavailable=99))) as place:
        with pytest.raises(RegistryUnavailableError, match="503") as caught:
            await place.repository().head("v1")
        assert caught.value.retryable
        assert len(place.registry.requests) == 8


async def test_a_rate_limit_that_calls_itself_403_is_waited_for():
    async def hook(call: Call) -> Answer | None:
        if call.target.kind is not Kind.UPLOADS or told:
            return None
        told.append(call)
        words = b"You have exceeded a secondary rate limit. Please wait."
        return Answer(status=403, headers=(("Retry-After", "5"),), body=words)

    told: list[Call] = []
    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        await place.repository().check_push()
        assert place.clock.slept == [5]


@pytest.mark.parametrize("status", [400, 403, 404, 405, 409, 418, 501])
async def test_what_will_not_change_is_not_tried_again(status):
    async def hook(call: Call) -> Answer | None:
        return Answer(status=status) if call.method == "POST" else None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        with pytest.raises(RegistryError) as caught:
            await place.repository().check_push()
        assert not caught.value.retryable
        assert (place.clock.slept, len(place.seen())) == ([], 1)


async def test_a_denial_tells_the_registrys_words():
    quirks = Quirks(denied_actions=frozenset({"push"}))
    async with connected(SandboxRegistry(quirks=quirks)) as place:
        with pytest.raises(DeniedError, match="requested access to the resource is denied"):
            await place.repository().check_push()


async def test_a_registry_that_only_gives_says_so():
    """CNCF distribution answers so while it is read-only, and as a mirror."""
    body = b'{"errors":[{"code":"UNSUPPORTED","message":"The operation is unsupported."}]}'

    async def hook(call: Call) -> Answer | None:
        return Answer(status=405, body=body) if call.method == "POST" else None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        with pytest.raises(PushesRefusedError, match="takes no pushes: UNSUPPORTED"):
            await place.repository().check_push()


# --- down ---------------------------------------------------------------------------------------


async def test_a_registry_that_is_not_there_is_told_soon():
    registry = SandboxRegistry()
    async with connected(registry) as place:
        await registry.stop()
        with pytest.raises(RegistryUnavailableError, match="no connection") as caught:
            await place.repository().check_push()
        assert len(place.clock.slept) == 2
        assert "doctor" in (caught.value.hint or "")
        assert place.registry.host in caught.value.message


async def test_a_registry_that_goes_away_in_the_middle_is_waited_for():
    async def hook(call: Call) -> Answer | None:
        if call.target.kind is not Kind.MANIFEST:
            return None
        asked.append(call)
        return HANG_UP if len(asked) < 7 else None

    asked: list[Call] = []
    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        await place.repository().check_push()
        assert await place.repository().head("v1") is None
        assert len(place.clock.slept) >= 3


async def test_a_name_that_nobody_knows_is_told():
    clock = FakeClock()
    async with RegistryClient(clock=clock.clock) as client:
        remote = client.repository(Repository.parse("no-such-registry.invalid/team/app"))
        with pytest.raises(RegistryUnavailableError, match="cannot be resolved"):
            await remote.check_push()


async def test_a_server_that_speaks_something_else_is_told():
    async def greet(_reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(b"220 mail.example ESMTP\r\n")
        await writer.drain()

    async with serving(greet) as host, RegistryClient(clock=FakeClock().clock) as client:
        with pytest.raises(UnexpectedAnswerError, match="does not speak HTTP"):
            await client.repository(Repository(registry=host, path="a")).ping()


class Hasty:
    """A transport that waits for no answer longer than a moment."""

    def __init__(self, inner: Transport) -> None:
        self._inner = inner

    async def send(self, request: Request) -> Response:
        return await self._inner.send(replace(request, answer_s=0.2))

    async def close(self) -> None:
        await self._inner.close()


async def test_a_server_that_says_nothing_is_given_up():
    async def silent(reader: asyncio.StreamReader, _writer: asyncio.StreamWriter) -> None:
        await reader.read()

    connect = connect_by_aiohttp(ProxyRules())
    async with serving(silent) as host:
        client = RegistryClient(
            clock=FakeClock().clock,
            policy=RetryPolicy(first_tries=1),
            connect=lambda registry, endpoint: Hasty(connect(registry, endpoint)),
        )
        async with client:
            with pytest.raises(RegistryUnavailableError, match="no answer in time"):
                await client.repository(Repository(registry=host, path="a")).ping()


async def test_a_pushed_blob_survives_cut_connections():
    cuts: list[Call] = []

    async def hook(call: Call) -> Answer | None:
        if call.target.kind in {Kind.UPLOAD, Kind.UPLOADS} and len(cuts) < 4:
            cuts.append(call)
            return Answer(status=0)
        return None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        blob, body = blob_of(b"layer" * 1_000_000)
        assert await place.repository().push_blob(blob, body) == "uploaded"
        assert await read(place.repository(), blob) == b"layer" * 1_000_000


# --- TLS and proxies ----------------------------------------------------------------------------


async def test_tls_is_checked_against_the_given_authority(tmp_path):
    pair = self_signed(tmp_path)
    registry = SandboxRegistry(ssl_context=pair.server)
    async with registry:
        url = f"https://{registry.host}"
        for endpoint in (Endpoint(url=url, ca_file=pair.ca), Endpoint(url=url, insecure=True)):
            assert await reached(registry.host, endpoint) is None


async def test_an_unknown_authority_is_refused_with_a_hint(tmp_path):
    registry = SandboxRegistry(ssl_context=self_signed(tmp_path).server)
    async with registry:
        error = await reached(registry.host, Endpoint(url=f"https://{registry.host}"))
        assert isinstance(error, TlsError)
        assert "self-signed certificate" in error.message
        assert f'[registries."{registry.host}"]' in (error.hint or "")
        assert not error.retryable


async def test_tls_towards_plain_http_names_the_switch():
    async with SandboxRegistry() as registry:
        error = await reached(registry.host, Endpoint(url=f"https://{registry.host}"))
        assert isinstance(error, TlsError)
        assert "plain-http = true" in (error.hint or "")


@pytest.mark.parametrize("content", [None, "no certificate"])
async def test_an_authority_that_cannot_be_read_is_told(tmp_path, content):
    authority = tmp_path / "ca.pem"
    if content:
        authority.write_text(content)
    error = await reached("127.0.0.1:1", Endpoint(url="https://127.0.0.1:1", ca_file=authority))
    assert isinstance(error, TlsError)
    assert "ca.pem" in error.message


async def test_plain_http_behind_tls_is_mended_in_locations(tmp_path):
    """A proxy that ends TLS: the registry behind it writes http:// into its Locations."""
    pair = self_signed(tmp_path)
    registry = SandboxRegistry(ssl_context=pair.server)

    async def hook(call: Call) -> Answer | None:
        if call.method == "POST" and not wrong:
            upload = f"{call.base_url}/v2/{call.repository}/blobs/uploads/absent"
            wrong.append(upload)
            location = ("Location", upload.replace("https://", "http://"))
            return Answer(status=202, headers=(location,))
        return None

    wrong: list[str] = []
    registry.quirks = Quirks(on_request=hook)
    async with registry:
        endpoint = Endpoint(url=f"https://{registry.host}", ca_file=pair.ca)
        events: list[Event] = []
        client = RegistryClient(endpoints={registry.host: endpoint}, listen=events.append)
        async with client:
            remote = client.repository(Repository(registry=registry.host, path="team/app"))
            assert await remote.push_blob(*blob_of(b"layer")) == "uploaded"
        assert [r.status for r in registry.requests if r.method == "PUT"] == [404, 201]
        assert len(events) == 1


async def reached(host: str, endpoint: Endpoint) -> PolyarchError | None:
    clock = FakeClock()
    async with RegistryClient(endpoints={host: endpoint}, clock=clock.clock) as client:
        try:
            await client.repository(Repository(registry=host, path="team/app")).ping()
        except PolyarchError as error:
            return error
    return None


async def test_requests_go_through_the_proxy_that_is_named():
    """The sandbox plays the proxy: it sees the whole URL of a host that does not exist."""

    async def hook(call: Call) -> Answer | None:
        seen.append(str(call.headers.get("Host")))
        return json_answer({})

    seen: list[str] = []
    host = "registry.invalid"
    async with SandboxRegistry(quirks=Quirks(on_request=hook)) as proxy:
        direct = Endpoint(url=f"http://{host}")
        named = Endpoint(url=f"http://{host}", proxy=proxy.url)
        for endpoint, rules in ((direct, ProxyRules(http=proxy.url)), (named, ProxyRules())):
            async with RegistryClient(endpoints={host: endpoint}, proxies=rules) as client:
                await client.repository(Repository(registry=host, path="a")).ping()
    assert set(seen) == {host}


# --- warnings and secrets -----------------------------------------------------------------------


async def test_warnings_of_a_registry_are_told_once():
    async def hook(call: Call) -> Answer | None:
        headers = (("Warning", '299 - "moving \\"soon\\""'),)
        return Answer(status=404, headers=headers) if call.target.kind is Kind.MANIFEST else None

    async with connected(SandboxRegistry(quirks=Quirks(on_request=hook))) as place:
        for tag in ("a", "b"):
            await place.repository().head(tag)
        assert place.events == [Warned(text=f'{place.registry.host}: moving "soon"')]


Work = Callable[[RemoteRepository], Awaitable[object]]
TOKEN = "canary-token"
ENCODED = base64.b64encode(f"me:{CANARY}".encode()).decode()


async def echo(call: Call) -> Answer | None:
    """A registry that says back all that it was sent, in every place that ends in a message."""
    if call.target.kind is Kind.TOKEN:
        return json_answer({"token": TOKEN})
    if "Authorization" not in call.headers:
        return None
    said = f"you sent {call.headers['Authorization']} for me:{CANARY}"
    # Codes are told in upper case.
    errors = [{"code": ENCODED.rstrip("="), "message": said, "detail": said}]
    location = f"https://me:{CANARY}@169.254.169.254/{CANARY}?X-Signature={CANARY}"
    status = {"HEAD": 400, "GET": 400, "POST": 307}.get(call.method, 500)
    return json_answer(
        {"errors": errors}, ("Location", location), ("Warning", f'299 - "{said}"'), status=status
    )


@pytest.mark.parametrize("auth", [BasicAuth(ME), BearerAuth(ME)])
@pytest.mark.parametrize(
    "work",
    [
        lambda remote: remote.ping(),
        lambda remote: remote.check_push(),
        lambda remote: remote.head("v1"),
        lambda remote: remote.get_manifest("v1"),
        lambda remote: remote.tags(),
        lambda remote: remote.delete_tag("v1"),
        lambda remote: remote.push_blob(*blob_of(b"layer")),
        lambda remote: remote.open_blob(blob_of(b"layer")[0]),
    ],
)
async def test_no_secret_gets_into_errors_events_or_logs(auth, work: Work, caplog):
    caplog.set_level(logging.DEBUG)
    async with connected(SandboxRegistry(auth=auth, quirks=Quirks(on_request=echo))) as place:
        with pytest.raises(PolyarchError) as caught:
            await work(place.repository())
        error = caught.value
        told = [str(error), repr(error), error.message, error.where, error.hint]
        told += [repr(vars(error)), "".join(traceback.format_exception(error))]
        told += [repr(place.events), caplog.text]
    text = "\n".join(filter(None, told))
    assert not [
        secret for secret in (CANARY, TOKEN, ENCODED[:-4]) if secret.lower() in text.lower()
    ]


def test_a_login_is_shown_nowhere():
    everything = f"{LOGIN!r} {LOGIN} {FixedKeychain(LOGIN)!r} {vars(FixedKeychain(LOGIN))}"
    assert CANARY not in everything
    assert CANARY not in f"{Credential(source='x', identity_token=CANARY, registry_token=CANARY)!r}"


def test_one_context_serves_all_connections_of_one_trust(tmp_path: Path):
    from polyarch.registry.tls import ssl_context

    assert ssl_context(None, insecure=False) is ssl_context(None, insecure=False)
    assert ssl_context(None, insecure=True).verify_mode is ssl.CERT_NONE
