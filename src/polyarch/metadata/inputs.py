"""What docker/metadata-action is given: its inputs by name, each with its default.

Source: docker/metadata-action v6.2.0, action.yml and README, "inputs".
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from polyarch.errors import InvalidRuleError
from polyarch.host.ci_event import printable
from polyarch.metadata.flavor import KIND as FLAVOR
from polyarch.metadata.image import KIND as IMAGE
from polyarch.metadata.javascript import trim
from polyarch.metadata.records import split_list
from polyarch.metadata.rule import KIND as RULE
from polyarch.metadata.rule import nearest

CONTEXTS = ("workflow", "git")

INPUTS = (
    "images", "tags", "flavor", "labels", "annotations", "sep-tags", "sep-labels",
    "sep-annotations", "bake-target",
)  # fmt: skip
"""Inputs that say what is wanted; `context` and `github-token` only say how it is found out."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Inputs:
    """Lists hold one item each, after the first of two passes."""

    images: tuple[str, ...] = ()
    tags: tuple[str, ...] = ()
    flavor: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    annotations: tuple[str, ...] = ()
    sep_tags: str = "\n"
    sep_labels: str = "\n"
    sep_annotations: str = "\n"
    bake_target: str = "docker-metadata-action"
    context: str = "workflow"

    @classmethod
    def read(cls, texts: Mapping[str, str]) -> Self:
        """Read the texts of inputs, by name; an empty text is as good as none.

        Raises:
            InvalidRuleError: a quote in a list is never closed, or there is no such context.
        """
        default = cls()
        texts = {name: printable(text) for name, text in texts.items()}
        context = trim(texts.get("context", "")) or default.context
        if context not in CONTEXTS:
            close = nearest(context, CONTEXTS)
            problem = "it is neither `workflow` nor `git`"
            raise InvalidRuleError("context", context, problem, nearest=close, known=CONTEXTS)
        return cls(
            images=split_list(texts.get("images", ""), IMAGE),
            tags=split_list(texts.get("tags", ""), RULE),
            flavor=split_list(texts.get("flavor", ""), FLAVOR),
            labels=split_list(texts.get("labels", ""), "list of labels"),
            annotations=split_list(texts.get("annotations", ""), "list of annotations"),
            # Not trimmed: a blank is as good a separator as any.
            sep_tags=texts.get("sep-tags") or default.sep_tags,
            sep_labels=texts.get("sep-labels") or default.sep_labels,
            sep_annotations=texts.get("sep-annotations") or default.sep_annotations,
            bake_target=trim(texts.get("bake-target", "")) or default.bake_target,
            context=context,
        )


def input_variables(environment: Mapping[str, str]) -> dict[str, str]:
    """The inputs that a runner hands over as variables: `INPUT_SEP-TAGS`, or with `_`."""
    found: dict[str, str] = {}
    for name in (*INPUTS, "context", "github-token"):
        for spelled in (name.upper(), name.upper().replace("-", "_")):
            if (text := environment.get(f"INPUT_{spelled}")) is not None:
                found.setdefault(name, text)
    return found
