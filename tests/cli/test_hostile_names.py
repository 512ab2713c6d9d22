"""Names from outside are data: of branches, tags, files, images, registries' answers."""

import json

import pytest

from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, refusal
from tests.support.documents import PLAN, check
from tests.support.tiny_project import TinyProject, github

BRANCHES = (
    "$(touch owned)",
    "`touch owned`",
    "x;touch owned",
    "--output=owned",
    "a\nb\n::error::hello",
    "a\x1b[2Jb",
    "größe-😀",
    "[bold]x[/bold]",
    "[/]",
    ":bug:",
    "{{branch}}",
    "{out}",
    "%s%n",
    "../../../etc/passwd",
    "a" * 300,
    "\udcff",
)

CONTROLS = {chr(code) for code in range(32)} - {"\n"} | {"\x7f"}


@pytest.fixture
def raw_tag(project: TinyProject) -> TinyProject:
    """Tags that do not depend on the branch, so that any branch can be planned."""
    text = (project.root / "polyarch.toml").read_text()
    project.toml(text.replace('"type=ref,event=branch"', '"type=raw,value=edge"'))
    project.commit()
    return project


@pytest.mark.parametrize("branch", BRANCHES)
def test_a_branch(raw_tag: TinyProject, branch: str):
    """In the CI's variables, which hold what somebody else has typed."""
    more = github("push", f"refs/heads/{branch}", raw_tag.git("rev-parse", "HEAD"))
    drawn = raw_tag.run("plan", "--offline", more=more)
    assert drawn.code == 0, drawn
    assert not CONTROLS & set(drawn.stdout + drawn.stderr)
    assert "\n::error::" not in drawn.stdout
    said = raw_tag.run("plan", "--offline", "--json", more=more)
    check(said.document, PLAN)
    built = raw_tag.run("build", "--json", more=more)
    assert built.code == 0, built
    kept = json.loads((raw_tag.runs[-1] / "plan.json").read_text())
    check(kept, PLAN)
    assert not list(raw_tag.root.parent.rglob("owned"))


@pytest.mark.parametrize("branch", BRANCHES)
def test_a_branch_that_becomes_a_tag(project: TinyProject, branch: str):
    """It becomes a proper tag, or the rule is refused with its name: never anything else."""
    more = github("push", f"refs/heads/{branch}", project.git("rev-parse", "HEAD"))
    said = project.run("plan", "--offline", "--json", more=more)
    assert said.code in {0, 2}, said
    if said.code == 0:
        for tag in said.document["images"][0]["tags"]:
            assert tag.isascii()
            assert len(tag) <= 128
            assert set(tag) <= set(
                "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_.-"
            )
    else:
        assert said.document["code"] == "invalid-tag"
        assert not CONTROLS & set(said.stderr)


@pytest.mark.parametrize("branch", [f"sha256-{'a' * 64}", "polyarch-lock"])
def test_a_branch_that_would_take_a_list_of_referrers_away(project: TinyProject, branch: str):
    more = github("push", f"refs/heads/{branch}", project.git("rev-parse", "HEAD"))
    said = project.run("plan", "--offline", "--json", more=more)
    assert (said.code, said.document["code"]) == (2, "reserved-tag"), said


def test_git_may_have_such_branches_itself(project: TinyProject):
    for branch in ("$(touch${IFS}owned)", "größe-😀", ";id", "-x"):
        project.git("update-ref", f"refs/heads/{branch}", "HEAD")
        project.git("symbolic-ref", "HEAD", f"refs/heads/{branch}")
        said = project.run("build", "--json")
        assert said.code in {0, 2}, said
    assert not list(project.root.parent.rglob("owned"))


