"""Bases that are not built now: found in registries once, pinned, or left to the engine."""

from collections.abc import Iterator

import pytest

from polyarch.errors import BaseNotPublishedError
from polyarch.events import Event, Note
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.reference import Repository
from polyarch.pipeline.published import PublishedImages
from polyarch.registry.blocking import BlockingRegistries
from polyarch.registry.client import RegistryClient
from polyarch.sandbox.auth import Account, BasicAuth, OpenAuth
from polyarch.sandbox.memory import MemoryStorage
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.support.remote import push_image


class Place:
    """A registry with one image, and what was told while bases were looked for."""

    def __init__(self, sandbox: SandboxRegistry, registries: BlockingRegistries) -> None:
        self.sandbox = sandbox
        self.registries = registries
        self.repository = Repository(registry=sandbox.host, path="team/base")
        self.events: list[Event] = []
        self.published = PublishedImages(registries, self.events.append)

    def push(self, tag: str) -> ImageManifest:
        remote = self.registries.remote(self.repository)
        return self.registries.run(push_image(remote, tag.encode(), tag=tag))


@pytest.fixture
def place() -> Iterator[Place]:
    sandbox = SandboxRegistry(storage=MemoryStorage(), auth=OpenAuth())
    with running(sandbox), BlockingRegistries(RegistryClient) as registries:
        yield Place(sandbox, registries)


def test_the_first_tag_that_exists_is_pinned_and_asked_for_once(place: Place) -> None:
    latest, old = place.push("latest"), place.push("1.0")
    names = [place.repository.tag(tag) for tag in ("1.2.3", "latest", "1.0")]
    found = place.published.find("base", "web", names)
    assert found == place.repository.at(latest.descriptor.digest)
    asked = len(place.sandbox.requests)
    place.push("1.2.3")
    before = len(place.sandbox.requests)
    assert place.published.find("base", "tool", names) == found
    assert len(place.sandbox.requests) == before > asked
    assert place.published.find("base", "tool", names[2:]) == place.repository.at(
        old.descriptor.digest
    )


def test_a_digest_is_taken_as_it_is(place: Place) -> None:
    pinned = place.repository.at(place.push("1").descriptor.digest)
    before = len(place.sandbox.requests)
    assert place.published.find("base", "web", [pinned]) == pinned
    assert len(place.sandbox.requests) == before


@pytest.mark.parametrize("tags", [("1.2.3", "latest"), ()])
def test_what_is_nowhere_is_an_error_with_all_places(place: Place, tags: tuple[str, ...]) -> None:
    names = [place.repository.tag(tag) for tag in tags]
    with pytest.raises(BaseNotPublishedError) as caught:
        place.published.find("base", "web", names)
    assert caught.value.message == "image `base`, which `web` stands on, is not published"
    assert all(str(name) in (caught.value.where or "") for name in names)
    assert caught.value.where


def test_a_registry_that_does_not_say_leaves_it_to_the_engine() -> None:
    auth = BasicAuth(Account(username="me", password="s3cret"))
    sandbox = SandboxRegistry(storage=MemoryStorage(), auth=auth)
    with running(sandbox), BlockingRegistries(RegistryClient) as registries:
        place = Place(sandbox, registries)
        names = [place.repository.tag("1"), place.repository.tag("2")]
        assert place.published.find("base", "web", names) == names[0]
        (note,) = [event for event in place.events if isinstance(event, Note)]
        assert str(names[0]) in note.text
