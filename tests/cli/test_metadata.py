"""`metadata`: the action's place in a workflow, the config on a laptop, and names from outside."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.support.documents import METADATA, check
from tests.support.forge_api import ForgeApi, forge_api, says
from tests.support.golden import compare, session
from tests.support.runner_files import runner_reads
from tests.support.tiny_project import Said, TinyProject, github

SHA = "860c1904a1ce19322e91ac35af1ab07466440c37"
RELEASE = "refs/tags/v1.2.3"

OUTPUTS = {
    "version", "tags", "tag-names", "labels", "annotations", "json",
    "bake-file", "bake-file-tags", "bake-file-labels", "bake-file-annotations",
}  # fmt: skip

EXPORTED = {
    "VERSION", "TAGS", "TAG_NAMES", "LABELS", "ANNOTATIONS", "JSON",
    "BAKE_FILE", "BAKE_FILE_TAGS", "BAKE_FILE_LABELS", "BAKE_FILE_ANNOTATIONS",
}  # fmt: skip

HOSTILE = (
    "$(touch owned)",
    "`touch owned`",
    "\"'\\",
    "a\nb\n::error::hello",
    "a\x1b[2Jb\x07",
    "a" * 300,
    "größe-😀",
    "../../../etc/passwd",
    "%0A::set-output name=tags::x",
    "::set-output name=tags::x",
    "ghadelimiter_00000000-0000-0000-0000-000000000000",
    "x\nghadelimiter_0\ntags<<E\nowned\nE",
    "tags=owned",
    "tags<<EOF",
    "[bold]x[/bold] [/] :bug: {{branch}} {out}",
    "a\rb\u2028c\u202ed",
    "\udcff",
)

CONTROLS = {chr(code) for code in range(32)} - {"\n"} | {chr(code) for code in range(127, 160)}


@dataclass(frozen=True, kw_only=True)
class Step:
    """One step of a job: what it is given, and the files that it writes to."""

    project: TinyProject
    folder: Path

    @property
    def output(self) -> Path:
        return self.folder / "output"

    @property
    def exported(self) -> Path:
        return self.folder / "env"

    def run(self, *words: str, ref: str = "refs/heads/main", **more: str) -> Said:
        for path in (self.output, self.exported):
            path.write_text("")
        files = {
            "GITHUB_OUTPUT": str(self.output),
            "GITHUB_ENV": str(self.exported),
            "RUNNER_TEMP": str(self.folder),
            "GITHUB_API_URL": "http://127.0.0.1:9",
        }
        environment = {**github("push", ref, SHA), **files, **more}
        return self.project.run("metadata", *words, more=environment)

    def outputs(self) -> dict[str, str]:
        return runner_reads(self.output)

    def environment(self) -> dict[str, str]:
        return runner_reads(self.exported)


@pytest.fixture
def step(project: TinyProject, tmp_path: Path) -> Step:
    folder = tmp_path / "runner"
    folder.mkdir()
    return Step(project=project, folder=folder)


def lines(text: str) -> list[str]:
    return text.splitlines()


def inputs(**texts: str) -> Mapping[str, str]:
    """As a runner spells them: upper case, minus signs and all."""
    return {f"INPUT_{name.upper().replace('_', '-')}": text for name, text in texts.items()}


def test_it_takes_the_place_of_the_action(step: Step):
    tags = "type=ref,event=branch\n# a comment\ntype=semver,pattern={{version}}\ntype=sha\n"
    said = step.run(
        ref=RELEASE,
        **inputs(
            images="GHCR.io/Team/App\nteam/app", tags=tags, labels="a=b\nc={{tag}}", flavor=""
        ),
    )
    assert said.code == 0, said
    names = ["1.2.3", "sha-860c190", "latest"]
    tags_made = [f"{image}:{tag}" for image in ("ghcr.io/team/app", "team/app") for tag in names]
    assert lines(said.stdout) == tags_made
    outputs = step.outputs()
    assert outputs.keys() == OUTPUTS
    assert outputs["version"] == "1.2.3"
    assert outputs["tags"] == "\n".join(tags_made)
    assert outputs["tag-names"] == "\n".join(names)
    assert "\nc=v1.2.3\n" in outputs["labels"]
    assert outputs["annotations"].startswith("manifest:org.opencontainers.image.created=")
    assert json.loads(outputs["json"])["tag-names"] == names
    files = {name: Path(outputs[name]) for name in OUTPUTS if name.startswith("bake-file")}
    assert {path.name for path in files.values()} == {
        "docker-metadata-action-bake.json",
        "docker-metadata-action-bake-tags.json",
        "docker-metadata-action-bake-labels.json",
        "docker-metadata-action-bake-annotations.json",
    }
    assert {path.parent.parent for path in files.values()} == {step.folder}
    target = json.loads(files["bake-file"].read_text())["target"]["docker-metadata-action"]
    assert target["args"] == {
        "DOCKER_META_IMAGES": "ghcr.io/team/app,team/app",
        "DOCKER_META_VERSION": "1.2.3",
    }
    environment = step.environment()
    assert environment.keys() == {f"DOCKER_METADATA_OUTPUT_{name}" for name in EXPORTED}
    assert environment["DOCKER_METADATA_OUTPUT_TAG_NAMES"] == outputs["tag-names"]
    assert environment["DOCKER_METADATA_OUTPUT_BAKE_FILE"] == outputs["bake-file"]


def test_inputs_that_a_runner_leaves_empty_are_the_action_s_defaults(step: Step):
    empty = dict.fromkeys(
        ("images", "tags", "flavor", "labels", "annotations", "sep_tags", "bake_target"), ""
    )
    said = step.run(**inputs(**empty, context="workflow"))
    assert said.stdout == "main\n", said


def test_the_token_and_the_context_alone_ask_for_nothing(step: Step):
    said = step.run("--output", "tag-names", **inputs(context="workflow", github_token="t"))
    assert lines(said.stdout) == ["main", "sha-860c190"], said
    assert "ghcr.io/team/app:main" in step.outputs()["tags"]


def test_underscores_do_as_well(step: Step):
    said = step.run("--tags", "a", "--images", "x,y", INPUT_SEP_TAGS=", ")
    assert said.stdout == "x:a, y:a\n"


def test_options_win_and_may_be_repeated(step: Step):
    said = step.run("--tags", "type=raw,a", "--tags", "type=raw,b", **inputs(tags="c", images="x"))
    assert lines(said.stdout) == ["x:a", "x:b"]


@pytest.mark.parametrize(
    ("given", "tags"),
    [
        # A line is a comment only if `#` is its very first character.
        ("type=raw,value=a # note", ["a-note"]),
        ("a\n # b\n#c\nd", ["a", "-b", "d"]),
        # The first pass takes the quotes away, the second splits at the comma.
        (r'type=match,"pattern=\d{1,2}"', []),
        (r'"type=match,""pattern=\d{1,2}"""', ["20"]),
    ],
)
def test_both_passes_are_made_of_raw_text(step: Step, given: str, tags: list[str]):
    said = step.run("--tags", given, ref="refs/tags/v20")
    assert [tag for tag in lines(said.stdout) if tag not in {"latest", ""}] == tags, said


