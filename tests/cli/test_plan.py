"""`polyarch plan`: what would be done, for every event, selection and state of the registries."""

import json
from collections.abc import Sequence
from pathlib import Path

import pytest

from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from tests.support.documents import PLAN, check
from tests.support.golden import compare, session
from tests.support.tiny_project import Said, TinyProject, github

GOLDEN = Path(__file__).parent / "golden" / "plan"

TWO = """\
[defaults]
platforms = ["linux/ppc64le", "linux/s390x"]
repositories = ["ghcr.io/team/{image}"]
[defaults.direct]
run = ["sh", "make.sh", "{out}/x", "{platform}"]
files = [{ from = "{out}/x", to = "/x" }]
[images.base.platform."linux/s390x"]
labels = { arm = "yes" }
[images.web]
direct = { base = "image:base" }
[images.web-admin]
platforms = ["linux/arm/v7"]
[groups]
release = ["web", "base"]
[environments.staging]
repositories = ["registry.internal:5000/staging/{image}"]
"""


@pytest.fixture
def several(project: TinyProject) -> TinyProject:
    project.toml(TWO)
    project.commit()
    return project


def planned(said: Said) -> dict[str, list[str]]:
    """The platforms of each image of a plan."""
    assert said.code == 0, said
    check(said.document, PLAN)
    return {
        image["name"]: [each["platform"] for each in image["platforms"]]
        for image in said.document["images"]
    }


def offline(project: TinyProject, *words: str) -> Said:
    return project.run("plan", "--offline", "--json", *words)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        ("offline", "plan --offline"),
        ("tag", "plan --offline --event push --ref refs/tags/v1.2.3"),
        ("pull-request", "plan --offline --event pull_request --ref refs/pull/7/merge"),
        ("sandbox", "plan --sandbox"),
        ("no-tags", "plan --offline --event push --ref refs/tags/nightly"),
    ],
)
def test_golden(project: TinyProject, name: str, words: str):
    project.toml((project.root / "polyarch.toml").read_text().replace(', "type=sha"', ""))
    project.commit()
    said = project.run(*words.split())
    compare(GOLDEN / f"{name}.txt", session(project, words, said))


def test_the_document(several: TinyProject):
    said = offline(several)
    assert planned(said) == {
        "base": ["linux/ppc64le", "linux/s390x"],
        "web": ["linux/ppc64le", "linux/s390x"],
        "web-admin": ["linux/arm/v7"],
    }
    document = said.document
    assert document["event"] == {
        "name": "local",
        "ref": "refs/heads/main",
        "sha": several.git("rev-parse", "HEAD"),
    }
    base, web, _ = document["images"]
    assert web["depends_on"] == ["base"]
    assert base["labels"]["org.opencontainers.image.revision"] == document["event"]["sha"]
    assert base["labels"]["org.opencontainers.image.created"] == "2026-01-02T03:04:05.000Z"
    assert base["annotations"]["manifest"] == {}
    keys = [each["input_key"] for image in document["images"] for each in image["platforms"]]
    assert len(set(keys)) == len(keys)


def test_it_writes_nothing(project: TinyProject):
    before = sorted(project.root.rglob("*"))
    project.run("plan", "--offline")
    assert [path for path in sorted(project.root.rglob("*")) if path not in before] == []


def test_the_same_plan_twice_and_from_a_folder_below(several: TinyProject):
    below = several.root / "a" / "b"
    below.mkdir(parents=True)
    first = offline(several)
    assert offline(several) == first
    assert several.run("plan", "--offline", "--json", folder=below) == first
    config = str(several.root / "polyarch.toml")
    outside = several.run("plan", "--offline", "--json", "-c", config, folder=several.root.parent)
    assert outside == first
    named = several.run("plan", "--offline", "--json", "-c", "../../polyarch.toml", folder=below)
    assert named == first


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["web"], ["web"]),
        (["web", "base"], ["base", "web"]),
        (["web*"], ["web", "web-admin"]),
        (["@release"], ["base", "web"]),
        (["web", "--with-dependencies"], ["base", "web"]),
        (["-p", "arm"], ["web-admin"]),
        (["-p", "ppc64el"], ["base", "web"]),
        (["*"], ["base", "web", "web-admin"]),
    ],
)
def test_selection(several: TinyProject, words: Sequence[str], expected: Sequence[str]):
    assert list(planned(offline(several, *words))) == expected


