"""Tags that somebody put back, seen by runs on machines that know nothing of it."""

import asyncio
import shutil
from datetime import UTC, datetime
from typing import Any

import pytest

from polyarch.oci import annotation
from polyarch.oci.digest import Digest
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.sandbox.likenesses import GHCR
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.transaction.hold import Hold, push_hold
from tests.support.documents import PLAN, PUBLISH, check
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]

RULES = """\
tags = [
    "type=ref,event=branch", "type=semver,pattern={{version}}", "type=semver,pattern={{major}}",
]
"""


@pytest.fixture
def guarded(published: TinyProject, registries: Registries) -> TinyProject:
    """Three registries: one lists referrers, one does not, one is like GHCR."""
    registries[1].quirks, registries[2].quirks = Quirks(referrers=False), GHCR
    lines = (published.root / "polyarch.toml").read_text().splitlines()
    text = "\n".join(RULES if line.startswith("tags") else line for line in lines)
    published.toml(text + "\n")
    published.commit("Rules")
    return published


def empty(project: TinyProject) -> None:
    """Nothing is left of earlier runs."""
    shutil.rmtree(project.root / ".polyarch", ignore_errors=True)


def run(project: TinyProject, verb: str, ref: str) -> Said:
    """Publish or plan on an empty machine what a push of `ref` gives."""
    empty(project)
    sha = project.git("rev-parse", "HEAD")
    said = project.run(verb, "--json", more=github("push", ref, sha))
    assert said.code == 0, said
    check(said.document, PLAN if verb == "plan" else PUBLISH)
    return said


def version(project: TinyProject, tag: str, verb: str = "publish") -> Said:
    return run(project, verb, f"refs/tags/v{tag}")


def branch(project: TinyProject, verb: str = "publish") -> Said:
    return run(project, verb, "refs/heads/main")


def references(said: Said, tag: str) -> list[dict[str, Any]]:
    """What is said of one tag, registry by registry."""
    [image] = said.document["images"]
    return [
        each
        for destination in image["destinations"]
        for each in destination["references"]
        if each["tag"] == tag
    ]


def told(said: Said, tag: str) -> set[str]:
    return {each.get("status") or each["action"] for each in references(said, tag)}


def digests(said: Said, tag: str) -> set[str]:
    return {each["digest"] for each in references(said, tag)}


def put_back(tag: str, to: str, *registries: SandboxRegistry) -> None:
    """Let a tag show again what stands under `to`, and say in each registry why."""

    async def move() -> None:
        async with RegistryClient() as client:
            for registry in registries:
                remote = client.repository(Repository.parse(f"{registry.host}/team/app"))
                old, new = await remote.get_manifest(tag), await remote.get_manifest(_named(to))
                hold = Hold(
                    tag=tag,
                    digest=old.descriptor.digest,
                    time=datetime(2026, 1, 5, tzinfo=UTC),
                    version=old.annotations[annotation.VERSION],
                    revision=old.annotations[annotation.REVISION],
                    who="ada",
                    why="it loses data",
                )
                await push_hold(remote, hold.to_manifest(new.descriptor))
                await remote.put_manifest(new, tag)

    asyncio.run(move())


def _named(reference: str) -> str | Digest:
    return Digest.parse(reference) if ":" in reference else reference


