"""`polyarch publish --parts`: several machines build, one joins; the result is as if one had."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.thread import running
from tests.support.documents import PUBLISH, check
from tests.support.jobs import Jobs, blobs_read, blobs_sent, tags_put
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]
PPC, S390X = "linux/ppc64le", "linux/s390x"


@pytest.fixture
def jobs(published: TinyProject, tmp_path: Path) -> Jobs:
    """A project that says all that it can about its images."""
    published.toml(
        "+[images.app]\n"
        'annotations = { "org.example.team" = "{{branch}} of us" }\n'
        'annotation-levels = ["index", "manifest", "manifest-descriptor"]\n'
        'labels = { "org.example.commit" = "{{sha}}" }\n'
    )
    published.commit()
    return Jobs(project=published, folder=tmp_path / "jobs")


@pytest.fixture
def staged(jobs: Jobs, registries: Registries) -> Jobs:
    """Two jobs have built and staged, and nobody has asked the registries anything since."""
    for name, platform in (("one", PPC), ("two", S390X)):
        said = jobs.stage(name, platform)
        assert said.code == 0, said
    assert tags_put(*registries) == []
    forget(registries)
    return jobs


def forget(registries: Registries) -> None:
    for registry in registries:
        registry.forget_requests()


def destinations(said: Said) -> list[dict[str, Any]]:
    [image] = said.document["images"]
    found: list[dict[str, Any]] = image["destinations"]
    return found


def is_published(said: Said) -> bool:
    if said.code == 0:
        check(said.document, PUBLISH)
    return said.code == 0 and {each["status"] for each in destinations(said)} == {"published"}


def digest_of_one_machine(jobs: Jobs) -> str:
    """What a job that builds all by itself would publish."""
    said = jobs.machine("alone").run("publish", "--json", "--dry-run", "--force", more=jobs.event)
    assert said.code == 0, said
    digest: str = said.document["images"][0]["digest"]
    return digest


def layers(jobs: Jobs) -> list[str]:
    """The digests of all layers, as the machines that built have them."""
    parts = (jobs.machine(name).root / ".polyarch" / "parts" for name in ("one", "two"))
    blobs = (path for folder in parts for path in folder.rglob("blobs/sha256/*"))
    found = [f"sha256:{path.name}" for path in blobs if path.read_bytes().startswith(b"\x1f\x8b")]
    assert len(found) == 2
    return found


class TestJoined:
    def test_it_is_as_if_one_machine_had_built_all(self, staged: Jobs):
        said = staged.join()
        assert is_published(said), said
        [image] = said.document["images"]
        assert image["digest"] == digest_of_one_machine(staged)
        assert {each["digest"] for each in destinations(said)} == {image["digest"]}
        assert [(each["platform"], each["reused"]) for each in image["platforms"]] == [
            (PPC, True), (S390X, True),
        ]  # fmt: skip

    def test_the_order_of_the_jobs_does_not_matter(self, jobs: Jobs):
        for name, platform in (("two", S390X), ("one", PPC)):
            jobs.stage(name, platform)
        assert jobs.join().document["images"][0]["digest"] == digest_of_one_machine(jobs)

    def test_labels_and_annotations_are_kept(self, staged: Jobs, registries: Registries):
        assert is_published(staged.join())
        name = f"{registries[1].host}/team/app:main"
        shown = staged.machine("join").run("inspect", "--json", name).document
        annotations = shown["annotations"]
        assert annotations["org.example.team"] == "main of us"
        assert annotations["org.opencontainers.image.revision"] == staged.sha
        assert [child["platform"] for child in shown["manifests"]] == [PPC, S390X]

    def test_nothing_is_built_fetched_or_sent_again(self, staged: Jobs, registries: Registries):
        said = staged.join()
        assert is_published(said)
        machine = staged.machine("join")
        assert "building" not in said.stderr
        assert not (machine.root / ".polyarch" / "parts").exists()
        for registry in registries:
            assert blobs_sent(registry) == []
            assert [blobs_read(registry, layer) for layer in layers(staged)] == [0, 0]
            puts = [r.path for r in registry.requests if r.method == "PUT"]
            assert len(puts) == 3, "the index, and two tags"

    def test_a_second_join_changes_nothing(self, staged: Jobs, registries: Registries):
        staged.join()
        forget(registries)
        said = staged.join()
        assert (said.code, {e["status"] for e in destinations(said)}) == (0, {"unchanged"})
        assert tags_put(*registries) == []

    def test_a_dry_run_moves_nothing(self, staged: Jobs, registries: Registries):
        said = staged.join("--dry-run")
        assert said.code == 0
        assert said.document["images"][0]["digest"] == digest_of_one_machine(staged)
        assert tags_put(*registries) == []

    def test_layouts_that_came_along_are_as_good(self, jobs: Jobs, registries: Registries):
        """A job may hand over its whole folder instead of staging."""
        for name, platform in (("one", PPC), ("two", S390X)):
            machine = jobs.machine(name)
            assert machine.run("build", "-p", platform, more=jobs.event).code == 0
            jobs.keep(name, layouts=True)
        shutil.rmtree(jobs.machine("one").root)
        said = jobs.join()
        assert is_published(said), said
        assert said.document["images"][0]["digest"] == digest_of_one_machine(jobs)

    def test_the_sandbox_rehearses_all_of_it(self, jobs: Jobs, registries: Registries):
        machine = jobs.machine("one")
        for platform in (PPC, S390X):
            said = machine.run("build", "--stage", "--sandbox", "-p", platform)
            assert said.code == 0, said
        for layout in (machine.root / ".polyarch" / "parts" / "app").iterdir():
            if layout.is_dir():
                shutil.rmtree(layout)
        said = machine.run("publish", "--json", "--sandbox", "--parts", ".polyarch/parts")
        assert is_published(said), said
        assert all(not registry.requests for registry in registries)

    def test_no_engine_is_needed_to_join(self, staged: Jobs, registries: Registries):
        """The images may need engines that only the machines of the other jobs have."""
        machine = staged.machine("join")
        text = (machine.root / "polyarch.toml").read_text()
        lines = text.splitlines()
        start = lines.index("[images.app.direct]")
        end = next(n for n in range(start + 1, len(lines)) if lines[n].startswith("["))
        (machine.root / "polyarch.toml").write_text("\n".join(lines[:start] + lines[end:]) + "\n")
        (machine.root / "Dockerfile").write_text("FROM scratch\nCOPY make.sh /\n")
        said = staged.join()
        assert is_published(said), said

    def test_two_laptops(self, jobs: Jobs):
        """Without a CI: parts come along as layouts, the commit says that they belong together."""
        jobs.project.push()
        for name, platform in (("one", PPC), ("two", S390X)):
            assert jobs.machine(name).run("build", "-p", platform).code == 0
            jobs.keep(name, layouts=True)
        words = ("publish", "--json", "--allow-local", "--parts", str(jobs.artifacts))
        assert is_published(jobs.machine("join").run(*words))


class TestStageTo:
    """One repository takes all parts; from there they go everywhere."""

    @pytest.fixture
    def gathered(self, jobs: Jobs, registries: Registries) -> Jobs:
        jobs.project.toml(f'+[publish]\nstage-to = "{registries[0].host}/parts/all"\n')
        jobs.project.commit()
        for name, platform in (("one", PPC), ("two", S390X)):
            assert jobs.stage(name, platform).code == 0
        forget(registries)
        return jobs

    def test_mounted_on_its_registry_fetched_once_for_the_others(
        self, gathered: Jobs, registries: Registries
    ):
        said = gathered.join()
        assert is_published(said), said
        assert said.document["images"][0]["digest"] == digest_of_one_machine(gathered)
        first, *others = registries
        mounts = [r for r in first.requests if "mount=" in r.query]
        assert {mount.status for mount in mounts} == {201}
        assert {r.path for r in mounts} == {"/v2/team/app/blobs/uploads/"}
        assert len(mounts) == 4, "two configs and two layers"
        assert blobs_sent(first) == []
        assert [blobs_read(first, layer) for layer in layers(gathered)] == [1, 1]
        for registry in others:
            assert len(blobs_sent(registry)) == 4
        assert tags_put(*registries).count("main") == 3

    def test_named_on_both_command_lines(self, jobs: Jobs, registries: Registries):
        place = f"{registries[1].host}/parts/{{image}}"
        for name, platform in (("one", PPC), ("two", S390X)):
            assert jobs.stage(name, platform, "--stage-to", place).code == 0
        said = jobs.join()
        assert (said.code, said.document["code"]) == (1, "part-not-held")
        assert "[publish] stage-to" in said.document["message"]
        assert is_published(jobs.join("--stage-to", place))


class TestForms:
    """Records as files, on standard input, in variables."""

    def test_variables(self, staged: Jobs):
        first, second = staged.documents()
        said = staged.join(parts="env:PART_", PART_1=json.dumps(first), PART_B=json.dumps([second]))
        assert is_published(said), said

    @pytest.mark.parametrize("lines", [True, False])
    def test_standard_input(
        self, staged: Jobs, monkeypatch: pytest.MonkeyPatch, lines: bool, tmp_path: Path
    ):
        texts = [json.dumps(each) for each in staged.documents()]
        path = tmp_path / "records"
        path.write_text("\n".join(texts) if lines else f"[{', '.join(texts)}]")
        with path.open() as stdin:
            monkeypatch.setattr("sys.stdin", stdin)
            assert is_published(staged.join(parts="-"))

    def test_what_build_printed(self, jobs: Jobs):
        for name, platform in (("one", PPC), ("two", S390X)):
            said = jobs.stage(name, platform)
            shutil.rmtree(jobs.artifacts / name)
            (jobs.artifacts / f"{name}.json").write_text(said.stdout)
        assert is_published(jobs.join())

    @pytest.mark.parametrize(
        ("parts", "code"),
        [
            ("nowhere", "no-parts-given"),
            ("env:NOTHING_", "no-parts-given"),
            ("env:", "empty-option"),
            ("", "empty-option"),
        ],
    )
    def test_nothing_there(self, staged: Jobs, registries: Registries, parts: str, code: str):
        said = staged.join(parts=parts)
        assert (said.code, said.document["code"]) == (2, code)
        assert tags_put(*registries) == []

    @pytest.mark.parametrize(
        ("words", "code"),
        [(("--force",), "usage"), (("-p", PPC), "partial-publish")],
    )
    def test_words_that_do_not_go_together(self, staged: Jobs, words: tuple[str, ...], code: str):
        said = staged.join(*words)
        assert (said.code, said.document["code"]) == (2, code)

    def test_stage_to_without_parts(self, jobs: Jobs):
        said = jobs.machine("join").run("publish", "--json", "--stage-to", "a/b", more=jobs.event)
        assert (said.code, said.document["code"]) == (2, "lonely-option")


class TestRefused:
    """Any other set than the plan's: nothing is sent, nothing moves."""

    def refused(self, jobs: Jobs, registries: Registries, code: str, *words: str) -> str:
        forget(registries)
        said = jobs.join(*words)
        assert (said.code, said.document["code"]) == (1, code), said
        assert not [r for each in registries for r in each.requests if r.method in {"PUT", "POST"}]
        return f"{said.document['message']} {said.document['where']} {said.document['hint']}"

    def test_one_is_missing(self, staged: Jobs, registries: Registries):
        shutil.rmtree(staged.artifacts / "two")
        told = self.refused(staged, registries, "part-missing")
        assert "`app` for `linux/s390x`" in told
        assert "polyarch build app --platform linux/s390x --stage" in told

    def test_none_is_there(self, staged: Jobs, registries: Registries):
        shutil.rmtree(staged.artifacts)
        staged.artifacts.mkdir()
        assert PPC in self.refused(staged, registries, "part-missing")

    def test_one_too_many(self, staged: Jobs, registries: Registries):
        machine = staged.machine("three")
        text = (machine.root / "polyarch.toml").read_text()
        (machine.root / "polyarch.toml").write_text(text.replace(PPC, "linux/riscv64"))
        assert staged.stage("three", "linux/riscv64").code == 0
        told = self.refused(staged, registries, "part-unplanned")
        assert "linux/riscv64" in told
        assert "three/app/linux-riscv64.json" in told

    def test_one_twice_with_other_content(self, staged: Jobs, registries: Registries):
        (staged.machine("three").root / "make.sh").write_text('printf other > "$1"\n')
        assert staged.stage("three", PPC).code == 0
        told = self.refused(staged, registries, "part-conflict")
        assert all(name in told for name in ("one/app", "three/app", PPC))

    def test_one_twice_and_the_same_is_no_fault(self, staged: Jobs):
        assert staged.stage("three", PPC).code == 0
        assert is_published(staged.join())

    def test_another_commit(self, staged: Jobs, registries: Registries):
        old = staged.sha
        staged.project.commit("More")
        shutil.rmtree(staged.folder / "join", ignore_errors=True)
        told = self.refused(staged, registries, "part-commit")
        assert old in told
        assert staged.sha in told

    def test_an_image_that_nobody_knows(self, staged: Jobs, registries: Registries):
        staged.rewrite(PPC, image="../../etc")
        assert "../../etc" in self.refused(staged, registries, "part-unknown")

    def test_no_record(self, staged: Jobs, registries: Registries):
        [path, _] = staged.records()
        path.write_text(path.read_text()[:-40])
        assert str(path) in self.refused(staged, registries, "part-unreadable")

    def test_the_content_of_another_platform(self, staged: Jobs, registries: Registries):
        """The names are right and the image is not: its config says what it is."""
        first, second = staged.documents()
        assert first["platform"] == PPC
        kept = {key: second[key] for key in ("digest", "manifest", "built", "sources")}
        staged.rewrite(PPC, **kept)
        forget(registries)
        said = staged.join()
        assert (said.code, said.document["code"]) == (1, "verification")
        assert "its config says linux/s390x" in said.document["message"]
        assert tags_put(*registries) == []

    @pytest.mark.parametrize("change", [{"size": 400}, {"size": 5}, {"size": 10**12}])
    def test_a_size_that_is_not_so(
        self, staged: Jobs, registries: Registries, change: dict[str, object]
    ):
        [first, _] = staged.documents()
        staged.rewrite(PPC, manifest={**first["manifest"], **change})
        said = staged.join()
        assert said.code == 1, said
        assert tags_put(*registries) == []

    def test_a_digest_that_nobody_holds(self, staged: Jobs, registries: Registries):
        [first, _] = staged.documents()
        digest = "sha256:" + "0" * 64
        staged.rewrite(PPC, manifest={**first["manifest"], "digest": digest})
        said = staged.join()
        assert (said.code, said.document["code"]) == (1, "part-not-held")
        assert tags_put(*registries) == []

    def test_a_stranger_as_source_is_never_asked(self, staged: Jobs, registries: Registries):
        with running(SandboxRegistry()) as [host]:
            for each in staged.documents():
                stranger = f"{host}/team/app@{each['digest']}"
                staged.rewrite(each["platform"], sources=[stranger, "oci:../../../../../../etc"])
            said = staged.join()
        assert (said.code, said.document["code"]) == (1, "part-not-held")
        assert "neither a repository of the image" in said.document["message"]
        assert "it leads out of the folder" in said.document["message"]

    def test_nothing_is_asked_of_strangers(self, staged: Jobs):
        stranger = SandboxRegistry()
        with running(stranger) as [host]:
            [first, _] = staged.documents()
            own = first["sources"]
            staged.rewrite(PPC, sources=[f"{host}/team/app@{first['digest']}", *own])
            assert is_published(staged.join())
            assert stranger.requests == ()


