"""`polyarch publish` on what is published already: edits, conversions, and going on elsewhere."""

import asyncio
import json
import shutil
from pathlib import Path

import pytest

from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.client import RegistryClient
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.wire import Answer, Call, refusal
from polyarch.transaction import lock
from polyarch.transaction.lock import TAG as LOCK
from tests.cli.test_publish import destinations, pushed, statuses
from tests.support.tiny_project import Said, TinyProject, github

Registries = tuple[SandboxRegistry, ...]
PLATFORMS = ("linux/ppc64le", "linux/s390x")


def manifest(registry: SandboxRegistry, reference: str) -> ImageIndex | ImageManifest | None:
    """What stands under a tag of the image."""

    async def read() -> ImageIndex | ImageManifest | None:
        async with RegistryClient() as client:
            remote = client.repository(Repository.parse(f"{registry.host}/team/app"))
            found = await remote.head(reference)
            return await remote.get_manifest(found.digest) if found else None

    return asyncio.run(read())


def index(registry: SandboxRegistry, tag: str = "main") -> ImageIndex:
    found = manifest(registry, tag)
    assert isinstance(found, ImageIndex)
    return found


def elsewhere(project: TinyProject) -> TinyProject:
    """The same commit on a machine that has built nothing."""
    root = project.root.parent / "elsewhere" / project.root.name
    shutil.rmtree(root.parent, ignore_errors=True)
    shutil.copytree(project.root, root, ignore=shutil.ignore_patterns(".polyarch"))
    return TinyProject(root=root, environment=project.environment)


class TestOnePlatform:
    def test_it_is_replaced_and_the_others_stay(
        self, published: TinyProject, registries: Registries
    ):
        pushed(published)
        before = index(registries[0])
        published.write({"make.sh": 'printf "newer %s" "$2" > "$1"; chmod +x "$1"\n'})
        published.commit()
        said = pushed(published, "--json", "-p", "linux/s390x", "--keep-others")
        assert (said.code, statuses(said)) == (0, ["published"] * 3), said
        [image] = said.document["images"]
        assert image["digest"] == str(index(registries[0]).descriptor.digest), "of the whole index"
        for registry in registries:
            after = index(registry)
            assert after.platforms == before.platforms
            assert after.manifests[0] == before.manifests[0]
            assert after.manifests[1] != before.manifests[1]
            assert destinations(said)[0]["digest"] == str(after.descriptor.digest)

    def test_where_nothing_stands_there_is_nothing_to_keep(
        self, published: TinyProject, registries: Registries
    ):
        said = pushed(published, "--json", "-p", "linux/s390x", "--keep-others")
        assert (said.code, statuses(said)) == (7, ["failed"] * 3)
        assert destinations(said)[0]["error"]["code"] == "nothing-to-keep"
        assert all(manifest(registry, "main") is None for registry in registries)

    def test_a_new_platform_joins_one_that_stood_alone(
        self, published: TinyProject, registries: Registries
    ):
        text = (published.root / "polyarch.toml").read_text()
        published.toml(text.replace('["linux/ppc64le", "linux/s390x"]', '["linux/ppc64le"]'))
        published.commit()
        pushed(published)
        published.toml(text)
        published.commit()
        said = pushed(published, "--json", "-p", "linux/s390x", "--keep-others")
        assert said.code == 0, said
        assert [str(each) for each in index(registries[0]).platforms] == list(PLATFORMS)

    def test_the_lock_is_given_back(self, published: TinyProject, registries: Registries):
        pushed(published)
        published.commit()
        pushed(published, "-p", "linux/s390x", "--keep-others", "--force")
        assert all(manifest(registry, LOCK) is None for registry in registries)

    def test_it_never_takes_the_place_of_several_silently(
        self, published: TinyProject, registries: Registries
    ):
        pushed(published)
        before = index(registries[1])
        text = (published.root / "polyarch.toml").read_text()
        published.toml(text.replace('["linux/ppc64le", "linux/s390x"]', '["linux/ppc64le"]'))
        published.commit()
        said = pushed(published, "--json")
        assert (said.code, statuses(said)) == (7, ["failed"] * 3)
        error = destinations(said)[0]["error"]
        assert error["code"] == "fewer-platforms"
        assert "linux/s390x" in error["message"]
        assert index(registries[1]).raw == before.raw
        said = pushed(published, "--json", "--fewer-platforms")
        assert (said.code, statuses(said)) == (0, ["published"] * 3)

    def test_the_option_needs_a_platform(self, published: TinyProject):
        said = pushed(published, "--keep-others")
        assert said.code == 2
        assert "--platform" in said.stderr


