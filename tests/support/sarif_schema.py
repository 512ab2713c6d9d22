"""What SARIF 2.1.0 requires of the parts that are written, and what code scanning asks beside.

Source: sarif-schema-2.1.0.json of OASIS, the definitions of run, toolComponent, result, message,
location and region; unknown keys are forbidden there, so they are here.
"""

from collections.abc import Mapping
from typing import Any

from jsonschema import Draft202012Validator

Schema = Mapping[str, Any]
_TEXT: Schema = {"type": "string", "minLength": 1}
_LEVEL: Schema = {"enum": ["none", "note", "warning", "error"]}


_POSITION: Schema = {"type": "integer", "minimum": 1}


def _exactly(required: list[str], **keys: Schema) -> Schema:
    return {
        "type": "object",
        "required": required,
        "properties": keys,
        "additionalProperties": False,
    }


_MESSAGE = _exactly(["text"], text=_TEXT)
_RULE = _exactly(
    ["id", "shortDescription"],
    id=_TEXT,
    shortDescription=_MESSAGE,
    defaultConfiguration=_exactly(["level"], level=_LEVEL),
    help=_exactly(["text"], text=_TEXT, markdown=_TEXT),
    name=_TEXT,
    fullDescription=_MESSAGE,
    properties=_exactly([], tags={"type": "array", "uniqueItems": True, "items": _TEXT}),
)
_LOCATION = _exactly(
    ["physicalLocation"],  # of GitHub, not of the specification
    physicalLocation=_exactly(
        ["artifactLocation"],
        artifactLocation=_exactly(
            ["uri"], uri={"type": "string", "pattern": "^[A-Za-z0-9/@+~.%_=-]*$"}
        ),
        region=_exactly(
            ["startLine"],
            **dict.fromkeys(("startLine", "startColumn", "endLine", "endColumn"), _POSITION),
        ),
    ),
    logicalLocations={
        "type": "array",
        "items": _exactly([], fullyQualifiedName={"type": "string"}, kind=_TEXT),
    },
)
_RESULT = _exactly(
    ["ruleId", "message", "locations"],
    ruleId=_TEXT,
    ruleIndex={"type": "integer", "minimum": 0},
    level=_LEVEL,
    message=_MESSAGE,
    locations={"type": "array", "minItems": 1, "items": _LOCATION},
    partialFingerprints={"type": "object", "additionalProperties": _TEXT},
    properties={"type": "object"},
)
_RUN = _exactly(
    ["tool", "results"],
    tool=_exactly(
        ["driver"],
        driver=_exactly(
            ["name"],
            name=_TEXT,
            semanticVersion=_TEXT,
            informationUri=_TEXT,
            rules={"type": "array", "uniqueItems": True, "items": _RULE},
        ),
    ),
    columnKind={"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
    results={"type": "array", "items": _RESULT},
)
SARIF: Schema = _exactly(
    ["version", "runs"],
    **{"$schema": {"type": "string"}},
    version={"const": "2.1.0"},
    runs={"type": "array", "items": _RUN},
)


def check_sarif(document: Any) -> None:
    """Fail with every difference; rules must be those that results name."""
    faults = list(Draft202012Validator(SARIF).iter_errors(document))
    assert not faults, "\n".join(f"{fault.json_path}: {fault.message}" for fault in faults)
    for run in document["runs"]:
        rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
        assert len(rules) == len(set(rules))
        for result in run["results"]:
            assert rules[result["ruleIndex"]] == result["ruleId"]
