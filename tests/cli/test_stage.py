"""`polyarch build --stage`: parts go to registries by digest, and their records say so."""

import json
import signal
from pathlib import Path

import pytest

from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call, refusal
from tests.support.documents import BUILD, PART, STAGED, check
from tests.support.jobs import Jobs, blobs_sent, tags_put
from tests.support.tiny_project import TinyProject, github

Registries = tuple[SandboxRegistry, ...]
S390X = "linux/s390x"


@pytest.fixture
def jobs(published: TinyProject, tmp_path: Path) -> Jobs:
    return Jobs(project=published, folder=tmp_path / "jobs")


def record(project: TinyProject) -> dict[str, object]:
    path = project.root / ".polyarch" / "parts" / "app" / "linux-s390x.json"
    found: dict[str, object] = json.loads(path.read_text())
    return found


def holders(project: TinyProject) -> list[str]:
    """The repositories that the record of s390x names."""
    found = record(project)
    sources = found["sources"]
    assert isinstance(sources, list)
    assert sources[0] == "oci:linux-s390x"
    assert all(text.endswith(f"@{found['digest']}") for text in sources[1:])
    return [text.partition("@")[0] for text in sources[1:]]


def unasked(*registries: SandboxRegistry) -> bool:
    """Whether nobody has spoken to them at all."""
    return all(not registry.requests for registry in registries)


def untouched(*registries: SandboxRegistry) -> bool:
    """Whether nothing was sent there; what was published before may have been looked for."""
    return {each.method for one in registries for each in one.requests} <= {"GET", "HEAD"}


def test_one_platform_to_every_destination(jobs: Jobs, registries: Registries):
    said = jobs.stage("one", S390X)
    assert said.code == 0, said
    check(said.document, BUILD)
    check(said.document["staged"], STAGED)
    [part] = said.document["parts"]
    check(part, PART)
    assert part["platform"] == S390X
    assert (part["revision"], part["ci_run"]) == (
        jobs.sha,
        "https://github.com/team/project/actions/runs/42",
    )
    repositories = [f"{registry.host}/team/app" for registry in registries]
    assert holders(jobs.machine("one")) == repositories
    assert part["sources"] == record(jobs.machine("one"))["sources"]
    staged = said.document["staged"]
    assert staged["done"] is True
    assert [(each["repository"], each["status"]) for each in staged["parts"]] == [
        (repository, "staged") for repository in repositories
    ]
    assert {each["digest"] for each in staged["parts"]} == {part["digest"]}
    assert tags_put(*registries) == []
    for registry in registries:
        manifests = [r.path for r in registry.requests if r.method == "PUT" and "/man" in r.path]
        assert [path.rpartition("/")[2] for path in manifests] == [part["digest"]]


def test_stdout_is_as_ever(jobs: Jobs):
    machine = jobs.machine("one")
    plain = machine.run("build", more=jobs.event)
    staged = machine.run("build", "--stage", more=jobs.event)
    assert staged.code == 0
    assert staged.stdout == plain.stdout
    assert "polyarch publish --parts" in staged.stderr


def test_without_the_option_nothing_is_sent(jobs: Jobs, registries: Registries):
    said = jobs.machine("one").run("build", "--json", more=jobs.event)
    assert said.document["staged"] is None
    assert untouched(*registries)


def test_staging_again_sends_nothing(jobs: Jobs, registries: Registries):
    jobs.stage("one", S390X)
    for registry in registries:
        registry.forget_requests()
    said = jobs.stage("one", S390X)
    assert (said.code, said.document["parts"][0]["reused"]) == (0, True)
    assert [blobs_sent(registry) for registry in registries] == [[], [], []]


def test_a_build_of_another_commit_does_not_claim_to_be_staged(jobs: Jobs):
    jobs.stage("one", S390X)
    machine = jobs.machine("one")
    machine.commit("The same")
    assert machine.run("build", "-p", S390X, "--json").document["parts"][0]["reused"] is True
    assert holders(machine) == []


class TestStageTo:
    def test_one_repository_in_the_config(self, jobs: Jobs, registries: Registries):
        host = registries[2].host
        jobs.project.toml(f'+[publish]\nstage-to = "{host}/parts/{{image}}"\n')
        jobs.project.commit()
        said = jobs.stage("one", S390X)
        assert said.code == 0, said
        assert holders(jobs.machine("one")) == [f"{host}/parts/app"]
        assert untouched(*registries[:2])

    def test_or_on_the_command_line(self, jobs: Jobs, registries: Registries):
        host = registries[0].host
        jobs.project.toml('+[publish]\nstage-to = "nowhere.example/parts"\n')
        jobs.project.commit()
        said = jobs.stage("one", S390X, "--stage-to", f"{host}/all/{{image}}/parts")
        assert said.code == 0, said
        assert holders(jobs.machine("one")) == [f"{host}/all/app/parts"]

    @pytest.mark.parametrize("text", ["", "x:tag", "team/Upper", "a/{imag}"])
    def test_what_is_no_repository(self, jobs: Jobs, text: str):
        said = jobs.stage("one", S390X, "--stage-to", text)
        assert (said.code, said.document["code"]) == (2, "invalid-override")

    @pytest.mark.parametrize("words", [("--stage-to", "a/b"), ("--sandbox",)])
    def test_alone_it_says_nothing(self, jobs: Jobs, words: tuple[str, ...]):
        said = jobs.machine("one").run("build", "--json", *words)
        assert (said.code, said.document["code"]) == (2, "lonely-option")


