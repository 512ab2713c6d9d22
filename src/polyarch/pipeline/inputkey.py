"""The input key: equal keys mean that building again would give what is there. Pure.

It holds what enters a build and nothing that differs from commit to commit without changing it: the
labels that tell of the commit and of the repository (whose facts come from an API that may be down)
are laid over a reused part (see `pipeline/relabel`). It is known before any engine is asked, so
that a run in which nothing changed needs none.
"""

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from polyarch.oci import annotation
from polyarch.oci.fields import JsonObject, encode
from polyarch.oci.platform import Platform

VERSION = 2
"""Raised whenever the same inputs may give another result because of polyarch itself."""

DIRECT_FORM = 1
"""Raised whenever the direct engine makes other bytes of the same recipe and files."""

NOT_INPUT = annotation.OWN


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """What enters one build.

    `engine` is the one that the config names, `auto` as well. `context` and `dockerfile` are
    digests of content. `labels` that hold an expression have no value: they are laid over what is
    there. `laid` are names of labels that the config gives in place of polyarch's own: where one
    goes, what was built bears it still. `bases` maps each image of the project that it stands on to
    that image's input key, `outside` every other image to the digest of its manifest, empty where
    nobody said. `secrets` and `ssh` are names. `recipe` is the direct engine's table, as JSON.
    """

    engine: str
    platform: Platform
    target: str
    context: str
    dockerfile: str
    build_args: Mapping[str, str]
    labels: Mapping[str, str | None]
    contexts: Mapping[str, str]
    bases: Mapping[str, str]
    outside: Mapping[str, str] = field(default_factory=dict)
    secrets: Sequence[str] = ()
    ssh: Sequence[str] = ()
    laid: Sequence[str] = ()
    network: str = ""
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
            "outside": dict(sorted(self.outside.items())),
            "secrets": sorted(self.secrets),
            "ssh": sorted(self.ssh),
            "network": self.network,
            **({"laid": sorted(self.laid)} if self.laid else {}),
            "recipe": [DIRECT_FORM, self.recipe] if self.recipe is not None else None,
        }
        return f"sha256:{hashlib.sha256(encode(value)).hexdigest()}"
