import pytest

from polyarch.errors import NothingSelectedError
from polyarch.oci.platform import Platform
from polyarch.pipeline.selection import select_images, select_platforms

IMAGES = ("server", "web", "bot", "web-admin")
GROUPS = {"release": ("bot", "server")}
ARM, AMD = Platform.parse("arm64"), Platform.parse("amd64")


@pytest.mark.parametrize(
    ("selectors", "chosen"),
    [
        ((), IMAGES),
        (("web",), ("web",)),
        (("@release",), ("server", "bot")),
        (("web*",), ("web", "web-admin")),
        (("bot", "@release", "b?t"), ("server", "bot")),
    ],
)
def test_names_groups_and_globs(selectors, chosen):
    assert select_images(selectors, IMAGES, GROUPS) == chosen


@pytest.mark.parametrize("selector", ["wbe", "@wrong", "x*", "WEB", "@"])
def test_nothing_matched_is_an_error_that_names_what_there_is(selector):
    with pytest.raises(NothingSelectedError) as caught:
        select_images([selector], IMAGES, GROUPS)
    known = "@release" if selector.startswith("@") else "web-admin"
    assert f"`{known}`" in str(caught.value.hint)


def test_one_selector_that_matches_does_not_excuse_another():
    with pytest.raises(NothingSelectedError):
        select_images(["web", "nope"], IMAGES, GROUPS)


def test_a_project_without_images():
    with pytest.raises(NothingSelectedError):
        select_images([], (), {})


def test_platforms_keep_the_image_s_order_and_drop_images_without_any():
    images = {"a": (AMD, ARM), "b": (AMD,)}
    assert select_platforms([ARM], images) == {"a": (ARM,)}
    assert select_platforms([ARM, AMD], images) == {"a": (AMD, ARM), "b": (AMD,)}
    with pytest.raises(NothingSelectedError, match="s390x"):
        select_platforms([Platform.parse("s390x")], images)
