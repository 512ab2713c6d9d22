"""Logins: basic, bearer tokens and what each of them may do."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import pytest

from polyarch.oci.digest import Digest
from polyarch.sandbox.auth import Account, BasicAuth
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.scope import Scope
from polyarch.sandbox.server import SandboxRegistry
from tests.support.sandbox_http import Reply, Wire, basic, bearer, make_storage, talking_to

CONTENT = b"content"
DIGEST = Digest.of(CONTENT)
MANIFEST = "/v2/team/app/manifests/v1"
UPLOADS = "/v2/team/app/blobs/uploads/"


def scope(text: str) -> Scope:
    parsed = Scope.parse(text)
    assert parsed is not None
    return parsed


ACCOUNTS = (
    Account(username="writer", password="s3cret:with:colons"),
    Account(username="reader", password="päß", grants=(scope("repository:team/*:pull"),)),
    Account(username="outsider", password="x", grants=(scope("repository:other/*:pull,push"),)),
)
WRITER = basic("writer", "s3cret:with:colons")
READER = basic("reader", "päß")
OUTSIDER = basic("outsider", "x")
PUBLIC = (scope("repository:public/*:pull"),)


class Clock:
    """Time in the hands of a test."""

    def __init__(self) -> None:
        self.now = 1_800_000_000.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture(params=["memory", "folder"])
async def basic_wire(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Wire]:
    storage = make_storage(request.param, tmp_path)
    auth = BasicAuth(*ACCOUNTS, anonymous=PUBLIC)
    async with talking_to(SandboxRegistry(storage=storage, auth=auth)) as wire:
        yield wire


@pytest.fixture(params=["memory", "folder"])
async def token_wire(
    request: pytest.FixtureRequest, tmp_path: Path, clock: Clock
) -> AsyncIterator[Wire]:
    storage = make_storage(request.param, tmp_path)
    auth = BearerAuth(*ACCOUNTS, anonymous=PUBLIC, clock=clock, lifetime_s=60)
    async with talking_to(SandboxRegistry(storage=storage, auth=auth)) as wire:
        yield wire


def challenge(reply: Reply) -> dict[str, str]:
    """The fields of a Bearer challenge."""
    assert (reply.status, reply.codes[0]) == (401, "UNAUTHORIZED")
    scheme, _, rest = reply.headers["WWW-Authenticate"].partition(" ")
    assert scheme == "Bearer"
    return dict(re.findall(r'(\w+)="([^"]*)"', rest))


async def login(wire: Wire, *scopes: str, headers: dict[str, str] | None = None) -> dict[str, str]:
    """A token for the scopes, as the header that carries it."""
    query = "&".join(["service=sandbox", *(f"scope={text}" for text in scopes)])
    reply = await wire("GET", f"/token?{query}", headers=headers)
    assert reply.status == 200
    assert reply.json["token"] == reply.json["access_token"]
    return bearer(reply.json["token"])


# --- basic ---


async def test_basic_ping(basic_wire: Wire) -> None:
    stranger = await basic_wire("GET", "/v2/")
    assert (stranger.status, stranger.codes) == (401, ["UNAUTHORIZED"])
    assert stranger.headers["WWW-Authenticate"] == 'Basic realm="sandbox"'
    for account in (WRITER, READER, OUTSIDER):
        assert (await basic_wire("GET", "/v2/", headers=account)).status == 200


@pytest.mark.parametrize(
    "value",
    [
        *basic("writer", "wrong").values(),
        *basic("nobody", "s3cret:with:colons").values(),
        *basic("", "").values(),
        *basic("writer", "päß").values(),
        "Basic",
        "Basic !!!",
        "Basic //8=",
        "Bearer x",
        "",
    ],
)
async def test_basic_refuses(basic_wire: Wire, value: str) -> None:
    headers = {"Authorization": value}
    for method, url in (("GET", "/v2/"), ("GET", MANIFEST), ("POST", UPLOADS)):
        assert (await basic_wire(method, url, headers=headers)).status == 401


async def test_basic_grants(basic_wire: Wire) -> None:
    assert (await basic_wire("POST", UPLOADS, headers=WRITER)).status == 202
    for account in (READER, OUTSIDER):
        refused = await basic_wire("POST", UPLOADS, headers=account)
        assert (refused.status, refused.codes) == (403, ["DENIED"])
    assert (await basic_wire("GET", MANIFEST, headers=READER)).status == 404
    assert (await basic_wire("GET", MANIFEST, headers=OUTSIDER)).status == 403
    assert (await basic_wire("DELETE", MANIFEST, headers=READER)).status == 403


async def test_basic_anonymous(basic_wire: Wire) -> None:
    assert (await basic_wire("GET", "/v2/public/app/manifests/v1")).status == 404
    assert (await basic_wire("POST", "/v2/public/app/blobs/uploads/")).status == 401
    assert (await basic_wire("GET", MANIFEST)).status == 401


async def test_basic_has_no_token_service(basic_wire: Wire) -> None:
    assert (await basic_wire("GET", "/token")).status == 404


async def test_a_refused_client_sends_no_body(basic_wire: Wire) -> None:
    """With `Expect: 100-continue` a refusal costs no upload."""
    opened = await basic_wire("POST", UPLOADS, headers=WRITER)
    refused = await basic_wire("PATCH", opened.location, b"x" * 500_000, expect100=True)
    assert refused.status == 401
    last = basic_wire.registry.requests[-1]
    assert (last.method, last.received, last.had_authorization) == ("PATCH", 0, False)


# --- bearer ---


async def test_challenges(token_wire: Wire) -> None:
    realm = {"realm": f"{token_wire.registry.url}/token", "service": "sandbox"}
    assert challenge(await token_wire("GET", "/v2/")) == realm
    read = challenge(await token_wire("GET", MANIFEST))
    assert read == realm | {"scope": "repository:team/app:pull"}
    write = challenge(await token_wire("PUT", MANIFEST, b""))
    assert write == realm | {"scope": "repository:team/app:pull,push"}
    remove = challenge(await token_wire("DELETE", MANIFEST))
    assert remove == realm | {"scope": "repository:team/app:delete"}
    mount = challenge(await token_wire("POST", f"{UPLOADS}?mount={DIGEST}&from=team/base"))
    assert mount["scope"] == "repository:team/app:pull,push repository:team/base:pull"
    unknown = challenge(await token_wire("GET", "/v2/", headers=bearer("x")))
    assert unknown["error"] == "invalid_token"
    wrong_scheme = challenge(await token_wire("GET", "/v2/", headers=WRITER))
    assert wrong_scheme["error"] == "invalid_token"


async def test_push_and_pull_with_tokens(token_wire: Wire) -> None:
    write = await login(token_wire, "repository:team/app:pull,push", headers=WRITER)
    opened = await token_wire("POST", f"{UPLOADS}?digest={DIGEST}", CONTENT, write)
    assert opened.status == 201
    read = await login(token_wire, "repository:team/app:pull", headers=READER)
    assert (await token_wire("GET", opened.location, headers=read)).body == CONTENT
    refused = challenge(await token_wire("POST", UPLOADS, headers=read))
    assert refused["error"] == "insufficient_scope"
    assert refused["scope"] == "repository:team/app:pull,push"


async def test_a_token_holds_for_its_scopes_alone(token_wire: Wire) -> None:
    token = await login(token_wire, "repository:team/app:pull,push", headers=WRITER)
    assert (await token_wire("GET", "/v2/", headers=token)).status == 200
    assert (await token_wire("GET", MANIFEST, headers=token)).status == 404
    assert (await token_wire("GET", "/v2/team/b/manifests/v1", headers=token)).status == 401
    assert (await token_wire("DELETE", MANIFEST, headers=token)).status == 401


async def test_less_is_granted_than_asked(token_wire: Wire) -> None:
    token = await login(
        token_wire,
        "repository:team/app:pull,push",
        "repository:other/app:pull",
        "registry:catalog:*",
        "nonsense",
        headers=READER,
    )
    assert (await token_wire("GET", MANIFEST, headers=token)).status == 404
    assert (await token_wire("POST", UPLOADS, headers=token)).status == 401
    assert (await token_wire("GET", "/v2/other/app/manifests/v1", headers=token)).status == 401


async def test_names_with_wildcards_are_no_scopes(token_wire: Wire) -> None:
    token = await login(token_wire, "repository:team/*:pull", "repository:*:*", headers=READER)
    assert (await token_wire("GET", MANIFEST, headers=token)).status == 401


async def test_anonymous_token(token_wire: Wire) -> None:
    token = await login(token_wire, "repository:public/app:pull,push", "repository:team/app:pull")
    assert (await token_wire("GET", "/v2/public/app/manifests/v1", headers=token)).status == 404
    public = "/v2/public/app/blobs/uploads/"
    assert (await token_wire("POST", public, headers=token)).status == 401
    assert (await token_wire("GET", MANIFEST, headers=token)).status == 401
    assert (await token_wire("GET", "/v2/public/app/manifests/v1")).status == 401


async def test_a_token_dies_in_time(token_wire: Wire, clock: Clock) -> None:
    token = await login(token_wire, "repository:team/app:pull", headers=WRITER)
    clock.now += 59
    assert (await token_wire("GET", MANIFEST, headers=token)).status == 404
    clock.now += 1
    assert challenge(await token_wire("GET", MANIFEST, headers=token))["error"] == "invalid_token"


async def test_tokens_can_be_ended(token_wire: Wire) -> None:
    token = await login(token_wire, "repository:team/app:pull", headers=WRITER)
    auth = token_wire.registry.auth
    assert isinstance(auth, BearerAuth)
    auth.expire_tokens()
    assert (await token_wire("GET", MANIFEST, headers=token)).status == 401


async def test_wrong_login_at_the_token_service(token_wire: Wire) -> None:
    for headers in (basic("writer", "x"), {"Authorization": "Basic x"}, bearer("x")):
        reply = await token_wire("GET", "/token?service=sandbox", headers=headers)
        assert (reply.status, reply.codes) == (401, ["UNAUTHORIZED"])
        assert "token" not in reply.json


async def form(wire: Wire, **fields: str) -> Reply:
    return await wire("POST", "/token", fields)


async def test_oauth2_password_and_refresh(token_wire: Wire) -> None:
    asked: dict[str, Any] = {
        "service": "sandbox",
        "scope": "repository:team/app:pull,push repository:team/base:pull",
        "client_id": "test",
    }
    given = await form(
        token_wire,
        grant_type="password",
        username="writer",
        password="s3cret:with:colons",
        access_type="offline",
        **asked,
    )
    assert given.json["scope"] == asked["scope"]
    assert given.json["expires_in"] == 60
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", given.json["issued_at"])
    renewed = await form(
        token_wire, grant_type="refresh_token", refresh_token=given.json["refresh_token"], **asked
    )
    for reply in (given, renewed):
        token = bearer(reply.json["access_token"])
        assert (await token_wire("POST", UPLOADS, headers=token)).status == 202
    assert "refresh_token" not in renewed.json


async def test_oauth2_refuses(token_wire: Wire) -> None:
    for fields in (
        {"grant_type": "password", "username": "writer", "password": "x"},
        {"grant_type": "refresh_token", "refresh_token": "x"},
    ):
        assert (await form(token_wire, **fields)).status == 401
    assert (await form(token_wire, grant_type="authorization_code")).status == 400
    assert (await token_wire("POST", "/token", b"x" * 100_000)).status == 400
    assert (await token_wire("DELETE", "/token")).status == 404


async def test_refresh_tokens_by_get(token_wire: Wire) -> None:
    reply = await token_wire("GET", "/token?offline_token=true", headers=WRITER)
    assert "refresh_token" in reply.json
    anonymous = await token_wire("GET", "/token?offline_token=true")
    assert "refresh_token" not in anonymous.json


async def test_a_token_service_without_post_and_elsewhere() -> None:
    auth = BearerAuth(*ACCOUNTS, oauth2=False, realm="http://127.0.0.1:1/login", service="other")
    async with talking_to(SandboxRegistry(auth=auth)) as wire:
        assert (await form(wire, grant_type="password")).status == 404
        found = challenge(await wire("GET", "/v2/"))
        assert found == {"realm": "http://127.0.0.1:1/login", "service": "other"}


async def test_mount_needs_both_scopes(token_wire: Wire) -> None:
    base = await login(token_wire, "repository:team/base:pull,push", headers=WRITER)
    uploads = "/v2/team/base/blobs/uploads/"
    assert (await token_wire("POST", f"{uploads}?digest={DIGEST}", CONTENT, base)).status == 201
    target = await login(token_wire, "repository:team/app:pull,push", headers=WRITER)
    mount = f"{UPLOADS}?mount={DIGEST}&from=team/base"
    assert (await token_wire("POST", mount, headers=target)).status == 401
    blind = await token_wire("POST", f"{UPLOADS}?mount={DIGEST}", headers=target)
    assert blind.status == 202, "a blob of a repository that may not be read is not given away"
    both = await login(
        token_wire, "repository:team/app:pull,push", "repository:team/base:pull", headers=WRITER
    )
    assert (await token_wire("POST", mount, headers=both)).status == 201


async def test_no_secret_is_shown() -> None:
    assert "s3cret" not in repr(ACCOUNTS)