def test_a_second_quote_layer_is_refused(step: Step):
    said = step.run("--tags", 'type=raw,value="x"')
    assert said.code == 2, said


@pytest.mark.parametrize(
    ("switch", "exported"),
    [("", True), ("true", True), ("T", True), ("1", True), ("false", False), ("F", False)],
)
def test_the_switch_for_the_environment(step: Step, switch: str, exported: bool):
    said = step.run("--tags", "a", DOCKER_METADATA_SET_OUTPUT_ENV=switch)
    assert said.code == 0
    assert bool(step.environment()) == exported
    assert step.outputs().keys() == OUTPUTS


@pytest.mark.parametrize(
    ("more", "told"),
    [
        ({"DOCKER_METADATA_SET_OUTPUT_ENV": "yes"}, "DOCKER_METADATA_SET_OUTPUT_ENV"),
        ({"DOCKER_METADATA_SHORT_SHA_LENGTH": "seven"}, "seven"),
        ({"INPUT_CONTEXT": "Workflow"}, "workflow"),
    ],
)
def test_a_switch_that_says_nothing_is_an_error(step: Step, more: dict[str, str], told: str):
    said = step.run("--tags", "type=sha", **more)
    assert said.code == 2, said
    assert told in said.stderr
    assert not step.outputs(), "an error is told before anything is written"


def test_switches_of_the_action(step: Step):
    said = step.run(
        "--tags", "type=sha",
        DOCKER_METADATA_SHORT_SHA_LENGTH="0xc",
        DOCKER_METADATA_ANNOTATIONS_LEVELS="index,a:b",
    )  # fmt: skip
    assert lines(said.stdout) == [f"sha-{SHA[:12]}"]
    outputs = step.outputs()
    assert {line.partition(":org")[0] for line in lines(outputs["annotations"])} == {"index", "a:b"}
    baked = json.loads(Path(outputs["bake-file-annotations"]).read_text())
    made = baked["target"]["docker-metadata-action"]["annotations"]
    assert {line.partition(":org")[0] for line in made} == {"index", "a"}


