"""Logging in: basic and bearer, scopes that grow, tokens that die, logins that are refused."""

import asyncio
import json
from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs

import pytest

from polyarch.errors import (
    DeniedError,
    LoginRefusedError,
    RegistryUnavailableError,
    UnexpectedAnswerError,
    UnsafeTargetError,
)
from polyarch.registry.credential import Credential
from polyarch.sandbox.auth import Account, BasicAuth, OpenAuth
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.scope import Scope
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call, json_answer, refusal
from tests.support.remote import CANARY, Connected, blob_of, connected, push_image

ME = Account(username="me", password=CANARY)
WRONG = Credential(source="variables `A` and `B`", username="me", secret="canary-wrong")


def pull_scope(name: str = "*") -> Scope:
    scope = Scope.parse(f"repository:{name}:pull")
    assert scope
    return scope


def asked_scopes(place: Connected) -> list[list[str]]:
    """The scopes of each token that was asked for by GET, in order."""
    return [
        parse_qs(request.query).get("scope", [])
        for request in place.registry.requests
        if request.path == "/token" and request.method == "GET"
    ]


@pytest.mark.parametrize("auth", [BasicAuth(ME), BearerAuth(ME), BearerAuth(ME, oauth2=False)])
async def test_a_login_is_enough_to_publish(auth):
    async with connected(SandboxRegistry(auth=auth)) as place:
        remote = place.repository()
        await remote.ping()
        await remote.check_push()
        manifest = await push_image(remote, b"layer", tag="v1")
        assert (await remote.get_manifest("v1")) == manifest
        assert await remote.delete_tag("v1")
        assert [r for r in place.registry.requests if r.status == 401][1:] == []


@pytest.mark.parametrize("auth", [BasicAuth(ME), BearerAuth(ME)])
@pytest.mark.parametrize("login", [WRONG, None])
async def test_a_refused_login_says_where_it_came_from_and_what_to_do(auth, login):
    async with connected(SandboxRegistry(auth=auth), login=login) as place:
        with pytest.raises(LoginRefusedError) as caught:
            await place.repository().check_push()
        error = caught.value
        host = place.registry.host
        variable = f"POLYARCH_127_0_0_1_{host.partition(':')[2]}_USERNAME"
        assert host in error.message
        assert (login.source if login else "none") in error.message
        assert f"docker login {host}" in (error.hint or "")
        assert variable in (error.hint or "")
        assert place.clock.slept == []


async def test_a_wrong_password_is_not_tried_by_every_request():
    """Forty refused logins in a second close accounts."""
    async with connected(SandboxRegistry(auth=BearerAuth(ME)), login=WRONG) as place:
        asking = (place.repository().head(f"v{number}") for number in range(40))
        got = await asyncio.gather(*asking, return_exceptions=True)
        assert {type(each) for each in got} == {LoginRefusedError}
        assert len([r for r in place.registry.requests if r.path == "/token"]) <= 8


async def test_who_has_no_login_does_not_ask_how_to_log_in():
    for auth in (OpenAuth(), BearerAuth(ME, anonymous=(pull_scope(),))):
        async with connected(SandboxRegistry(auth=auth), login=None) as place:
            assert await place.repository().head("v1") is None
            assert "/v2/" not in [r.path for r in place.registry.requests]


@pytest.mark.parametrize(
    ("login", "advice"),
    [
        (
            Credential(source="none found", places=("`HUB_USER`", "`HUB_PW`")),
            "docker login HOST`, or set `HUB_USER` and `HUB_PW`;",
        ),
        (
            replace(WRONG, places=("`HUB_USER`", "file `pw`"), is_ours=True),
            "mend what `HUB_USER` and file `pw` give, which count before any `docker login`;",
        ),
    ],
)
async def test_a_refused_login_names_what_the_config_names(login, advice):
    async with connected(SandboxRegistry(auth=BasicAuth(ME)), login=login) as place:
        with pytest.raises(LoginRefusedError) as caught:
            await place.repository().check_push()
        hint = caught.value.hint or ""
        assert advice.replace("HOST", place.registry.host) in hint
        assert "POLYARCH_" not in hint


async def test_an_anonymous_reader_needs_no_login():
    auth = BearerAuth(ME, anonymous=(pull_scope(),))
    async with connected(SandboxRegistry(auth=auth)) as place:
        manifest = await push_image(place.repository(), b"layer", tag="v1")
        guest = Connected(place.registry, login=None)
        async with guest.client:
            assert (await guest.repository().get_manifest("v1")) == manifest
            with pytest.raises(LoginRefusedError):
                await guest.repository().check_push()