@pytest.mark.parametrize(
    "words",
    [
        ["-p", "linux/s390x,linux/arm/v7"],
        ["--platform", "linux/s390x", "--platform", "arm/v7"],
        ["--platform=s390x, armhf ,"],
        ["-pLINUX/S390X", "-p", "LINUX/ARM"],
    ],
)
def test_platforms_as_people_write_them(several: TinyProject, words: Sequence[str]):
    assert planned(offline(several, *words)) == {
        "base": ["linux/s390x"],
        "web": ["linux/s390x"],
        "web-admin": ["linux/arm/v7"],
    }


def test_a_child_alone_stands_on_the_published_base(several: TinyProject):
    alone = offline(several, "web").document["images"][0]
    both = offline(several, "web", "--with-dependencies").document["images"][1]
    assert alone["depends_on"] == both["depends_on"] == ["base"]
    assert (alone["bases"], both["bases"]) == ([], ["base"])
    assert alone["platforms"][0]["input_key"] != both["platforms"][0]["input_key"]


def test_env(several: TinyProject):
    [image] = offline(several, "base", "--env", "staging").document["images"]
    assert [each["repository"] for each in image["destinations"]] == [
        "registry.internal:5000/staging/base"
    ]


def test_now_is_the_clock_of_tags_and_of_nothing_else(several: TinyProject):
    several.toml("+[images.dated]\ntags = [\"type=schedule,pattern={{date 'YYYYMMDD'}}\"]\n")
    several.commit()
    words = ("dated", "--event", "schedule", "--ref", "refs/heads/main")
    [one] = offline(several, *words, "--now", "2031-05-06T07:08:09Z").document["images"]
    [other] = offline(several, *words, "--now", "2031-05-06T23:30:00-02:00").document["images"]
    assert (one["tags"], other["tags"]) == (["20310506"], ["20310507"])
    created = "org.opencontainers.image.created"
    assert one["labels"][created] == other["labels"][created] == "2026-01-02T03:04:05.000Z"


class TestChangedSince:
    def test_nothing(self, several: TinyProject):
        assert planned(offline(several, "--changed-since", "HEAD")) == {}

    def test_a_file_in_the_context_of_all(self, several: TinyProject):
        several.write({"make.sh": "exit 1\n"})
        assert len(planned(offline(several, "--changed-since", "HEAD"))) == 3
        several.commit()
        assert planned(offline(several, "--changed-since", "HEAD")) == {}
        assert len(planned(offline(several, "--changed-since", "HEAD~1"))) == 3

    def test_a_table_of_the_config_and_what_stands_on_it(self, several: TinyProject):
        several.toml("+\n")  # the text differs and means the same
        assert planned(offline(several, "--changed-since", "HEAD", "-c", "polyarch.toml"))
        several.write({".dockerignore": "polyarch.toml\n"})
        several.commit()
        several.toml("+[images.base]\n".replace("[images.base]", "[images.extra]"))
        found = planned(offline(several, "--changed-since", "HEAD"))
        assert list(found) == ["extra"]
        several.toml('+labels = { a = "b" }\n')
        several.commit()
        text = (several.root / "polyarch.toml").read_text()
        several.toml(text.replace('arm = "yes"', 'arm = "no"'))
        assert list(planned(offline(several, "--changed-since", "HEAD"))) == ["base", "web"]

    def test_ignored_files_change_nothing(self, several: TinyProject):
        several.write({".dockerignore": "docs\n"})
        several.commit()
        several.write({"docs/page.md": "words\n"})
        assert planned(offline(several, "--changed-since", "HEAD")) == {}

    def test_nothing_changed_is_no_error_anywhere(self, several: TinyProject):
        for verb in (["plan", "--offline"], ["build"], ["publish", "--sandbox"]):
            said = several.run(*verb, "--changed-since", "HEAD", "--json")
            assert said.code == 0, said
            assert not said.document.get("images")
            assert not said.document.get("parts")