def test_the_head_of_a_pull_request(step: Step, tmp_path: Path):
    head = "f" * 40
    payload = {"number": 15, "pull_request": {"head": {"sha": head}, "base": {"ref": "main"}}}
    (tmp_path / "event.json").write_text(json.dumps(payload))
    more = {"GITHUB_EVENT_NAME": "pull_request", "GITHUB_EVENT_PATH": str(tmp_path / "event.json")}
    rules = ("--tags", "type=ref,event=pr\ntype=sha")
    said = step.run(*rules, ref="refs/pull/15/merge", **more)
    assert lines(said.stdout) == ["pr-15", "sha-860c190"]
    for switch in ("TRUE", "untrue"):
        said = step.run(
            *rules, ref="refs/pull/15/merge", DOCKER_METADATA_PR_HEAD_SHA=switch, **more
        )
        assert lines(said.stdout) == ["pr-15", "sha-fffffff"]
    assert f"revision={head}" in step.outputs()["labels"]


def test_the_forge_is_asked(step: Step):
    with forge_api() as api:
        answer_of_the_forge(api)
        said = step.run(
            "--tags", "type=edge\ntype=raw,value={{commit_date 'YYYYMMDD'}}",
            ref="refs/heads/trunk",
            GITHUB_API_URL=api.url,
            GITHUB_TOKEN="s3cret-token",
        )  # fmt: skip
    assert said.code == 0, said
    assert lines(said.stdout) == ["edge", "20200110"]
    labels = lines(step.outputs()["labels"])
    assert "org.opencontainers.image.licenses=MIT" in labels
    assert "org.opencontainers.image.description=what it is" in labels
    assert "s3cret-token" not in said.stdout + said.stderr
    assert "s3cret-token" not in step.output.read_text() + step.exported.read_text()


def answer_of_the_forge(api: ForgeApi) -> None:
    api.answers["/repos/team/project"] = says(
        {
            "name": "project",
            "full_name": "team/project",
            "description": "what it is",
            "html_url": "https://github.com/team/project",
            "default_branch": "trunk",
            "license": {"spdx_id": "MIT"},
        }
    )
    api.answers[f"/repos/team/project/commits/{SHA}"] = says(
        {"sha": SHA, "commit": {"committer": {"date": "2020-01-10T00:30:00Z"}}}
    )


def test_a_forge_that_cannot_be_asked_is_a_warning(step: Step):
    said = step.run("--tags", "a")
    assert said.code == 0
    assert said.stderr.startswith("::warning::")


def test_context_git_is_what_is_checked_out(step: Step, project: TinyProject):
    sha = project.git("rev-parse", "HEAD")
    said = step.run("--context", "git", "--tags", "type=ref,event=branch\ntype=sha", ref=RELEASE)
    assert lines(said.stdout) == ["main", f"sha-{sha[:7]}"]
    project.git("tag", "v9")
    project.git("checkout", "--quiet", "--detach")
    said = step.run("--context", "git", "--tags", "type=ref,event=tag", ref=RELEASE)
    assert lines(said.stdout)[0] == "v9", said


def test_context_git_without_a_work_tree(step: Step, tmp_path: Path):
    bare = TinyProject.make(tmp_path / "elsewhere" / "bare", git=False)
    said = Step(project=bare, folder=step.folder).run("--context", "git", "--tags", "type=sha")
    assert said.code == 2, said


# by the config


def test_the_config_says_it_all(step: Step):
    said = step.run()
    assert lines(said.stdout) == [
        f"{repository}:{tag}"
        for repository in ("ghcr.io/team/app", "docker.io/team/app")
        for tag in ("main", "sha-860c190")
    ], said
    annotations = lines(step.outputs()["annotations"])
    assert all(line.startswith("index:") for line in annotations)


def test_it_gives_what_a_plan_gives(project: TinyProject):
    words = ("--event", "push", "--ref", RELEASE, "--json")
    planned = project.run("plan", "--offline", *words).document["images"][0]
    named = project.run("metadata", *words).document
    check(named, METADATA)
    assert named["tag_names"] == planned["tags"]

    def without_created(pairs: Mapping[str, str]) -> dict[str, str]:
        return {key: text for key, text in pairs.items() if not key.endswith(".created")}

    assert without_created(named["labels"]) == without_created(planned["labels"])
    annotations = dict(line.removeprefix("index:").split("=", 1) for line in named["annotations"])
    assert without_created(annotations) == without_created(planned["annotations"]["index"])


