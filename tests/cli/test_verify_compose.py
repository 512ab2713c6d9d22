"""`polyarch verify --compose`: has every image of a stack the platforms that it is to run on?"""

import re
from pathlib import Path
from typing import Any
from xml.etree import ElementTree as ET

import pytest

from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import refusal
from tests.cli.test_verify import lying
from tests.cli.test_verify_deep import LYING, image
from tests.support.documents import VERIFY, check
from tests.support.golden import compare, session
from tests.support.held import held
from tests.support.images import make_index
from tests.support.sarif_schema import check_sarif
from tests.support.tiny_project import Said, TinyProject

GOLDEN = Path(__file__).parent / "golden" / "verify"
Registries = tuple[SandboxRegistry, ...]


@pytest.fixture
def place(tmp_path: Path) -> TinyProject:
    """A folder that is no project."""
    return TinyProject.make(tmp_path / "stack", {}, git=False)


class Stack:
    """A compose file beside a registry; `answers` are by service and platform."""

    def __init__(self, place: TinyProject, registry: SandboxRegistry) -> None:
        self.place = place
        self.registry = registry

    def write(self, text: str, name: str = "compose.yaml") -> None:
        """`HOST` stands for the registry."""
        self.place.write({name: text.replace("HOST", self.registry.host)})

    def audit(self, *words: str, platforms: str = "arm64", code: int = 0, **more: Any) -> Said:
        named = () if {"-f", "--compose"} & set(words) else ("-f", "compose.yaml")
        said = self.place.run("verify", "--json", *named, "-p", platforms, *words, **more)
        assert said.code == code, said
        if said.document["schema"] == "polyarch.verify/v1":
            check(said.document, VERIFY)
        return said


def answers(said: Said) -> dict[str, list[str]]:
    return {
        each["service"]: [answer["state"] for answer in each["platforms"]]
        for each in said.document["results"]
    }


def answer(said: Said, service: str = "a") -> dict[str, Any]:
    [result] = [each for each in said.document["results"] if each["service"] == service]
    found: dict[str, Any] = result["platforms"][0]
    return found


def codes(said: Said, service: str = "a") -> set[str]:
    [result] = [each for each in said.document["results"] if each["service"] == service]
    return {found["code"] for found in result["findings"]}


@pytest.fixture
def stack(place: TinyProject, registries: Registries) -> Stack:
    return Stack(place, registries[0])


def one(image: str, **more: str) -> str:
    """A compose file with one service `a`."""
    keys = "".join(f"    {key}: {value}\n" for key, value in more.items())
    return f"services:\n  a:\n    image: {image}\n{keys}"