class TestSelection:
    @pytest.fixture
    def two_images(self, jobs: Jobs) -> Jobs:
        jobs.project.toml(
            '+[images.web]\nplatforms = ["linux/s390x"]\n'
            'direct = { files = [{ from = "make.sh", to = "/" }] }\n'
        )
        jobs.project.commit()
        for name, platform in (("one", PPC), ("two", S390X)):
            assert jobs.stage(name, platform, *(["app"] if name == "one" else [])).code == 0
        return jobs

    def test_all(self, two_images: Jobs):
        said = two_images.join()
        assert said.code == 0, said
        assert [image["name"] for image in said.document["images"]] == ["app", "web"]

    def test_one_of_them(self, two_images: Jobs):
        said = two_images.join("web")
        assert is_published(said), said
        assert "`app` for `linux/ppc64le` is passed over" in said.stderr

    def test_an_image_without_tags_needs_no_parts(self, two_images: Jobs):
        text = (two_images.project.root / "polyarch.toml").read_text()
        changed = text.replace("[images.web]", '[images.web]\ntags = ["type=ref,event=tag"]')
        two_images.project.toml(changed)
        two_images.project.commit()
        shutil.rmtree(two_images.folder)
        for name, platform in (("one", PPC), ("two", S390X)):
            assert two_images.stage(name, platform, "app").code == 0
        said = two_images.join()
        app, web = said.document["images"]
        assert {each["status"] for each in app["destinations"]} == {"published"}
        assert {each["status"] for each in web["destinations"]} == {"skipped"}

    def test_parts_of_platforms_that_are_kept_are_passed_over(self, staged: Jobs):
        """An artifact holds what all jobs made; one platform of it is wanted."""
        assert is_published(staged.join())
        said = staged.join("-p", S390X, "--keep-others")
        assert said.code == 0, said
        assert f"`app` for `{PPC}` is passed over" in said.stderr
        [image] = said.document["images"]
        assert [each["platform"] for each in image["platforms"]] == [S390X]
        assert {each["status"] for each in image["destinations"]} == {"unchanged"}

    def test_nothing_has_changed_so_nobody_left_anything(self, jobs: Jobs):
        said = jobs.join("--changed-since", "HEAD", parts="nowhere")
        assert (said.code, said.document["images"]) == (0, [])