def test_created_is_the_clock(project: TinyProject):
    named = project.run("metadata", "--json", "--now", "2030-01-02T03:04:05Z").document
    assert named["labels"]["org.opencontainers.image.created"] == "2030-01-02T03:04:05.000Z"


def test_an_invalid_tag_is_given_unchanged_and_told(project: TinyProject):
    long = "a" * 300
    words = ("--event", "push", "--ref", f"refs/heads/{long}")
    named = project.run("metadata", *words, "--json")
    assert named.code == 0, named
    assert named.document["tag_names"][0] == long
    assert any(long[:20] in warning for warning in named.document["warnings"])
    assert project.run("plan", "--offline", *words).code == 2


def test_several_images_need_a_name(project: TinyProject):
    project.toml('+\n[images.tool.direct]\nfiles = [{ from = "make.sh", to = "/make.sh" }]\n')
    said = project.run("metadata")
    assert said.code == 2
    assert "app" in said.stderr
    assert "tool" in said.stderr
    assert project.run("metadata", "tool").stdout.startswith("ghcr.io/team/tool:main\n")
    assert project.run("metadata", "tol").code == 3


def test_an_image_and_inputs_do_not_go_together(project: TinyProject):
    said = project.run("metadata", "app", "--tags", "a")
    assert said.code == 2, said


# for people


@pytest.mark.parametrize("name", sorted(OUTPUTS))
def test_any_output_can_be_printed(step: Step, name: str):
    said = step.run("--images", "x", "--output", name)
    assert said.code == 0
    text = step.outputs()[name]
    if name.startswith("bake-file"):
        text = Path(text).read_text()
    assert said.stdout.rstrip("\n") == text.rstrip("\n")


def test_every_rule_is_explained(project: TinyProject):
    words = ("--event", "push", "--ref", RELEASE)
    named = project.run("metadata", *words, "--json").document["explanations"]
    assert [each["rule"] for each in named] == [
        "type=semver,pattern={{version}}", "type=ref,event=branch", "type=sha", "flavor",
    ]  # fmt: skip
    sha = f"sha-{revision(project)[:7]}"
    assert [each["tag"] for each in named] == ["1.2.3", None, sha, "latest"]
    assert all(each["reason"] for each in named)
    told = project.run("metadata", *words, "--explain")
    assert "type=ref,event=branch" in told.stdout + told.stderr
    assert lines(told.stdout)[-1].startswith("docker.io/team/app:")


def revision(project: TinyProject) -> str:
    return project.git("rev-parse", "HEAD")


@pytest.mark.parametrize(
    ("rule", "told"),
    [
        ("type=semvr,pattern=x", ("type=semvr,pattern=x", "semver")),
        ("type=semver,patern=x", ("type=semver,patern=x", "pattern")),
        ("type=ref,event=brnch", ("event", "branch")),
        ("type=sha,format=shrt", ("format", "short")),
        ("type=raw,value=a,enable=ja", ("enable", "true")),
        ("type=raw,value={{nope 'x'}}", ("type=raw", "nope")),
        ("type=match,pattern=(", ("type=match", "pattern")),
    ],
)
def test_a_wrong_rule_names_attribute_and_the_right_one(
    step: Step, rule: str, told: tuple[str, ...]
):
    said = step.run("--tags", rule, ref=RELEASE)
    assert said.code == 2, said
    for word in told:
        assert word in said.stderr, said
    assert not step.outputs()


# names from outside


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("kind", ["heads", "tags"])
def test_no_name_breaks_out(step: Step, name: str, kind: str):
    rules = (
        "type=ref,event=branch\ntype=ref,event=tag\ntype=raw,value={{{branch}}}{{{tag}}},suffix=-x"
    )
    pairs = "name={{{branch}}}{{{tag}}}\n{{{branch}}}{{{tag}}}=name"
    said = step.run(
        "--images", "x", "--tags", rules, "--labels", pairs, "--annotations", pairs, "--explain",
        ref=f"refs/{kind}/{name}",
    )  # fmt: skip
    assert said.code == 0, said
    outputs, environment = step.outputs(), step.environment()
    assert outputs.keys() == OUTPUTS
    assert environment.keys() == {f"DOCKER_METADATA_OUTPUT_{each}" for each in EXPORTED}
    for text in outputs["tags"].split("\n"):
        assert text.isascii()
        assert not set(text.removeprefix("x:")) & set(" $`'\"\\:/%<>()\x1b\r")
    visible = name.replace("\udcff", "\ufffd")
    assert f"\nname={visible}" in "\n" + outputs["labels"]
    assert not CONTROLS & set(said.stderr)
    assert "\n::" not in said.stdout
    assert not [
        line for line in lines(said.stderr) if line.startswith("::") and "warning" not in line
    ]
    assert not list(step.project.root.parent.rglob("owned"))


