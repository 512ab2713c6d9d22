"""Rules, flavors and image names that do not parse tell what would be right."""

import contextlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarch.errors import InvalidRuleError
from polyarch.metadata.flavor import Flavor
from polyarch.metadata.image import ImageName, parse_images
from polyarch.metadata.rule import Rule, parse_rules


@pytest.mark.parametrize(
    ("text", "attribute", "nearest"),
    [
        ("type=semvr,pattern={{version}}", "type", "type=semver"),
        ("type=Semver,pattern={{version}}", "type", "type=semver"),
        ("type=semver,patern={{version}}", "patern", "pattern"),
        ("type=semver", "pattern", None),
        ("type=ref,event=brnch", "event", "event=branch"),
        ("type=ref,evnt=tag", "evnt", "event"),
        ("type=sha,format=lng", "format", "format=long"),
        ("type=match,pattern=x,group=first", "group", None),
        ("type=raw", "value", None),
    ],
)
def test_an_error_names_rule_attribute_and_the_right_one(
    text: str, attribute: str, nearest: str | None
) -> None:
    with pytest.raises(InvalidRuleError) as caught:
        Rule.parse(text)
    assert (caught.value.attribute, caught.value.nearest) == (attribute, nearest)
    assert text in caught.value.message
    assert caught.value.where is not None
    assert attribute in caught.value.where
    if nearest:
        assert nearest in (caught.value.hint or "")


def test_absent_and_empty_are_different() -> None:
    assert "prefix" not in Rule.parse("type=raw,value=").attributes
    assert Rule.parse("type=raw,value=,prefix=").attributes["prefix"] == ""


def test_splits_at_the_first_equals_sign_only() -> None:
    assert Rule.parse("type=raw,value=a=b=c").attributes["value"] == "a=b=c"
    assert Rule.parse("=foo").attributes["value"] == "=foo"
    assert Rule.parse("==foo").attributes["value"] == "==foo"
    assert Rule.parse(" VALUE = x ,value2=y").attributes["value"] == "x"


def test_keeps_and_names_what_it_does_not_know() -> None:
    rule = Rule.parse("type=sha,enabel=false")
    assert rule.unknown == ("enabel",)
    assert rule.attributes["enabel"] == "false"


def test_no_rules_are_the_default_rules() -> None:
    assert [rule.text for rule in parse_rules([])] == [
        "type=schedule",
        "type=ref,event=branch",
        "type=ref,event=tag",
        "type=ref,event=pr",
    ]


@pytest.mark.parametrize(
    ("priorities", "order"),
    [
        (("1", "2", "3"), "cba"),
        (("1", "1", "2"), "cab"),
        (("", "-1", "0.5"), "cab"),
        (("1e2", "0x63", "98"), "abc"),
        (("x", "2", "1"), "abc"),
        (("1", "x", "0"), "abc"),
    ],
)
def test_sorts_as_javascript_compares(priorities: tuple[str, ...], order: str) -> None:
    items = [
        f"type=raw,value={name},priority={priority}"
        for name, priority in zip("abc", priorities, strict=True)
    ]
    assert "".join(rule.attributes["value"] for rule in parse_rules(items)) == order


def test_flavor_reaches_latest_only_in_its_own_item() -> None:
    assert Flavor.parse(["prefix=a-,onlatest=true"]).prefix_latest
    assert not Flavor.parse(["onlatest=true,prefix=a-"]).prefix_latest
    assert not Flavor.parse(["prefix=a-", "onlatest=true"]).prefix_latest
    assert Flavor.parse(["prefix=a=b-"]).prefix == "a"


@pytest.mark.parametrize(
    ("item", "nearest"),
    [
        ("latst=true", "latest"),
        ("latest=True", "true"),
        ("latest=ture", "true"),
        ("prefix", "prefix=…"),
    ],
)
def test_flavor_tells_the_right_key_or_value(item: str, nearest: str) -> None:
    with pytest.raises(InvalidRuleError) as caught:
        Flavor.parse([item])
    assert caught.value.nearest == nearest


def test_one_item_without_pairs_holds_many_images() -> None:
    assert [image.name for image in parse_images(["a/b,c/d,"])] == ["a/b", "c/d", ""]
    assert [image.name for image in parse_images(["a/b,c/d", "e/f"])] == ["c/d", "e/f"]
    assert [image.name for image in parse_images(["a/b,name=c/d"])] == ["c/d"]
    assert ImageName.parse("name=a=b").name == "a"


@pytest.mark.parametrize("item", ["a/b,enable=TRUE", "a/b,enable={{x}}", "name=", "x=y", ""])
def test_refuses_images(item: str) -> None:
    with pytest.raises(InvalidRuleError):
        ImageName.parse(item)


ITEMS = st.lists(
    st.sampled_from(
        [
            "type",
            "semver",
            "match",
            "ref",
            "event",
            "=",
            ",",
            '"',
            "branch",
            "pattern",
            "value",
            " ",
            "\n",
        ]
    ),
    max_size=12,
).map("".join)


@settings(deadline=None)
@given(ITEMS | st.text(max_size=40))
def test_any_text_is_read_or_refused(text: str) -> None:
    for read in (Rule.parse, ImageName.parse):
        with contextlib.suppress(InvalidRuleError):
            read(text)
    with contextlib.suppress(InvalidRuleError):
        Flavor.parse([text])
