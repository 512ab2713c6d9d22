"""`polyarch inspect`: what an image is made of, wherever it is."""

import hashlib
import json
from dataclasses import replace
from pathlib import Path

import pytest

from polyarch.content.memory import MemoryStore
from polyarch.content.reader import read_small
from polyarch.oci import annotation, mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.storage import StoredManifest
from polyarch.sandbox.wire import Answer, Call, refusal
from tests.support.documents import INSPECT, check
from tests.support.golden import compare, session
from tests.support.held import held
from tests.support.images import MadeImage, layer_bytes, make_index
from tests.support.places import SIGNATURE, artifact_about, docker_list, laid, with_attestations
from tests.support.tiny_project import Said, TinyProject

GOLDEN = Path(__file__).parent / "golden" / "inspect"
Registries = tuple[SandboxRegistry, ...]


@pytest.fixture
def place(tmp_path: Path) -> TinyProject:
    """A folder that is no project."""
    return TinyProject.make(tmp_path / "nowhere", {}, git=False)


def inspected(place: TinyProject, *words: str, code: int = 0) -> Said:
    """`inspect --json`, whose document fits the schema."""
    said = place.run("inspect", "--json", *words)
    assert said.code == code, said
    if code == 0:
        check(said.document, INSPECT)
    return said


def rich_image() -> MadeImage:
    """Two platforms that share a layer, with labels, a base, and annotations on every floor."""
    store = MemoryStore()
    shared = store.add(mediatype.OCI_LAYER, layer_bytes({"base": b"same"}))
    children = []
    for name in ("linux/amd64", "linux/arm64"):
        platform = Platform.parse(name)
        own = store.add(mediatype.OCI_LAYER, layer_bytes({"app": name.encode()}))
        labels = {"team": "a", "arch": platform.architecture, annotation.BASE_NAME: "debian:13"}
        config = {
            "os": platform.os,
            "architecture": platform.architecture,
            "created": "2026-01-02T03:04:05Z",
            "config": {"Labels": labels},
            "rootfs": {"type": "layers", "diff_ids": [str(shared.digest), str(own.digest)]},
        }
        manifest = ImageManifest.build(
            config=store.add(mediatype.OCI_CONFIG, json.dumps(config).encode()),
            layers=[shared, own],
            annotations={annotation.BASE_DIGEST: f"sha256:{'b' * 64}", "built-on": name},
        )
        store.add(mediatype.OCI_MANIFEST, manifest.raw)
        children.append(manifest.descriptor.with_platform(platform))
    index = ImageIndex.build(children, annotations={annotation.TITLE: "An app"})
    store.add(mediatype.OCI_INDEX, index.raw)
    return MadeImage(store=store, index=index, children=tuple(children))


class TestPlaces:
    def test_every_kind(self, place: TinyProject, registries: Registries):
        laid(make_index(), place.root / "lay")
        reference = held(registries[0], make_index())
        assert place.run("copy", "oci:lay", "oci-archive:a.tar").code == 0
        words = ("copy", "-p", "linux/arm64", "oci:lay", "docker-archive:d.tar:team/app:1")
        assert place.run(*words).code == 0
        digest = str(make_index().index.descriptor.digest)
        for name in ("oci:lay", "oci:lay:1.2", "oci-archive:a.tar", reference):
            said = inspected(place, name)
            assert said.document["digest"] == digest
            assert len(said.document["manifests"]) == 2
        [only] = inspected(place, "docker-archive:d.tar").document["manifests"]
        assert only["platform"] == "linux/arm64"

    def test_what_the_project_built(self, project: TinyProject):
        assert project.run("build").code == 0
        said = inspected(project, "image:app")
        names = [each["platform"] for each in said.document["manifests"]]
        assert names == ["linux/ppc64le", "linux/s390x"]

    @pytest.mark.parametrize("name", ["file:x", "dir:x", "oci:"])
    def test_what_is_no_place(self, place: TinyProject, name: str):
        inspected(place, name, code=2)

    def test_nowhere(self, place: TinyProject):
        inspected(place, "oci:none", code=3)