@pytest.mark.parametrize("name", HOSTILE)
@pytest.mark.parametrize("output", ["labels", "annotations", "json", "tags"])
def test_nothing_printed_breaks_the_terminal(project: TinyProject, name: str, output: str):
    more = github("push", f"refs/heads/{name}", SHA, GITHUB_API_URL="http://127.0.0.1:9")
    words = ("--tags", "type=ref,event=branch", "--labels", "n={{{branch}}}",
             "--annotations", "n={{{branch}}}")  # fmt: skip
    call = ("metadata", *words, "--explain", "--output", output)
    said = project.run(*call, more=more, on_terminal=True)
    assert said.code == 0, said
    assert not (CONTROLS | {"\u2028", "\u202e"}) & set(said.stdout + said.stderr)


@pytest.mark.parametrize("name", HOSTILE)
def test_the_config_takes_any_name_too(step: Step, name: str):
    said = step.run("--json", ref=f"refs/heads/{name}")
    assert said.code == 0, said
    check(json.loads(said.stdout), METADATA)
    assert step.outputs().keys() == OUTPUTS


def test_a_value_with_surrogates_reaches_the_files(step: Step, tmp_path: Path):
    (tmp_path / "event.json").write_text('{"repository": {"default_branch": "\\ud800"}}')
    said = step.run(
        "--tags", "a", "--labels", "\udcff=\udcfe", GITHUB_EVENT_PATH=str(tmp_path / "event.json")
    )
    assert said.code == 0, said
    assert "\ufffd=\ufffd" in step.outputs()["labels"]


def test_an_output_file_that_cannot_be_written(step: Step, tmp_path: Path):
    places = {"GITHUB_OUTPUT": str(tmp_path / "no" / "file"), "RUNNER_TEMP": str(tmp_path)}
    more = github("push", "refs/heads/main", SHA, **places)
    said = step.project.run("metadata", "--tags", "a", more=more)
    assert said.code == 4
    assert places["GITHUB_OUTPUT"] in said.stderr
    assert "Traceback" not in said.stderr


def test_it_loads_nothing_that_it_does_not_need(project: TinyProject):
    said = project.process(
        "metadata", "--tags", "a",
        more={"PYTHONPROFILEIMPORTTIME": "1", **github("push", "refs/heads/main", SHA)},
    )  # fmt: skip
    loaded = {line.rpartition("|")[2].strip() for line in lines(said.stderr)}
    assert "polyarch.metadata.version" in loaded
    assert not {"aiohttp", "asyncio", "rich.console", "rich.table", "tomlkit"} & loaded


@pytest.mark.parametrize("name", HOSTILE)
def test_no_rule_with_a_name_in_it_breaks_the_terminal(project: TinyProject, name: str):
    """A workflow that writes a branch's name into a rule hands over what somebody has typed."""
    quoted = name.replace('"', '""')
    for rule in (f"type=raw,value={quoted},more={quoted}", f"type={quoted}", f"enable={quoted},x"):
        call = ("metadata", "--tags", f'"{rule}"', "--images", f'"{quoted}"', "--explain")
        said = project.run(*call, on_terminal=True)
        assert said.code in {0, 2}, said
        assert not (CONTROLS | {"\u2028", "\u202e"}) & set(said.stdout + said.stderr)
        assert project.run(*call, "--json").code == said.code


GOLDEN = Path(__file__).parent / "golden" / "metadata"

SESSIONS = {
    "explain": "--event push --ref refs/tags/v1.2.3 --explain",
    "nothing": "--tags type=schedule",
    "context": "--context workflw --tags a",
    "flavor": "--flavor latst=true",
    "image": "--images a/b,enabl=true",
    "rule-type": "--tags type=semvr,pattern=x",
    "rule-attribute": "--tags type=semver,patern=x",
    "rule-event": "--tags type=ref,event=brnch",
    "rule-group": "--tags type=match,pattern=a,group=x",
    "rule-expression": "--tags type=raw,value={{dat}}{{dat'x'}}",
    "with-image": "app --tags a",
    "unknown-image": "ap",
}


@pytest.mark.parametrize("name", SESSIONS)
def test_what_is_said_word_by_word(project: TinyProject, name: str):
    said = project.run("metadata", *SESSIONS[name].split())
    compare(GOLDEN / f"{name}.txt", session(project, f"metadata {SESSIONS[name]}", said))
