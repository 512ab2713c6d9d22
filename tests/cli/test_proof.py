"""What is proven of an image before anything is sent, told, kept with parts and handed on."""

import json
from pathlib import Path

import pytest

from polyarch.sandbox.server import SandboxRegistry
from tests.support.documents import ERROR, PUBLISH, check
from tests.support.jobs import blobs_read, tags_put
from tests.support.programs import program
from tests.support.proven_project import (
    AMD64,
    ARM64,
    jobs_of,
    levels,
    platforms_of,
    proof_of,
    proven_project,
    publish,
    put_program,
    writes,
)
from tests.support.tiny_project import TinyProject

Registries = tuple[SandboxRegistry, ...]


@pytest.fixture
def honest(tmp_path: Path, registries: Registries) -> TinyProject:
    return proven_project(tmp_path / "project", registries)


@pytest.fixture
def lying(tmp_path: Path, registries: Registries) -> TinyProject:
    """The image for arm64 holds the program for amd64."""
    return proven_project(tmp_path / "project", registries, programs={ARM64: program(AMD64)})


class TestFiles:
    def test_honest_platforms(self, honest: TinyProject):
        said = publish(honest)
        assert said.code == 0, said
        check(said.document, PUBLISH)
        assert levels(said.document) == {AMD64: "deep", ARM64: "deep"}
        assert "app linux/arm64: proven by its files" in said.stderr
        found = platforms_of(honest)[ARM64]
        assert (found["ok"], found["how"], found["reused"]) == (True, "read", False)
        assert found["checked"]["binaries"] == 1
        assert found["findings"] == found["smoke"] == []

    def test_a_lie_is_found_before_anything_is_sent(
        self, lying: TinyProject, registries: Registries
    ):
        said = publish(lying)
        assert said.code == 1, said
        check(said.document, ERROR)
        assert said.document["code"] == "verification"
        [first, second] = said.document["message"].splitlines()
        assert first == "`app` is not what it says"
        assert second.startswith("  linux/arm64: /app: ")
        assert "amd64" in second
        assert writes(*registries) == []
        assert tags_put(*registries) == []
        found = platforms_of(lying)
        assert [found[each]["ok"] for each in (AMD64, ARM64)] == [True, False]
        assert found[ARM64]["level"] is None
        assert found[ARM64]["findings"][0]["code"] == "wrong-architecture"
        assert proof_of(lying)["ok"] is False

    def test_a_build_finds_it_too_and_keeps_what_held(self, lying: TinyProject):
        said = lying.run("build", "--json")
        assert said.code == 1, said
        proofs = {part["platform"]: part["proofs"] for part in said.document["parts"]}
        assert [proof["level"] for proof in proofs[AMD64]] == ["deep"]
        assert proofs[ARM64] == []
        assert said.document["error"]["code"] == "verification"
        again = lying.run("build")
        assert "app linux/amd64: was proven by its files" in again.stderr
        assert "app linux/arm64: not proven" in again.stderr
        assert again.code == 1

    def test_a_build_that_stages_sends_nothing_of_it(
        self, lying: TinyProject, registries: Registries
    ):
        event = {"GITHUB_RUN_ID": "7"}
        jobs = jobs_of(lying, lying.root.parent / "jobs")
        said = jobs.stage("one", ARM64, **event)
        assert said.code == 1, said
        assert writes(*registries) == []

    def test_what_the_project_allows_is_told_by_nobody(
        self, tmp_path: Path, registries: Registries
    ):
        project = proven_project(
            tmp_path / "project", registries,
            more='\n[images.app.platform.arm64]\ndirect = { files = [\n'
            '  { from = "bin/{arch}", to = "/app", mode = "0755" },\n'
            '  { from = "bin/amd64", to = "/opt/vendor/tool", mode = "0755" },\n] }\n',
        )  # fmt: skip
        said = project.run("build")
        assert said.code == 0, said
        assert "warning: app linux/arm64: /opt/vendor/tool: " in said.stderr
        project.toml('+\n[verify]\nallow = ["/opt/vendor/**"]\n')
        said = project.run("build")
        assert "warning" not in said.stderr
        assert "app linux/arm64: proven by its files" in said.stderr, "it was asked anew"


class TestKept:
    def test_a_part_is_not_proven_twice(self, honest: TinyProject):
        first = honest.run("build", "--json")
        [proof] = first.document["parts"][1]["proofs"]
        assert proof["subject"] == first.document["parts"][1]["digest"]
        again = honest.run("build", "--json")
        assert "app linux/arm64: was proven by its files" in again.stderr
        assert again.document["parts"][1]["proofs"] == [proof]
        assert platforms_of(honest)[ARM64]["reused"] is True

    def test_another_digest_is_proven_anew(self, honest: TinyProject):
        """Another commit gives another config, so it is another image."""
        honest.run("build")
        honest.commit()
        assert "linux/arm64: proven by its files" in honest.run("build").stderr

    def test_layers_that_were_read_are_remembered(self, honest: TinyProject):
        honest.run("build")
        kept = {path: path.stat().st_ino for path in (honest.root / ".polyarch/layers").iterdir()}
        assert len(kept) == 2
        honest.commit()
        assert honest.run("build").code == 0
        assert platforms_of(honest)[ARM64]["reused"] is False
        assert {path: path.stat().st_ino for path in kept} == kept

    def test_a_program_that_changed_is_looked_at(self, honest: TinyProject):
        assert honest.run("build").code == 0
        put_program(honest, ARM64, program(AMD64))
        assert honest.run("build").code == 1


