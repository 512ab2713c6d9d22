"""A login goes to the registry that it is for, and to the token service that it may have: nobody
whom a registry sends us to gets it.
"""

import base64
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

import pytest

from polyarch.sandbox.auth import Account, Auth, BasicAuth
from polyarch.sandbox.bearer import BearerAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.thread import running
from polyarch.sandbox.wire import Answer, Call
from tests.support.canary import ACCOUNT, VARIABLES, find_canary, guard
from tests.support.tiny_project import Said, TinyProject, github

BOTH = pytest.mark.parametrize("auth", [BasicAuth, BearerAuth])


@dataclass
class Ear:
    """Hears which logins come to a server, by scheme; `then` answers in its place."""

    then: Callable[[Call], Answer | None] = lambda _call: None
    heard: list[tuple[Kind, str]] = field(default_factory=list)

    async def __call__(self, call: Call) -> Answer | None:
        self.heard.append((call.target.kind, call.headers.get("Authorization", "")))
        return self.then(call)

    def schemes(self, *kinds: Kind) -> set[str]:
        """Of the logins that came with such requests, or with all; empty for none."""
        return {login.partition(" ")[0] for kind, login in self.heard if not kinds or kind in kinds}


@dataclass(frozen=True)
class Place:
    """A registry that wants a login, another server over its storage, and a friendly registry."""

    project: TinyProject
    home: SandboxRegistry
    elsewhere: SandboxRegistry
    friend: SandboxRegistry

    def run(self, *words: str, more: Mapping[str, str] = VARIABLES) -> Said:
        """A run in CI."""
        sha = self.project.git("rev-parse", "HEAD")
        return self.project.run(*words, more={**github("push", "refs/heads/main", sha), **more})

    def listen(self, quirks: Quirks | None = None) -> Ear:
        """Let the registry be so; gives what comes to the other server."""
        self.home.quirks = quirks or Quirks()
        return self.overhear(self.elsewhere)

    def overhear(self, server: SandboxRegistry) -> Ear:
        """What comes to a server."""
        ear = Ear()
        server.quirks = Quirks(on_request=ear)
        return ear


@pytest.fixture
def place(project: TinyProject) -> Iterator[Place]:
    home, friend = SandboxRegistry(), SandboxRegistry()
    elsewhere = SandboxRegistry(storage=home.storage)
    with running(home, elsewhere, friend):
        text = (project.root / "polyarch.toml").read_text()
        repositories = f'["{home.host}/team/{{image}}", "{friend.host}/team/{{image}}"]'
        old = text.partition("repositories = ")[2].partition("\n")[0]
        project.toml(text.replace(old, repositories))
        guard(project, [home], BasicAuth)
        yield Place(project, home, elsewhere, friend)


@BOTH
def test_an_upload_that_goes_on_at_another_host(
    place: Place, auth: Callable[[Account], Auth]
) -> None:
    place.home.auth = auth(ACCOUNT)
    ear = place.listen(Quirks(upload_origin=place.elsewhere.url))
    said = place.run("publish")
    assert said.code == 0, said
    assert ear.schemes(Kind.UPLOAD) == {""}
    assert ear.schemes() == {""}


@BOTH
def test_blobs_and_mounts_that_another_host_has(
    place: Place, auth: Callable[[Account], Auth]
) -> None:
    assert place.run("publish").code == 0
    place.home.auth = auth(ACCOUNT)
    moved = Quirks(
        redirect_blobs=place.elsewhere.url, mount=False, upload_origin=place.elsewhere.url
    )
    ear = place.listen(moved)
    image = f"{place.home.host}/team/app:main"
    said = place.run("copy", image, f"{place.friend.host}/a:b", f"{place.home.host}/team/b:c")
    assert said.code == 0, said
    assert ear.schemes(Kind.BLOB) == ear.schemes(Kind.UPLOAD) == {""}
    assert ear.schemes() == {""}


@BOTH
@pytest.mark.parametrize("kind", [Kind.PING, Kind.MANIFEST, Kind.UPLOADS])
def test_whatever_is_redirected(place: Place, auth: Callable[[Account], Auth], kind: Kind) -> None:
    assert place.run("publish").code == 0
    place.project.commit()
    place.home.auth = auth(ACCOUNT)

    def away(call: Call) -> Answer | None:
        if call.target.kind is not kind:
            return None
        path = {Kind.PING: "/v2/"}.get(kind) or call.url("").partition(call.base_url)[2]
        path += {Kind.UPLOADS: "blobs/uploads/"}.get(kind, "")
        path += f"manifests/{call.target.item}" if kind is Kind.MANIFEST else ""
        return Answer(status=307, headers=(("Location", f"{place.elsewhere.url}{path}"),))

    ear = place.listen(Quirks(on_request=Ear(then=away)))
    for words in (["publish"], ["publish", "--clean"], ["doctor"]):
        said = place.run(*words)
        assert find_canary(place.project, said) == []
    assert ear.heard
    assert ear.schemes() == {""}


def test_a_password_goes_to_the_token_service_and_a_token_to_the_registry(place: Place) -> None:
    service = BearerAuth(ACCOUNT, realm=f"{place.elsewhere.url}/token")
    place.home.auth = place.elsewhere.auth = service
    ear = Ear()
    place.home.quirks = Quirks(on_request=ear)
    at_service = place.overhear(place.elsewhere)
    said = place.run("publish")
    assert said.code == 0, said
    assert at_service.schemes() == {"Basic"}
    assert {kind for kind, _ in at_service.heard} == {Kind.TOKEN}
    assert ear.schemes() == {"", "Bearer"}


def test_each_registry_gets_its_own_login(place: Place) -> None:
    accounts = {
        registry.host: Account(username=name, password=f"{name}-c4n4ry")
        for name, registry in (("one", place.home), ("two", place.friend))
    }
    text = (place.project.root / "polyarch.toml").read_text()
    place.project.toml(text.partition("[registries.")[0])
    place.project.commit()
    ears = {}
    for registry in (place.home, place.friend):
        registry.auth = BasicAuth(accounts[registry.host])
        ears[registry.host] = Ear()
        registry.quirks = Quirks(on_request=ears[registry.host])
    packed = {
        host: base64.b64encode(f"{each.username}:{each.password}".encode()).decode()
        for host, each in accounts.items()
    }
    auths = {host: {"auth": login} for host, login in packed.items()}
    said = place.run("publish", more={"DOCKER_AUTH_CONFIG": json.dumps({"auths": auths})})
    assert said.code == 0, said
    for host, ear in ears.items():
        assert {login for _, login in ear.heard if login} == {f"Basic {packed[host]}"}
