"""`polyarch copy`: any image, to any number of places, as one transaction."""

import asyncio
import json
import os
import signal
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from polyarch.content.archivestore import ArchiveStore
from polyarch.content.dockersave import DockerArchive
from polyarch.content.entries import name_of
from polyarch.content.graph import copy_graph, walk
from polyarch.content.layout import LayoutStore
from polyarch.content.places import Place
from polyarch.content.tarindex import TarIndex
from polyarch.oci import mediatype
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.registry.referrers import fallback_tag
from polyarch.sandbox.auth import Account, BasicAuth
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, refusal
from tests.support.documents import COPY, ERROR, check
from tests.support.environments import cosign, shown_as
from tests.support.images import MadeImage, make_index
from tests.support.places import (
    SIGNATURE,
    Shown,
    artifact_about,
    docker_list,
    laid,
    whole,
    with_attestations,
)
from tests.support.tiny_project import Said, TinyProject

Registries = tuple[SandboxRegistry, ...]


@pytest.fixture
def place(tmp_path: Path) -> TinyProject:
    """A folder that is no project."""
    return TinyProject.make(tmp_path / "nowhere", {}, git=False)


@pytest.fixture
def made(place: TinyProject) -> MadeImage:
    """An image, laid out as `oci:lay` under the name `1.2`."""
    made = make_index()
    laid(made, place.root / "lay")
    return made


def copied(place: TinyProject, *words: str, code: int = 0, **more: str) -> Said:
    """`copy --json`, whose document fits the schema."""
    said = place.run("copy", "--json", *words, more=more)
    assert said.code == code, said
    check(said.document, ERROR if said.document["schema"] == "polyarch.error/v1" else COPY)
    return said


def destinations(said: Said) -> list[dict[str, Any]]:
    [image] = said.document["images"]
    found: list[dict[str, Any]] = image["destinations"]
    return found


def statuses(said: Said) -> list[str]:
    return [each["status"] for each in destinations(said)]


def shown(registries: Registries) -> list[Shown]:
    return [Shown(registry) for registry in registries]