async def refuse_main(call: Call) -> Answer | None:
    """Take every tag but `main`."""
    moves = call.method == "PUT" and call.target.item == "main"
    return refusal("DENIED", "not now") if moves else None


class TestOnAnotherMachine:
    """A run left registries apart; the next one has neither its folder nor its bytes."""

    def never_the_same(self, project: TinyProject) -> None:
        """No two builds give the same bytes."""
        project.write({"make.sh": 'cat /proc/sys/kernel/random/uuid > "$1"; chmod +x "$1"\n'})
        project.commit()

    def test_the_others_get_the_digest_that_one_registry_holds(
        self, published: TinyProject, registries: Registries
    ):
        self.never_the_same(published)
        published.toml('+[publish]\non-registry-failure = "continue"\n')
        published.commit()
        registries[2].quirks = Quirks(down=True)
        first = pushed(published, "--json")
        assert (first.code, statuses(first)) == (6, ["published", "published", "failed"])
        registries[2].quirks = Quirks()
        other = elsewhere(published)
        again = pushed(other, "--json")
        assert (again.code, statuses(again)) == (0, ["unchanged", "unchanged", "published"]), again
        digest = index(registries[0]).descriptor.digest
        assert again.document["images"][0]["digest"] == str(digest)
        assert [index(registry).descriptor.digest for registry in registries] == [digest] * 3

    def test_a_new_build_is_made_where_somebody_asks_for_it(
        self, published: TinyProject, registries: Registries
    ):
        self.never_the_same(published)
        published.toml('+[publish]\non-registry-failure = "continue"\n')
        published.commit()
        registries[2].quirks = Quirks(down=True)
        first = pushed(published, "--json")
        registries[2].quirks = Quirks()
        again = pushed(elsewhere(published), "--json", "--force")
        assert (again.code, statuses(again)) == (0, ["published"] * 3)
        assert again.document["images"][0]["digest"] != first.document["images"][0]["digest"]
        digests = {index(registry).descriptor.digest for registry in registries}
        assert len(digests) == 1

    def test_another_commit_is_built(self, published: TinyProject, registries: Registries):
        self.never_the_same(published)
        published.toml('+[publish]\non-registry-failure = "continue"\n')
        published.commit()
        registries[2].quirks = Quirks(down=True)
        first = pushed(published, "--json")
        registries[2].quirks = Quirks()
        published.commit()
        again = pushed(elsewhere(published), "--json")
        assert (again.code, statuses(again)) == (0, ["published"] * 3)
        assert again.document["images"][0]["digest"] != first.document["images"][0]["digest"]


def child(registry: SandboxRegistry, platform: str) -> str:
    found = index(registry)
    [digest] = [str(c.digest) for c in found.manifests if str(c.platform) == platform]
    return digest


class TestExisting:
    def test_a_platform_from_an_existing_image(
        self, published: TinyProject, registries: Registries
    ):
        pushed(published)
        old = child(registries[0], "linux/ppc64le")
        name = f"{registries[0].host}/team/app@{old}"
        published.toml(f'+[images.app.platform."linux/ppc64le"]\nfrom = "{name}"\n')
        published.write({"make.sh": 'printf "newer %s" "$2" > "$1"; chmod +x "$1"\n'})
        published.commit()
        plan = published.run("plan", "--json").document
        [taken, built] = plan["images"][0]["platforms"]
        assert (taken["strategy"], taken["source"]) == ("existing", name)
        assert built["engine"] == "direct"
        said = pushed(published, "--json")
        assert (said.code, statuses(said)) == (0, ["published"] * 3), said
        for registry in registries:
            assert child(registry, "linux/ppc64le") == old
        again = pushed(published, "--json")
        assert statuses(again) == ["unchanged"] * 3

    def test_an_image_of_another_platform_is_refused(
        self, published: TinyProject, registries: Registries
    ):
        pushed(published)
        wrong = child(registries[0], "linux/s390x")
        before = index(registries[0]).raw
        published.toml(
            '+[images.app.platform."linux/ppc64le"]\n'
            f'from = "{registries[0].host}/team/app@{wrong}"\n'
        )
        published.commit()
        said = pushed(published, "--json")
        assert said.code == 1, said
        assert said.document["code"] == "existing-misfit"
        assert index(registries[0]).raw == before

    def test_a_name_that_may_change_is_refused(self, published: TinyProject):
        published.toml('+[images.app.platform."linux/ppc64le"]\nfrom = "team/app:1"\n')
        said = published.run("plan", "--json")
        assert said.code == 2
        assert "pin it" in said.document["message"]


