"""How old tags have to be, and how many of each kind stay."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from polyarch.host.git_refs import LivingRefs
from polyarch.oci import annotation
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.reference import Repository
from polyarch.pipeline.pruning import choosing
from polyarch.pipeline.pruning.choosing import Bounds, Choice, ImageRules, choose
from polyarch.pipeline.pruning.kinds import Refs, TagRules
from polyarch.pipeline.survey import Survey

NOW = datetime(2026, 6, 1, tzinfo=UTC)
REFS = Refs(living=LivingRefs(), default_branch="main")
RULES = TagRules.parse(("type=ref,event=pr", "type=ref,event=branch"), ())
BOUNDS = Bounds(now=NOW, max_age=timedelta(days=30), keep=0)


def surveyed(ages: Mapping[str, int | None]) -> Survey:
    """Tags with the days since the commit that each index says, None where it says nothing."""
    tags, manifests = {}, {}
    for tag, age in ages.items():
        said = {annotation.VERSION: tag}
        if age is not None:
            said[annotation.CREATED] = (NOW - timedelta(days=age)).isoformat()
        made = ImageIndex.build([], annotations=said)
        tags[tag] = made.descriptor
        manifests[made.descriptor.digest] = made
    place = Repository.parse("registry.example/team/app")
    return Survey(repository=place, tags=tags, manifests=manifests, missing=frozenset())


def chosen(
    ages: Mapping[str, int | None], bounds: Bounds = BOUNDS, *images: ImageRules
) -> dict[str, Choice]:
    given_images = images or (ImageRules(name="app", rules=RULES),)
    return {each.tag: each for each in choose(surveyed(ages), given_images, bounds, REFS)}


def test_old_ones_go_and_say_why():
    found = chosen({"pr-1": 31, "pr-2": 30, "gone": 400, "main": 400, "pr-9": None})
    assert {tag: each.reason for tag, each in found.items()} == {
        "pr-1": "a pull request, 31 days old",
        "pr-2": "its commit is 30 days old",
        "gone": "a branch that is gone, 400 days old",
        "main": "it is the default branch",
        "pr-9": "its index does not say when it was committed",
    }
    assert [tag for tag, each in found.items() if each.goes] == ["gone", "pr-1"]


def test_what_has_no_commit_says_no_time():
    found = surveyed({"pr-1": 31})
    epoch = ImageIndex.build([], annotations={annotation.CREATED: "1970-01-01T00:00:00.000Z"})
    odd = replace(
        found,
        tags={"pr-1": epoch.descriptor},
        manifests={epoch.descriptor.digest: epoch},
    )
    images = (ImageRules(name="app", rules=RULES),)
    assert not any(each.goes for each in choose(odd, images, BOUNDS, REFS))


def test_tags_that_are_named_stay():
    found = chosen({"pr-1": 99, "pr-2": 99}, replace(BOUNDS, keep_tags=("*-2",)))
    assert found["pr-1"].goes
    assert not found["pr-2"].goes


@given(
    ages=st.dictionaries(
        st.sampled_from([f"{kind}-{n}" for kind in ("pr", "b") for n in "abcdefgh"])
        .map(lambda tag: tag.replace("a", "1") if tag.startswith("pr") else tag)
        .map(lambda tag: tag if not tag.startswith("pr") else f"pr-{ord(tag[-1])}"),
        st.integers(0, 90),
    ),
    keep=st.integers(0, 5),
)
def test_the_newest_of_each_kind_stay_and_none_that_is_young_goes(ages, keep):
    found = chosen(ages, replace(BOUNDS, keep=keep))
    for kind in {each.kind for each in found.values()}:
        own = [each for each in found.values() if each.kind == kind]
        going = [ages[each.tag] for each in own if each.goes]
        staying = [ages[each.tag] for each in own if not each.goes]
        assert all(age > BOUNDS.max_age.days for age in going)
        assert len(staying) >= min(keep, len(own))
        assert max(sorted(staying)[:keep], default=0) <= min(going, default=999)
        old = [age for age in staying if age > BOUNDS.max_age.days]
        assert len(old) <= keep


def test_an_image_that_was_not_asked_for_keeps_its_tags_in_a_shared_repository():
    mine = ImageRules(name="mine", rules=TagRules.parse(("type=ref,event=pr",), ("suffix=-m",)))
    other = ImageRules(
        name="other", rules=TagRules.parse(("type=ref,event=pr",), ("suffix=-o",)), asked=False
    )
    found = chosen({"pr-1-m": 99, "pr-1-o": 99}, BOUNDS, mine, other)
    assert found["pr-1-m"].goes
    assert found["pr-1-o"].reason == "it is of `other`, which was not asked for"
    fixed = ImageRules(name="fixed", rules=TagRules.parse(("type=raw,value=pr-1-m",), ()))
    assert not chosen({"pr-1-m": 99}, BOUNDS, mine, fixed)["pr-1-m"].goes


def test_no_run_removes_without_end(monkeypatch):
    monkeypatch.setattr(choosing, "AT_ONCE", 2)
    found = chosen({f"pr-{n}": 100 + n for n in range(5)})
    assert [tag for tag, each in found.items() if each.goes] == ["pr-3", "pr-4"]
    assert found["pr-0"].reason == "it goes with the next run"