class TestEvents:
    def test_a_pull_request_joins_nothing_and_builds_nothing(
        self, staged: Jobs, registries: Registries
    ):
        machine = staged.machine("join")
        more = github("pull_request", "refs/pull/7/merge", staged.sha)
        said = machine.run("publish", "--json", "--parts", str(staged.artifacts), more=more)
        assert (said.code, said.document["published"]) == (0, False)
        assert not (machine.root / ".polyarch" / "parts").exists()
        assert all(not registry.requests for registry in registries)

    def test_a_proof_of_another_run_is_dropped_and_told(self, staged: Jobs):
        [first, _] = staged.documents()
        proof = {"subject": first["digest"], "level": "smoke", "how": "native"}
        good = {**proof, "revision": staged.sha, "ci_run": first["ci_run"]}
        staged.rewrite(PPC, proofs=[good, {**good, "ci_run": "https://ci.example/1"}])
        said = staged.join()
        assert is_published(said)
        warnings = [line for line in said.stderr.splitlines() if line.startswith("warning: ")]
        [told] = [line for line in warnings if "proof" in line]
        assert "another run of the CI" in told


class TestTrouble:
    def test_a_registry_that_had_no_part_gets_it_from_another(
        self, jobs: Jobs, registries: Registries
    ):
        jobs.project.toml('+[publish]\non-registry-failure = "continue"\n')
        jobs.project.commit()
        registries[0].quirks = Quirks(denied_actions=frozenset({"push"}))
        for name, platform in (("one", PPC), ("two", S390X)):
            assert jobs.stage(name, platform).code == 0
        registries[0].quirks = Quirks()
        forget(registries)
        said = jobs.join()
        assert is_published(said), said
        assert len(blobs_sent(registries[0])) == 4
        read = [sum(blobs_read(r, layer) for r in registries) for layer in layers(jobs)]
        assert read == [1, 1]

    def test_one_that_is_down_moves_no_tag_anywhere(self, staged: Jobs, registries: Registries):
        registries[0].quirks = Quirks(denied_actions=frozenset({"push"}))
        said = staged.join()
        assert said.code == 7
        assert tags_put(*registries) == []