class TestAnswers:
    def test_yes_and_no(self, stack: Stack):
        held(stack.registry, make_index())
        held(stack.registry, make_index(("linux/amd64",)), "team/old:1.0")
        stack.write(
            "services:\n  a: {image: 'HOST/team/app:1.2'}\n  b: {image: 'HOST/team/old:1.0'}\n"
        )
        said = stack.audit(platforms="arm64,amd64", code=1)
        assert answers(said) == {"a": ["yes", "yes"], "b": ["no", "yes"]}
        assert said.document["results"][0]["ok"] is True
        [missing] = said.document["results"][1]["findings"]
        assert (missing["code"], missing["platform"]) == ("platform-missing", "linux/arm64")
        assert (missing["path"], missing["line"]) == ("compose.yaml", 3)

    def test_in_a_newer_tag(self, stack: Stack):
        only_amd = make_index(("linux/amd64",))
        for tag in ("1.2-alpine3.19", "1.3-alpine3.19", "2.0-alpine3.20", "1.9", "latest"):
            image = make_index() if tag == "2.0-alpine3.20" else only_amd
            held(stack.registry, image, f"team/app:{tag}")
        stack.write(one("HOST/team/app:1.2-alpine3.19"))
        said = stack.audit(code=1)
        assert answer(said)["state"] == "newer"
        assert answer(said)["newer"] == f"{stack.registry.host}/team/app:2.0-alpine3.20"
        assert "2.0-alpine3.20` has it" in said.document["results"][0]["findings"][0]["hint"]

    def test_newer_tags_are_asked_within_bounds(self, stack: Stack):
        for number in range(60):
            held(stack.registry, make_index(("linux/amd64",)), f"team/app:1.{number}")
        stack.registry.forget_requests()
        stack.write(one("HOST/team/app:1.2"))
        assert answer(stack.audit(code=1))["state"] == "no"
        asked = [each for each in stack.registry.requests if "/manifests/1." in each.path]
        assert len(asked) <= 5

    def test_tags_that_cannot_be_listed_change_nothing(self, stack: Stack):
        held(stack.registry, make_index(("linux/amd64",)))

        async def refuses(call: Any) -> Any:

            return (
                refusal("DENIED", "no", status=403)
                if "tags" in str(call.target.kind).lower()
                else None
            )

        stack.registry.quirks = Quirks(on_request=refuses)
        stack.write(one("HOST/team/app:1.2"))
        assert answer(stack.audit(code=1))["state"] == "no"

    def test_unknown_is_never_no(self, stack: Stack, registries: Registries):
        held(stack.registry, make_index())
        held(registries[1], make_index(), "team/private:1")
        registries[1].quirks = Quirks(refuse_login=True)
        stack.write(
            "services:\n  a: {image: 'HOST/team/app:1.2'}\n"
            f"  b: {{image: '{registries[1].host}/team/private:1'}}\n"
        )
        said = stack.audit(code=7)
        assert answers(said) == {"a": ["yes"], "b": ["unknown"]}
        assert "401" in answer(said, "b")["reason"]
        registries[1].quirks = Quirks(down=True)
        assert answers(stack.audit(code=5))["b"] == ["unknown"]

    def test_an_image_that_is_not_there(self, stack: Stack):
        stack.write(one("HOST/team/nothing:1"))
        said = stack.audit(code=1)
        assert answer(said)["state"] == "no"
        assert "no such image" in answer(said)["reason"]

    def test_a_lie_is_found_at_the_level_asked_for(self, stack: Stack):
        held(stack.registry, lying())
        stack.write(one("HOST/team/app:1.2"))
        assert answer(stack.audit("--level", "declared"))["state"] == "yes"
        said = stack.audit(code=1)
        assert answer(said)["state"] == "wrong"
        assert codes(said) == {"platform-mismatch"}

    def test_programs_are_read_where_that_is_asked(self, stack: Stack):
        held(stack.registry, image(*LYING))
        stack.write(one("HOST/team/app:1.2"))
        assert answer(stack.audit())["state"] == "yes"
        said = stack.audit("--level", "deep", code=1)
        assert answer(said)["state"] == "wrong"
        assert codes(said) == {"wrong-architecture"}

    def test_one_image_of_many_services_is_asked_once(self, stack: Stack):
        held(stack.registry, make_index())
        names = "".join(f"  s{n}: {{image: 'HOST/team/app:1.2'}}\n" for n in range(9))
        stack.write(f"services:\n{names}")
        stack.registry.forget_requests()
        assert set(map(tuple, answers(stack.audit()).values())) == {("yes",)}
        paths = [each.path for each in stack.registry.requests if each.method == "GET"]
        assert len([path for path in paths if path.endswith("/manifests/1.2")]) == 1


