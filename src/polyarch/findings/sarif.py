"""Reports as SARIF, for code scanning.

Source: OASIS SARIF 2.1.0, sections 3.13 to 3.51. Code scanning of GitHub shows a result only where
it has a physical location, so that each has one: the file that it is about, else the image's name
as a relative URI.
"""

import hashlib
from collections.abc import Iterable, Sequence
from urllib.parse import quote

from polyarch.findings.report import Finding, Report, Severity
from polyarch.oci.fields import JsonObject

VERSION = "2.1.0"
SCHEMA = (
    "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
)

UNKNOWN_RULE = "not-checked"
"""The rule of what could not be checked, which is no finding and must not look like success."""

LEVELS = {
    Severity.ERROR: "error",
    Severity.WARNING: "warning",
    Severity.PERF: "warning",
    Severity.INFO: "note",
}


def sarif(reports: Sequence[Report], *, version: str, file: str = "") -> JsonObject:
    """One run of polyarch; `version` is its own.

    `file` is the file that named the subjects, for findings that name no line of their own.
    """
    findings = [*_all(reports)]
    codes = list(dict.fromkeys(found.code for found in findings))
    return log(
        version=version,
        rules=[_rule(code, findings) for code in codes],
        results=[_result(found, codes.index(found.code), file) for found in findings],
    )


def log(*, version: str, rules: Sequence[JsonObject], results: Sequence[JsonObject]) -> JsonObject:
    """A document with one run of polyarch; columns in it count characters."""
    driver = {"name": "polyarch", "semanticVersion": version, "rules": list(rules)}
    return {
        "$schema": SCHEMA,
        "version": VERSION,
        "runs": [
            {
                "tool": {"driver": driver},
                "columnKind": "unicodeCodePoints",
                "results": list(results),
            }
        ],
    }


def uri(path: str) -> str:
    """A path as a relative reference; what is no UTF-8 in it cannot be told."""
    return quote(path.lstrip("/"), safe="/@+~.-_=", errors="replace")


def _all(reports: Iterable[Report]) -> Iterable[Finding]:
    for report in reports:
        yield from report.findings
        if report.not_checked:
            yield Finding(
                code=UNKNOWN_RULE,
                severity=Severity.ERROR,
                subject=report.subject,
                message=f"not proven: {report.not_checked}",
            )


def _rule(code: str, findings: Iterable[Finding]) -> JsonObject:
    first = next(found for found in findings if found.code == code)
    words = code.replace("-", " ")
    return {
        "id": code,
        "shortDescription": {"text": f"{words[:1].upper()}{words[1:]}."},
        "defaultConfiguration": {"level": LEVELS[first.severity]},
        **({"help": {"text": f"{first.hint}."}} if first.hint else {}),
    }


def _result(found: Finding, rule: int, file: str) -> JsonObject:
    hint = f" ({found.hint})" if found.hint else ""
    platform = f"{found.platform}: " if found.platform else ""
    inside = f"{found.path}: " if found.path and not found.line else ""
    return {
        "ruleId": found.code,
        "ruleIndex": rule,
        "level": LEVELS[found.severity],
        "message": {"text": f"{found.subject}: {platform}{inside}{found.message}{hint}"},
        "locations": [
            {
                "physicalLocation": _physical(found, file),
                "logicalLocations": [
                    {"fullyQualifiedName": _qualified(found), "kind": "resource"},
                ],
            }
        ],
        "partialFingerprints": {"finding/v1": _fingerprint(found)},
        "properties": {
            "subject": found.subject,
            **({"platform": str(found.platform)} if found.platform else {}),
            **({"path": found.path} if found.path else {}),
            **found.details,
        },
    }


def _physical(found: Finding, file: str) -> JsonObject:
    """A file with its line, or the image in the place of one."""
    artifact = found.path if found.line else file or found.subject
    return {
        "artifactLocation": {"uri": uri(artifact)},
        "region": {"startLine": found.line or 1},
    }


def _qualified(found: Finding) -> str:
    return " ".join(str(each) for each in (found.subject, found.platform, found.path) if each)


def _fingerprint(found: Finding) -> str:
    """The same for the same fault of one image, whatever the words about it."""
    told = "\0".join((found.code, _qualified(found), str(found.details.get("layer", ""))))
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