class TestRegistries:
    def test_the_same_bytes_everywhere(
        self, place: TinyProject, made: MadeImage, registries: Registries
    ):
        names = [f"{each.host}/team/app:{at}" for at, each in enumerate(registries)]
        said = place.run("copy", "oci:lay", *names)
        digest = made.index.descriptor.digest
        assert said.code == 0, said
        assert said.stdout.splitlines() == [f"{n.rpartition(':')[0]}@{digest}" for n in names]
        for at, there in enumerate(shown(registries)):
            assert there.tag("team/app", str(at)) == digest
            assert there.raw("team/app", digest) == made.index.raw

    def test_between_repositories_of_one_registry_nothing_is_fetched(
        self, place: TinyProject, made: MadeImage, registries: Registries
    ):
        host = registries[0].host
        copied(place, "oci:lay", f"{host}/team/app")
        registries[0].forget_requests()
        said = copied(place, f"{host}/team/app:1.2", f"{host}/other/app", f"{host}/other/app:2")
        [there] = destinations(said)
        assert [each["tag"] for each in there["references"]] == ["1.2", "2"]
        seen = Shown(registries[0])
        assert seen.tag("other/app", "2") == made.index.descriptor.digest
        assert (seen.fetched(), seen.uploaded()) == ([], 0)

    def test_each_blob_is_fetched_once_for_all_destinations(
        self, place: TinyProject, made: MadeImage, registries: Registries
    ):
        first, *others = registries
        copied(place, "oci:lay", f"{first.host}/team/app")
        first.forget_requests()
        places = [f"{each.host}/team/app" for each in others]
        copied(place, f"{first.host}/team/app:1.2", *places, "oci:here")
        fetched = Shown(first).fetched()
        assert len(fetched) == len(set(fetched)) == 4
        assert [each.tag("team/app", "1.2") for each in shown(registries)] == [
            made.index.descriptor.digest
        ] * 3
        first.forget_requests()
        again = copied(place, f"{first.host}/team/app:1.2", *places)
        assert statuses(again) == ["unchanged"] * 2
        assert Shown(first).fetched() == []

    def test_nothing_is_left_of_what_was_fetched(
        self, place: TinyProject, made: MadeImage, registries: Registries
    ):
        first, second, _ = registries
        copied(place, "oci:lay", f"{first.host}/team/app")
        copied(place, f"{first.host}/team/app:1.2", f"{second.host}/team/app")
        state = Path(place.environment["HOME"]) / ".local/state/polyarch"
        assert [path.name for path in (state / "spool").iterdir()] == [".lock"]
        assert len(list((state / "runs").iterdir())) == 2

    def test_by_digest(self, place: TinyProject, made: MadeImage, registries: Registries):
        first, second, _ = registries
        digest = made.index.descriptor.digest
        copied(place, "oci:lay", f"{first.host}/team/app")
        said = copied(place, f"{first.host}/team/app@{digest}", f"{second.host}/team/app")
        [there] = destinations(said)
        assert (there["status"], there["references"]) == ("published", [])
        assert "no tag was named" in there["note"]
        assert Shown(second).tags() == {}
        assert Shown(second).raw("team/app", digest) == made.index.raw
        again = copied(place, "oci:lay", f"{second.host}/team/app@{digest}")
        assert statuses(again) == ["unchanged"]

    def test_a_digest_that_is_named_is_the_one_or_nothing(
        self, place: TinyProject, made: MadeImage, registries: Registries
    ):
        host, digest = registries[0].host, made.index.descriptor.digest
        copied(place, "oci:lay", f"{host}/team/app:x@{digest}")
        assert Shown(registries[0]).tag("team/app", "x") == digest
        other = made.children[0].digest
        said = copied(place, "oci:lay", f"{host}/team/app:y@{other}", code=2)
        assert said.document["code"] == "digest-not-kept"
        assert Shown(registries[0]).tag("team/app", "y") is None

    def test_one_image_of_one_platform(self, place: TinyProject, registries: Registries):
        made = make_index()
        layout = LayoutStore(place.root / "one")
        laid(made, layout.root)
        layout.set_entries((made.children[0],))
        said = copied(place, "oci:one", f"{registries[0].host}/team/app:1")
        [image] = said.document["images"]
        assert image["digest"] == str(made.children[0].digest)
        assert [each["platform"] for each in image["platforms"]] == ["linux/amd64"]

    def test_the_logins_of_a_project(self, project: TinyProject, registries: Registries):
        laid(make_index(), project.root / "lay")
        registry = registries[0]
        registry.auth = BasicAuth(Account(username="robot", password="s3cret"))
        said = copied(project, "oci:lay", f"{registry.host}/team/app", code=7)
        assert destinations(said)[0]["error"]["code"] == "login-refused"
        table = (
            f'[registries."{registry.host}"]\nusername-env = "R_USER"\npassword-env = "R_PASS"\n'
        )
        project.toml(f"+{table}")
        place = f"{registry.host}/team/app"
        said = copied(project, "oci:lay", place, R_USER="robot", R_PASS="s3cret")
        assert statuses(said) == ["published"]


def refuse_tag(tag: str) -> Callable[[Call], Any]:
    async def refuse(call: Call) -> Answer | None:
        moves = call.method == "PUT" and call.target.item == tag
        return refusal("DENIED", "this tag is protected", status=403) if moves else None

    return refuse


