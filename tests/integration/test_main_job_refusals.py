"""What happens to all destinations when one of three real registries does not take part."""

import socket
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from tests.lab.fixtures import RunImage
from tests.lab.registries import Registry, write_logins
from tests.lab.skopeo import Skopeo
from tests.support.command_line import NOTHING, Answer, CommandLine, plain_environment
from tests.support.git_project import GitProject
from tests.support.laid_project import PLATFORMS, laid_project
from tests.support.published import Destinations, Shelf, blobs_on_disk

Three = tuple[Registry, Registry, Registry]


@dataclass(frozen=True)
class Work:
    """The project, and what its registries hold."""

    project: GitProject
    command: CommandLine
    destinations: Destinations
    shelf: Shelf

    @property
    def repositories(self) -> list[str]:
        return self.destinations.repositories("team/app")

    def publish(self, tag: str, *, logins: Mapping[str, str], status: int = 0) -> Answer:
        event = self.project.pushed_tag(tag)
        return self.command.run("publish", "--json", more={**event, **logins}, status=status)

    def change(self, text: str) -> None:
        self.project.write({"app.txt": text})
        self.project.commit("Change")

    def state(self) -> list[Any]:
        """All tags of all registries with what they point to, and every blob on their disks."""
        return [
            (
                {tag: self.shelf.digest(f"{name}:{tag}") for tag in self.shelf.tags(name)},
                blobs_on_disk(registry),
            )
            for name, registry in zip(self.repositories, self.destinations.registries, strict=True)
        ]

    def wrong(self, number: int) -> dict[str, str]:
        """The logins, one of them with another password."""
        name = f"REGISTRY_{number}_TOKEN"
        return {**self.destinations.environment(), name: "not-the-password"}


@pytest.fixture
def destinations(three_registries: Three) -> Destinations:
    return Destinations(three_registries)


@pytest.fixture
def shelf(three_registries: Three, skopeo: Skopeo, run_image: RunImage) -> Shelf:
    skopeo.login(*three_registries)
    return Shelf(skopeo, run_image)


@pytest.fixture
def work(destinations: Destinations, shelf: Shelf, tmp_path: Path) -> Work:
    project = laid_project(tmp_path / "project", destinations)
    return work_on(project, destinations, shelf)


def work_on(project: GitProject, destinations: Destinations, shelf: Shelf) -> Work:
    environment = plain_environment(project.root.with_name("home"))
    command = CommandLine(folder=project.root, environment=environment)
    return Work(project, command, destinations, shelf)


def statuses(answer: Answer) -> list[str]:
    (image,) = answer.document["images"]
    return [each["status"] for each in image["destinations"]]


def errors(answer: Answer) -> list[Any]:
    (image,) = answer.document["images"]
    return [each["error"] for each in image["destinations"]]


def test_a_refused_login_moves_no_tag_anywhere(work: Work) -> None:
    logins = work.destinations.environment()
    assert statuses(work.publish("v1.2.3", logins=logins)) == ["published"] * 3
    before = work.state()
    work.change("the second\n")
    for number in range(3):
        answer = work.publish("v1.2.4", logins=work.wrong(number), status=7)
        expected = ["skipped"] * 3
        expected[number] = "failed"
        assert statuses(answer) == expected
        (image,) = answer.document["images"]
        assert [each["repository"] for each in image["destinations"]] == work.repositories
        told = errors(answer)
        assert (told[number]["code"], told[number]["exit_code"]) == ("login-refused", 7)
        assert told[number]["retryable"] is False
        assert [told[other] for other in range(3) if other != number] == [None, None]
        what, where, hint = answer.error
        assert work.destinations.registries[number].host in what + where
        assert hint.startswith("  hint: ")
        assert "not-the-password" not in answer.stdout + answer.stderr
        assert work.state() == before
    after = work.publish("v1.2.4", logins=logins)
    assert statuses(after) == ["published"] * 3


def test_others_are_published_to_when_the_project_says_so(
    destinations: Destinations, shelf: Shelf, tmp_path: Path
) -> None:
    more = '[publish]\non-registry-failure = "continue"\n'
    work = work_on(laid_project(tmp_path / "p", destinations, more=more), destinations, shelf)
    answer = work.publish("v1.2.3", logins=work.wrong(1), status=6)
    assert statuses(answer) == ["published", "failed", "published"]
    digest = answer.document["images"][0]["digest"]
    tags = [work.shelf.digest(f"{name}:1.2.3") for name in work.repositories]
    assert tags == [digest, None, digest]
    assert blobs_on_disk(work.destinations.registries[1]) == []


def test_a_registry_that_is_down_is_trouble_for_all(
    destinations: Destinations, three_registries: Three, shelf: Shelf, tmp_path: Path
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        host = f"127.0.0.1:{server.getsockname()[1]}"
    down = replace(three_registries[2], host=host)
    absent = Destinations((*three_registries[:2], down))
    work = work_on(laid_project(tmp_path / "project", absent), absent, shelf)
    answer = work.publish("v1.2.3", logins=absent.environment(), status=5)
    assert statuses(answer) == ["skipped", "skipped", "failed"]
    told = errors(answer)[2]
    assert (told["exit_code"], told["retryable"]) == (5, True)
    assert host in answer.error[0] + answer.error[1]
    there = work_on(work.project, destinations, shelf)
    assert [blobs_on_disk(registry) for registry in there.destinations.registries[:2]] == [[], []]


def test_a_variable_that_is_not_set_is_an_error_in_ci(work: Work) -> None:
    logins = work.destinations.environment()
    del logins["REGISTRY_1_TOKEN"]
    event = work.project.pushed_tag()
    answer = work.command.run("publish", more={**event, **logins}, status=2)
    what, where, hint = answer.error
    assert "`REGISTRY_1_TOKEN`" in what
    assert "polyarch.toml" in where
    assert hint.startswith("  hint: ")
    assert [blobs_on_disk(registry) for registry in work.destinations.registries] == [[], [], []]


def test_on_a_laptop_the_docker_login_stands_in_for_it(work: Work, tmp_path: Path) -> None:
    logins = work.destinations.environment()
    del logins["REGISTRY_1_TOKEN"]
    work.project.push_to(tmp_path / "forge.git")
    refused = work.command.run("publish", "--allow-local", "--json", more=logins, status=7)
    assert statuses(refused) == ["skipped", "failed", "skipped"]
    assert "`REGISTRY_1_TOKEN`" in refused.stderr

    write_logins(tmp_path / "home/.docker/config.json", work.destinations.registries[1])
    answer = work.command.run("publish", "--allow-local", "--json", more=logins)
    assert statuses(answer) == ["published"] * 3
    assert "`REGISTRY_1_TOKEN`" in answer.stderr


@pytest.mark.parametrize("local", [False, True])
def test_what_may_not_publish_builds_and_says_why(work: Work, *, local: bool) -> None:
    event = NOTHING if local else work.project.pull_request()
    logins = work.destinations.environment()
    answer = work.command.run("publish", "--json", more={**event, **logins})
    (image,) = answer.document["images"]
    assert answer.document["published"] is False
    assert answer.document["reason"]
    assert [each["platform"] for each in image["platforms"]] == list(PLATFORMS)
    assert statuses(answer) == ["skipped"] * 3
    assert errors(answer) == [None] * 3
    assert answer.document["reason"] in answer.stderr
    assert [blobs_on_disk(registry) for registry in work.destinations.registries] == [[], [], []]