class TestChildren:
    def test_all_that_is_known(self, place: TinyProject):
        made = rich_image()
        laid(made, place.root / "lay")
        document = inspected(place, "oci:lay").document
        assert document["annotations"] == {annotation.TITLE: "An app"}
        amd, arm = document["manifests"]
        assert amd["base"] == {"name": "debian:13", "digest": f"sha256:{'b' * 64}"}
        assert amd["labels"]["arch"] == "amd64"
        assert amd["annotations"]["built-on"] == "linux/amd64"
        assert [layer["shared_with"] for layer in amd["layer_list"]] == [["linux/arm64"], []]
        assert amd["shared_bytes"] == amd["layer_list"][0]["size"]
        assert arm["layer_bytes"] == sum(layer["size"] for layer in arm["layer_list"])
        assert [each["command"] for each in document["pull"]] == [
            "polyarch copy --platform linux/amd64 oci:lay docker-daemon:NAME",
            "polyarch copy --platform linux/arm64 oci:lay docker-daemon:NAME",
        ]

    def test_one_platform(self, place: TinyProject):
        made = with_attestations(make_index())
        laid(made, place.root / "lay")
        document = inspected(place, "-p", "arm64", "oci:lay").document
        assert document["digest"] == str(made.index.descriptor.digest)
        first, second = document["manifests"]
        assert first["platform"] == "linux/arm64"
        assert second["attestation_about"] == first["digest"]
        inspected(place, "-p", "s390x", "oci:lay", code=3)

    def test_the_commands_that_pull(self, place: TinyProject, registries: Registries):
        made = make_index()
        name = held(registries[0], made)
        pull = inspected(place, name).document["pull"]
        assert pull[1] == {
            "platform": "linux/arm64",
            "command": f"docker pull --platform linux/arm64 {name}",
            "reference": f"{name.rpartition(':')[0]}@{made.children[1].digest}",
        }

    def test_attestations_say_what_they_hold(self, place: TinyProject):
        made = make_index(("linux/amd64",))
        kind = "https://slsa.dev/provenance/v1"
        layer = made.store.add("application/vnd.in-toto+json", b"{}")
        layer = replace(layer, annotations={"in-toto.io/predicate-type": kind})
        manifest = ImageManifest.build(
            config=made.store.add(mediatype.OCI_CONFIG, b"{}"), layers=[layer]
        )
        stored = made.store.add(mediatype.OCI_MANIFEST, manifest.raw)
        told = {
            annotation.DOCKER_REFERENCE_TYPE: annotation.ATTESTATION_MANIFEST,
            annotation.DOCKER_REFERENCE_DIGEST: str(made.children[0].digest),
        }
        index = ImageIndex.build([*made.children, replace(stored, annotations=told)])
        made.store.add(mediatype.OCI_INDEX, index.raw)
        laid(replace(made, index=index), place.root / "lay")
        assert inspected(place, "oci:lay").document["manifests"][1]["attestation_holds"] == [kind]

    def test_docker_forms(self, place: TinyProject, registries: Registries):
        said = inspected(place, held(registries[0], docker_list(make_index())))
        assert said.document["media_type"] == mediatype.DOCKER_LIST

    def test_children_that_are_gone_are_told(self, place: TinyProject, registries: Registries):
        made = make_index()
        name = held(registries[0], made, without=[made.children[1].digest])
        _, gone = inspected(place, name).document["manifests"]
        assert gone["platform"] == "linux/arm64"
        assert "not there" in gone["problem"]

    def test_children_that_the_registry_does_not_tell(
        self, place: TinyProject, registries: Registries
    ):
        made = make_index()

        async def refuses(call: Call) -> Answer | Call | None:
            hidden = call.target.item == str(made.children[1].digest)
            return refusal("UNAUTHORIZED", "no", status=401) if hidden else None

        name = held(registries[0], made)
        registries[0].quirks = Quirks(on_request=refuses)
        _, hidden = inspected(place, name).document["manifests"]
        assert "refuses the login" in hidden["problem"]

    def test_an_index_in_an_index(self, place: TinyProject):
        made = make_index()
        inner = made.store.add(mediatype.OCI_INDEX, made.index.raw)
        index = ImageIndex.build([inner])
        made.store.add(mediatype.OCI_INDEX, index.raw)
        laid(replace(made, index=index), place.root / "lay")
        [child] = inspected(place, "oci:lay").document["manifests"]
        assert child["problem"] == "an index itself, of linux/amd64, linux/arm64"


class TestReferrers:
    def put(self, registry: SandboxRegistry) -> tuple[str, Descriptor]:
        made = make_index()
        name = held(registry, made)
        artifact = artifact_about(made.store, made.children[1])
        raw = read_small(made.store, artifact)
        subject = ImageManifest.parse(raw).subject
        assert subject is not None
        stored = StoredManifest(media_type=artifact.media_type, raw=raw, subject=subject.digest)
        registry.storage.put_manifest("team/app", artifact.digest, stored)
        return name, artifact

    def test_artifacts_about_a_platform(self, place: TinyProject, registries: Registries):
        name, artifact = self.put(registries[0])
        [found] = inspected(place, name).document["referrers"]
        assert (found["digest"], found["artifact_type"]) == (str(artifact.digest), SIGNATURE)
        assert inspected(place, "-p", "amd64", name).document["referrers"] == []
        assert len(inspected(place, "-p", "arm64", name).document["referrers"]) == 1

    def test_nobody_is_asked_who_need_not_be(self, place: TinyProject, registries: Registries):
        name, _ = self.put(registries[0])
        registries[0].forget_requests()
        assert inspected(place, "--no-referrers", name).document["referrers"] == []
        assert not [r for r in registries[0].requests if "referrers" in r.path]


class TestRaw:
    def test_the_bytes_are_those_of_the_digest(self, place: TinyProject, registries: Registries):
        made = make_index()
        name = held(registries[0], made)
        for words, node in (((), made.index.descriptor), (("-p", "arm64"), made.children[1])):
            with place.start("inspect", "--raw", *words, name) as process:
                raw, _ = process.communicate(timeout=60)
            assert hashlib.sha256(raw.encode()).hexdigest() == node.digest.encoded

    @pytest.mark.parametrize("words", [("--json",), ("-p", "amd64,arm64")])
    def test_it_is_one_manifest(self, place: TinyProject, words: tuple[str, ...]):
        assert place.run("inspect", "--raw", *words, "oci:x").code == 2


def test_golden(place: TinyProject, registries: Registries):
    laid(rich_image(), place.root / "lay")
    laid(with_attestations(make_index(("linux/arm/v7",))), place.root / "one")
    name, _ = TestReferrers().put(registries[0])
    for file, words in {
        "index": ("oci:lay",),
        "platform": ("-p", "arm64", "oci:lay"),
        "attested": ("oci:one",),
        "registry": (name,),
    }.items():
        said = place.run("inspect", *words)
        text = session(place, f"inspect {file}", said, squeeze=True)
        compare(GOLDEN / f"{file}.txt", text)