class TestRefusals:
    def names(self, registries: Registries) -> list[str]:
        return [f"{each.host}/team/app:1" for each in registries]

    @pytest.mark.parametrize(
        ("quirks", "code"),
        [
            (Quirks(denied_actions=frozenset({"push"})), 7),
            (Quirks(down=True), 5),
            (Quirks(on_request=refuse_tag("1")), 7),
        ],
    )
    def test_one_registry_refuses_and_no_tag_moves_anywhere(
        self,
        place: TinyProject,
        made: MadeImage,
        registries: Registries,
        quirks: Quirks,
        code: int,
    ):
        registries[1].quirks = quirks
        said = copied(place, "oci:lay", *self.names(registries), "oci:here", code=code)
        assert statuses(said)[1] == "failed"
        assert set(statuses(said)) <= {"failed", "skipped", "rolled-back"}
        assert [each.tags() for each in shown(registries)] == [{}, {}, {}]
        assert not (place.root / "here").exists()
        assert said.document["copied"] is False

    def test_what_stood_there_stands_there(
        self, place: TinyProject, made: MadeImage, registries: Registries
    ):
        old = make_index(content=b"old")
        laid(old, place.root / "old", "1")
        copied(place, "oci:old", *self.names(registries))
        registries[2].quirks = Quirks(on_request=refuse_tag("1"))
        copied(place, "oci:lay", *self.names(registries), code=7)
        digests = [each.tag("team/app", "1") for each in shown(registries)]
        assert digests == [old.index.descriptor.digest] * 3

    def test_continue(self, place: TinyProject, made: MadeImage, registries: Registries):
        registries[1].quirks = Quirks(denied_actions=frozenset({"push"}))
        words = ("--on-registry-failure", "continue")
        said = copied(place, "oci:lay", *self.names(registries), "oci:here", *words, code=6)
        assert statuses(said) == ["published", "failed", "published", "published"]
        assert "copied" in said.document

    def test_what_this_machine_refuses_moves_no_tag(
        self, place: TinyProject, made: MadeImage, registries: Registries
    ):
        (place.root / "file").write_text("in the way")
        said = copied(place, "oci:lay", *self.names(registries), "oci:file/x", code=4)
        assert statuses(said) == ["skipped"] * 3 + ["failed"]
        assert [each.tags() for each in shown(registries)] == [{}, {}, {}]

    def test_a_rotten_layer_reaches_no_place(
        self, place: TinyProject, made: MadeImage, registries: Registries
    ):
        for blob in (place.root / "lay").rglob("blobs/sha256/*"):
            data = blob.read_bytes()
            if data.startswith(b"\x1f\x8b"):
                blob.write_bytes(data[:-1] + bytes([data[-1] ^ 1]))
        for target in ("oci:here", "oci-archive:a.tar"):
            said = copied(place, "oci:lay", target, code=1)
            assert destinations(said)[0]["error"]["code"] == "digest-mismatch"
        said = place.run("copy", "--json", "oci:lay", f"{registries[0].host}/team/app")
        assert said.code in {1, 7}
        assert Shown(registries[0]).tags() == {}
        assert sorted(path.name for path in place.root.iterdir()) == ["lay"]

    def test_a_tag_loses_no_platforms_unasked(
        self, place: TinyProject, made: MadeImage, registries: Registries
    ):
        name = f"{registries[0].host}/team/app:1.2"
        copied(place, "oci:lay", name)
        said = copied(place, "oci:lay", name, "-p", "linux/arm64", code=7)
        assert destinations(said)[0]["error"]["code"] == "fewer-platforms"
        copied(place, "oci:lay", name, "-p", "linux/arm64", "--fewer-platforms")

    def test_a_source_that_is_not_there(self, place: TinyProject, registries: Registries):
        host = registries[0].host
        missing = ("oci:nowhere", "oci-archive:no.tar", "docker-archive:no.tar", f"{host}/a:1")
        for source in (*missing, "image:app"):
            said = copied(place, source, "oci:here", code=3)
            assert said.document["hint"]
        registries[0].quirks = Quirks(down=True)
        assert copied(place, f"{host}/a:1", "oci:here", code=5).document["retryable"]
        assert not (place.root / "here").exists()

    def test_dry_run(self, place: TinyProject, made: MadeImage, registries: Registries):
        said = copied(place, "oci:lay", *self.names(registries), "oci:here", "--dry-run")
        assert statuses(said) == ["skipped"] * 4
        assert "--dry-run" in said.document["reason"]
        assert [each.tags() for each in shown(registries)] == [{}, {}, {}]
        assert not (place.root / "here").exists()
        registries[0].quirks = Quirks(refuse_login=True)
        said = copied(place, "oci:lay", *self.names(registries), "--dry-run", code=7)
        assert statuses(said) == ["failed", "skipped", "skipped"]


