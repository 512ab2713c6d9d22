"""Reports as JUnit XML, for the pages of tests that every CI has.

There is no standard; this keeps to what the schema of Jenkins' xUnit plugin (junit-10.xsd) and
GitLab's and Azure's readers have in common: suites, cases, and `failure`, `error` or nothing in
them. A case is one platform of one image, so that a finding makes one case red.
"""

import re
from collections.abc import Iterable, Sequence
from xml.etree import ElementTree as ET

from polyarch.findings.report import Finding, Report, Severity

WHOLE = "image"
"""The case of what belongs to no single platform."""

_FORBIDDEN = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""What XML 1.0 has no way to write, not even as a reference."""


def junit(
    reports: Sequence[Report], *, platforms: Sequence[Sequence[str]] = (), fail_on: Severity
) -> str:
    """The document; `platforms` are those of each report that were looked at, findings or not."""
    names = platforms or [() for _ in reports]
    suites = [_suite(report, each, fail_on) for report, each in zip(reports, names, strict=True)]
    root = ET.Element("testsuites", {"name": "polyarch verify", **_sums(suites)})
    root.extend(suites)
    ET.indent(root)
    text = ET.tostring(root, encoding="unicode")
    return f'<?xml version="1.0" encoding="UTF-8"?>\n{text}\n'


def _suite(report: Report, platforms: Sequence[str], fail_on: Severity) -> ET.Element:
    named = dict.fromkeys(platforms)
    named |= dict.fromkeys(str(each.platform) for each in report.findings if each.platform)
    cases = [_case(report, WHOLE, fail_on), *(_case(report, each, fail_on) for each in named)]
    counts = {
        "tests": str(len(cases)),
        "failures": str(sum(case.find("failure") is not None for case in cases)),
        "errors": str(sum(case.find("error") is not None for case in cases)),
        "skipped": str(sum(case.find("skipped") is not None for case in cases)),
    }
    suite = ET.Element("testsuite", {"name": _clean(report.subject), **counts})
    suite.extend(cases)
    return suite


def _case(report: Report, name: str, fail_on: Severity) -> ET.Element:
    case = ET.Element("testcase", {"classname": _clean(report.subject), "name": _clean(name)})
    own = [each for each in report.findings if (str(each.platform or "") or WHOLE) == name]
    failing = [each for each in own if each.severity.reaches(fail_on)]
    if name == WHOLE and report.not_checked:
        reason = report.not_checked
        error = ET.SubElement(case, "error", {"message": _clean(reason), "type": "not-checked"})
        error.text = _clean("\n".join(_line(each) for each in failing))
    elif failing:
        worst = failing[0]
        attributes = {"message": _clean(str(worst)), "type": worst.code}
        failure = ET.SubElement(case, "failure", attributes)
        failure.text = _clean("\n".join(_line(each) for each in failing))
    elif name == WHOLE and report.left_out:
        ET.SubElement(case, "skipped", {"message": _clean(report.left_out)})
    told = [each for each in own if each not in failing]
    if told:
        ET.SubElement(case, "system-out").text = _clean("\n".join(_line(each) for each in told))
    return case


def _line(found: Finding) -> str:
    hint = f"\n  hint: {found.hint}" if found.hint else ""
    return f"{found.severity.value} {found.code}: {found}{hint}"


def _sums(suites: Iterable[ET.Element]) -> dict[str, str]:
    listed = list(suites)
    return {
        key: str(sum(int(suite.get(key, "0")) for suite in listed))
        for key in ("tests", "failures", "errors", "skipped")
    }


def _clean(text: str) -> str:
    return _FORBIDDEN.sub("�", text)