class TestTagsOfSinglePlatforms:
    def alias(self, project: TinyProject, *patterns: str) -> None:
        text = (project.root / "polyarch.toml").read_text()
        told = f"[images.app]\nalias-tags = {json.dumps(patterns)}\n[images.app.direct]"
        project.toml(text.replace("[images.app.direct]", told))
        project.commit()

    def test_alias_tags_point_to_the_images_of_the_index(
        self, published: TinyProject, registries: Registries
    ):
        self.alias(published, "latest-{arch}", "{{branch}}-{arch}")
        sha = published.git("rev-parse", "HEAD")
        plan = published.run("plan", more=github("push", "refs/heads/main", sha))
        assert "`main-s390x` linux/s390x" in plan.stdout
        said = pushed(published, "--json")
        assert (said.code, statuses(said)) == (0, ["published"] * 3), said
        for registry in registries:
            for platform in PLATFORMS:
                word = platform.partition("/")[2]
                for tag in (f"latest-{word}", f"main-{word}"):
                    found = manifest(registry, tag)
                    assert isinstance(found, ImageManifest)
                    assert str(found.descriptor.digest) == child(registry, platform)
        again = pushed(published, "--json")
        assert statuses(again) == ["unchanged"] * 3

    def test_an_older_run_that_ends_last_leaves_them(
        self, published: TinyProject, registries: Registries
    ):
        self.alias(published, "main-{arch}")
        published.write({"make.sh": 'printf "older %s" "$2" > "$1"; chmod +x "$1"\n'})
        older = published.commit()
        published.write({"make.sh": 'printf "newer %s" "$2" > "$1"; chmod +x "$1"\n'})
        newer = published.commit()
        said = pushed(published)
        assert said.code == 0
        newest = child(registries[0], "linux/s390x")
        published.git("checkout", "--quiet", older)
        said = pushed(published, "--json")
        assert said.code == 0, said
        told = {each["tag"]: each for each in destinations(said)[0]["references"]}
        assert (told["main"]["status"], told["main-s390x"]["status"]) == ("kept", "kept")
        assert newer[:12] in told["main-s390x"]["reason"]
        standing = manifest(registries[0], "main-s390x")
        assert standing is not None
        assert str(standing.descriptor.digest) == newest
        published.git("checkout", "--quiet", newer)
        published.commit()
        said = pushed(published, "--force")
        assert "does not say of which commit" not in said.stderr

    def test_an_alias_that_all_platforms_share_is_refused(self, published: TinyProject):
        self.alias(published, "latest")
        said = published.run("plan", "--json")
        assert (said.code, said.document["code"]) == (2, "tag-collision")

    def test_they_are_joined(self, published: TinyProject, registries: Registries):
        self.alias(published, "old-{arch}")
        pushed(published)
        children = [child(registries[0], platform) for platform in PLATFORMS]
        text = (published.root / "polyarch.toml").read_text()
        published.toml(text.replace('alias-tags = ["old-{arch}"]', ""))
        published.commit()
        said = pushed(elsewhere(published), "--json", "--from-tags", "old-{arch}")
        assert (said.code, statuses(said)) == (0, ["published"] * 3), said
        assert [str(c.digest) for c in index(registries[1]).manifests] == children
        platforms = said.document["images"][0]["platforms"]
        assert [each["digest"] for each in platforms] == children

    def test_a_tag_that_lies_joins_nothing(self, published: TinyProject, registries: Registries):
        self.alias(published, "old-{arch}")
        pushed(published)
        before = index(registries[0]).raw
        lying = manifest(registries[0], "old-s390x")
        assert lying is not None

        async def lie() -> None:
            async with RegistryClient() as client:
                remote = client.repository(Repository.parse(f"{registries[0].host}/team/app"))
                await remote.put_manifest(lying, tag="old-ppc64le")

        asyncio.run(lie())
        published.commit()
        said = pushed(published, "--json", "--from-tags", "old-{arch}")
        assert said.code == 1, said
        assert said.document["code"] == "existing-misfit"
        assert index(registries[0]).raw == before

    def test_they_are_proven_where_nothing_is_published(
        self, published: TinyProject, registries: Registries
    ):
        self.alias(published, "old-{arch}")
        pushed(published)
        said = elsewhere(published).run("publish", "--from-tags", "old-{arch}")
        assert said.code == 0, said
        assert "nothing was published" in said.stderr
        assert "sh make.sh" not in said.stderr
        said = elsewhere(published).run("publish", "--from-tags", "none-{arch}")
        assert said.code == 3

    def test_of_two_words_for_one_platform_the_first_counts_and_is_told(
        self, published: TinyProject, registries: Registries
    ):
        self.alias(published, "old-{arch}")
        pushed(published)
        stale = manifest(registries[0], "old-s390x")
        assert stale is not None

        async def litter() -> None:
            async with RegistryClient() as client:
                remote = client.repository(Repository.parse(f"{registries[0].host}/team/app"))
                await remote.put_manifest(stale, tag="old-ppc64el")

        asyncio.run(litter())
        said = pushed(published, "--from-tags", "old-{arch}", "--dry-run")
        assert said.code == 0, said
        assert "`old-ppc64le` is taken; `old-ppc64el` is another image" in said.stderr

    def test_a_platform_without_its_tag_is_told(self, published: TinyProject):
        said = pushed(published, "--json", "--from-tags", "none-{arch}")
        assert (said.code, said.document["code"]) == (3, "tag-not-there")
        assert "none-ppc64el" in said.document["message"]

    @pytest.mark.parametrize(
        "words", [("--from-tags", "latest"), ("--from-tags", ""), ("--from-tags", "a b{arch}")]
    )
    def test_a_pattern_names_the_architecture(self, published: TinyProject, words: tuple[str, ...]):
        assert pushed(published, *words).code == 2