class TestPlatforms:
    def test_both_digests_are_told(self, place: TinyProject, registries: Registries):
        made = with_attestations(make_index(("linux/amd64", "linux/arm64", "linux/arm/v7")))
        laid(made, place.root / "lay")
        name = f"{registries[0].host}/team/app:1"
        said = copied(place, "oci:lay", name, "-p", "arm64", "-p", "linux/amd64,linux/amd64")
        [image] = said.document["images"]
        assert image["original_digest"] == str(made.index.descriptor.digest)
        stored = Shown(registries[0]).tag("team/app", "1")
        assert image["digest"] == str(stored)
        assert stored
        derived = ImageIndex.parse(Shown(registries[0]).raw("team/app", stored))
        keep = {made.children[0].digest, made.children[1].digest}
        about = {str(digest) for digest in keep}
        assert derived.annotations == made.index.annotations
        assert list(derived.manifests) == [
            child
            for child in made.index.manifests
            if child.digest in keep or child.annotations.get("vnd.docker.reference.digest") in about
        ]

    def test_all_of_them_are_the_image_itself(self, place: TinyProject, made: MadeImage):
        said = copied(place, "oci:lay", "oci:here", "-p", "linux/amd64,linux/arm64")
        assert said.document["images"][0]["digest"] == str(made.index.descriptor.digest)

    @pytest.mark.parametrize("target", ["oci:here", "oci-archive:here.tar"])
    def test_places_of_this_machine_get_the_new_index(
        self, place: TinyProject, made: MadeImage, target: str
    ):
        said = copied(place, "oci:lay", target, "-p", "linux/arm64")
        again = copied(place, target, "oci:again")
        assert again.document["images"][0]["digest"] == said.document["images"][0]["digest"]
        [entry] = LayoutStore(place.root / "again").entries()
        whole(LayoutStore(place.root / "again"), entry)

    def test_forms_of_docker_stay_so(self, place: TinyProject, registries: Registries):
        made = docker_list(make_index())
        laid(made, place.root / "lay")
        host = registries[0].host
        copied(place, "oci:lay", f"{host}/team/app:1", f"{registries[1].host}/a/b:1")
        said = copied(place, f"{host}/team/app:1", f"{host}/team/app:arm", "-p", "linux/arm64")
        digest = Shown(registries[0]).tag("team/app", "arm")
        assert digest
        stored = registries[0].storage.manifest("team/app", digest)
        assert stored
        assert stored.media_type == mediatype.DOCKER_LIST
        assert said.document["images"][0]["original_digest"] == str(made.index.descriptor.digest)

    def test_one_that_it_is_not_for(self, place: TinyProject, made: MadeImage):
        said = copied(place, "oci:lay", "oci:here", "-p", "linux/s390x", code=3)
        assert "`linux/amd64`, `linux/arm64`" in said.document["hint"]
        copied(place, "oci:lay", "oci:here", "-p", "linux/amd46", code=2)
        copied(place, "oci:lay", "oci:here", "-p", "", code=2)

    def test_places_for_one_platform_refuse_several_before_anything_is_done(
        self, place: TinyProject, made: MadeImage, registries: Registries
    ):
        name = f"{registries[0].host}/team/app:1"
        for target in ("docker-archive:d.tar:app:1", "docker-daemon:app:1"):
            said = copied(place, "oci:lay", name, target, code=2)
            assert said.document["code"] == "several-platforms"
            assert "--platform" in said.document["hint"]
        assert Shown(registries[0]).tags() == {}


@pytest.mark.parametrize("target", ["oci:there", "oci-archive:there.tar"])
def test_what_comes_to_this_machine_is_counted(place: TinyProject, made: MadeImage, target: str):
    """A person who waits for a download sees it, and a script what it cost."""
    nodes = list(walk(made.store, made.index.descriptor))
    manifests = {made.index.descriptor.digest, *(each.digest for each in made.index.manifests)}
    total = sum(node.size for node in nodes if node.digest not in manifests)
    [first] = destinations(copied(place, "oci:lay", target))
    assert first["bytes"] == {"uploaded": total, "mounted": 0, "present": 0}
    said = place.run("copy", "oci:lay", target)
    kept = target.startswith("oci:")
    told = "all of it was there" if kept else f"{total} B sent"
    assert f"{target}: {told}" in said.stderr