class TestWhatTheFileSays:
    def test_a_pin_hides_a_gap(self, stack: Stack):
        held(stack.registry, make_index(("linux/amd64",)))
        held(stack.registry, make_index(), "team/both:1")
        stack.write(
            "services:\n  a: {image: 'HOST/team/app:1.2', platform: linux/amd64}\n"
            "  b: {image: 'HOST/team/both:1', platform: linux/amd64}\n"
            "  c: {image: 'HOST/team/both:1', platform: no/such}\n"
        )
        said = stack.audit(code=1)
        assert answers(said) == {"a": ["no"], "b": ["yes"], "c": ["yes"]}
        assert codes(said, "a") == {"platform-missing", "platform-pinned"}
        assert codes(said, "b") == {"platform-pinned"}
        assert codes(said, "c") == {"platform-pin"}
        [pinned] = said.document["results"][1]["findings"]
        assert "leave `platform` out" in pinned["hint"]

    def test_variables(self, stack: Stack):
        held(stack.registry, make_index())
        stack.write(one("'HOST/team/app:${TAG:-1.2}'"))
        assert answer(stack.audit())["state"] == "yes"
        assert answer(stack.audit(code=1, more={"TAG": "9"}))["state"] == "no"
        stack.place.write({".env": "TAG=9\n"})
        assert answer(stack.audit(code=1))["state"] == "no"
        stack.place.write({"good.env": "TAG=1.2\n"})
        assert answer(stack.audit("--env-file", "good.env"))["state"] == "yes"

    def test_variables_that_are_not_set(self, stack: Stack):
        stack.write("services:\n  a: {image: '${MUST:?say it}'}\n  b: {image: 'HOST/x:$NOT'}\n")
        said = stack.audit(code=1)
        assert answers(said) == {"a": ["unknown"], "b": ["unknown"]}
        assert "say it" in answer(said, "a")["reason"]
        assert "`NOT` not set" in answer(said, "b")["reason"]

    def test_profiles_and_overrides(self, stack: Stack):
        held(stack.registry, make_index())
        held(stack.registry, make_index(("linux/amd64",)), "team/old:1.0")
        stack.write(
            "services:\n  a: {image: 'HOST/team/app:1.2'}\n"
            "  b: {image: 'HOST/team/old:1.0', profiles: [debug]}\n"
        )
        said = stack.audit()
        assert (answers(said), said.document["left_out"]) == ({"a": ["yes"]}, ["b"])
        assert answers(stack.audit("--profile", "debug", code=1))["b"] == ["no"]
        stack.write("services:\n  b: {image: 'HOST/team/app:1.2'}\n", "more.yaml")
        words = ("-f", "compose.yaml", "--compose", "more.yaml", "--profile", "*")
        assert answers(stack.audit(*words)) == {"a": ["yes"], "b": ["yes"]}


class TestBuilds:
    def dockerfile(self, stack: Stack, text: str, name: str = "Dockerfile") -> None:
        stack.write(text, f"app/{name}")

    def test_a_base_that_has_it(self, stack: Stack):
        held(stack.registry, make_index())
        self.dockerfile(stack, "ARG V=1.2\nFROM HOST/team/app:$V\n")
        stack.write("services:\n  a: {build: app}\n  b: {image: 'HOST/team/app:1.2'}\n")
        said = stack.audit()
        assert answers(said) == {"a": ["unknown"], "b": ["yes"]}
        assert "built here; it stands on" in answer(said)["reason"]
        assert codes(said) == {"built-here"}
        stack.audit("--fail-on", "warning", code=1)

    def test_nothing_but_what_is_built_proves_nothing(self, stack: Stack):
        self.dockerfile(stack, "FROM scratch\n")
        stack.write("services:\n  a: {build: app}\n")
        assert stack.audit(code=1).document["ok"] is False

    def test_a_base_that_lacks_it(self, stack: Stack):
        held(stack.registry, make_index(("linux/amd64",)))
        held(stack.registry, make_index(), "team/app:1.3")
        self.dockerfile(stack, "FROM HOST/team/app:1.2\n")
        stack.write("services:\n  a:\n    build: app\n")
        said = stack.audit(code=1)
        assert answer(said)["state"] == "no"
        assert "team/app:1.2 has no image for it, 1.3 has" in answer(said)["reason"]

    def test_stages_for_the_build_machine_need_not_have_it(self, stack: Stack):
        held(stack.registry, make_index(("linux/amd64",)))
        self.dockerfile(
            stack,
            "FROM --platform=$BUILDPLATFORM HOST/team/app:1.2 AS build\nRUN make\n"
            "FROM scratch\nCOPY --from=build /x /x\n",
            "other.Dockerfile",
        )
        stack.write(
            "services:\n  a:\n    build:\n      context: app\n      dockerfile: other.Dockerfile\n"
        )
        assert answer(stack.audit(code=1))["state"] == "unknown"

    @pytest.mark.parametrize(
        "build",
        ["nowhere", "https://example.com/x.git", "{context: app, dockerfile: none}",
         "{dockerfile_inline: 'FROM x'}", "{context: app, target: none}", "'${'"],
    )  # fmt: skip
    def test_what_cannot_be_read_is_unknown(self, stack: Stack, build: str):
        held(stack.registry, make_index())
        self.dockerfile(stack, "FROM scratch AS only\n")
        stack.write(f"services:\n  a: {{build: {build}}}\n  b: {{image: 'HOST/team/app:1.2'}}\n")
        said = stack.audit()
        assert answers(said) == {"a": ["unknown"], "b": ["yes"]}

    def test_an_image_that_is_built_and_published(self, stack: Stack):
        held(stack.registry, make_index())
        self.dockerfile(stack, "FROM scratch\n")
        stack.write(
            "services:\n  a: {build: app, image: 'HOST/team/app:1.2'}\n"
            "  b: {build: app, image: 'HOST/team/new:1'}\n"
        )
        assert answers(stack.audit()) == {"a": ["yes"], "b": ["unknown"]}


