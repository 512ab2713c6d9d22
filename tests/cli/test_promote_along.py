"""What goes along with an image that is promoted, and what one registry does not take of it."""

from dataclasses import replace
from typing import Any

import pytest

from polyarch.sandbox.likenesses import ALIYUN
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call, refusal
from polyarch.transaction.hold import ARTIFACT as HOLD
from tests.cli.test_registries_differ import attested
from tests.support.environments import (
    PLATFORMS,
    TAGS,
    Staged,
    app_of,
    cosign,
    referrers_of,
    shown_as,
    sign,
    told,
)

Registries = tuple[SandboxRegistry, ...]
NOTHING: list[dict[str, Any]] = [{}, {}, {}]


class TestWhatGoesAlong:
    def test_artifacts_are_there_before_any_tag_moves(self, staged: Staged, three: Registries):
        published = staged.stage("app")
        digest = app_of(published)
        child = published["images"][0]["platforms"][0]["digest"]
        source = f"{three[0].host}/staging/app"
        signature = sign(source, digest)
        of_signature = sign(source, signature, "countersigned")
        of_child = sign(source, child, "an SBOM")
        elsewhere = sign(f"{three[1].host}/staging/app", digest, "another")
        held = sign(source, digest, "held here", HOLD)
        seen: list[tuple[SandboxRegistry, bool]] = []
        for registry in three:
            registry.quirks = replace(registry.quirks, on_request=watching(registry, seen))

        said = staged.promote("app")
        assert said.code == 0, said
        for host in staged.hosts:
            team = f"{host}/team/app"
            assert referrers_of(team, digest) == {signature, elsewhere}
            assert referrers_of(team, signature) == {of_signature}
            assert referrers_of(team, child) == {of_child}
        assert held not in said.stdout
        carried = said.document["images"][0]["destinations"][0]["referrers"]
        assert len(carried) == 4
        first = [is_tag for _, is_tag in seen].index(True)
        assert not [is_tag for _, is_tag in seen[first:] if not is_tag], "tags come last"

    def test_what_cosign_keeps_under_tags_is_there_before_any_tag_moves(
        self, staged: Staged, three: Registries
    ):
        published = staged.stage("app")
        digest, child = app_of(published), published["images"][0]["platforms"][0]["digest"]
        source = f"{three[0].host}/staging/app"
        signature = cosign(source, digest, "one", "two")
        elsewhere = cosign(f"{three[1].host}/staging/app", child, "of a child", end=".att")
        tags = [
            f"{each.replace(':', '-')}{end}" for each, end in ((digest, ".sig"), (child, ".att"))
        ]
        team = [f"{host}/team/app" for host in staged.hosts]
        cosign(team[1], digest, "one")  # older: cosign has added to it since
        more = cosign(team[2], digest, "one", "two", "three")
        foreign = cosign(team[2], child, "of somebody else", end=".att")
        seen: list[tuple[SandboxRegistry, str]] = []
        for registry in three:
            registry.quirks = replace(registry.quirks, on_request=naming(registry, seen))

        said = staged.promote("app")
        assert said.code == 0, said
        assert [shown_as(each, tags[0]) for each in team] == [signature, signature, more]
        assert [shown_as(each, tags[1]) for each in team] == [elsewhere, elsewhere, foreign]
        carried = [each["referrers"] for each in said.document["images"][0]["destinations"]]
        assert [[each["carried"] for each in one] for one in carried] == (
            [[True, True], [True, True], [True, False]]
        )
        assert "is kept" in carried[2][1]["reason"]
        put = [item for _, item in seen if ":" not in item]
        assert {*put[:4]} == {*tags}, "tags of the image come last"
        again = staged.promote("app")
        assert told(again) == [dict.fromkeys(TAGS, "unchanged")] * 3

    def test_signatures_that_differ_in_the_source_are_told(self, staged: Staged, three: Registries):
        digest = app_of(staged.stage("app"))
        first = cosign(f"{three[0].host}/staging/app", digest, "one")
        cosign(f"{three[1].host}/staging/app", digest, "two")
        said = staged.promote("app")
        assert said.code == 0, said
        tag = f"{digest.replace(':', '-')}.sig"
        assert {shown_as(f"{host}/team/app", tag) for host in staged.hosts} == {first}
        assert "is not the same as elsewhere" in said.stdout

    def test_one_that_cannot_be_brought_keeps_all_tags_where_they_are(
        self, staged: Staged, three: Registries
    ):
        digest = app_of(staged.stage("app"))
        signature = sign(f"{three[0].host}/staging/app", digest)

        async def lose(call: Call) -> Answer | None:
            lost = call.method == "PUT" and call.target.item == signature
            return refusal("DENIED", "not this") if lost else None

        three[2].quirks = replace(three[2].quirks, on_request=lose)
        said = staged.promote("app")
        assert said.code == 7, said
        assert staged.standing() == NOTHING

    @pytest.mark.parametrize("policy", ["per-registry", "same"])
    def test_what_a_registry_does_not_take_is_left_out_there_where_that_is_allowed(
        self, staged: Staged, three: Registries, policy: str
    ):
        """Staging differs, too: both of its indexes have the same images."""
        name = attested(three[0])
        three[1].quirks = replace(ALIYUN, referrers=False)
        aliyun = f'+[registries."{three[1].host}"]\nprofile = "aliyun"\n'
        taken = "".join(f'[images.app.platform."{p}"]\nfrom = "{name}"\n' for p in PLATFORMS)
        staged.project.toml(aliyun + taken)
        text = (staged.project.root / "polyarch.toml").read_text()
        apart = text.replace("[images.app]\n", '[images.app]\ndigest-policy = "per-registry"\n')
        staged.project.toml(apart)
        staged.project.commit("As it is")
        digest = app_of(staged.stage("app"))
        about = sign(f"{three[0].host}/staging/app", digest)
        if policy == "same":
            staged.project.toml(text)
            said = staged.promote("app", "--from-tag", digest)
            assert said.code == 7, said
            assert said.document["images"][0]["destinations"][1]["error"]["code"] == (
                "adaptation-needed"
            )
            assert staged.standing() == NOTHING
            return
        said = staged.promote("app")
        assert said.code == 0, said
        shown = [each["app"]["1.2.3"] for each in staged.standing()]
        assert shown[0] == shown[2] == digest != shown[1]
        assert shown[1] == staged.standing("staging")[1]["app"]["1.2.3"]
        carried = [each["referrers"] for each in said.document["images"][0]["destinations"]]
        assert [len(each) for each in carried] == [1, 0, 1], "it is about the index of the others"
        assert referrers_of(f"{three[2].host}/team/app", digest) == {about}


def naming(registry: SandboxRegistry, seen: list[tuple[SandboxRegistry, str]]) -> Any:
    """Notes under which name each manifest comes."""

    async def watch(call: Call) -> None:
        if call.method == "PUT" and call.target.kind is Kind.MANIFEST:
            seen.append((registry, call.target.item))

    return watch


def watching(registry: SandboxRegistry, seen: list[tuple[SandboxRegistry, bool]]) -> Any:
    """Notes each manifest that comes, and whether it comes under a tag of the image."""

    async def watch(call: Call) -> None:
        if call.method == "PUT" and call.target.kind is Kind.MANIFEST:
            item = call.target.item
            if not item.startswith("sha256-"):
                seen.append((registry, ":" not in item))

    return watch