class TestLayouts:
    def entries(self, folder: Path) -> dict[str, str]:
        return {name_of(each): str(each.digest) for each in LayoutStore(folder).entries()}

    def test_other_entries_stay(self, place: TinyProject, made: MadeImage):
        other = make_index(content=b"other")
        laid(other, place.root / "there", "old")
        assert statuses(copied(place, "oci:lay", "oci:there:new")) == ["published"]
        assert statuses(copied(place, "oci:lay", "oci:there:new")) == ["unchanged"]
        assert self.entries(place.root / "there") == {
            "old": str(other.index.descriptor.digest),
            "new": str(made.index.descriptor.digest),
        }
        said = copied(place, "oci:lay", "oci:there:old")
        assert destinations(said)[0]["references"][0]["status"] == "moved"
        whole(LayoutStore(place.root / "there"), made.index.descriptor)

    def test_several_images_and_no_name(self, place: TinyProject, made: MadeImage):
        other = make_index(content=b"other")
        laid(other, place.root / "there", "b")
        copied(place, "oci:lay", "oci:there:a")
        said = copied(place, "oci:there", "oci:x", code=3)
        assert said.document["code"] == "image-not-named"
        assert "`b`, `a`" in said.document["hint"]
        digest = other.index.descriptor.digest
        for source in ("oci:there:b", f"oci:there@{digest}"):
            said = copied(place, source, "oci:x")
            assert said.document["images"][0]["digest"] == str(digest)

    def test_into(self, place: TinyProject, made: MadeImage, registries: Registries):
        other = make_index(content=b"other")
        laid(other, place.root / "second", "1.2")
        hosts = [f"{registries[0].host}/team/{name}:1.2" for name in ("app", "web")]
        copied(place, "oci:lay", hosts[0])
        copied(place, "oci:second", hosts[1])
        for target, folder in (("oci:many", "many"), ("oci-archive:many.tar", "again")):
            copied(place, *hosts, "--into", target)
            for host in hosts:
                copied(place, f"{target}:{host}", f"oci:{folder}-out:{host}")
            assert self.entries(place.root / f"{folder}-out") == {
                hosts[0]: str(made.index.descriptor.digest),
                hosts[1]: str(other.index.descriptor.digest),
            }
        copied(place, "oci:lay", "--into", "oci-archive:many.tar")
        with TarIndex.of(place.root / "many.tar", place.root) as tar:
            assert [name_of(each) for each in ArchiveStore(tar).entries()] == [*hosts, "1.2"]

    def test_into_refuses_two_images_of_one_name(self, place: TinyProject, made: MadeImage):
        laid(make_index(content=b"other"), place.root / "second", "1.2")
        said = copied(place, "oci:lay", "oci:second", "--into", "oci:many", code=2)
        assert said.document["code"] == "same-name"
        assert not (place.root / "many").exists()

    def test_an_archive_is_replaced_whole(self, place: TinyProject, made: MadeImage):
        copied(place, "oci:lay", "oci-archive:a.tar:x", "oci-archive:a.tar:y")
        first = (place.root / "a.tar").read_bytes()
        with TarIndex.of(place.root / "a.tar", place.root) as tar:
            assert [name_of(each) for each in ArchiveStore(tar).entries()] == ["x", "y"]
        assert statuses(copied(place, "oci:lay", "oci-archive:a.tar:z")) == ["published"]
        with TarIndex.of(place.root / "a.tar", place.root) as tar:
            assert [name_of(each) for each in ArchiveStore(tar).entries()] == ["z"]
            whole(ArchiveStore(tar), made.index.descriptor)
        copied(place, "oci:lay", "oci-archive:a.tar:x", "oci-archive:a.tar:y")
        assert (place.root / "a.tar").read_bytes() == first
        assert sorted(path.name for path in place.root.iterdir()) == ["a.tar", "lay"]

    def test_what_is_no_archive_is_not_added_to(self, place: TinyProject, made: MadeImage):
        (place.root / "a.tar").write_text("my diary")
        said = copied(place, "oci:lay", "--into", "oci-archive:a.tar", code=1)
        assert statuses(said) == ["failed"]
        assert (place.root / "a.tar").read_text() == "my diary"

    def test_docker_s_archive(self, place: TinyProject, made: MadeImage, registries: Registries):
        target = "docker-archive:d.tar:team/app:1"
        said = copied(place, "oci:lay", target, "-p", "linux/arm64")
        [there] = destinations(said)
        assert there["digest"] == str(made.children[1].digest)
        with TarIndex.of(place.root / "d.tar", place.root) as tar:
            image = DockerArchive(tar).find(Place.parse(target))
            assert isinstance(image.root, ImageManifest)
            assert image.name == "docker.io/team/app:1"
        said = copied(place, "docker-archive:d.tar", f"{registries[0].host}/team/app")
        assert destinations(said)[0]["references"][0]["tag"] == "1"
        assert Shown(registries[0]).tag("team/app", "1") == made.children[1].digest