def test_one_platform_anew_from_another_machine(staged: Jobs, registries: Registries):
    """With `--keep-others` a part takes the place of its platform alone."""
    assert is_published(staged.join())
    name = f"{registries[0].host}/team/app:main"
    before = staged.machine("join").run("inspect", "--json", name).document["manifests"]
    staged.project.write({"make.sh": 'printf anew > "$1"\n'})
    staged.project.commit()
    shutil.rmtree(staged.folder)
    assert staged.stage("two", S390X).code == 0
    said = staged.join("--keep-others", "-p", S390X)
    assert said.code == 0, said
    after = staged.machine("join").run("inspect", "--json", name).document["manifests"]
    assert [child["platform"] for child in after] == [PPC, S390X]
    assert after[0]["digest"] == before[0]["digest"]
    assert after[1]["digest"] == staged.documents()[0]["digest"] != before[1]["digest"]


def test_an_image_that_exists_already_is_a_part_like_any_other(
    staged: Jobs, registries: Registries
):
    """`platform.P.from` takes it on the machine of its job, and staging brings it where it goes."""
    digest = staged.documents()[0]["digest"]
    place = f"{registries[2].host}/team/app@{digest}"
    staged.project.toml(f'+[images.app.platform."{PPC}"]\nfrom = "{place}"\n')
    staged.project.commit()
    shutil.rmtree(staged.folder)
    for name, platform in (("one", PPC), ("two", S390X)):
        said = staged.stage(name, platform)
        assert said.code == 0, said
    again = staged.stage("one", PPC)
    assert again.document["parts"][0]["reused"] is True
    said = staged.join()
    assert is_published(said), said
    assert said.document["images"][0]["platforms"][0]["digest"] == digest