class TestVersions:
    def test_the_same_and_older_ones_leave_it_and_a_newer_one_takes_it(
        self, guarded: TinyProject, registries: Registries
    ):
        kept = digests(version(guarded, "1.2.0"), "1")
        guarded.commit("Loses data")
        bad = version(guarded, "1.3.0")
        assert told(bad, "1") == {"moved"}
        put_back("1", "1.2.0", *registries)

        again = version(guarded, "1.3.0")
        assert (told(again, "1"), digests(again, "1")) == ({"kept"}, kept)
        assert {each["reason"] for each in references(again, "1")} == {
            "it was put back from 1.3.0 by ada, and waits for something newer: it loses data"
        }
        assert "1: kept" in again.stderr
        guarded.commit("Backport")
        older = version(guarded, "1.2.9")
        assert (told(older, "1"), digests(older, "1")) == ({"kept"}, kept)
        assert told(older, "1.2.9") == {"created"}

        guarded.commit("Mended")
        planned = references(version(guarded, "1.3.1", "plan"), "1")
        assert {each["action"] for each in planned} == {"move"}
        newer = version(guarded, "1.3.1")
        assert told(newer, "1") == {"moved"}
        after = references(version(guarded, "1.3.1", "plan"), "1")
        holds = [each["current"]["holds"] for each in after]
        assert holds == [[]] * 3, "it is past, with the image that it was about"

    def test_a_plan_says_it_before(self, guarded: TinyProject, registries: Registries):
        version(guarded, "1.2.0")
        revision = guarded.commit("Loses data")
        bad = version(guarded, "1.3.0")
        put_back("1", "1.2.0", *registries)
        planned = references(version(guarded, "1.3.0", "plan"), "1")
        assert {each["action"] for each in planned} == {"keep"}
        for each in planned:
            [hold] = each["current"]["holds"]
            assert hold == {
                "tag": "1",
                "digest": next(iter(digests(bad, "1"))),
                "version": "1.3.0",
                "revision": revision,
                "committed": None,
                "time": "2026-01-05T00:00:00+00:00",
                "who": "ada",
                "why": "it loses data",
                "run": None,
            }
        empty(guarded)
        sha = guarded.git("rev-parse", "HEAD")
        table = guarded.run("plan", more=github("push", "refs/tags/v1.3.0", sha)).stdout
        words = " ".join(table.split())
        assert "keep: it was put back from 1.3.0 by ada" in words

    def test_who_looks_at_the_image_sees_it(self, guarded: TinyProject, registries: Registries):
        version(guarded, "1.2.0")
        guarded.commit("Loses data")
        version(guarded, "1.3.0")
        put_back("1", "1.2.0", *registries)
        for registry in registries:
            name = f"{registry.host}/team/app:1"
            [found] = guarded.run("inspect", "--json", name).document["referrers"]
            assert (found["hold"]["tag"], found["hold"]["version"]) == ("1", "1.3.0")
            words = " ".join(guarded.run("inspect", name).stdout.split())
            assert "`1` was put back from 1.3.0 by ada, and waits for something newer" in words
        copied = f"{registries[0].host}/other/app:1"
        assert guarded.run("copy", f"{registries[0].host}/team/app:1", copied).code == 0
        assert guarded.run("inspect", "--json", copied).document["referrers"] == []

    def test_where_it_stands_in_one_registry_alone(
        self, guarded: TinyProject, registries: Registries
    ):
        """Each registry is judged by what it holds itself."""
        version(guarded, "1.2.0")
        guarded.commit("Loses data")
        version(guarded, "1.3.0")
        put_back("1", "1.2.0", registries[1])
        again = version(guarded, "1.3.0")
        assert [each["status"] for each in references(again, "1")] == [
            "unchanged", "kept", "unchanged",
        ]  # fmt: skip


class TestBranches:
    def test_the_commit_that_was_taken_away_and_those_before_leave_it(
        self, guarded: TinyProject, registries: Registries
    ):
        first = branch(guarded)
        guarded.git("checkout", "--quiet", "-b", "work")
        guarded.commit("Between")
        guarded.commit("Loses data")
        assert told(branch(guarded), "main") == {"moved"}
        first_tag = next(iter(digests(first, "main")))
        put_back("main", first_tag, *registries)

        assert told(branch(guarded), "main") == {"kept"}
        guarded.git("checkout", "--quiet", "--detach", "HEAD~1")
        assert told(branch(guarded, "plan"), "main") == {"keep"}
        between = branch(guarded)
        assert (told(between, "main"), digests(between, "main")) == ({"kept"}, {first_tag})

        guarded.git("checkout", "--quiet", "work")
        guarded.commit("Mended")
        assert told(branch(guarded), "main") == {"moved"}


def test_what_it_costs(guarded: TinyProject, registries: Registries):
    """One request for each digest, from the plan to the last tag; none where nothing stands."""

    def asked() -> list[int]:
        found = []
        for registry in registries:
            lists = [each for each in registry.requests if _lists_referrers(each.path)]
            found.append(len(lists))
            registry.forget_requests()
        return found

    version(guarded, "1.2.0")
    assert asked() == [0, 0, 0]
    version(guarded, "1.2.0", "plan")
    one, without, like_ghcr = asked()
    assert one == 1
    assert without == like_ghcr == 2, "whether it lists them, once, and the tag that lists them"
    guarded.commit("Newer")
    version(guarded, "1.3.0")
    assert asked() == [1, 2, 2]


def _lists_referrers(path: str) -> bool:
    return "/referrers/" in path or "/manifests/sha256-" in path
