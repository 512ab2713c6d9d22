"""`polyarch verify`: what any image is, against what it says."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from polyarch.content.memory import MemoryStore
from polyarch.content.reader import read_small
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.platform import Platform
from polyarch.sandbox.auth import Account, BasicAuth
from polyarch.sandbox.likenesses import ALIYUN, DOCKER_HUB, GHCR, HARBOR, QUAY
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.storage import StoredManifest
from polyarch.sandbox.wire import Answer, Call, refusal
from tests.support.documents import ERROR, VERIFY, check
from tests.support.golden import compare, session
from tests.support.held import held, put
from tests.support.images import MadeImage, make_image, make_index
from tests.support.places import Shown, docker_list, document, laid, with_attestations
from tests.support.sarif_schema import check_sarif
from tests.support.tiny_project import NOTHING, Said, TinyProject

GOLDEN = Path(__file__).parent / "golden" / "verify"
CONFIG = ("--level", "config")
Registries = tuple[SandboxRegistry, ...]
ARM = Platform.parse("arm64")


@pytest.fixture
def place(tmp_path: Path) -> TinyProject:
    """A folder that is no project."""
    return TinyProject.make(tmp_path / "nowhere", {}, git=False)


def verified(
    place: TinyProject, *words: str, code: int = 0, more: Mapping[str, str] = NOTHING
) -> Said:
    """`verify --json`, whose document fits the schema."""
    said = place.run("verify", "--json", *words, more=more)
    assert said.code == code, said
    check(said.document, ERROR if said.document["schema"] == "polyarch.error/v1" else VERIFY)
    return said


def codes(said: Said, number: int = 0) -> set[str]:
    return {found["code"] for found in said.document["results"][number]["findings"]}


def states(said: Said, number: int = 0) -> dict[str, str]:
    listed = said.document["results"][number]["platforms"]
    return {each["platform"]: each["state"] for each in listed}


def asked(registry: SandboxRegistry, method: str = "GET") -> list[str]:
    """The last parts of the paths that were asked for, the greeting left out."""
    return [
        request.path.rpartition("/")[2]
        for request in registry.requests
        if request.method == method and request.path.rstrip("/") != "/v2"
    ]


def lying() -> MadeImage:
    """An index whose arm64 child is, by its config, for amd64."""
    store = MemoryStore()
    amd = make_image(store, Platform.parse("amd64"), {"a": b"1"})
    arm = make_image(store, ARM, {"a": b"2"}, says=Platform.parse("amd64"))
    index = ImageIndex.build([amd, arm])
    store.add(index.descriptor.media_type, index.raw)
    return MadeImage(store=store, index=index, children=(amd, arm))


class TestPlaces:
    def test_every_kind_that_holds_the_same_image(self, place: TinyProject, registries: Registries):
        laid(make_index(), place.root / "lay")
        reference = held(registries[0], make_index())
        assert place.run("copy", "oci:lay", "oci-archive:a.tar").code == 0
        one = ("copy", "-p", "linux/arm64", "oci:lay", "docker-archive:d.tar:team/app:1")
        assert place.run(*one).code == 0
        places = ["oci:lay", "oci:lay:1.2", "oci-archive:a.tar", reference, "docker-archive:d.tar"]
        said = verified(place, *CONFIG, *places)
        assert said.document["ok"] is True
        digest = str(make_index().index.descriptor.digest)
        assert [each["digest"] for each in said.document["results"]][:4] == [digest] * 4
        assert [list(states(said, number)) for number in range(5)] == [
            ["linux/amd64", "linux/arm64"]
        ] * 4 + [["linux/arm64"]]
        assert not list((place.root.parent / "home").rglob("verify-*")), "nothing is left"

    def test_what_the_project_built(self, project: TinyProject):
        assert project.run("build").code == 0
        said = verified(project, *CONFIG, "image:app")
        assert list(states(said)) == ["linux/ppc64le", "linux/s390x"]
        verified(project, *CONFIG, "image:nothing", code=3)

    def test_nowhere(self, place: TinyProject, registries: Registries):
        host = registries[0].host
        for name in ("oci:none", "oci-archive:none", f"{host}/none", "docker-archive:none"):
            said = verified(place, *CONFIG, name, code=3)
            [result] = said.document["results"]
            assert result["ok"] is False
            assert result["error"]["exit_code"] == 3

    @pytest.mark.parametrize("name", ["oci:", "dir:x", "team/UPPER", "file:"])
    def test_what_is_no_place(self, place: TinyProject, name: str):
        said = verified(place, *CONFIG, name, code=2)
        assert said.document["schema"] == "polyarch.error/v1"

    def test_no_place_at_all(self, place: TinyProject):
        assert "name an image" in place.run("verify").stderr
        assert place.run("verify").code == 2

    def test_docker_forms(self, place: TinyProject, registries: Registries):
        said = verified(place, *CONFIG, held(registries[0], docker_list(make_index())))
        assert codes(said) == set()

    def test_one_platform_alone(self, place: TinyProject, registries: Registries):
        made = make_index()
        name = put(registries[0], made.store, made.children[1], "team/one", "1")
        for level in ("declared", "config"):
            said = verified(place, "--level", level, name)
            assert states(said) == {"linux/arm64": "ok"}
            assert codes(said) == {"no-index"}


class TestLevels:
    def test_declared_reads_the_index_alone(self, place: TinyProject, registries: Registries):
        name = held(registries[0], make_index())
        verified(place, "--level", "declared", name)
        assert asked(registries[0]) == ["1.2"]
        assert asked(registries[0], "HEAD") == []

    def test_config_reads_manifests_and_configs_and_asks_for_layers(
        self, place: TinyProject, registries: Registries
    ):
        made = make_index()
        name = held(registries[0], made)
        verified(place, *CONFIG, name)
        assert len(asked(registries[0])) == 5
        assert len(asked(registries[0], "HEAD")) == 2

    def test_only_the_platforms_that_are_asked_for(
        self, place: TinyProject, registries: Registries
    ):
        made = make_index(("linux/amd64", "linux/arm64", "linux/s390x"))
        name = held(registries[0], made, without=[made.children[0].digest])
        said = verified(place, *CONFIG, "-p", "arm64,s390x", name)
        assert states(said) == {"linux/arm64": "ok", "linux/s390x": "ok"}
        assert str(made.children[0].digest) not in asked(registries[0])

    def test_a_lie_is_found_where_it_is_looked_for(
        self, place: TinyProject, registries: Registries
    ):
        name = held(registries[0], lying())
        verified(place, "--level", "declared", name)
        said = verified(place, *CONFIG, name, code=1)
        assert codes(said) == {"platform-mismatch"}
        assert states(said) == {"linux/amd64": "ok", "linux/arm64": "wrong"}
        verified(place, *CONFIG, "-p", "amd64", name)

    def test_the_same_content_is_fetched_once(self, place: TinyProject, registries: Registries):
        made = make_index()
        names = [held(registries[0], made, f"team/app:{tag}") for tag in ("1", "2")]
        names += [held(each, made) for each in registries[1:]]
        verified(place, *CONFIG, *names)
        fetched = [name for each in registries for name in asked(each) if "sha256" in name]
        assert len(fetched) == len(set(fetched)) == 4
        for each in registries:
            about = [*asked(each, "HEAD"), *(name for name in asked(each) if "sha256" in name)]
            assert len(about) == len(set(about)) == 6, "each is asked whether it holds it all, once"

    def test_a_copy_that_lacks_what_another_has(self, place: TinyProject, registries: Registries):
        """What was read from one registry proves nothing of another."""
        made = make_index()
        config = Digest.parse(document(made.store, made.children[1])["config"]["digest"])
        whole = held(registries[0], made)
        for gone in (config, made.children[1].digest):
            broken = held(registries[1], made, f"team/b{gone.short}:1", without=[gone])
            for names in ((whole, broken), (broken, whole)):
                said = verified(place, *CONFIG, *names, code=1)
                at = names.index(broken)
                assert said.document["results"][1 - at]["ok"] is True
                assert states(said, at)["linux/arm64"] == "wrong"


class TestPlatforms:
    def test_one_that_is_missing(self, place: TinyProject, registries: Registries):
        said = verified(place, *CONFIG, "-p", "s390x", held(registries[0], make_index()), code=1)
        [found] = said.document["results"][0]["findings"]
        assert (found["code"], found["platform"]) == ("platform-missing", "linux/s390x")

    def test_variants(self, place: TinyProject, registries: Registries):
        made = make_index(("linux/amd64/v2", "linux/arm64", "linux/arm/v6"))
        name = held(registries[0], made)
        said = verified(place, *CONFIG, "-p", "arm64/v8,arm/v7,amd64/v3", name)
        assert codes(said) == {"platform-by-variant"}
        said = verified(place, *CONFIG, "-p", "amd64,arm", name, code=1)
        missing = [
            each
            for each in said.document["results"][0]["findings"]
            if each["code"] == "platform-missing"
        ]
        assert [each["platform"] for each in missing] == ["linux/amd64"]
        assert "machines that can more" in missing[0]["message"]

    def test_none_is_an_error_not_all(self, place: TinyProject):
        assert verified(place, "-p", ",", "oci:x", code=2).document["code"] == "empty-option"
        verified(place, "-p", "arm46", "oci:x", code=2)


class TestTrouble:
    @pytest.mark.parametrize(
        ("quirks", "code", "status"),
        [
            (Quirks(refuse_login=True), 7, "login-refused"),
            (Quirks(denied_actions=frozenset({"pull"})), 7, "denied"),
            (Quirks(down=True), 5, "registry-unavailable"),
            (Quirks(throttled=10_000, retry_after="3600"), 5, "rate-limited"),
            (Quirks(corrupt_blobs=True), 1, None),
        ],
    )
    def test_what_is_not_known_is_never_missing(
        self, place: TinyProject, registries: Registries, *, quirks, code, status
    ):
        name = held(registries[0], make_index())
        registries[0].quirks = quirks
        said = verified(place, *CONFIG, name, code=code)
        [result] = said.document["results"]
        assert result["ok"] is False
        assert (result["error"] and result["error"]["code"]) == status
        assert not [found for found in codes(said) if "missing" in found]

    def test_a_login_that_is_wanted(self, place: TinyProject, registries: Registries):
        name = held(registries[0], make_index())
        registries[0].auth = BasicAuth(Account(username="robot", password="s3cret"))
        said = place.run("verify", *CONFIG, name)
        assert said.code == 7
        assert "(401)" in said.stdout
        assert "missing" not in said.stdout
        host = re.sub("[^A-Z0-9]", "_", registries[0].host.upper())
        login = {f"POLYARCH_{host}_USERNAME": "robot", f"POLYARCH_{host}_PASSWORD": "s3cret"}
        said = verified(place, *CONFIG, name, more=login)
        assert "s3cret" not in said.stdout

    def test_one_platform_that_the_registry_does_not_tell(
        self, place: TinyProject, registries: Registries
    ):
        made = make_index()

        async def refuses(call: Call) -> Answer | Call | None:
            hidden = call.target.item == str(made.children[1].digest)
            return refusal("UNAUTHORIZED", "no", status=401) if hidden else None

        name = held(registries[0], made)
        registries[0].quirks = Quirks(on_request=refuses)
        said = verified(place, *CONFIG, name, code=7)
        assert states(said) == {"linux/amd64": "ok", "linux/arm64": "unknown"}
        [result] = said.document["results"]
        assert "401" in result["platforms"][1]["reason"]
        assert result["findings"] == []

    def test_others_are_looked_at_all_the_same(self, place: TinyProject, registries: Registries):
        good, bad = (held(each, make_index()) for each in registries[:2])
        registries[1].quirks = Quirks(down=True)
        said = verified(place, *CONFIG, bad, good, "oci:none", code=5)
        assert [each["ok"] for each in said.document["results"]] == [False, True, False]

    def test_the_worst_counts(self, place: TinyProject, registries: Registries):
        wrong = held(registries[0], lying())
        refused = held(registries[1], make_index())
        registries[1].quirks = Quirks(refuse_login=True)
        verified(place, *CONFIG, wrong, "oci:none", code=1)
        verified(place, *CONFIG, wrong, refused, code=7)

    def test_an_index_of_nothing_is_not_proven(self, place: TinyProject, registries: Registries):
        empty = MemoryStore()
        index = ImageIndex.build([])
        empty.add(index.descriptor.media_type, index.raw)
        name = put(registries[0], empty, index.descriptor, "team/empty", "1")
        for level in ("declared", "config"):
            assert verified(place, "--level", level, name, code=1).document["ok"] is False

    def test_children_that_a_cleanup_deleted(self, place: TinyProject, registries: Registries):
        made = with_attestations(make_index(("linux/amd64", "linux/arm64", "linux/s390x")))
        name = held(registries[0], made, without=[made.children[0].digest])
        said = verified(place, *CONFIG, name, code=1)
        assert codes(said) == {"manifest-missing", "index-sparse", "attestations"}
        assert states(said)["linux/amd64"] == "wrong"

    def test_wrong_sizes_and_digests(self, place: TinyProject, registries: Registries):
        made = make_index()
        amd, arm = made.children
        held(registries[0], made, "team/app:good")
        index = ImageIndex.build([amd, replace(arm, size=arm.size + 1)])
        storage = registries[0].storage
        stored = StoredManifest(media_type=index.descriptor.media_type, raw=index.raw)
        storage.put_manifest("team/app", index.descriptor.digest, stored)
        storage.put_tag("team/app", "longer", index.descriptor.digest)
        name = f"{registries[0].host}/team/app"
        assert codes(verified(place, *CONFIG, f"{name}:longer", code=1)) == {"size-mismatch"}
        raw = read_small(made.store, arm).replace(b"layers", b"Layers")
        storage.put_manifest(
            "team/app", arm.digest, StoredManifest(media_type=arm.media_type, raw=raw)
        )
        assert codes(verified(place, *CONFIG, f"{name}:good", code=1)) == {"digest-mismatch"}

    def test_layers_that_are_not_there(self, place: TinyProject, registries: Registries):
        made = make_index()
        layer = Digest.parse(document(made.store, made.children[0])["layers"][0]["digest"])
        name = held(registries[0], made, without=[layer])
        said = verified(place, *CONFIG, name, code=1)
        assert codes(said) == {"layer-missing"}
        assert states(said) == {"linux/amd64": "wrong", "linux/arm64": "ok"}

    @pytest.mark.parametrize("likeness", [DOCKER_HUB, GHCR, ALIYUN, QUAY, HARBOR])
    def test_registries_as_they_are(
        self, place: TinyProject, registries: Registries, likeness: Quirks
    ):
        name = held(registries[0], with_attestations(make_index()))
        registries[0].quirks = likeness
        assert codes(verified(place, *CONFIG, name)) == {"attestations"}


class TestSame:
    def test_copies_that_are_the_same(self, place: TinyProject, registries: Registries):
        names = [held(each, make_index()) for each in registries]
        for same in ("--same", "--same=platforms", "--same=index"):
            said = verified(place, "--level", "declared", same, *names)
            assert codes(said, 1) == set()

    def test_the_option_may_stand_anywhere(self, place: TinyProject, registries: Registries):
        names = [held(each, make_index()) for each in registries[:2]]
        verified(place, "--level", "declared", names[0], "--same", names[1])
        verified(place, "--level", "declared", *names, "--same")
        verified(place, "--same=nothing", *names, code=2)

    def test_an_image_that_differs(self, place: TinyProject, registries: Registries):
        first = held(registries[0], make_index())
        other = held(registries[1], make_index(("linux/amd64", "linux/s390x")))
        again = held(registries[2], make_index(content=b"other"))
        said = verified(place, "--level", "declared", "--same", first, other, again, code=1)
        assert codes(said, 0) == set()
        assert codes(said, 1) == {"same-missing", "same-extra", "same-index"}
        assert codes(said, 2) == {"same-digest", "same-index"}
        verified(place, "--level", "declared", "--same", "-p", "amd64", first, other)

    def test_an_index_that_differs_in_what_is_no_platform(
        self, place: TinyProject, registries: Registries
    ):
        bare = held(registries[0], make_index())
        attested = held(registries[1], with_attestations(make_index()))
        said = verified(place, "--level", "declared", "--same", bare, attested)
        assert codes(said, 1) == {"attestations", "same-index"}
        verified(place, "--level", "declared", "--same=index", bare, attested, code=1)

    def test_what_is_not_known_is_not_different(self, place: TinyProject, registries: Registries):
        names = [held(each, make_index()) for each in registries]
        registries[0].quirks = Quirks(refuse_login=True)
        said = verified(place, "--level", "declared", "--same", *names, code=7)
        assert [codes(said, number) for number in range(3)] == [set()] * 3

    def test_one_alone_is_not_compared(self, place: TinyProject):
        verified(place, "--same", "oci:a", code=2)
        verified(place, "--same", "oci:a", "file:b", code=2)


class TestForms:
    def test_golden(self, place: TinyProject, registries: Registries):
        good = held(registries[0], with_attestations(make_index()))
        wrong = held(registries[1], lying(), "team/wrong:1")
        sparse = make_index(("linux/amd64", "linux/arm64"))
        gone = held(registries[1], sparse, "team/sparse:1", without=[sparse.children[1].digest])
        refused = held(registries[2], make_index(), "team/private:1")
        registries[2].quirks = Quirks(refuse_login=True)
        for name, words in {
            "good": (*CONFIG, good),
            "many": (*CONFIG, good, wrong, gone, refused),
            "platform": (*CONFIG, "-p", "arm64,riscv64", good),
            "same": ("--level", "declared", "--same=index", good, wrong),
            "quiet": (*CONFIG, "-q", good, wrong),
        }.items():
            said = place.run("verify", *words)
            text = session(place, f"verify {name}", said, squeeze=True)
            text = re.sub(r"POLYARCH_127_0_0_1_\d+", "POLYARCH_HOST", text)
            text = re.sub(r"\(\d+(\.\d+)? k?B\)", "(SIZE)", text)
            compare(GOLDEN / f"{name}.txt", text)

    def test_sarif_and_junit_beside_the_table(self, place: TinyProject, registries: Registries):
        name = held(registries[0], lying())
        said = place.run("verify", *CONFIG, "--sarif", "a.sarif", "--junit", "b.xml", name)
        assert said.code == 1
        assert "platform-mismatch" in said.stdout
        document = json.loads((place.root / "a.sarif").read_text())
        check_sarif(document)
        assert [each["ruleId"] for each in document["runs"][0]["results"]] == ["platform-mismatch"]
        root = ET.fromstring((place.root / "b.xml").read_bytes())  # noqa: S314 - ours
        assert [root.get(key) for key in ("tests", "failures", "errors")] == ["3", "1", "0"]

    @pytest.mark.parametrize("form", ["--sarif", "--junit"])
    def test_stdout_holds_one_of_them_alone(
        self, place: TinyProject, registries: Registries, form: str
    ):
        said = place.run("verify", *CONFIG, form, "-", held(registries[0], lying()))
        assert said.code == 1
        if form == "--sarif":
            check_sarif(said.document)
        else:
            assert ET.fromstring(said.stdout).get("failures") == "1"  # noqa: S314 - ours

    @pytest.mark.parametrize(
        "words",
        [("--json", "--sarif", "-"), ("--sarif", "-", "--junit", "-"), ("--sarif", "")],
    )
    def test_stdout_holds_no_two(self, place: TinyProject, words: Sequence[str]):
        assert place.run("verify", *words, "oci:x").code == 2

    def test_a_file_that_cannot_be_written(self, place: TinyProject, registries: Registries):
        name = held(registries[0], make_index())
        said = place.run("verify", *CONFIG, "--sarif", "no/such/folder.sarif", name)
        assert said.code == 4

    def test_unknown_is_an_error_in_every_form(self, place: TinyProject, registries: Registries):
        name = held(registries[0], make_index())
        registries[0].quirks = Quirks(refuse_login=True)
        said = place.run("verify", *CONFIG, "--sarif", "-", name)
        [found] = said.document["runs"][0]["results"]
        assert (found["ruleId"], found["level"], said.code) == ("not-checked", "error", 7)
        said = place.run("verify", *CONFIG, "--junit", "-", name)
        assert ET.fromstring(said.stdout).get("errors") == "1"  # noqa: S314 - ours

    def test_what_fails_it(self, place: TinyProject, registries: Registries):
        name = held(registries[0], with_attestations(make_index()))
        verified(place, *CONFIG, "--fail-on", "warning", name)
        said = verified(place, *CONFIG, "--fail-on", "info", name, code=1)
        assert said.document["results"][0]["ok"] is False


def test_findings_are_counted_once(place: TinyProject, registries: Registries):
    """Layers and bytes that platforms share count once."""
    store = MemoryStore()
    children = [make_image(store, each, {"a": b"1"}) for each in (ARM, Platform.parse("amd64"))]
    index = ImageIndex.build(children)
    store.add(index.descriptor.media_type, index.raw)
    made = MadeImage(store=store, index=index, children=tuple(children))
    said = verified(place, *CONFIG, held(registries[0], made))
    checked: dict[str, Any] = said.document["results"][0]["checked"]
    assert (checked["platforms"], checked["layers"]) == (2, 1)
    assert not (Shown(registries[0]).uploaded())
