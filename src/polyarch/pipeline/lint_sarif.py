"""What `lint` found as SARIF, with the prose of each rule, for code scanning."""

import hashlib
from collections.abc import Iterator

from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.rule import Rule
from polyarch.findings.sarif import LEVELS, UNKNOWN_RULE, log, uri
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.lint_result import LintedFile, LintResult
from polyarch.pipeline.lint_rules import rule_of


def lint_sarif(result: LintResult, *, version: str) -> JsonObject:
    """One run of polyarch; `version` is its own."""
    shown = [
        (file, found)
        for file in result.files
        for found in file.findings
        if result.request.shows(found)
    ]
    codes = list(dict.fromkeys(found.rule for _, found in shown))
    rules = [_rule(rule_of(code)) for code in codes]
    results = [_result(file, found, codes.index(found.rule)) for file, found in shown]
    broken = [*_broken(result, len(rules))]
    if broken:
        text = "A file that cannot be read, and so was not judged."
        rules.append({"id": UNKNOWN_RULE, "shortDescription": {"text": text}})
    return log(version=version, rules=rules, results=[*results, *broken])


def _rule(rule: Rule) -> JsonObject:
    sources = "".join(f"\n- <{source}>" for source in rule.sources)
    return {
        "id": rule.id,
        "name": "".join(word.capitalize() for word in rule.name.split("-")),
        "shortDescription": {"text": f"{rule.title[:1].upper()}{rule.title[1:]}."},
        "fullDescription": {"text": rule.consequence},
        "help": {
            "text": f"{rule.consequence}\n\n{rule.remedy}",
            "markdown": f"{rule.consequence}\n\n{rule.remedy}\n{sources}",
        },
        "defaultConfiguration": {"level": LEVELS[rule.severity]},
        "properties": {"tags": [rule.name, rule.severity.value]},
    }


def _result(file: LintedFile, found: LintFinding, rule: int) -> JsonObject:
    begin, end = file.begin(found), file.end(found)
    hint = f" ({found.hint})" if found.hint else ""
    return {
        "ruleId": found.rule,
        "ruleIndex": rule,
        "level": LEVELS[found.severity],
        "message": {"text": f"{found.message}{hint}"},
        "locations": [
            _location(
                file.path,
                {
                    "startLine": begin.line,
                    "startColumn": begin.column,
                    "endLine": end.line,
                    "endColumn": end.column,
                },
            )
        ],
        "partialFingerprints": {"finding/v1": _fingerprint(file, found)},
        "properties": {
            "severity": found.severity.value,
            "platforms": [str(platform) for platform in found.platforms],
            "fix": found.fix.value,
        },
    }


def _broken(result: LintResult, rule: int) -> Iterator[JsonObject]:
    for file in result.files:
        if file.error:
            line = int(getattr(file.error, "line", 1))
            yield {
                "ruleId": UNKNOWN_RULE,
                "ruleIndex": rule,
                "level": "error" if file.is_named else "warning",
                "message": {"text": f"not judged: {file.error.message}"},
                "locations": [_location(file.path, {"startLine": line})],
            }


def _location(path: str, region: JsonObject) -> JsonObject:
    return {"physicalLocation": {"artifactLocation": {"uri": uri(path)}, "region": region}}


def _fingerprint(file: LintedFile, found: LintFinding) -> str:
    """The same as long as the line says the same, wherever it moves."""
    line = file.lines.span_of(file.begin(found).line).of(file.lines.text)
    told = f"{found.rule}\0{file.path}\0{line}"
    return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()