class TestReferrers:
    @pytest.fixture
    def signed(self, place: TinyProject, registries: Registries) -> MadeImage:
        """An image in the first registry, signed, its signature signed, one platform too."""
        made = make_index()
        signature = artifact_about(made.store, made.index.descriptor, annotations={"who": "me"})
        about = [
            signature,
            artifact_about(made.store, signature, b"twice"),
            artifact_about(made.store, made.children[1], b"arm64"),
        ]
        layout = laid(made, place.root / "lay")
        for each in about:
            copy_graph(made.store, layout, each)
        layout.add_entries(*about)
        copied(place, "oci:lay", f"{registries[0].host}/team/app")
        return made

    def carried(self, said: Said) -> list[list[bool]]:
        return [[each["carried"] for each in one["referrers"]] for one in destinations(said)]

    def subjects(self, made: MadeImage, registry: SandboxRegistry) -> int:
        """How many artifacts are found, beginning with the image and its platforms."""
        count, waiting = 0, [made.index.descriptor.digest, *(c.digest for c in made.children)]
        while waiting:
            found = registry.storage.referrers("team/app", waiting.pop())
            count += len(found)
            waiting += found
        return count

    def test_from_a_layout(self, signed: MadeImage, registries: Registries):
        assert self.subjects(signed, registries[0]) == 3

    def test_between_registries(
        self, place: TinyProject, signed: MadeImage, registries: Registries
    ):
        names = [f"{each.host}/team/app" for each in registries]
        said = copied(place, f"{names[0]}:1.2", *names[1:])
        assert self.carried(said) == [[True] * 3] * 2
        [first, *_] = destinations(said)
        assert {each["artifact_type"] for each in first["referrers"]} == {SIGNATURE}
        assert [self.subjects(signed, each) for each in registries] == [3, 3, 3]

    def test_a_registry_that_lists_none_gets_the_list_under_a_tag(
        self, place: TinyProject, signed: MadeImage, registries: Registries
    ):
        first, second, third = registries
        second.quirks = Quirks(referrers=False)
        copied(place, f"{first.host}/team/app:1.2", f"{second.host}/team/app")
        copied(place, f"{first.host}/team/app:1.2", f"{second.host}/team/app")
        tag = fallback_tag(signed.index.descriptor.digest)
        digest = Shown(second).tag("team/app", tag)
        assert digest
        [listed] = ImageIndex.parse(Shown(second).raw("team/app", digest)).manifests
        assert (listed.artifact_type, dict(listed.annotations)) == (SIGNATURE, {"who": "me"})
        said = copied(place, f"{second.host}/team/app:1.2", f"{third.host}/team/app")
        assert self.carried(said) == [[True] * 3]
        assert self.subjects(signed, third) == 3

    def test_a_chosen_platform_keeps_what_is_about_it(
        self, place: TinyProject, signed: MadeImage, registries: Registries
    ):
        said = copied(place, "oci:lay", f"{registries[1].host}/team/app", "-p", "linux/arm64")
        assert self.carried(said) == [[True]]

    def test_one_that_is_refused_is_told_and_fails_nothing(
        self, place: TinyProject, signed: MadeImage, registries: Registries
    ):
        async def refuse(call: Call) -> Answer | None:
            item = call.target.item
            about = call.method == "PUT" and item.startswith("sha256:") and item in artifacts
            return refusal("MANIFEST_INVALID", "unknown config", status=400) if about else None

        listed = copied(place, "oci:lay", f"{registries[2].host}/team/app")
        artifacts = {each["digest"] for each in destinations(listed)[0]["referrers"]}
        registries[1].quirks = Quirks(on_request=refuse)
        names = [f"{each.host}/team/app" for each in registries[1:]]
        said = copied(place, "oci:lay", *names)
        assert self.carried(said) == [[False] * 3, [True] * 3]
        assert "does not take the manifest" in destinations(said)[0]["referrers"][0]["reason"]
        told = place.run("copy", "oci:lay", *names)
        assert "not carried" in told.stderr

    def test_without(self, place: TinyProject, signed: MadeImage, registries: Registries):
        said = copied(place, "oci:lay", f"{registries[1].host}/team/app", "--no-referrers")
        assert self.carried(said) == [[]]
        assert self.subjects(signed, registries[1]) == 0

    @pytest.mark.parametrize("target", ["oci:here", "oci-archive:here.tar"])
    def test_to_a_layout_and_back(
        self, place: TinyProject, signed: MadeImage, registries: Registries, target: str
    ):
        copied(place, f"{registries[0].host}/team/app:1.2", target)
        said = copied(place, target, f"{registries[1].host}/team/app")
        assert self.carried(said) == [[True] * 3]
        assert self.subjects(signed, registries[1]) == 3

    def test_an_artifact_cannot_take_the_name_of_an_image(
        self, place: TinyProject, registries: Registries
    ):
        made = make_index()
        hostile = {
            "org.opencontainers.image.ref.name": "1.2",
            "io.containerd.image.name": "docker.io/library/x:1.2",
        }
        about = artifact_about(made.store, made.index.descriptor, annotations=hostile)
        layout = laid(made, place.root / "lay")
        copy_graph(made.store, layout, about)
        layout.add_entries(about)
        name = f"{registries[0].host}/team/app:1.2"
        copied(place, "oci:lay:1.2", name)
        copied(place, name, "oci:here")
        said = copied(place, "oci:here:1.2", "oci:again")
        assert said.document["images"][0]["digest"] == str(made.index.descriptor.digest)

    def test_a_source_that_does_not_say_has_none(
        self, place: TinyProject, signed: MadeImage, registries: Registries
    ):
        async def refuse(call: Call) -> Answer | None:
            asked = call.target.kind.name == "REFERRERS"
            return refusal("DENIED", "not for you", status=403) if asked else None

        registries[0].quirks = Quirks(on_request=refuse)
        said = copied(place, f"{registries[0].host}/team/app:1.2", f"{registries[1].host}/team/app")
        assert self.carried(said) == [[]]
        assert "no signature or SBOM is looked for" in said.stderr


