"""Pruning a real registry: what stays can be pulled whole by others, after its own sweep."""

import json
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.lab.fixtures import RunImage, StartRegistry
from tests.lab.registries import Auth, Registry
from tests.lab.skopeo import Skopeo
from tests.lab.unpacked import REGISTRY
from tests.support.published import Shelf
from tests.support.tiny_project import Said, TinyProject, github

LOGIN = {"PRUNE_USER": "prune-user", "PRUNE_TOKEN": "prune-secret"}
MORE = """\
[registries."{host}"]
username-env = "PRUNE_USER"
password-env = "PRUNE_TOKEN"
[publish]
on = ["branch:**", "tag:v*"]
[prune]
keep = 0
"""


@pytest.fixture
def registry(distribution_registry: StartRegistry) -> Registry:
    return distribution_registry(Auth.HTPASSWD, username="prune-user", password="prune-secret")


@pytest.fixture
def project(tmp_path: Path, registry: Registry) -> TinyProject:
    made = TinyProject.make(tmp_path / "project")
    lines = [
        f'repositories = ["{registry.host}/team/{{image}}"]'
        if line.startswith("repositories")
        else line
        for line in (made.root / "polyarch.toml").read_text().splitlines()
    ]
    made.toml("\n".join(lines) + "\n" + MORE.format(host=registry.host))
    made.commit()
    made.push()
    return made


def publish(project: TinyProject, ref: str, text: str) -> str:
    """Publish what differs from all before in one of the two platforms."""
    script = f'[ "$2" = linux/s390x ] && echo {text} >> "$1"\ntrue\n'
    project.write({"make.sh": 'echo "#!/bin/sh" > "$1"\n' + script})
    sha = project.commit(text)
    said = project.run("publish", "--json", more={**github("push", ref, sha), **LOGIN})
    assert said.code == 0, said
    found: str = said.document["images"][0]["digest"]
    return found


def prune(project: TinyProject, *words: str) -> Said:
    said = project.run("prune", "--json", *words, more=LOGIN)
    assert said.code == 0, said
    return said


def sweep(registry: Registry) -> None:
    """Let the registry collect blobs that no manifest needs, as whoever runs it does."""
    command = ["docker-registry", "garbage-collect", str(registry.log.parent / "config.yml")]
    environment = {"PATH": REGISTRY.search_path(), "OTEL_TRACES_EXPORTER": "none"}
    program = shutil.which(command[0], path=environment["PATH"])
    assert program
    subprocess.run([program, *command[1:]], env=environment, check=True, capture_output=True)


def digest_below(shelf: Shelf, reference: str) -> str:
    """The one image that a reference leads to."""
    raw = json.loads(shelf.raw(reference) or b"{}")
    if "manifests" in raw:
        found: str = raw["manifests"][0]["digest"]
        return found
    return shelf.digest(reference) or ""


def test_what_stays_is_whole_after_the_registry_swept(
    project: TinyProject, registry: Registry, skopeo: Skopeo, run_image: RunImage, tmp_path: Path
) -> None:
    kept = publish(project, "refs/heads/main", "one")
    gone = publish(project, "refs/heads/feature", "two")
    released = publish(project, "refs/tags/v1.2.3", "three")
    skopeo.login(registry)
    shelf = Shelf(skopeo=skopeo, run=run_image)
    repository = registry.reference("team/app")
    old = shelf.children(f"{repository}@{gone}")
    source, lasting = f"{repository}@{gone}", f"{repository}:lasting"
    copied = project.run("copy", "-p", "linux/s390x", source, lasting, more=LOGIN)
    assert copied.code == 0, copied
    assert digest_below(shelf, lasting) == old["linux/s390x"]

    before = shelf.tags(repository)
    assert prune(project).document["repositories"][0]["removed"] == 0
    assert shelf.tags(repository) == before

    said = prune(project, "--apply")
    rows = said.document["repositories"][0]
    removed = {row["tag"] for row in rows["tags"] if row["status"] == "removed"}
    assert "feature" in removed
    assert set(shelf.tags(repository)) == set(before) - removed
    sweep(registry)
    for digest in (kept, released):
        shelf.copy_whole(f"{repository}@{digest}", tmp_path / "copied")
    for tag in shelf.tags(repository):
        shelf.copy_whole(f"{repository}:{tag}", tmp_path / "copied")
    for digest in (gone, old["linux/ppc64le"]):
        assert shelf.raw(f"{repository}@{digest}") is None
    assert digest_below(shelf, lasting) == old["linux/s390x"]
    assert not prune(project, "--apply").document["repositories"][0]["removed"]


def test_what_records_know_of_goes_when_it_is_old(
    project: TinyProject, registry: Registry, skopeo: Skopeo, run_image: RunImage
) -> None:
    text = (project.root / "polyarch.toml").read_text()
    project.toml(text.replace(', "type=sha"', ""))
    first = publish(project, "refs/heads/main", "one")
    second = publish(project, "refs/heads/main", "two")
    skopeo.login(registry)
    shelf = Shelf(skopeo=skopeo, run=run_image)
    repository = registry.reference("team/app")
    prune(project, "--apply")
    assert shelf.raw(f"{repository}@{first}") is not None
    for path in (project.root / ".polyarch" / "runs").glob("*/tags.json"):
        document = json.loads(path.read_text())
        for tag in document["tags"]:
            tag["time"] = "2026-01-03T00:00:00+00:00"
        path.write_text(json.dumps(document))
    said = prune(project, "--apply")
    rows = said.document["repositories"][0]["manifests"]
    reasons = {row["digest"]: row["reason"] for row in rows}
    assert "`main` showed it until 2026-01-03" in reasons[first]
    assert shelf.raw(f"{repository}@{first}") is None
    assert shelf.digest(f"{repository}:main") == second


def test_an_image_that_somebody_put_under_the_tag_of_the_list_loses_no_tag(
    project: TinyProject, registry: Registry, skopeo: Skopeo, run_image: RunImage
) -> None:
    main = publish(project, "refs/heads/main", "one")
    feature = publish(project, "refs/heads/feature", "two")
    skopeo.login(registry)
    shelf = Shelf(skopeo=skopeo, run=run_image)
    repository = registry.reference("team/app")
    foreign = f"{repository}:sha256-{'5' * 64}.sig"
    skopeo.copy(f"docker://{repository}:main", f"docker://{repository}:polyarch-prune", "--all")
    skopeo.copy(f"docker://{repository}:main", f"docker://{foreign}", "--all")
    before = shelf.tags(repository)
    said = project.run("prune", "--apply", "--json", more=LOGIN)
    assert said.code == 1, said
    assert said.document["repositories"][0]["error"]["code"] == "list-tag-taken"
    assert shelf.tags(repository) == before
    assert {shelf.digest(f"{repository}:{tag}") for tag in before} == {main, feature}