async def test_a_login_without_the_right_is_refused():
    reader = Account(username="me", password=CANARY, grants=(pull_scope(),))
    for auth in (BasicAuth(reader), BearerAuth(reader)):
        async with connected(SandboxRegistry(auth=auth)) as place:
            with pytest.raises((DeniedError, LoginRefusedError)) as caught:
                await place.repository().check_push()
            assert "the test" in caught.value.message


# --- scopes -------------------------------------------------------------------------------------


async def test_scopes_grow_per_repository_and_are_asked_together():
    async with connected(SandboxRegistry(auth=BearerAuth(ME))) as place:
        remote = place.repository()
        await remote.head("v1")
        await remote.head("v2")
        await remote.check_push()
        await remote.head("v3")
        await remote.delete_tag("v1")
        await place.repository("team/other").head("v1")
        assert asked_scopes(place) == [
            ["repository:team/app:pull"],
            ["repository:team/app:pull,push"],
            ["repository:team/app:pull,push,delete"],
            ["repository:team/other:pull"],
        ]


async def test_a_mount_asks_for_its_source_after_the_target():
    async with connected(SandboxRegistry(auth=BearerAuth(ME))) as place:
        source = place.repository("team/base")
        await source.push_blob(*blob_of(b"layer"))
        remote = place.repository()
        await remote.check_push()
        assert (
            await remote.push_blob(*blob_of(b"layer"), mount_from=[source.repository]) == "mounted"
        )
        assert asked_scopes(place)[-1] == [
            "repository:team/app:pull,push",
            "repository:team/base:pull",
        ]


async def test_a_source_that_may_not_be_read_does_not_spoil_the_login():
    mine = Scope.parse("repository:team/app:pull,push")
    assert mine
    auth = BearerAuth(Account(username="me", password=CANARY, grants=(mine,)))
    async with connected(SandboxRegistry(auth=auth)) as place:
        foreign = place.repository("other/base").repository
        for content in (b"one", b"two"):
            blob, body = blob_of(content)
            assert (
                await place.repository().push_blob(blob, body, mount_from=[foreign]) == "uploaded"
            )


async def test_what_a_401_demands_is_asked_first():
    """A proxy may hide one repository behind another; its token service reads one scope only."""

    async def hook(call: Call) -> Answer | None:
        if call.target.kind is Kind.MANIFEST and "demanded" not in asked:
            asked.append("demanded")
            challenge = f'Bearer realm="{call.base_url}/token",scope="repository:hidden/app:pull"'
            return Answer(status=401, headers=(("WWW-Authenticate", challenge),))
        return None

    asked: list[str] = []
    registry = SandboxRegistry(auth=BearerAuth(ME), quirks=Quirks(on_request=hook))
    async with connected(registry) as place:
        await place.repository().head("v1")
        assert asked_scopes(place)[-1] == ["repository:hidden/app:pull", "repository:team/app:pull"]


async def test_a_401_without_a_challenge_leaves_what_the_ping_said():
    async def hook(call: Call) -> Answer | None:
        if call.target.kind is Kind.MANIFEST and not muted:
            muted.append(call)
            return Answer(status=401)
        return None

    muted: list[Call] = []
    registry = SandboxRegistry(auth=BearerAuth(ME), quirks=Quirks(on_request=hook))
    async with connected(registry) as place:
        assert await place.repository().head("v1") is None


# --- tokens -------------------------------------------------------------------------------------


async def test_many_requests_share_one_token():
    async with connected(SandboxRegistry(auth=BearerAuth(ME))) as place:
        await asyncio.gather(*(place.repository().head(f"v{number}") for number in range(10)))
        assert len(asked_scopes(place)) == 1
        assert len([r for r in place.registry.requests if r.path == "/v2/"]) == 1


async def test_many_requests_whose_token_died_fetch_one():
    auth = BearerAuth(ME)
    async with connected(SandboxRegistry(auth=auth)) as place:
        await place.repository().head("v1")
        auth.expire_tokens()
        await asyncio.gather(*(place.repository().head(f"v{number}") for number in range(10)))
        assert len(asked_scopes(place)) == 2


