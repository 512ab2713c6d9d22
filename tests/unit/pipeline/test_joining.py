"""Which parts of other machines are joined: exactly the plan's, of this commit, each once."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import (
    PartCommitError,
    PartConflictError,
    PartMissingError,
    PartsError,
    PartUnknownError,
    PartUnplannedError,
    SpecError,
)
from polyarch.events import Event, Note, Warned
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.oci.platform import Platform
from polyarch.pipeline.joining import Scrutiny
from polyarch.pipeline.part import Part, Proof
from polyarch.pipeline.plan import ImagePlan, Plan, PlannedPlatform
from polyarch.pipeline.records import Record
from tests.support.images import make_index
from tests.support.strategies import json_values

SHA = "c0ffee"
RUN = "https://ci.example/runs/42"
PLACE = "artifacts"
APP = ("linux/amd64", "linux/arm64", "linux/arm/v7")


def planned(name: str, *platforms: str, publish: bool = True) -> ImagePlan:
    return ImagePlan(
        name=name,
        publish=publish,
        reason="",
        depends_on=(),
        platforms=tuple(
            PlannedPlatform(
                platform=Platform.parse(text),
                engine="direct",
                strategy="cross",
                reason="",
                builder="",
                input_key="",
            )
            for text in platforms
        ),
        version=None,
        tags=("main",),
        labels={},
        index_annotations={},
        manifest_annotations={},
        descriptor_annotations={},
        destinations=(),
    )


def part(image: str, platform: str, content: bytes = b"x", revision: str = SHA) -> Part:
    child = make_index([platform], content=content).children[0]
    return Part(
        image=image,
        platform=Platform.parse(platform),
        manifest=child,
        built=child,
        sources=(f"ghcr.io/team/{image}@{child.digest}",),
        input_key="sha256:" + "1" * 64,
        revision=revision,
        ci_run=RUN,
    )


def record(found: Part, where: str = "x.json") -> Record:
    return Record(part=found, where=where)


def records(image: str, *platforms: str) -> list[Record]:
    return [record(part(image, each), f"{image}-{each}.json") for each in platforms]


@dataclass
class Bench:
    """What records are held against, and what was told meanwhile."""

    images: Sequence[ImagePlan] = (planned("app", *APP),)
    project: Sequence[str] = ("app", "web")
    narrowed: bool = False
    in_ci: bool = True
    ci_run: str | None = RUN
    told: list[Event] = field(default_factory=list)

    @property
    def scrutiny(self) -> Scrutiny:
        return Scrutiny(
            plan=Plan(event="push", ref="refs/heads/main", sha=SHA, images=tuple(self.images)),
            event=CiEvent(
                provider=Provider.GITHUB, name="push", ref="", sha=SHA, run_url=self.ci_run
            ),
            images=self.project,
            narrowed=self.narrowed,
            in_ci=self.in_ci,
            listen=self.told.append,
        )

    def match(self, found: Sequence[Record]) -> list[tuple[str, str]]:
        matching = self.scrutiny.matching(found, PLACE)
        return [(image, str(platform)) for image, platform in matching]


def test_all_of_the_plan_in_its_order():
    found = records("app", *reversed(APP))
    assert Bench().match(found) == [("app", platform) for platform in APP]


def test_two_images():
    both = Bench(images=(planned("app", *APP), planned("web", "linux/amd64")))
    found = [*records("web", "linux/amd64"), *records("app", *APP)]
    assert both.match(found) == [*(("app", each) for each in APP), ("web", "linux/amd64")]


class TestRefused:
    def test_one_is_missing(self):
        with pytest.raises(PartMissingError) as raised:
            Bench().match(records("app", *APP[:1]))
        told = raised.value
        assert "`app` for `linux/arm64`, `app` for `linux/arm/v7`" in told.message
        assert told.where == PLACE
        assert "polyarch build app --platform linux/arm64 --stage" in (told.hint or "")

    def test_nothing_was_handed_over(self):
        with pytest.raises(PartMissingError):
            Bench().match([])

    def test_one_too_many(self):
        with pytest.raises(PartUnplannedError) as raised:
            Bench().match(records("app", *APP, "linux/s390x"))
        assert raised.value.where == "app-linux/s390x.json"
        assert "`app` for `linux/s390x`" in raised.value.message
        assert "`linux/arm/v7`" in (raised.value.hint or "")

    def test_a_variant_is_another_platform(self):
        with pytest.raises(PartUnplannedError):
            Bench().match(records("app", *APP[:2], "linux/arm/v6"))

    def test_twice_and_different(self):
        other = record(part("app", APP[0], content=b"other"), "late.json")
        with pytest.raises(PartConflictError) as raised:
            Bench().match([*records("app", *APP), other])
        for text in ("app-linux/amd64.json", "late.json", str(other.part.manifest.digest)):
            assert text in raised.value.message

    def test_twice_and_different_only_in_attestations(self):
        [first, *_] = found = records("app", *APP)
        other = replace(first, part=replace(first.part, attestations=(first.part.manifest,)))
        with pytest.raises(PartConflictError):
            Bench().match([*found, other])

    def test_of_another_commit(self):
        old = record(part("app", APP[0], revision="0ld"), "old.json")
        with pytest.raises(PartCommitError) as raised:
            Bench().match([old, *records("app", *APP[1:])])
        assert (raised.value.where, "`0ld`" in raised.value.message) == ("old.json", True)

    @pytest.mark.parametrize("name", ["stranger", "web"])
    def test_of_an_image_that_the_run_is_not_about(self, name: str):
        with pytest.raises(PartUnknownError) as raised:
            Bench().match([*records("app", *APP), *records(name, APP[0])])
        assert name in raised.value.message
        assert "`app`" in (raised.value.hint or "")

    def test_a_stranger_also_where_a_person_narrowed_the_run(self):
        with pytest.raises(PartUnknownError):
            Bench(narrowed=True).match([*records("app", *APP), *records("stranger", APP[0])])


def test_a_person_may_ask_for_one_image_of_several():
    bench = Bench(narrowed=True)
    assert len(bench.match([*records("app", *APP), *records("web", APP[0])])) == len(APP)
    [told] = bench.told
    assert isinstance(told, Note)
    assert "`web` for `linux/amd64`" in told.text


def test_the_same_part_twice_is_no_fault():
    found = records("app", *APP)
    again = replace(found[0], where="again.json")
    matching = Bench().scrutiny.matching([*found, again], PLACE)
    first = matching["app", Platform.parse(APP[0])]
    assert [each.where for each in first] == ["app-linux/amd64.json", "again.json"]


def test_an_image_that_is_not_published_needs_no_parts_but_wrong_ones_are_told():
    bench = Bench(images=(planned("app", *APP, publish=False),))
    assert bench.match([]) == []
    assert bench.match(records("app", APP[0])) == []
    with pytest.raises(PartUnplannedError):
        bench.match(records("app", "linux/s390x"))


@given(st.data())
def test_a_set_is_joined_exactly_when_it_is_the_plans(data):
    """Whatever is left out, put in, made twice, or aged: it is refused."""
    fitting = [*records("app", *APP), record(part("app", APP[1], content=b"other"))]
    odd = [
        record(part("app", "linux/s390x")),
        record(part("app", APP[2], revision="0ld")),
        record(part("stranger", APP[0])),
    ]
    chosen = data.draw(st.lists(st.sampled_from([*fitting, *fitting, *odd]), max_size=8))
    distinct = {(str(each.part.platform), each.part.manifest.digest) for each in chosen}
    right = not any(each in odd for each in chosen)
    right = right and sorted(platform for platform, _ in distinct) == sorted(APP)
    try:
        found = Bench().match(chosen)
    except PartsError:
        assert not right
    else:
        assert right
        assert found == [("app", platform) for platform in APP]


GOOD = Proof(
    subject=str(part("app", APP[0]).manifest.digest),
    level="smoke",
    how="emulated",
    revision=SHA,
    ci_run=RUN,
)


class TestProofs:
    """A proof is of one digest, one commit and one run of the CI; any other is dropped."""

    def kept(self, proof: Proof, setting: Bench | None = None) -> tuple[bool, list[str]]:
        setting = setting or Bench()
        held = replace(part("app", APP[0]), proofs=(proof,))
        found = setting.scrutiny.part([record(held, "job.json")])
        texts = [event.text for event in setting.told if isinstance(event, Warned)]
        assert bool(found.proofs) == (not texts)
        assert found == replace(held, proofs=found.proofs)
        return found.proofs == (proof,), texts

    def test_of_this_run(self):
        assert self.kept(GOOD) == (True, [])

    @pytest.mark.parametrize(
        ("proof", "words"),
        [
            (replace(GOOD, subject="sha256:" + "0" * 64), "another digest"),
            (replace(GOOD, subject=""), "another digest"),
            (replace(GOOD, revision="0ld"), "another commit"),
            (replace(GOOD, revision=""), "another commit"),
            (replace(GOOD, ci_run="https://ci.example/runs/41"), "another run"),
            (replace(GOOD, ci_run=None), "another run"),
        ],
    )
    def test_of_anything_else(self, proof: Proof, words: str):
        kept, [text] = self.kept(proof)
        assert not kept
        assert words in text
        assert "`app` for `linux/amd64`" in text
        assert "job.json" in text

    def test_in_a_ci_that_does_not_number_its_runs(self):
        assert not self.kept(replace(GOOD, ci_run=None), Bench(ci_run=None))[0]
        assert not self.kept(GOOD, Bench(ci_run=None))[0]

    def test_on_a_laptop_the_run_does_not_count(self):
        laptop = Bench(in_ci=False, ci_run=None)
        assert self.kept(replace(GOOD, ci_run=None), laptop)[0]
        assert self.kept(GOOD, laptop)[0]
        assert not self.kept(replace(GOOD, revision="0ld"), laptop)[0]

    def test_of_two_records_of_one_part_each_proof_counts_once(self):
        held = part("app", APP[0])
        other = replace(GOOD, level="linkage")
        found = [
            record(replace(held, proofs=(GOOD,))),
            record(replace(held, proofs=(other, GOOD))),
        ]
        assert Bench().scrutiny.part(found).proofs == (GOOD, other)

    @given(json_values)
    def test_any_proof_that_can_be_read_is_kept_or_dropped(self, value: object):
        for key in GOOD.to_json():
            proof = {**GOOD.to_json(), key: value}
            document = {**part("app", APP[0]).to_json(), "proofs": [proof]}
            try:
                held = Part.parse(json.dumps(document).encode())
            except SpecError:
                continue
            kept = Bench().scrutiny.part([record(held)]).proofs
            same = proof == GOOD.to_json()
            assert not kept or same or key in {"level", "how", "definition", "runtime"}
