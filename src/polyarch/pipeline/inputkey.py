"""The input key: equal keys mean that building again would give what is there. Pure.

It holds what enters a build and nothing that differs from commit to commit without changing it: the
labels that tell of the commit and of the repository (whose facts come from an API that may be down)
are laid over a reused part (see `pipeline/relabel`).
"""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass

from polyarch.oci import annotation
from polyarch.oci.fields import JsonObject, encode
from polyarch.oci.platform import Platform

VERSION = 1
"""Raised whenever the same inputs may give another result because of polyarch itself."""

NOT_INPUT = annotation.OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What enters one build.

    `context` and `dockerfile` are digests of content. `bases` maps each image of the project that
    it stands on to that image's input key. `recipe` is the direct engine's table, as JSON.
    """

    engine: str
    platform: Platform
    target: str
    context: str
    dockerfile: str
    build_args: Mapping[str, str]
    labels: Mapping[str, str]
    contexts: Mapping[str, str]
    bases: Mapping[str, str]
    recipe: JsonObject | None = None

    @property
    def key(self) -> str:
        """`sha256:` and the digest of all of it."""
        labels = {k: v for k, v in self.labels.items() if k not in NOT_INPUT}
        value: JsonObject = {
            "v": VERSION,
            "engine": self.engine,
            "platform": str(self.platform),
            "target": self.target,
            "context": self.context,
            "dockerfile": self.dockerfile,
            "build_args": dict(sorted(self.build_args.items())),
            "labels": dict(sorted(labels.items())),
            "contexts": dict(sorted(self.contexts.items())),
            "bases": dict(sorted(self.bases.items())),
            "recipe": self.recipe,
        }
        return f"sha256:{hashlib.sha256(encode(value)).hexdigest()}"