def journals(project: TinyProject) -> list[Path]:
    return [path for run in project.runs for path in run.glob("journal.jsonl")]


class TestJournal:
    def test_each_step_stands_in_it_and_only_the_owner_reads_it(self, published: TinyProject):
        said = pushed(published, "--json")
        assert said.code == 0
        [path] = journals(published)
        assert path.stat().st_mode & 0o777 == 0o600
        steps = [json.loads(line)["do"] for line in path.read_text().splitlines()]
        assert steps[0] == "begin"
        assert steps[-1] == "end"
        assert steps.count("frozen") == steps.count("moving") == steps.count("moved") == 6

    def test_a_run_that_publishes_nothing_has_none(self, published: TinyProject):
        assert published.run("publish").code == 0
        assert journals(published) == []


def test_no_rollback_leaves_what_has_moved(published: TinyProject, registries: Registries):
    pushed(published)
    published.commit()
    registries[2].quirks = Quirks(on_request=refuse_main)
    said: Said = pushed(published, "--json", "--no-rollback", "--force")
    assert said.code == 6, said
    assert statuses(said) == ["left", "left", "left"]
    registries[2].quirks = Quirks()
    again = pushed(published, "--json")
    assert again.code == 0
    assert len({index(registry).descriptor.digest for registry in registries}) == 1