async def test_a_token_that_dies_between_opening_and_sending_is_renewed_in_the_same_session():
    auth = BearerAuth(ME)

    async def hook(call: Call) -> Answer | None:
        if call.method == "PUT" and not dead:
            dead.append(call)
            auth.expire_tokens()
        return None

    dead: list[Call] = []
    async with connected(SandboxRegistry(auth=auth, quirks=Quirks(on_request=hook))) as place:
        assert await place.repository().push_blob(*blob_of(b"x" * 5_000_000)) == "uploaded"
        assert [status for _, status in place.seen("PUT")] == [401, 201]
        assert len({path.partition("?")[0] for path, _ in place.seen("PUT")}) == 1


async def test_a_token_is_renewed_before_it_dies():
    auth = BearerAuth(ME, lifetime_s=300)
    async with connected(SandboxRegistry(auth=auth)) as place:
        await place.repository().head("v1")
        place.clock.now += 260
        await place.repository().head("v2")
        assert len(asked_scopes(place)) == 1
        place.clock.now += 20
        await place.repository().head("v3")
        assert len(asked_scopes(place)) == 2
        assert 401 not in [status for _, status in place.seen()]


async def test_a_token_that_would_die_while_a_blob_is_sent_is_renewed_first():
    async with connected(SandboxRegistry(auth=BearerAuth(ME, lifetime_s=100))) as place:
        await place.repository().check_push()
        place.clock.now += 75
        await place.repository().head("v1")
        assert len(asked_scopes(place)) == 1
        await place.repository().push_blob(*blob_of(b"layer"))
        assert len(asked_scopes(place)) == 2


async def test_an_identity_token_is_exchanged():
    auth = BearerAuth(ME)
    login = Credential(source="helper", identity_token=auth.refresh_token("me"))
    async with connected(SandboxRegistry(auth=auth), login=login) as place:
        await place.repository().check_push()
        assert [r.method for r in place.registry.requests if r.path == "/token"] == ["POST"]


async def test_a_registry_token_is_sent_as_it_is():
    async def hook(call: Call) -> Answer | None:
        seen.append(call.headers.get("Authorization"))
        return None

    seen: list[str | None] = []
    login = Credential(source="file", registry_token="canary-token")
    registry = SandboxRegistry(auth=BearerAuth(ME), quirks=Quirks(on_request=hook))
    async with connected(registry, login=login) as place:
        with pytest.raises(LoginRefusedError) as caught:
            await place.repository().head("v1")
        assert "Bearer canary-token" in seen
        assert "canary" not in caught.value.message


TokenService = Mapping[str, Answer]


def served_by(service: TokenService, forms: list[dict[str, list[str]]]) -> SandboxRegistry:
    """A registry with a token service that answers by method; tokens it gives are `good`."""

    async def hook(call: Call) -> Answer | None:
        if call.target.kind is Kind.TOKEN:
            blocks = [block async for block in call.body.blocks()]
            forms.append(parse_qs(b"".join(blocks).decode()))
            return service[call.method]
        if call.headers.get("Authorization") == "Bearer good":
            return json_answer({})
        challenge = f'Bearer realm="{call.base_url}/token",service="s"'
        return Answer(status=401, headers=(("WWW-Authenticate", challenge),))

    return SandboxRegistry(quirks=Quirks(on_request=hook))


GOOD = json_answer({"token": "good"})
NO_FORM = Answer(status=405)
REFUSED = refusal("UNAUTHORIZED", "incorrect username or password")


@pytest.mark.parametrize(
    ("login", "service", "methods"),
    [
        ("password", {"GET": GOOD}, "GET"),
        ("password", {"GET": NO_FORM, "POST": GOOD}, "GET POST"),
        ("password", {"GET": Answer(status=404), "POST": GOOD}, "GET POST"),
        ("password", {"GET": REFUSED, "POST": GOOD}, "GET POST"),
        ("identity", {"POST": GOOD}, "POST"),
        ("identity", {"POST": Answer(status=404), "GET": GOOD}, "POST GET"),
        ("nobody", {"GET": GOOD}, "GET"),
    ],
)
async def test_token_services_are_asked_in_the_form_that_they_know(login, service, methods):
    logins = {
        "password": Credential(source="x", username="me", secret=CANARY),
        "identity": Credential(source="x", identity_token="identity"),
        "nobody": None,
    }
    forms: list[dict[str, list[str]]] = []
    async with connected(served_by(service, forms), login=logins[login]) as place:
        await place.repository().ping()
        asked = [r.method for r in place.registry.requests if r.path == "/token"]
        assert asked == methods.split()
    for form in filter(None, forms):
        grant = {"password": "password", "identity": "refresh_token"}[login]
        assert form["grant_type"] == [grant]
        assert form["service"] == ["s"]


