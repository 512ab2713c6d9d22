from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.oci.platform import Platform
from polyarch.pipeline.inputkey import Inputs

INPUTS = Inputs(
    engine="buildx",
    platform=Platform.parse("arm64"),
    target="",
    context="sha256:c",
    dockerfile="sha256:d",
    build_args={"A": "1", "B": "2"},
    labels={"team": "x", "org.opencontainers.image.revision": "abc"},
    contexts={"ctx": "sha256:x"},
    bases={"base": "sha256:k"},
)
OTHER: dict[str, Any] = {
    "engine": "buildah",
    "platform": Platform.parse("amd64"),
    "target": "final",
    "context": "sha256:other",
    "dockerfile": "sha256:other",
    "build_args": {"A": "1"},
    "labels": {"team": "y"},
    "contexts": {},
    "bases": {"base": "sha256:other"},
    "recipe": {"run": ["cc"]},
    "outside": {"debian:12": "sha256:d"},
    "secrets": ["npm"],
    "ssh": ["default"],
    "network": "none",
    "laid": ["org.opencontainers.image.url"],
}


@pytest.mark.parametrize("name", [field.name for field in fields(Inputs)])
def test_every_input_counts(name):
    assert replace(INPUTS, **{name: OTHER[name]}).key != INPUTS.key


def test_order_does_not_count():
    assert replace(INPUTS, build_args={"B": "2", "A": "1"}).key == INPUTS.key


@pytest.mark.parametrize("label", ["created", "revision", "version"])
def test_what_differs_from_commit_to_commit_does_not_count(label):
    labels = {**INPUTS.labels, f"org.opencontainers.image.{label}": "another"}
    assert replace(INPUTS, labels=labels).key == INPUTS.key


TEXTS = st.text(max_size=5)
TABLES = st.dictionaries(TEXTS, TEXTS, max_size=3)
ANY_INPUTS = st.builds(
    Inputs,
    engine=TEXTS,
    platform=st.sampled_from([Platform.parse("arm64"), Platform.parse("arm/v7")]),
    target=TEXTS,
    context=TEXTS,
    dockerfile=TEXTS,
    build_args=TABLES,
    labels=TABLES,
    contexts=TABLES,
    bases=TABLES,
    outside=TABLES,
    secrets=st.lists(TEXTS, unique=True, max_size=3),
    ssh=st.lists(TEXTS, unique=True, max_size=3),
    network=TEXTS,
    recipe=st.none() | st.dictionaries(TEXTS, TEXTS, max_size=2),
)


def essential(inputs: Inputs) -> dict[str, Any]:
    """All that counts of inputs, in no order."""
    value = {field.name: getattr(inputs, field.name) for field in fields(Inputs)}
    return {**value, "secrets": sorted(inputs.secrets), "ssh": sorted(inputs.ssh)}


@given(ANY_INPUTS, ANY_INPUTS)
def test_keys_are_equal_just_where_all_inputs_are(one, two):
    assert (one.key == two.key) == (essential(one) == essential(two))


@given(ANY_INPUTS, st.randoms())
def test_any_order_gives_the_same_key(inputs, order):
    def shuffled(value: Any) -> Any:
        if isinstance(value, Platform | str) or value is None:
            return value
        items = list(value.items() if isinstance(value, dict) else value)
        order.shuffle(items)
        return dict(items) if isinstance(value, dict) else items

    mixed = {
        f.name: shuffled(getattr(inputs, f.name)) for f in fields(Inputs) if f.name != "recipe"
    }
    assert replace(inputs, **mixed).key == inputs.key


@given(ANY_INPUTS, st.sampled_from([field.name for field in fields(Inputs)]), ANY_INPUTS)
def test_one_other_input_is_another_key(inputs, name, other):
    changed = replace(inputs, **{name: getattr(other, name)})
    assert (changed.key == inputs.key) == (essential(changed) == essential(inputs))


@pytest.mark.parametrize("value", ["1", None])
def test_a_label_with_an_expression_counts_by_its_name_alone(value):
    with_label = replace(INPUTS, labels={**INPUTS.labels, "commit": value})
    assert with_label.key != INPUTS.key