def references(said: Said) -> list[list[tuple[str, str]]]:
    """For each destination of the first image what its tags have, and what would happen."""
    assert said.code == 0, said
    check(said.document, PLAN)
    return [
        [(each["current"]["state"], each["action"]) for each in destination["references"]]
        for destination in said.document["images"][0]["destinations"]
    ]


def reasons(said: Said) -> list[str | None]:
    """Why the first tag of each destination is unknown."""
    return [
        destination["references"][0]["current"]["reason"]
        for destination in said.document["images"][0]["destinations"]
    ]


Registries = tuple[SandboxRegistry, ...]


class TestRegistries:
    def test_absent_and_present(self, published: TinyProject, registries: Registries):
        assert references(published.run("plan", "--json")) == [[("absent", "create")] * 2] * 3
        sha = published.git("rev-parse", "HEAD")
        done = published.run("publish", "--json", more=github("push", "refs/heads/main", sha))
        assert done.code == 0, done
        said = published.run("plan", "--json")
        assert references(said) == [[("present", "move")] * 2] * 3
        current = said.document["images"][0]["destinations"][0]["references"][0]["current"]
        assert current["digest"] == done.document["images"][0]["digest"]
        assert (current["version"], current["revision"]) == ("main", sha)
        assert not [r for each in registries for r in each.requests if "authorization" in r.path]

    def test_what_cannot_be_asked_is_unknown(self, published: TinyProject, registries: Registries):
        registries[0].quirks = Quirks(refuse_login=True)
        registries[1].quirks = Quirks(down=True)
        said = published.run("plan", "--json")
        states = references(said)
        assert states[0] == states[1] == [("unknown", "unknown")] * 2
        assert states[2] == [("absent", "create")] * 2
        assert [bool(reason) for reason in reasons(said)] == [True, True, False]
        drawn = published.run("plan")
        squeezed = session(published, "plan", drawn, squeeze=True)
        compare(GOLDEN / "unknown.txt", squeezed)

    def test_a_throttled_registry_is_asked_again(
        self, published: TinyProject, registries: Registries
    ):
        registries[0].quirks = Quirks(throttled=1, retry_after="0")
        assert references(published.run("plan", "--json"))[0] == [("absent", "create")] * 2

    def test_offline_asks_nobody(self, published: TinyProject, registries: Registries):
        said = published.run("plan", "--offline", "--json")
        assert references(said) == [[("unknown", "unknown")] * 2] * 3
        assert [each.requests for each in registries] == [(), (), ()]

    def test_the_rehearsal_has_tags_of_its_own(
        self, published: TinyProject, registries: Registries
    ):
        assert published.run("publish", "--sandbox").code == 0
        said = published.run("plan", "--sandbox", "--json")
        assert references(said) == [[("present", "move")] * 2] * 3
        assert [each.requests for each in registries] == [(), (), ()]


def test_a_plan_is_the_same_as_the_one_that_is_kept(published: TinyProject):
    plan = published.run("plan", "--json").document
    assert published.run("publish", "--sandbox").code == 0
    kept = json.loads((published.runs[-1] / "plan.json").read_text())
    check(kept, PLAN)
    for document in (plan, kept):
        for image in document["images"]:
            del image["publish"], image["reason"]
            for platform in image["platforms"]:  # what was published is looked for by the second
                del platform["changes"]
    assert kept == plan
