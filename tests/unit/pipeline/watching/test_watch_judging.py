"""Findings from what was seen: every damage is told where it is, and nothing else is."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.config.project import PER_REGISTRY
from polyarch.content.reader import read_small
from polyarch.errors import Exchange, RegistryUnavailableError
from polyarch.findings import Finding
from polyarch.oci import annotation
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest, parse_any
from polyarch.oci.platform import Platform
from polyarch.pipeline.watching.codes import key_of
from polyarch.pipeline.watching.deciding import decide
from polyarch.pipeline.watching.fresh import judge_fresh
from polyarch.pipeline.watching.kinds import Sort, TagSort
from polyarch.pipeline.watching.lost import expected, judge_platforms
from polyarch.pipeline.watching.memory import Memory
from polyarch.pipeline.watching.same import judge_same
from polyarch.pipeline.watching.subject import Subject
from polyarch.pipeline.watching.view import Root, Sight, View
from polyarch.pipeline.watching.whole import judge_whole
from tests.support.images import make_index
from tests.support.watched import settings_of

NOW = datetime(2026, 3, 1, tzinfo=UTC)
DAY = timedelta(days=1)
SETTINGS = settings_of()
A, B, C = SETTINGS.repositories
SORTS = {
    "1.0.0": TagSort(tag="1.0.0", sort=Sort.VERSION),
    "2.0.0": TagSort(tag="2.0.0", sort=Sort.VERSION, current=True, newest=True),
    "latest": TagSort(tag="latest", sort=Sort.MOVING, current=True),
    "nightly": TagSort(tag="nightly", sort=Sort.NIGHTLY, current=True),
    "debug": TagSort(tag="debug", sort=Sort.OTHER),
}


class Set:
    """Images that were read, by what they hold."""

    def __init__(self) -> None:
        self.manifests: dict[Digest, Root] = {}

    def image(self, content: str, *platforms: str, **annotations: str) -> ImageIndex:
        made = make_index(platforms or ("linux/amd64", "linux/arm64"), content=content.encode())
        told = {key.replace("_", "."): text for key, text in annotations.items()}
        index = ImageIndex.build(made.index.manifests, annotations=told)
        for child in made.children:
            raw = read_small(made.store, child)
            self.manifests[child.digest] = parse_any(raw, child.media_type)
        self.manifests[index.descriptor.digest] = index
        return index

    def subject(self, *shown: Mapping[str, ImageIndex], memory: Memory | None = None) -> Subject:
        sights = tuple(
            Sight(
                repository=repository,
                listed=True,
                tags={tag: index.descriptor for tag, index in tags.items()},
            )
            for repository, tags in zip(SETTINGS.repositories, shown, strict=True)
        )
        view = View(image="app", sights=sights, manifests=self.manifests, configs={})
        return Subject(
            settings=SETTINGS,
            view=view,
            sorts=SORTS,
            memory=memory or Memory(),
            now=NOW,
            nightly_max_age_s=2 * 86400,
        )


def changed(subject: Subject, at: int, **values: Any) -> Subject:
    """The same, but for what was seen of one repository."""
    sights = list(subject.view.sights)
    sights[at] = replace(sights[at], **values)
    return replace(subject, view=replace(subject.view, sights=tuple(sights)))


def told(found: Iterable[Finding]) -> set[tuple[str, str]]:
    return {(each.code, each.path) for each in found}


class TestWhole:
    @given(data=st.data())
    def test_all_that_is_gone_is_told_once_and_nothing_else(self, data: st.DataObject):
        images = Set()
        old, new = images.image("old"), images.image("new")
        subject = images.subject(*({"1.0.0": old, "2.0.0": new, "latest": new} for _ in range(3)))
        below = subject.view.below([old.descriptor.digest, new.descriptor.digest])
        roots = {old.descriptor.digest, new.descriptor.digest}
        nodes = [each for each in below if each in images.manifests and each not in roots]
        blobs = [each for each in below if each not in images.manifests]
        wanted: set[tuple[str, str]] = set()
        for at, repository in enumerate(SETTINGS.repositories):
            absent = data.draw(st.frozensets(st.sampled_from(nodes)))
            lacking = data.draw(st.frozensets(st.sampled_from(blobs)))
            subject = changed(subject, at, absent=absent, lacking=lacking)
            wanted |= {("W103", f"{repository}@{each}") for each in absent}
            wanted |= {("W104", f"{repository}@{each}") for each in lacking}
        found = list(judge_whole(subject))
        assert told(found) == wanted
        assert len(found) == len(wanted) == len({key_of(each) for each in found})
        everywhere = frozenset.intersection(
            *(sight.absent | sight.lacking for sight in subject.view.sights)
        )
        for each in found:
            gone = Digest.parse(each.path.partition("@")[2]) in everywhere
            assert ("no other registry" in each.hint) == gone

    def test_what_did_not_answer(self):
        images = Set()
        shown = {"2.0.0": images.image("new")}
        exchange = Exchange(registry="b.example", method="GET", url="/v2/")
        error = RegistryUnavailableError(exchange, "it is down")
        subject = changed(images.subject(shown, shown, shown), 1, listed=False, errors=(error,))
        assert told(judge_whole(subject)) == {("W101", str(B))}
        silent = changed(subject, 1, tags={})
        assert told(judge_same(silent)) == set(), "and nothing is said to be missing there"

    def test_what_is_listed_and_gone(self):
        images = Set()
        shown = {"2.0.0": images.image("new")}
        subject = changed(images.subject(shown, {}, shown), 1, dangling=frozenset({"2.0.0"}))
        assert told(judge_whole(subject)) == {("W102", f"{B}:2.0.0")}
        assert told(judge_same(subject)) == set()


class TestSame:
    @given(present=st.lists(st.frozensets(st.sampled_from(sorted(SORTS))), min_size=3, max_size=3))
    def test_what_is_missing_where(self, present: list[frozenset[str]]):
        images = Set()
        new = images.image("new")
        subject = images.subject(*(dict.fromkeys(tags, new) for tags in present))
        every = frozenset[str]().union(*present)
        wanted = set()
        for repository, tags in zip(SETTINGS.repositories, present, strict=True):
            if not tags:
                wanted.add(("W111", str(repository)))
            for tag in every - tags:
                if tag == "2.0.0":
                    wanted.add(("W109", f"{repository}:{tag}"))
                elif tags:
                    wanted.add(("W108", f"{repository}:{tag}"))
        assert told(judge_same(subject)) == wanted

    def test_other_images_for_the_same_platforms(self):
        images = Set()
        new, other = images.image("new"), images.image("other")
        subject = images.subject({"latest": new}, {"latest": other}, {"latest": new})
        assert told(judge_same(subject)) == {("W110", "latest")}
        assert decide(subject, "latest").root == new.descriptor.digest

    def test_registries_that_get_what_they_take(self):
        images = Set()
        new = images.image("new")
        less = ImageIndex.build(new.manifests, annotations={"less": "yes"})
        images.manifests[less.descriptor.digest] = less
        subject = images.subject({"latest": new}, {"latest": less}, {"latest": new})
        assert told(judge_same(subject)) == {("W110", "latest")}
        settings = replace(SETTINGS, digest_policy=PER_REGISTRY)
        assert told(judge_same(replace(subject, settings=settings))) == set()

    def test_a_record_and_most_registries_have_to_agree(self):
        images = Set()
        new, other = images.image("new"), images.image("other")
        shown = {"latest": new}, {"latest": other}, {"latest": new}
        known = str(other.descriptor.digest)
        memory = Memory(digests={(str(each), "latest"): known for each in SETTINGS.repositories})
        assert decide(images.subject(*shown, memory=memory), "latest").root is None
        even = images.subject({"latest": new}, {"latest": other}, {}, memory=memory)
        assert decide(even, "latest").root == other.descriptor.digest
        assert decide(replace(even, memory=Memory()), "latest").root is None


class TestPlatforms:
    def test_a_current_tag_has_what_the_config_says(self):
        images = Set()
        less = images.image("new", "linux/amd64")
        subject = images.subject({"latest": less}, {"latest": less}, {"latest": less})
        assert [(each.code, str(each.platform)) for each in judge_platforms(subject)] == [
            ("W106", "linux/arm64")
        ]

    def test_unless_a_run_has_published_it_so(self):
        images = Set()
        less = images.image("new", "linux/amd64")
        shown = {"latest": less}
        digest = str(less.descriptor.digest)
        memory = Memory(
            digests={(str(each), "latest"): digest for each in SETTINGS.repositories},
            platforms={digest: frozenset({Platform.parse("linux/amd64")})},
        )
        subject = images.subject(shown, shown, shown, memory=memory)
        [found] = judge_platforms(subject)
        assert (found.code, found.message) == ("W107", "`latest` was published without it")

    def test_what_nobody_knows_is_not_told_of_publishing(self):
        images = Set()
        less = images.image("old", "linux/amd64")
        subject = images.subject({"1.0.0": less}, {}, {})
        [found] = judge_platforms(subject)
        told = "`1.0.0` has no image for it, and no record says that it had one"
        assert (found.code, found.message) == ("W107", told)

    def test_an_old_one_has_what_others_know(self):
        images = Set()
        whole, less = images.image("old"), images.image("old", "linux/amd64")
        subject = images.subject({"1.0.0": less}, {"1.0.0": less}, {"1.0.0": less})
        assert {each.code for each in judge_platforms(subject)} == {"W107"}
        differs = images.subject({"1.0.0": whole}, {"1.0.0": less}, {"1.0.0": less})
        [found] = judge_platforms(differs)
        assert (found.code, found.details["repositories"]) == ("W106", f"{B} {C}")
        assert expected(differs, "1.0.0") == frozenset(whole.platforms)

    def test_tags_of_one_image_are_told_together(self):
        images = Set()
        less = images.image("new", "linux/amd64")
        shown = {"2.0.0": less, "latest": less, "nightly": less}
        [found] = judge_platforms(images.subject(shown, shown, shown))
        assert found.path == "2.0.0"
        assert found.details["tags"] == "2.0.0 latest nightly"


class TestFresh:
    def nightly(self, age: timedelta | None, revision: str = "") -> tuple[Set, ImageIndex]:
        images = Set()
        told = {annotation.CREATED: (NOW - age).isoformat()} if age is not None else {}
        if revision:
            told[annotation.REVISION] = revision
        index = ImageIndex.build(images.image("n").manifests, annotations=told)
        images.manifests[index.descriptor.digest] = index
        return images, index

    @pytest.mark.parametrize(
        ("age", "code"),
        [(DAY, ""), (30 * DAY, "W112"), (None, "W113"), (-10 * DAY, "W113")],
    )
    def test_by_the_index(self, age: timedelta | None, code: str):
        images, index = self.nightly(age)
        shown = {"nightly": index}
        found = [each.code for each in judge_fresh(images.subject(shown, shown, shown))]
        assert found == ([code] if code else [])

    def test_a_run_has_found_it_as_it_should_be(self):
        images, index = self.nightly(30 * DAY)
        shown = {"nightly": index}
        memory = Memory(confirmed={(str(B), "nightly"): NOW - DAY})
        assert not list(judge_fresh(images.subject(shown, shown, shown, memory=memory)))

    def test_the_branch_has_not_moved(self):
        images, index = self.nightly(30 * DAY, revision="a" * 40)
        shown = {"nightly": index}
        subject = replace(images.subject(shown, shown, shown), head="a" * 40)
        assert not list(judge_fresh(subject))
        settings = replace(subject.settings, schedule_rebuilds=True)
        again = replace(subject, settings=settings)
        assert [each.code for each in judge_fresh(again)] == ["W113"], "nobody knows"
        entries = [replace(e, annotations={annotation.BUILT: "2026-02-01"}) for e in index.images]
        built = ImageIndex.build(entries, annotations=index.annotations)
        images.manifests[built.descriptor.digest] = built
        shown = {"nightly": built}
        [told] = judge_fresh(replace(again, view=images.subject(shown, shown, shown).view))
        assert (told.code, told.message[:24]) == ("W112", "it was built 27 days ago")

    def found(self, age: int, after: tuple[int, ...] | None, **keys: Any) -> str:
        """What is said of a nightly whose commit is so old; `after` are ages of newer commits."""
        images, index = self.nightly(age * DAY, revision="a" * 40)
        shown = {"nightly": index}
        times = None if after is None else tuple(NOW - each * DAY for each in after)
        subject = images.subject(shown, shown, shown, memory=keys.pop("memory", None))
        subject = replace(subject, head="b" * 40, after=lambda _revision: times)
        rebuilds = replace(subject.settings, schedule_rebuilds=keys.pop("rebuilds", False))
        told = list(judge_fresh(replace(subject, settings=rebuilds)))
        return f"{told[0].code}: {told[0].message}" if told else ""

    def test_the_age_of_a_commit_is_none_of_a_nightly(self):
        assert self.found(82, (0,)) == ""
        assert self.found(82, ()) == ""
        assert self.found(82, (5, 0)).startswith(
            "W112: the branch went on from its commit 5 days ago"
        )
        assert self.found(82, None).startswith(
            "W112: its commit is of 82 days ago (2025-12-09), and no"
        )
        assert self.found(82, (0,), rebuilds=True).startswith("W113: ")

    def test_a_record_of_a_run(self):
        memory = Memory(confirmed={(str(A), "nightly"): NOW - 30 * DAY})
        told = self.found(82, None, memory=memory)
        assert told.startswith("W112: the last run that is known to have published it was 30 days")
        assert self.found(82, (1,), memory=memory) == ""

    def test_none_stands_although_a_schedule_publishes(self):
        images = Set()
        shown = {"2.0.0": images.image("new")}
        subject = images.subject(shown, shown, shown)
        assert not list(judge_fresh(subject))
        assert told(judge_fresh(replace(subject, scheduled=True))) == {("W112", "")}


def test_images_of_one_platform_are_read_by_their_configs():
    images = Set()
    [child, _] = images.image("new").images
    manifest = images.manifests[child.digest]
    assert isinstance(manifest, ImageManifest)
    subject = images.subject({}, {}, {})
    single = changed(subject, 0, tags={"latest": manifest.descriptor})
    assert not list(judge_platforms(single)), "nobody knows what it is"
