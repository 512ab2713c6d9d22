"""What metadata-action would call an image, by our own rules for it."""

import json
import re
from collections.abc import Mapping

from polyarch.ci.expression_values import Unknown, Value
from polyarch.ci.importing.occasion import MOMENT, Occasion, Surface
from polyarch.ci.importing.play import Names
from polyarch.errors import InvalidRuleError, InvalidTemplateError
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.inputs import Inputs
from polyarch.metadata.labels import labels
from polyarch.metadata.version import compute

_EXPRESSION = re.compile(r"\$\{\{\s*([\w.-]+).*?\}\}", re.DOTALL)


def names_for(surface: Surface) -> Names:
    """A function from the inputs of the action and an event to its outputs."""

    def names(given: Mapping[str, str], occasion: Occasion) -> Mapping[str, Value]:
        try:
            return _outputs(given, occasion, surface)
        except (InvalidRuleError, InvalidTemplateError):
            broken = Unknown.of("the tags of a metadata step whose rules a run alone can tell")
            return dict.fromkeys(("tags", "version", "json", "labels"), broken)

    return names


def _outputs(given: Mapping[str, str], occasion: Occasion, surface: Surface) -> Mapping[str, Value]:
    texts = {key: value for key, value in given.items() if key != "github-token"}
    # Names that only a run can tell are told apart by their expressions.
    texts["images"] = _EXPRESSION.sub(r"\1", texts.get("images", ""))
    inputs = Inputs.read(texts)
    event = occasion.event(surface)
    facts = RepositoryFacts(
        name=surface.repository.rpartition("/")[2], default_branch=surface.default_branch
    )
    version = compute(
        inputs.tags,
        event,
        now=MOMENT,
        flavor=inputs.flavor,
        images=inputs.images,
        repository=facts,
    )
    pairs = labels(event, version, facts, now=MOMENT, created=MOMENT, extra=inputs.labels)
    return {
        "tags": "\n".join(version.tags),
        "version": version.main or "",
        "labels": "\n".join(f"{key}={value}" for key, value in pairs.items()),
        "json": json.dumps({"tags": list(version.tags), "labels": pairs}),
    }
