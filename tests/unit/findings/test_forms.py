"""SARIF and JUnit: what their readers ask for, whatever stands in the findings."""

import json
import re
from collections.abc import Sequence
from dataclasses import replace
from typing import Any
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.findings import Finding, Report, Severity
from polyarch.findings.junit import junit
from polyarch.findings.sarif import sarif
from polyarch.oci.platform import Platform
from tests.support.sarif_schema import check_sarif

ARM = Platform.parse("arm64")
WRONG = Finding(
    code="wrong-architecture",
    severity=Severity.ERROR,
    subject="team/app:1",
    message="it is a program for amd64",
    platform=ARM,
    path="/bin/app",
    hint="build it for arm64",
    details={"layer": "sha256:12"},
)
TOLD = replace(WRONG, code="attestations", severity=Severity.INFO, platform=None, path="", hint="")
REPORT = Report(subject="team/app:1", findings=(WRONG, TOLD), platforms=2)
GOOD = Report(subject="team/web:1", platforms=2)
UNKNOWN = Report(subject="team/db:1", unknown="the registry refuses the login")

texts = st.text(max_size=40)
findings = st.builds(
    Finding,
    code=st.from_regex(r"[a-z]{1,8}(-[a-z]{1,8})?", fullmatch=True),
    severity=st.sampled_from(Severity),
    subject=texts,
    message=texts,
    platform=st.sampled_from([None, ARM]),
    path=texts,
    line=st.integers(0, 100),
    hint=texts,
)
reports = st.builds(
    Report,
    subject=texts,
    findings=st.lists(findings, max_size=4).map(tuple),
    platforms=st.integers(0, 3),
    unknown=st.sampled_from(["", "why"]),
)


def results(*reports: Report, file: str = "") -> list[dict[str, Any]]:
    document = sarif(reports, version="1.2.3", file=file)
    check_sarif(document)
    found: list[dict[str, Any]] = document["runs"][0]["results"]
    return found


class TestSarif:
    def test_a_finding(self):
        first, second = results(REPORT)
        assert (first["ruleId"], first["level"]) == ("wrong-architecture", "error")
        assert first["message"]["text"] == (
            "team/app:1: linux/arm64: /bin/app: it is a program for amd64 (build it for arm64)"
        )
        [location] = first["locations"]
        assert location["physicalLocation"]["artifactLocation"]["uri"] == "team/app%3A1"
        assert location["logicalLocations"][0]["fullyQualifiedName"].endswith("/bin/app")
        assert first["properties"]["layer"] == "sha256:12"
        assert second["level"] == "note"

    def test_a_line_of_a_file_is_where_it_is(self):
        at_line = replace(WRONG, path="compose.yaml", line=7)
        [found] = results(Report(subject="db", findings=(at_line,), platforms=1))
        location = found["locations"][0]["physicalLocation"]
        assert location == {
            "artifactLocation": {"uri": "compose.yaml"},
            "region": {"startLine": 7},
        }

    def test_what_was_not_checked_is_a_result(self):
        [found] = results(GOOD, UNKNOWN)
        assert (found["ruleId"], found["level"]) == ("not-checked", "error")
        assert "refuses the login" in found["message"]["text"]

    def test_nothing_found_is_an_empty_list_and_not_none(self):
        assert results(GOOD) == []

    def test_the_same_fault_has_the_same_fingerprint(self):
        again = Report(
            subject="team/app:1", findings=(replace(WRONG, message="in other words"),), platforms=1
        )
        (first, _), (second,) = results(REPORT), results(again)
        assert first["partialFingerprints"] == second["partialFingerprints"]
        [other] = results(replace(again, findings=(replace(WRONG, path="/bin/other"),)))
        assert other["partialFingerprints"] != second["partialFingerprints"]

    @given(st.lists(reports, max_size=4))
    def test_any_findings_give_a_document_that_is_right(self, listed: Sequence[Report]):
        document = sarif(listed, version="1.0.0")
        check_sarif(document)
        json.dumps(document)


def parsed(*reports: Report, fail_on: Severity = Severity.ERROR, **more: Any) -> ET.Element:
    return ET.fromstring(junit(reports, fail_on=fail_on, **more).encode())  # noqa: S314 - ours


class TestJunit:
    def test_a_case_for_each_platform(self):
        root = parsed(REPORT, GOOD, platforms=[["linux/amd64", "linux/arm64"], ["linux/amd64"]])
        assert root.attrib == {
            "name": "polyarch verify", "tests": "5", "failures": "1", "errors": "0", "skipped": "0"
        }  # fmt: skip
        [wrong] = [case for case in root.iter("testcase") if case.find("failure") is not None]
        assert (wrong.get("classname"), wrong.get("name")) == ("team/app:1", "linux/arm64")
        failure = wrong.find("failure")
        assert failure is not None
        assert failure.get("type") == "wrong-architecture"
        assert "build it for arm64" in (failure.text or "")

    def test_what_does_not_fail_is_told_beside(self):
        [case] = [c for c in parsed(REPORT).iter("testcase") if c.get("name") == "image"]
        assert case.find("failure") is None
        assert "attestations" in (case.findtext("system-out") or "")

    def test_what_fails_is_what_the_caller_says(self):
        [case] = [
            c
            for c in parsed(REPORT, fail_on=Severity.INFO).iter("testcase")
            if c.get("name") == "image"
        ]
        assert case.find("failure") is not None

    def test_what_was_not_checked_is_an_error(self):
        root = parsed(UNKNOWN)
        assert root.get("errors") == "1"
        [error] = list(root.iter("error"))
        assert error.get("message") == "the registry refuses the login"

    def test_what_there_was_no_need_to_check_is_skipped(self):
        report = Report(subject="app", left_out="it is built here")
        root = parsed(report, GOOD)
        assert (root.get("errors"), root.get("skipped")) == ("0", "1")
        assert results(report) == []
        assert report.ok
        assert report.is_empty

    @pytest.mark.parametrize("hostile", ["\x00\x1b[31m", "]]>", '"<&>', "\ud800", "\ufffe"])
    def test_any_text_can_be_read_back(self, hostile: str):
        broken = replace(WRONG, message=hostile, path=hostile)
        root = parsed(Report(subject=f"x{hostile}", findings=(broken,), platforms=1))
        assert len(list(root.iter("failure"))) == 1
        assert not re.search("[\x00\x1b]", junit([REPORT], fail_on=Severity.ERROR))

    @given(st.lists(reports, max_size=4))
    def test_any_findings_give_a_document_that_can_be_read(self, listed: Sequence[Report]):
        root = parsed(*listed)
        assert len(root) == len(listed)
        assert root.get("tests") == str(len(list(root.iter("testcase"))))