class TestBuilt:
    def test_what_the_project_built(self, project: TinyProject, registries: Registries):
        said = copied(project, "image:app", "oci:here", code=3)
        assert said.document["code"] == "image-not-built"
        assert "polyarch build app" in said.document["hint"]
        built = project.run("build", "--json")
        assert built.code == 0, built
        kept = ImageIndex.parse((project.root / ".polyarch/parts/app/index").read_bytes())
        name = f"{registries[0].host}/team/app:1"
        said = copied(project, "image:app", name, "oci:here")
        digest = kept.descriptor.digest
        assert Shown(registries[0]).tag("team/app", "1") == digest
        entries = LayoutStore(project.root / "here").entries()
        assert [(name_of(each), each.digest) for each in entries] == [("app", digest)]
        said = copied(project, "image:app", "oci:one", "-p", "linux/s390x")
        platforms = [each["platform"] for each in said.document["images"][0]["platforms"]]
        assert platforms == ["linux/s390x"]
        (project.root / ".polyarch/parts/app/linux-s390x.json").unlink()
        said = copied(project, "image:app", "oci:two", code=3)
        assert "linux/s390x" in said.document["message"]

    @pytest.mark.parametrize("name", ["other", "../../x", ".", "app/../app"])
    def test_what_it_did_not_build(self, project: TinyProject, name: str):
        assert project.run("build").code == 0
        said = copied(project, f"image:{name}", "oci:here", code=3)
        assert "`app`" in said.document["hint"]


class TestWords:
    @pytest.mark.parametrize(
        ("words", "told"),
        [
            ("", "a source and a destination"),
            ("alpine", "name a destination"),
            ("alpine file:x", "only `verify`"),
            ("alpine dir:x", "no kind of place"),
            ("alpine image:app", "nothing is copied to it"),
            ("alpine docker-daemon:sha256:" + "0" * 64, "a name and a tag"),
            ("alpine --into ghcr.io/team/app", "only a layout or an OCI archive"),
            ("alpine --into oci:x:1", "its own name"),
            ("oci:lay -p linux/arm64 docker-archive:d.tar:a docker-archive:d.tar:b", "twice"),
            ("Alpine oci:x", "lower case"),
            ("alpine oci:x --on-registry-failure=ignore", "ignore"),
        ],
    )
    def test_wrong_ones(self, place: TinyProject, made: MadeImage, words: str, told: str):
        said = place.run("copy", *words.split(), "--json")
        assert said.code == 2, said
        assert told in said.stderr
        assert said.document["exit_code"] == 2

    def test_an_empty_into(self, place: TinyProject):
        said = copied(place, "alpine", "--into", "", code=2)
        assert said.document["code"] == "empty-option"


def test_a_copy_that_is_killed_in_the_flip(
    place: TinyProject, made: MadeImage, registries: Registries
):
    """Every tag shows the old or the new image whole; the next run ends it and clears up."""
    old = make_index(content=b"old")
    laid(old, place.root / "old", "1")
    names = [f"{each.host}/team/app:1" for each in registries]
    copied(place, "oci:old", *names)
    reached, go_on = threading.Event(), threading.Event()

    async def hold(call: Call) -> None:
        if call.method == "PUT" and call.target.item == "1":
            reached.set()
            await asyncio.to_thread(go_on.wait, 60)

    registries[1].quirks = Quirks(on_request=hold)
    with place.start("copy", "oci:lay", *names) as started:
        assert reached.wait(60)
        os.kill(started.pid, signal.SIGKILL)
        started.communicate(timeout=60)
    go_on.set()
    registries[1].quirks = Quirks()
    whole_ones = {old.index.descriptor.digest, made.index.descriptor.digest}
    assert {each.tag("team/app", "1") for each in shown(registries)} <= whole_ones
    copied(place, "oci:lay", *names)
    assert [each.tag("team/app", "1") for each in shown(registries)] == [
        made.index.descriptor.digest
    ] * 3
    state = Path(place.environment["HOME"]) / ".local/state/polyarch"
    assert [path.name for path in (state / "spool").iterdir()] == [".lock"]


