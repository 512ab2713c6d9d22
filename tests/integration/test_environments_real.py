"""Environments, holds and attached proofs on real registries, each with a login of its own."""

import asyncio
import json
import shutil
from datetime import UTC, datetime
from pathlib import Path

from polyarch.oci import annotation
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.pipeline.attached_proof import attached_proofs
from polyarch.registry.client import RegistryClient
from polyarch.registry.credentials import CredentialStore
from polyarch.transaction.hold import Hold, push_hold
from tests.integration.test_main_job_interrupts import Three
from tests.lab.registries import Registry, write_logins
from tests.support.command_line import Answer, CommandLine, plain_environment
from tests.support.git_project import GitProject
from tests.support.published import Destinations

POLYARCH = """\
[images.app]
engine = "direct"
platforms = ["linux/amd64", "linux/arm64"]
repositories = {production}
tags = ["type=semver,pattern={{{{version}}}}", "type=semver,pattern={{{{major}}}}"]

[images.app.direct]
run = ["sh", "make.sh", "{{out}}/app"]
files = [{{ from = "{{out}}/app", to = "/app" }}]

[verify]
attach = true

[environments.staging]
repositories = {staging}

{logins}
"""


def test_a_tag_that_was_put_back_waits_in_real_registries_for_a_newer_version(
    three_registries: Three, tmp_path: Path
) -> None:
    places = Destinations(registries=three_registries)
    production, staging = three_registries[:2], three_registries[2]
    config = POLYARCH.format(
        production=[each.reference("team/app") for each in production],
        staging=[staging.reference("staging/app")],
        logins=places.toml(),
    )
    project = GitProject.make(
        tmp_path / "app", {"polyarch.toml": config, "make.sh": 'echo 1.2.0 > "$1"\n'}
    )
    environment = {**plain_environment(tmp_path / "home"), **places.environment()}
    command = CommandLine(folder=project.root, environment=environment)

    def publish(version: str, *words: str) -> Answer:
        shutil.rmtree(project.root / ".polyarch", ignore_errors=True)
        answer = command.run("publish", "--json", *words, more=project.pushed_tag(f"v{version}"))
        assert answer.status == 0, answer
        return answer

    first = publish("1.2.0")
    staged = publish("1.2.0", "--env", "staging")
    digest = _digest(first)
    assert _digest(staged) == digest
    assert [each["repository"] for each in staged.document["images"][0]["destinations"]] == [
        staging.reference("staging/app")
    ]
    project.write({"make.sh": 'echo 1.3.0 > "$1"\n'})
    project.commit("Loses data")
    publish("1.3.0")
    for registry in production:
        asyncio.run(_put_back(registry, tmp_path))
    assert _statuses(publish("1.3.0"), "1") == {("kept", digest)}
    project.write({"make.sh": 'echo 1.3.1 > "$1"\n'})
    project.commit("Mended")
    newer = publish("1.3.1")
    assert _statuses(newer, "1") == {("moved", _digest(newer))}
    for registry, path in [*((each, "team/app") for each in production), (staging, "staging/app")]:
        assert asyncio.run(_proven(registry, path, digest, tmp_path)) == [True]


def _digest(answer: Answer) -> str:
    return str(answer.document["images"][0]["digest"])


def _statuses(answer: Answer, tag: str) -> set[tuple[str, str]]:
    return {
        (each["status"], each["digest"])
        for destination in answer.document["images"][0]["destinations"]
        for each in destination["references"]
        if each["tag"] == tag
    }


def _client(registry: Registry, folder: Path) -> RegistryClient:
    config = write_logins(folder / registry.host.replace(":", "-") / "config.json", registry)
    environment = {"DOCKER_CONFIG": str(config.parent), "PATH": "/usr/bin"}
    return RegistryClient(keychain=CredentialStore(environment=environment, home=folder))


async def _put_back(registry: Registry, folder: Path) -> None:
    async with _client(registry, folder) as client:
        remote = client.repository(Repository.parse(registry.reference("team/app")))
        old, new = await remote.get_manifest("1"), await remote.get_manifest("1.2.0")
        hold = Hold(
            tag="1",
            digest=old.descriptor.digest,
            time=datetime.now(UTC),
            version=old.annotations[annotation.VERSION],
            revision=old.annotations[annotation.REVISION],
        )
        await push_hold(remote, hold.to_manifest(new.descriptor))
        await remote.put_manifest(new, "1")


async def _proven(registry: Registry, path: str, digest: str, folder: Path) -> list[bool]:
    async with _client(registry, folder) as client:
        remote = client.repository(Repository.parse(registry.reference(path)))
        found = await attached_proofs(remote, Digest.parse(digest))
        index = json.loads((await remote.get_manifest(Digest.parse(digest))).raw)
    children = [Digest.parse(each["digest"]) for each in index["manifests"]]
    return [each.ok and all(each.proves(child) for child in children) for each in found]