class TestClean:
    def test_nothing_is_left_by_a_run_that_ended(self, published: TinyProject):
        pushed(published)
        said = published.run("publish", "--clean", "--json")
        assert (said.code, said.document["removed"], said.document["left"]) == (0, [], [])
        assert published.run("publish", "--clean").stderr == "nothing was left behind\n"

    def test_a_lock_that_lapsed_goes_and_one_that_holds_stays(
        self, published: TinyProject, registries: Registries, monkeypatch: pytest.MonkeyPatch
    ):
        async def take(registry: SandboxRegistry) -> None:
            async with RegistryClient() as client:
                remote = client.repository(Repository.parse(f"{registry.host}/team/app"))
                await lock.Lock(remote, "somebody").take()

        asyncio.run(take(registries[0]))
        monkeypatch.setattr(lock, "LIFE_S", -1000.0)
        asyncio.run(take(registries[1]))
        said = published.run("publish", "--clean", "--json")
        [gone], [left] = said.document["removed"], said.document["left"]
        assert (gone["kind"], gone["name"]) == ("lock", LOCK)
        assert gone["repository"] == f"{registries[1].host}/team/app"
        assert left["repository"] == f"{registries[0].host}/team/app"
        assert "somebody" in left["reason"]
        assert manifest(registries[1], LOCK) is None
        assert manifest(registries[0], LOCK) is not None

    def test_a_dry_run_removes_nothing(
        self, published: TinyProject, registries: Registries, monkeypatch: pytest.MonkeyPatch
    ):
        async def take() -> None:
            async with RegistryClient() as client:
                remote = client.repository(Repository.parse(f"{registries[0].host}/team/app"))
                await lock.Lock(remote, "somebody").take()

        monkeypatch.setattr(lock, "LIFE_S", -1000.0)
        asyncio.run(take())
        said = published.run("publish", "--clean", "--dry-run", "--json")
        assert (said.code, said.document["removed"]) == (0, [])
        assert [each["kind"] for each in said.document["left"]] == ["lock"]
        assert manifest(registries[0], LOCK) is not None

    def test_a_rehearsal_is_cleaned_by_itself(self, published: TinyProject, registries: Registries):
        """What died in registries of this machine is nothing that the real ones were told of."""
        assert published.run("publish", "--sandbox").code == 0
        [journal] = journals(published)
        kept = [line for line in journal.read_text().splitlines() if '"do":"end"' not in line]
        moving = next(json.loads(line) for line in kept if '"do":"moving"' in line)
        kept.append(json.dumps({**moving, "tag": "gone"}))
        journal.write_text("".join(f"{line}\n" for line in kept))
        asked = len(registries[0].requests)
        said = published.run("publish", "--clean", "--sandbox", "--json")
        assert [each["name"] for each in said.document["left"]] == ["gone"], said
        assert len(registries[0].requests) == asked
        assert published.run("publish", "--clean", "--json").document["left"] == []
        assert "died half-way" not in pushed(published).stderr
        assert "died half-way" in published.run("publish", "--sandbox").stderr

    def test_a_registry_that_cannot_be_asked_is_told_in_three_lines(
        self, published: TinyProject, registries: Registries
    ):
        registries[0].quirks = Quirks(down=True)
        said = published.run("publish", "--clean")
        assert said.code == 5
        error, where, hint = said.stderr.splitlines()[-3:]
        assert registries[0].host in error
        assert (error[:6], where[:8], hint[:7]) == ("error:", "  where:", "  hint:")
        [left] = published.run("publish", "--clean", "--json").document["left"]
        assert left["error"]["exit_code"] == 5

    @pytest.mark.parametrize(
        "words",
        [("-p", "linux/s390x", "--keep-others"), ("--from-tags", "x-{arch}"), ("--deadline", "9m")],
    )
    def test_options_of_no_use_are_refused(self, published: TinyProject, words: tuple[str, ...]):
        said = published.run("publish", "--clean", *words)
        assert said.code == 2
        assert "says nothing" in said.stderr

    def test_uploads_and_tags_of_a_run_that_died(
        self, published: TinyProject, registries: Registries
    ):
        pushed(published)
        [journal] = journals(published)
        lines = [json.loads(line) for line in journal.read_text().splitlines()]
        digest = str(index(registries[0]).descriptor.digest)
        told = next(line for line in lines if line["do"] == "moving")
        other = {**told, "tag": "gone", "digest": digest}
        upload = {
            "do": "upload",
            "repository": f"{registries[2].host}/team/app",
            "digest": digest,
            "location": f"http://{registries[2].host}/v2/team/app/blobs/uploads/1",
            "acknowledged": 3,
        }
        dead = [*lines[:-1], other, upload]
        journal.write_text("".join(json.dumps(line) + "\n" for line in dead) + '{"do":"mov')
        said = published.run("publish", "--clean", "--json")
        assert said.code == 0
        assert [(each["kind"], each["name"]) for each in said.document["removed"]] == [
            ("upload", digest)
        ]
        [left] = said.document["left"]
        assert (left["kind"], left["name"]) == ("tag", "gone")
        deleted = [r for r in registries[2].requests if r.method == "DELETE"]
        assert deleted[-1].path.endswith("/uploads/1")
        assert "tag " in published.run("publish", "--clean").stderr
