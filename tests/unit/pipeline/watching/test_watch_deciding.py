"""What is to stand under a tag that differs: the newest, never an older one; and what is held."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.oci import annotation
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex
from polyarch.pipeline.watching.behind import judge_newest
from polyarch.pipeline.watching.deciding import decide
from polyarch.pipeline.watching.kinds import Sort, TagSort
from polyarch.pipeline.watching.memory import Memory
from polyarch.pipeline.watching.same import judge_same
from polyarch.pipeline.watching.subject import Subject, TagHolds
from polyarch.pipeline.watching.view import Sight, View
from polyarch.transaction.hold import Hold
from tests.support.images import make_index
from tests.support.watched import settings_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
SETTINGS = settings_of()
PLACES = SETTINGS.repositories
CHILDREN = make_index().index.manifests
VERSIONS = tuple(f"{major}.{minor}.0" for major in (1, 2) for minor in range(3))
SORTS = {version: TagSort(tag=version, sort=Sort.VERSION) for version in VERSIONS} | {
    "latest": TagSort(tag="latest", sort=Sort.MOVING, current=True, version="2.2.0"),
    "main": TagSort(tag="main", sort=Sort.BRANCH, current=True),
}


def index(version: str, revision: str = "", day: int = 0, form: str = "") -> ImageIndex:
    """An index that says what it is of; `form` makes others of the same."""
    said = {
        annotation.VERSION: version,
        annotation.REVISION: revision or (version and Digest.of(version.encode()).encoded[:40]),
        annotation.CREATED: (NOW - timedelta(days=100 - day)).isoformat() if day else "",
        "form": form,
    }
    return ImageIndex.build(CHILDREN, annotations={key: text for key, text in said.items() if text})


def subject(
    *shown: Mapping[str, ImageIndex],
    records: Mapping[str, ImageIndex] | None = None,
    holds: TagHolds | None = None,
    policy: str = "guarded",
    after: Mapping[str, bool] | None = None,
) -> Subject:
    manifests = {each.descriptor.digest: each for tags in shown for each in tags.values()}
    sights = tuple(
        Sight(
            repository=place,
            listed=True,
            tags={tag: each.descriptor for tag, each in tags.items()},
        )
        for place, tags in zip(PLACES, shown, strict=False)
    )
    digests = {
        (str(place), tag): str(each.descriptor.digest)
        for place in PLACES
        for tag, each in (records or {}).items()
    }
    return Subject(
        settings=replace(SETTINGS, tag_policy=policy),
        view=View(image="app", sights=sights, manifests=manifests, configs={}),
        sorts=SORTS,
        memory=Memory(digests=digests),
        now=NOW,
        nightly_max_age_s=86400,
        holds=holds or {},
        descends=lambda commit, revision: (after or {}).get(f"{commit}<{revision}"),
    )


def right(found: Subject, tag: str = "latest") -> Digest | None:
    return decide(found, tag).root


def hold_of(index: ImageIndex, tag: str = "latest") -> Hold:
    said = index.annotations
    return Hold(
        tag=tag,
        digest=index.descriptor.digest,
        time=NOW,
        version=said[annotation.VERSION],
        revision=said[annotation.REVISION],
        who="ada",
        why="it leaks",
    )


@given(
    shown=st.lists(st.sampled_from(VERSIONS), min_size=2, max_size=3),
    known=st.sampled_from((*VERSIONS, "")),
    forms=st.lists(st.sampled_from(["", "x"]), min_size=3, max_size=3),
)
def test_no_version_goes_back_whatever_a_record_says(
    shown: list[str], known: str, forms: list[str]
):
    stands = [index(version, form=form) for version, form in zip(shown, forms, strict=False)]
    records = {"latest": index(known)} if known else {}
    found = subject(*({"latest": each} for each in stands), records=records)
    chosen = right(found)
    newest = max(shown, key=VERSIONS.index)
    if chosen:
        assert chosen in {index(newest, form=form).descriptor.digest for form in ("", "x")}
    elif len({form for version, form in zip(shown, forms, strict=False) if version == newest}) == 1:
        pytest.fail("the newest has one form only")


def test_a_version_that_stays_goes_to_what_was_published():
    good, other = index("1.0.0"), index("1.0.0", revision="b" * 40)
    shown = {"1.0.0": good}, {"1.0.0": other}
    assert right(subject(*shown), "1.0.0") is None
    known = subject(*shown, records={"1.0.0": good})
    assert right(known, "1.0.0") == good.descriptor.digest
    most = subject(*shown, {"1.0.0": other})
    assert right(most, "1.0.0") is None, "a version stays with its commit"


class TestBranches:
    def test_the_commit_that_comes_after(self):
        one, two = index("main", "a" * 40), index("main", "b" * 40)
        after = {f"{'a' * 40}<{'b' * 40}": True, f"{'b' * 40}<{'a' * 40}": False}
        found = subject({"main": one}, {"main": two}, records={"main": one}, after=after)
        assert right(found, "main") == two.descriptor.digest

    def test_without_git_the_later_one(self):
        one, two = index("main", "a" * 40, day=2), index("main", "b" * 40, day=1)
        found = subject({"main": two}, {"main": one}, {"main": two}, records={"main": two})
        assert right(found, "main") == one.descriptor.digest

    def test_where_nobody_knows_it_is_left(self):
        one, two = index("main", "a" * 40), index("main", "b" * 40)
        shown = {"main": one}, {"main": two}, {"main": one}
        assert right(subject(*shown, records={"main": one}), "main") is None

    def test_the_same_commit_built_again_later(self):
        one, two = (with_day(day) for day in ("2026-02-01", "2026-02-02"))
        shown = {"main": one}, {"main": two}
        assert right(subject(*shown, records={"main": one}), "main") is None, "it may be an old one"
        assert right(subject(*shown, records={"main": two}), "main") == two.descriptor.digest


def with_day(day: str) -> ImageIndex:
    """An index of one commit whose images were built that day."""
    told = {annotation.BUILT: day}
    entries = [replace(each, annotations=told) for each in CHILDREN]
    return ImageIndex.build(entries, annotations={annotation.REVISION: "a" * 40})


class TestSilent:
    def test_what_says_nothing_takes_no_place(self):
        good, foreign = index("2.0.0"), ImageIndex.build(CHILDREN, annotations={"by": "somebody"})
        shown = {"latest": good}, {"latest": foreign}, {"latest": foreign}
        assert right(subject(*shown)) is None
        assert right(subject(*shown[:2], {"latest": good})) == good.descriptor.digest
        assert right(subject(*shown[:2], records={"latest": good})) == good.descriptor.digest


class TestHeld:
    def test_it_is_named_with_the_way(self):
        old, new = index("1.0.0"), index("2.0.0")
        shown = {"1.0.0": old, "latest": old}, {"1.0.0": old, "latest": new}
        found = subject(*shown, holds={(PLACES[0], "latest"): (hold_of(new),)})
        assert right(found) is None
        [told] = [each for each in judge_same(found) if each.code == "W110"]
        assert f"in {PLACES[0]} it was put back from 2.0.0 by ada" in told.message
        assert "`polyarch rollback app --to 1.0.0 --tag latest`" in told.hint

    def test_by_digest_where_no_version_stands(self):
        old, new = index("1.0.0"), index("2.0.0")
        holds: TagHolds = {(PLACES[0], "latest"): (hold_of(new),)}
        found = subject({"latest": old}, {"latest": new}, holds=holds)
        [told] = judge_same(found)
        assert f"--to {old.descriptor.digest} --tag latest`" in told.hint

    def test_of_what_is_missing_beside_no_repair_is_said(self):
        old, new = index("1.0.0"), index("2.0.0")
        holds: TagHolds = {(PLACES[0], "latest"): (hold_of(new),)}
        shown = {"latest": old}, {"latest": new}, {"1.0.0": old}
        told = [each for each in judge_same(subject(*shown, holds=holds)) if each.code == "W108"]
        hints = {each.path: each.hint for each in told}
        assert "W110" in hints[f"{PLACES[2]}:latest"]
        assert "--repair" in hints[f"{PLACES[0]}:1.0.0"]

    def test_something_newer_passes(self):
        old, bad, new = index("1.0.0"), index("2.0.0"), index("2.1.0")
        holds: TagHolds = {(PLACES[0], "latest"): (hold_of(bad),)}
        found = subject({"latest": old}, {"latest": bad}, {"latest": new}, holds=holds)
        assert right(found) == new.descriptor.digest

    def test_a_registry_that_does_not_say_decides_nothing(self):
        old, new = index("1.0.0"), index("2.0.0")
        holds: TagHolds = {(PLACES[0], "latest"): None}
        found = subject({"latest": old}, {"latest": new}, holds=holds)
        assert right(found) is None
        assert "is not known" in next(judge_same(found)).message


def test_a_free_policy_has_no_order():
    old, new = index("1.0.0"), index("2.0.0")
    shown = {"latest": old}, {"latest": new}, {"latest": old}
    assert right(subject(*shown, records={"latest": old}, policy="free")) is None


class TestBehind:
    def told(self, *shown: Mapping[str, ImageIndex], **keys: Any) -> list[tuple[str, str]]:
        found = subject(*shown, **keys)
        return [(each.path, each.severity.value) for each in judge_newest(found)]

    def test_everywhere(self):
        old, new = index("2.0.0"), index("2.2.0")
        behind = {"latest": old, "2.2.0": new}
        assert self.told(behind, {"latest": old}) == [("latest", "warning")]
        assert self.told(behind, {"latest": new}) == []
        assert self.told(behind, policy="free") == [("latest", "info")]

    @pytest.mark.parametrize(
        "other",
        [
            index("2.2.0", form="x"),
            index("2.3.0"),
            index("main"),
            index("", revision=Digest.of(b"2.2.0").encoded[:40]),
            ImageIndex.build(CHILDREN, annotations={"by": "somebody"}),
        ],
    )
    def test_what_is_not_known_to_be_older(self, other: ImageIndex):
        assert self.told({"latest": other, "2.2.0": index("2.2.0")}) == []

    def test_by_its_tag_where_it_does_not_say(self):
        old, new = (ImageIndex.build(CHILDREN, annotations={"x": each}) for each in "ab")
        assert self.told({"latest": old, "1.2.0": old, "2.2.0": new}) == [("latest", "warning")]

    def test_somebody_has_put_it_back(self):
        old, new = index("2.0.0"), index("2.2.0")
        shown = {"latest": old, "2.2.0": new}
        holds = {(PLACES[0], "latest"): (hold_of(new),)}
        assert self.told(shown, holds=holds) == [("latest", "info")]
        before = {(PLACES[0], "latest"): (hold_of(index("2.1.0")),)}
        assert self.told(shown, holds=before) == [("latest", "warning")]