class TestUse:
    @pytest.mark.parametrize(
        "words",
        [
            ("-f", "compose.yaml"),
            ("-f", "compose.yaml", "-p", "arm64", "oci:x"),
            ("-f", "compose.yaml", "-p", "arm64", "--same"),
            ("--profile", "x", "oci:x"),
            ("--env-file", "x", "oci:x"),
            ("-f", "none.yaml", "-p", "arm64"),
            ("-f", ".", "-p", "arm64"),
        ],
    )
    def test_what_cannot_be_asked(self, place: TinyProject, words: tuple[str, ...]):
        assert place.run("verify", *words).code == 2

    def test_a_file_that_is_broken(self, stack: Stack):
        for text in ("a: [", "services: []", "services: {a: {image: [x]}}"):
            stack.write(text)
            said = stack.audit(code=2)
            assert "compose.yaml, line 1" in said.document["where"]

    def test_no_services_prove_nothing(self, stack: Stack):
        stack.write("services: {}\n")
        assert stack.audit(code=1).document["ok"] is False

    def test_golden(self, stack: Stack, registries: Registries):
        held(stack.registry, make_index())
        held(stack.registry, make_index(("linux/amd64",)), "team/old:1.0")
        held(stack.registry, make_index(), "team/old:1.1")
        registries[1].quirks = Quirks(refuse_login=True)
        TestBuilds().dockerfile(stack, "FROM HOST/team/app:1.2\n")
        stack.write(
            "services:\n"
            "  web: {image: 'HOST/team/app:1.2'}\n"
            "  db: {image: 'HOST/team/old:1.0', platform: linux/amd64}\n"
            f"  secret: {{image: '{registries[1].host}/team/private:1'}}\n"
            "  own: {build: app}\n"
            "  tools: {image: x, profiles: [debug]}\n"
        )
        said = stack.place.run("verify", "-f", "compose.yaml", "-p", "amd64,arm64")
        text = session(stack.place, "verify -f compose.yaml", said, squeeze=True)
        text = re.sub(r"POLYARCH_127_0_0_1_\d+", "POLYARCH_HOST", text)
        text = re.sub(r"\(\d+(\.\d+)? k?B\)", "(SIZE)", text)
        compare(GOLDEN / "compose.txt", text)

    def test_forms(self, stack: Stack):
        held(stack.registry, make_index(("linux/amd64",)))
        TestBuilds().dockerfile(stack, "FROM scratch\n")
        stack.write("services:\n  a:\n    image: HOST/team/app:1.2\n  b: {build: app}\n")
        words = ("verify", "-f", "compose.yaml", "-p", "arm64")
        document = stack.place.run(*words, "--sarif", "-").document
        check_sarif(document)
        first, second = document["runs"][0]["results"]
        assert first["ruleId"] == "platform-missing"
        location = first["locations"][0]["physicalLocation"]
        assert location["artifactLocation"]["uri"] == "compose.yaml"
        assert location["region"]["startLine"] == 3
        assert second["ruleId"] == "built-here"
        root = ET.fromstring(stack.place.run(*words, "--junit", "-").stdout)  # noqa: S314 - ours
        assert [root.get(key) for key in ("failures", "errors", "skipped")] == ["1", "0", "1"]
