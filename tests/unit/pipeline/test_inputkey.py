from dataclasses import fields, replace
from typing import Any

import pytest

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