async def test_a_get_that_was_refused_tells_more_than_a_post_that_does_not_exist():
    forms: list[dict[str, list[str]]] = []
    async with connected(served_by({"GET": REFUSED, "POST": NO_FORM}, forms)) as place:
        with pytest.raises(LoginRefusedError, match="incorrect username or password"):
            await place.repository().ping()


@pytest.mark.parametrize(
    "body", [b"", b"{}", b"[]", b"<html>", json.dumps({"token": "a\r\nX: y"}).encode()]
)
async def test_a_token_service_that_gives_no_token_is_told(body):
    service = {"GET": Answer(status=200, body=body)}
    async with connected(served_by(service, [])) as place:
        with pytest.raises(UnexpectedAnswerError, match="no token"):
            await place.repository().ping()


async def test_a_token_that_came_damaged_is_not_told():
    body = json.dumps({"token": "canary-token"}).replace('n"', "n\xff").encode("latin-1")
    async with connected(served_by({"GET": Answer(status=200, body=body)}, [])) as place:
        with pytest.raises(UnexpectedAnswerError, match="no token") as caught:
            await place.repository().ping()
    assert "canary" not in f"{caught.value} {caught.value.exchange!r}"


async def test_a_token_service_in_trouble_is_tried_again():
    calls: list[Call] = []

    async def hook(call: Call) -> Answer | None:
        if call.target.kind is Kind.TOKEN:
            calls.append(call)
            return Answer(status=503) if len(calls) < 3 else None
        return None

    registry = SandboxRegistry(auth=BearerAuth(ME), quirks=Quirks(on_request=hook))
    async with connected(registry) as place:
        await place.repository().check_push()
        assert len(place.clock.slept) == 2


@pytest.mark.parametrize(
    "realm",
    [
        "https://169.254.169.254/token",
        "http://[fe80::1]/token",
        "http://user:pw@127.0.0.1/token",
        "file:///etc/passwd",
        "http://[::1/token",
        "http://127.0.0.1:port/token",
    ],
)
async def test_a_realm_that_is_unsafe_gets_no_login(realm):
    async with connected(SandboxRegistry(auth=BearerAuth(ME, realm=realm))) as place:
        with pytest.raises(UnsafeTargetError, match="token service"):
            await place.repository().check_push()


async def test_a_token_services_redirect_gets_no_login_at_another_host():
    async with SandboxRegistry(quirks=Quirks(rejects_authorization=True)) as other:

        async def hook(call: Call) -> Answer | None:
            if call.target.kind is Kind.TOKEN and call.method == "GET":
                return Answer(status=307, headers=(("Location", f"{other.url}/token"),))
            return None

        registry = SandboxRegistry(auth=BearerAuth(ME), quirks=Quirks(on_request=hook))
        async with connected(registry) as place:
            # The other host knows no tokens; the form then goes to the realm itself.
            await place.repository().check_push()
        assert [r.path for r in other.requests] == ["/token"]
        assert not any(r.had_authorization for r in other.requests)


async def test_a_ping_that_is_redirected_does_not_choose_another_token_service():
    """Nobody but the registry itself says where its logins go."""
    async with SandboxRegistry(auth=BearerAuth(ME)) as other:

        async def hook(call: Call) -> Answer | None:
            if call.target.kind is Kind.PING:
                return Answer(status=307, headers=(("Location", f"{other.url}/v2/"),))
            return None

        registry = SandboxRegistry(auth=BearerAuth(ME), quirks=Quirks(on_request=hook))
        async with connected(registry) as place:
            await place.repository().check_push()
        assert [r.path for r in other.requests] == ["/v2/"]
        assert not any(r.had_authorization for r in other.requests)


async def test_a_form_with_a_password_goes_to_no_other_host():
    async with SandboxRegistry() as other:

        async def hook(call: Call) -> Answer | None:
            if call.target.kind is not Kind.TOKEN:
                return None
            if call.method == "GET":
                return NO_FORM
            return Answer(status=307, headers=(("Location", f"{other.url}/token"),))

        registry = SandboxRegistry(auth=BearerAuth(ME), quirks=Quirks(on_request=hook))
        async with connected(registry) as place:
            with pytest.raises(UnsafeTargetError, match="another host"):
                await place.repository().check_push()
        assert other.requests == ()


async def test_a_registry_that_is_down_while_logging_in_is_told_soon():
    async with connected(SandboxRegistry(quirks=Quirks(down=True))) as place:
        with pytest.raises(RegistryUnavailableError, match="the connection was cut"):
            await place.repository().check_push()
        assert len(place.clock.slept) == 2
