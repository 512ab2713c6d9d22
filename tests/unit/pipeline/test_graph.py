import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import ImageCycleError
from polyarch.oci.reference import Repository
from polyarch.pipeline.graph import image_of, ordered, standing_on, with_bases

BASES = {"api": ("base",), "web": ("base",), "tools": ("api",)}


def test_each_after_what_it_stands_on_else_as_written():
    assert ordered(("tools", "web", "api", "base", "alone"), BASES) == (
        "base",
        "web",
        "api",
        "tools",
        "alone",
    )


def test_a_circle_is_named():
    with pytest.raises(ImageCycleError) as caught:
        ordered(("a", "b", "c"), {"a": ("b",), "b": ("c",), "c": ("a",)})
    for name in "abc":
        assert f"`{name}`" in caught.value.message


def test_an_image_from_itself_is_a_circle():
    with pytest.raises(ImageCycleError):
        ordered(("a",), {"a": ("a",)})


def test_bases_and_what_stands_on_them():
    assert with_bases(["tools"], BASES) == {"tools", "api", "base"}
    assert standing_on(["base"], BASES) == {"base", "api", "web", "tools"}
    assert standing_on(["api"], BASES) == {"api", "tools"}


@given(st.dictionaries(st.sampled_from("abcdef"), st.sets(st.sampled_from("abcdef"), max_size=3)))
def test_any_graph_is_ordered_or_a_circle(bases):
    names = tuple("abcdef")
    try:
        order = ordered(names, bases)
    except ImageCycleError:
        return
    assert sorted(order) == sorted(names)
    for name, below in bases.items():
        assert all(order.index(base) < order.index(name) for base in below)


def test_a_reference_names_an_image_by_any_spelling_of_its_repository():
    repositories = {Repository.parse("openim/base"): "base"}
    for text in ("openim/base", "docker.io/openim/base:1.2", "index.docker.io/openim/base"):
        assert image_of(text, repositories) == "base"
    assert image_of("ghcr.io/openim/base", repositories) is None
    assert image_of("$NOT/a reference", repositories) is None