def test_a_copy_that_is_interrupted(place: TinyProject, made: MadeImage, registries: Registries):
    """Ctrl-C while content goes out: nothing shows, and nothing is left here."""
    reached, go_on = threading.Event(), threading.Event()

    async def hold(call: Call) -> None:
        if call.method == "PUT" and call.target.item.startswith("sha256:"):
            reached.set()
            await asyncio.to_thread(go_on.wait, 60)

    registries[1].quirks = Quirks(on_request=hold)
    names = [f"{each.host}/team/app:1" for each in registries[:2]]
    with place.start("copy", "oci:lay", *names, "oci:here", "oci-archive:x.tar") as started:
        assert reached.wait(60)
        started.send_signal(signal.SIGINT)
        _, stderr = started.communicate(timeout=60)
    go_on.set()
    assert started.returncode == 130, stderr
    assert "Traceback" not in stderr
    assert [each.tags() for each in shown(registries)] == [{}, {}, {}]
    assert sorted(path.name for path in place.root.iterdir()) == ["lay"]
    state = Path(place.environment["HOME"]) / ".local/state/polyarch"
    assert [path.name for path in (state / "spool").iterdir()] == [".lock"]


def test_the_record_of_a_run(place: TinyProject, made: MadeImage, registries: Registries):
    said = copied(place, "oci:lay", f"{registries[0].host}/team/app:1")
    run = Path(place.environment["HOME"]) / ".local/state/polyarch/runs" / said.document["run"]
    events = [json.loads(line)["event"] for line in (run / "events.jsonl").read_text().splitlines()]
    assert "TagMoved" in events


def test_an_artifact_that_is_no_image(place: TinyProject, registries: Registries):
    """Charts, modules, signatures by themselves: anything that registries hold."""
    made = make_index()
    layout = LayoutStore(place.root / "chart")
    chart = artifact_about(made.store, made.index.descriptor)
    copy_graph(made.store, layout, chart)
    layout.tag(chart, "1")
    name = f"{registries[0].host}/charts/app"
    said = copied(place, "oci:chart", name, "oci-archive:chart.tar")
    assert statuses(said) == ["published"] * 2
    assert said.document["images"][0]["platforms"] == []
    assert Shown(registries[0]).tag("charts/app", "1") == chart.digest
    assert place.run("copy", f"{name}:1", "oci:again").code == 0


@pytest.mark.parametrize("target", ["oci:many", "oci-archive:many.tar"])
def test_several_writers_of_one_place_lose_nothing(place: TinyProject, target: str):
    names = [f"team/app{number}:1" for number in range(4)]
    made = make_index()
    laid(made, place.root / "lay")
    layout = LayoutStore(place.root / "lay")
    layout.set_entries(())
    for name in names:
        layout.tag(made.index.descriptor, name)
    started = [place.start("copy", f"oci:lay:{name}", "--into", target) for name in names]
    for each in started:
        with each:
            assert each.wait(timeout=120) == 0
    for name in names:
        copied(place, f"{target}:{name}", f"oci:out:{name}")
    assert len(LayoutStore(place.root / "out").entries()) == 4


def test_a_tag_that_is_kept_for_something_else_is_warned_of(
    place: TinyProject, made: MadeImage, registries: Registries
):
    """Who mends a list of referrers by hand means it."""
    name = f"{registries[0].host}/team/app:{fallback_tag(made.index.descriptor.digest)}"
    said = copied(place, "oci:lay:1.2", name)
    assert "signatures and other artifacts about an image are kept under it" in said.stderr


def test_what_cosign_keeps_under_tags_goes_along(
    place: TinyProject, made: MadeImage, registries: Registries
):
    digest = str(made.index.descriptor.digest)
    first, second = (f"{each.host}/team/app" for each in registries[:2])
    copied(place, "oci:lay:1.2", f"{first}:1.2")
    signature = cosign(first, digest, "one")
    said = copied(place, f"{first}:1.2", f"{second}:1.2", "oci:back:1.2")
    tag = f"{digest.replace(':', '-')}.sig"
    assert shown_as(second, tag) == signature
    told = [each["referrers"] for each in said.document["images"][0]["destinations"]]
    assert [[each["carried"] for each in one] for one in told] == [[True], [False]]
    foreign = cosign(second, digest, "two")
    again = copied(place, f"{first}:1.2", f"{second}:1.2")
    assert shown_as(second, tag) == foreign
    assert "is kept" in again.stdout
    copied(place, "--no-referrers", f"{first}:1.2", f"{registries[2].host}/team/app:1.2")
    assert not shown_as(f"{registries[2].host}/team/app", tag)
    by_hand = copied(place, f"{first}:{tag}", f"{registries[2].host}/team/app:{tag}")
    assert "is written over" not in by_hand.stderr