class TestWhoMay:
    """The same policy as for publishing: what may not publish, builds, and is told why not more."""

    @pytest.mark.parametrize(
        ("event", "reason"),
        [
            (("pull_request", "refs/pull/7/merge"), "a pull request never publishes"),
            (("push", "refs/heads/feature"), "does not list `push refs/heads/feature`"),
        ],
    )
    def test_an_event_that_may_not(
        self, jobs: Jobs, registries: Registries, event: tuple[str, str], reason: str
    ):
        machine = jobs.machine("one")
        more = github(*event, jobs.sha)
        said = machine.run("build", "--stage", "--json", more=more)
        assert said.code == 0
        assert len(said.document["parts"]) == 2
        staged = said.document["staged"]
        assert (staged["done"], staged["parts"]) == (False, [])
        assert reason in staged["reason"]
        assert "nothing was staged: " in said.stderr
        assert holders(machine) == []
        assert unasked(*registries)

    def test_a_laptop(self, jobs: Jobs, registries: Registries):
        said = jobs.machine("one").run("build", "--stage", "--json")
        assert (said.code, said.document["staged"]["done"]) == (0, False)
        assert "a local run" in said.document["staged"]["reason"]
        assert unasked(*registries)

    def test_an_image_without_tags_stays_here(self, jobs: Jobs):
        jobs.project.toml(
            '+[images.quiet]\ntags = ["type=ref,event=tag"]\n'
            'direct = { files = [{ from = "make.sh", to = "/" }] }\n'
        )
        jobs.project.commit()
        said = jobs.stage("one", S390X)
        assert said.code == 0, said
        assert {part["image"] for part in said.document["parts"]} == {"app", "quiet"}
        assert {part["image"] for part in said.document["staged"]["parts"]} == {"app"}
        assert "note: `quiet` is not staged: no tag rule gives a tag" in said.stderr

    def test_the_sandbox_takes_every_event(self, jobs: Jobs, registries: Registries):
        machine = jobs.machine("one")
        said = machine.run("build", "--stage", "--sandbox", "--json", "-p", S390X)
        assert (said.code, said.document["staged"]["done"]) == (0, True)
        assert unasked(*registries)
        assert list((machine.root / ".polyarch" / "sandbox").rglob("*"))


class TestRefusals:
    def test_before_anything_is_built(self, jobs: Jobs, registries: Registries):
        registries[1].quirks = Quirks(denied_actions=frozenset({"push"}))
        said = jobs.stage("one", S390X)
        assert said.code == 7
        check(said.document, BUILD)
        check(said.document["staged"], STAGED)
        assert [each["status"] for each in said.document["staged"]["parts"]] == [
            "skipped", "failed", "skipped",
        ]  # fmt: skip
        assert said.document["staged"]["parts"][1]["error"]["code"] == "denied"
        assert said.document["parts"] == []
        assert not (jobs.machine("one").root / ".polyarch" / "parts").exists()
        assert "nothing was staged: a repository was ruled out" in said.stderr

    def test_with_continue_one_that_holds_it_is_enough(self, jobs: Jobs, registries: Registries):
        jobs.project.toml('+[publish]\non-registry-failure = "continue"\n')
        jobs.project.commit()
        registries[0].quirks = Quirks(denied_actions=frozenset({"push"}))
        said = jobs.stage("one", S390X)
        assert said.code == 0, said
        assert holders(jobs.machine("one")) == [f"{r.host}/team/app" for r in registries[1:]]
        assert f"{registries[0].host}/team/app: failed" in said.stderr

    def test_with_continue_and_nobody_that_holds_it(self, jobs: Jobs, registries: Registries):
        jobs.project.toml('+[publish]\non-registry-failure = "continue"\n')
        jobs.project.commit()
        for registry in registries:
            registry.quirks = Quirks(denied_actions=frozenset({"push"}))
        said = jobs.stage("one", S390X)
        assert (said.code, said.document["staged"]["done"]) == (7, False)
        assert not (jobs.machine("one").root / ".polyarch" / "parts").exists(), "nothing was built"

    def test_with_continue_and_nobody_that_goes_on_taking_it(
        self, jobs: Jobs, registries: Registries
    ):
        async def full(call: Call) -> Answer | None:
            manifest = call.method == "PUT" and call.target.kind is Kind.MANIFEST
            return refusal("DENIED", "quota exceeded") if manifest else None

        jobs.project.toml('+[publish]\non-registry-failure = "continue"\n')
        jobs.project.commit()
        for registry in registries:
            registry.quirks = Quirks(on_request=full)
        said = jobs.stage("one", S390X)
        assert (said.code, said.document["staged"]["done"]) == (7, False), said
        assert "nothing was staged: no repository has taken it" in said.stderr

    def test_a_build_that_fails_stages_nothing(self, jobs: Jobs, registries: Registries):
        jobs.project.write({"make.sh": 'case "$2" in *s390x) exit 3;; esac\nprintf x > "$1"\n'})
        jobs.project.commit()
        said = jobs.machine("one").run("build", "--stage", "--json", more=jobs.event)
        assert said.code == 1
        assert [blobs_sent(registry) for registry in registries] == [[], [], []]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupt_leaves_no_tag_and_no_claim(
    jobs: Jobs, registries: Registries, number: signal.Signals
):
    machine = jobs.machine("one")
    process = machine.start("build", "--stage", "--json", more=jobs.event)

    async def interrupt(call: Call) -> Answer | None:
        if call.method == "PUT" and call.target.kind is Kind.MANIFEST:
            process.send_signal(number)
        return None

    registries[2].quirks = Quirks(on_request=interrupt)
    _, stderr = process.communicate(timeout=60)
    assert process.returncode == 130, stderr
    assert tags_put(*registries) == []
    assert holders(machine) == []