@pytest.mark.parametrize(
    "word",
    [
        "--",
        "-x",
        "$(id)",
        "a\nb",
        "\x1b[31m",
        "😀",
        "@",
        "@@",
        "*[",
        "[",
        "..",
        "a/b",
        "\udcff",
        "",
    ],
)
def test_words_of_the_command_line(project: TinyProject, word: str):
    said = project.run("plan", "--offline", "--json", "--", word)
    assert said.code == 3, said
    assert not CONTROLS & set(said.stderr)
    assert len(said.stderr.splitlines()) == 3
    assert said.document["exit_code"] == 3


def test_bytes_that_are_no_text(project: TinyProject):
    said = project.process("plan", "--offline", "--json", b"\xff\xfe")
    assert said.code == 3
    assert said.document["code"] == "nothing-selected"
    said = project.process("plan", "-c", b"\xff.toml", "--json")
    assert said.code == 2
    assert said.document["code"] == "config-unreadable"


def test_files_of_any_name(project: TinyProject):
    for name in ("a b", "größe", "$(touch owned)", "new\nline", "-rf", "[x]", "{out}"):
        (project.root / name).write_text("x")
    project.toml(
        '[images.app]\nplatforms = ["linux/s390x"]\n'
        'direct = { files = [{ from = "*", to = "/all/" }] }\n'
    )
    project.commit()
    for words in (("build",), ("build", "--force"), ("plan", "--changed-since", "HEAD~1")):
        said = project.run(*words, "--json")
        assert said.code == 0, said
    assert not (project.root / "owned").exists()
    (project.root / "\udcff").write_text("no text in its name")
    said = project.run("build", "--json")
    assert (said.code, said.document["code"]) == (2, "laid-file")


def test_a_project_in_a_folder_of_any_name(project: TinyProject):
    for name in ("a b", "größe 😀", "$(id)", "[bold]", "it's", 'say "x"', "a,b=c", "new\nline"):
        folder = project.root.parent / name / "project"
        inside = TinyProject.make(folder)
        said = inside.run("build", "--json")
        assert said.code == 0, said
        said = inside.run("publish", "--sandbox", "--json")
        assert said.code == 0, said


WORDS = ("[/bold]", "[bold]x", ":bug:", "a\x1b[2Jb", "\r\nowned", "😀" * 10_000, "\ud800", "%s")


@pytest.mark.parametrize("words", WORDS)
def test_what_a_registry_says(
    published: TinyProject, registries: tuple[SandboxRegistry, ...], words: str
):
    async def rude(call: Call) -> Answer | None:
        return refusal(words, words, status=403) if call.target.item else None

    registries[0].quirks = Quirks(on_request=rude)
    drawn = published.run("plan")
    assert drawn.code == 0, drawn
    assert not CONTROLS & set(drawn.stdout)
    assert len(drawn.stdout) < 20_000
    said = published.run("plan", "--json")
    check(said.document, PLAN)


def test_hostile_annotations_of_an_image(
    published: TinyProject, registries: tuple[SandboxRegistry, ...]
):
    """What `plan` and `inspect` show of an index that somebody else has pushed."""
    index = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.index.v1+json",
        "manifests": [],
        "annotations": {
            "org.opencontainers.image.version": "[/]\x1b[2J",
            "org.opencontainers.image.revision": "\n::error::x",
            "[bold]": ":bug:",
        },
    }

    async def answer(call: Call) -> Answer | None:
        if call.method not in {"GET", "HEAD"} or not call.target.item:
            return None
        body = json.dumps(index).encode()
        return Answer(status=200, headers=(("Content-Type", str(index["mediaType"])),), body=body)

    registries[0].quirks = Quirks(on_request=answer)
    for words in (("plan",), ("inspect", f"{registries[0].host}/team/app:main")):
        drawn = published.run(*words)
        assert drawn.code == 0, drawn
        assert "\x1b" not in drawn.stdout
        assert "\n::error::" not in drawn.stdout
        said = published.run(*words, "--json")
        assert said.code == 0, said
        assert said.document["schema"].startswith("polyarch.")