class TestJoined:
    def test_what_other_machines_have_proven_is_not_read_again(
        self, honest: TinyProject, registries: Registries, tmp_path: Path
    ):
        jobs = jobs_of(honest, tmp_path / "jobs")
        for name, platform in (("one", AMD64), ("two", ARM64)):
            assert jobs.stage(name, platform).code == 0
        layers = [
            layer["digest"]
            for name in ("one", "two")
            for manifest in manifests(jobs.machine(name))
            for layer in manifest["layers"]
        ]
        assert len(set(layers)) == 2
        for registry in registries:
            registry.forget_requests()
        said = jobs.join()
        assert said.code == 0, said
        assert levels(said.document) == {AMD64: "deep", ARM64: "deep"}
        assert platforms_of(jobs.machine("join"))[ARM64]["reused"] is True
        assert sum(blobs_read(each, layer) for each in registries for layer in layers) == 0

    @pytest.mark.parametrize("change", ["gone", "other digest", "other question", "other run"])
    def test_what_they_have_not_is_proven_from_what_is_staged(
        self, honest: TinyProject, registries: Registries, tmp_path: Path, change: str
    ):
        jobs = jobs_of(honest, tmp_path / "jobs")
        for name, platform in (("one", AMD64), ("two", ARM64)):
            assert jobs.stage(name, platform).code == 0
        [proof] = next(d["proofs"] for d in jobs.documents() if d["platform"] == ARM64)
        changes = {
            "gone": [],
            "other digest": [{**proof, "subject": f"sha256:{'0' * 64}"}],
            "other question": [{**proof, "definition": f"sha256:{'0' * 64}"}],
            "other run": [{**proof, "ci_run": "another"}],
        }
        jobs.rewrite(ARM64, proofs=changes[change])
        said = jobs.join()
        assert said.code == 0, said
        found = platforms_of(jobs.machine("join"))
        assert (found[AMD64]["reused"], found[ARM64]["reused"]) == (True, False)
        assert found[ARM64]["checked"]["layers"] == 1

    def test_a_lie_of_another_machine_moves_no_tag(
        self, lying: TinyProject, registries: Registries, tmp_path: Path
    ):
        """A part whose record came without its proof, as from a machine that does none."""
        jobs = jobs_of(lying, tmp_path / "jobs")
        assert jobs.stage("one", AMD64).code == 0
        machine = jobs.machine("two")
        assert machine.run("build", "-p", ARM64, more=jobs.event).code == 1
        jobs.keep("two", layouts=True)
        said = jobs.join()
        assert said.code == 1, said
        assert "  linux/arm64: /app: " in said.document["message"]
        assert tags_put(*registries) == []


class TestHandedOn:
    def test_the_statement(self, honest: TinyProject):
        said = publish(honest)
        [image] = said.document["images"]
        [path] = honest.runs[-1].glob("*.intoto.json")
        statement = json.loads(path.read_text())
        assert statement["_type"] == "https://in-toto.io/Statement/v1"
        assert statement["predicateType"] == "polyarch:proof/v1"
        digests = [image["digest"], *(each["digest"] for each in image["platforms"])]
        assert [f"sha256:{each['digest']['sha256']}" for each in statement["subject"]] == digests
        assert [each["name"] for each in statement["subject"]] == [
            "app", "app linux/amd64", "app linux/arm64",
        ]  # fmt: skip
        predicate = statement["predicate"]
        assert predicate["source"]["revision"] == honest.git("rev-parse", "HEAD")
        assert [each["level"] for each in predicate["platforms"]] == ["deep", "deep"]

    def test_it_is_the_same_for_the_same_commit(self, honest: TinyProject, tmp_path: Path):
        texts = []
        for name in ("one", "two"):
            machine = jobs_of(honest, tmp_path / "jobs").machine(name)
            assert publish(machine, "--dry-run").code == 0
            [path] = machine.runs[-1].glob("*.intoto.json")
            texts.append(path.read_bytes())
        assert texts[0] == texts[1]

    def test_a_lie_gets_none(self, lying: TinyProject):
        publish(lying)
        assert list(lying.runs[-1].glob("*.intoto.json")) == []

    def test_only_the_owner_may_read_it(self, honest: TinyProject):
        honest.run("build")
        assert (honest.runs[-1] / "proof.json").stat().st_mode & 0o077 == 0


def manifests(machine: TinyProject) -> list[dict[str, list[dict[str, str]]]]:
    blobs = (machine.root / ".polyarch/parts").rglob("blobs/sha256/*")
    found = (json.loads(raw) for path in blobs if (raw := path.read_bytes()).startswith(b"{"))
    return [each for each in found if "layers" in each]
