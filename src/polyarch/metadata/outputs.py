"""What docker/metadata-action gives: its outputs, and the same as one document.

Source: docker/metadata-action v6.2.0, README, "outputs".
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Self

from polyarch.errors import InvalidSwitchError
from polyarch.metadata.labels import leveled
from polyarch.metadata.tagname import is_valid_tag
from polyarch.metadata.version import Version
from polyarch.oci.fields import JsonObject

SCHEMA = "polyarch.metadata/v1"

TRUE = frozenset({"1", "t", "T", "true", "True", "TRUE"})
FALSE = frozenset({"0", "f", "F", "false", "False", "FALSE"})

_NUMBER = re.compile(r"0|[1-9][0-9]{0,8}")
_FIRST_LINE = re.compile(r"[^\n\r\u2028\u2029]*")
"""What `.` matches in JavaScript: objects of labels hold values up to the first line's end."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Metadata:
    """Names of an image for one event.

    `images` are the names that tags are put behind. `levels` is the text that says where
    annotations stand, levels between commas. The separators join the outputs that are texts.
    """

    version: Version
    images: tuple[str, ...]
    labels: Mapping[str, str]
    annotations: Mapping[str, str]
    levels: str
    sep_tags: str = "\n"
    sep_labels: str = "\n"
    sep_annotations: str = "\n"
    bake_target: str = "docker-metadata-action"
    warnings: tuple[str, ...] = ()

    def with_warnings(self, warnings: Sequence[str]) -> Self:
        """The same with what else a person should know, first."""
        return replace(self, warnings=(*warnings, *self.warnings))

    @property
    def leveled_annotations(self) -> tuple[str, ...]:
        """Every annotation at every level, as `level:key=value`."""
        return leveled(self.annotations, self.levels.split(","))

    @property
    def first_lines(self) -> dict[str, str]:
        """The labels as JSON has them: JavaScript's objects begin with keys that are numbers."""
        numbers = sorted((key for key in self.labels if _NUMBER.fullmatch(key)), key=int)
        keys = dict.fromkeys((*numbers, *self.labels))
        return {key: _first_line(self.labels[key]) for key in keys}

    def texts(self) -> dict[str, str]:
        """The outputs that are texts, by name."""
        return {
            "version": self.version.main or "",
            "tags": self.sep_tags.join(self.version.tags),
            "tag-names": self.sep_tags.join(self.version.tag_names),
            "labels": self.sep_labels.join(f"{key}={text}" for key, text in self.labels.items()),
            "annotations": self.sep_annotations.join(self.leveled_annotations),
        }

    def to_action_json(self) -> JsonObject:
        """The output `json`."""
        return {
            "tags": list(self.version.tags),
            "tag-names": list(self.version.tag_names),
            "labels": self.first_lines,
            "annotations": list(self.leveled_annotations),
        }

    def to_json(self) -> JsonObject:
        """The document `polyarch.metadata/v1`."""
        return {
            "schema": SCHEMA,
            "version": self.version.main,
            "tags": list(self.version.tags),
            "tag_names": list(self.version.tag_names),
            "labels": dict(self.labels),
            "annotations": list(self.leveled_annotations),
            "warnings": list(self.warnings),
            "explanations": [
                {"rule": each.rule, "tag": each.tag, "reason": each.reason}
                for each in self.version.explanations
            ],
        }


def variable_of(output: str) -> str:
    """The environment variable that an output is exported as."""
    return "DOCKER_METADATA_OUTPUT_" + re.sub(r"\W", "_", output, flags=re.ASCII).upper()


def exports(environment: Mapping[str, str]) -> bool:
    """Whether outputs are exported to the environment as well; nothing said means yes.

    Raises:
        InvalidSwitchError: the switch is neither true nor false.
    """
    name = "DOCKER_METADATA_SET_OUTPUT_ENV"
    text = environment.get(name, "")
    if text and text not in TRUE | FALSE:
        raise InvalidSwitchError(name, text)
    return text not in FALSE


def warnings_of(version: Version) -> tuple[str, ...]:
    """Those of the rules, and which tags no registry takes."""
    unfit = [name for name in dict.fromkeys(version.tag_names) if not is_valid_tag(name)]
    told = (f"`{name}` is no tag that a registry takes" for name in unfit)
    return (*version.warnings, *told)


def _first_line(text: str) -> str:
    found = _FIRST_LINE.match(text)
    return found[0] if found else ""
