from dataclasses import replace

import pytest

from polyarch.findings import Finding, Report, Severity
from polyarch.findings.report import joined
from polyarch.oci.platform import Platform

ARM = Platform.parse("arm64")
FOUND = Finding(
    code="wrong-architecture",
    severity=Severity.WARNING,
    subject="team/app:1",
    message="it is a program for amd64",
    platform=ARM,
    path="/bin/app",
    hint="build it for arm64",
    details={"layer": "sha256:12"},
)


def test_severities_are_ordered():
    assert Severity.ERROR.reaches(Severity.WARNING)
    assert Severity.WARNING.reaches(Severity.WARNING)
    assert not Severity.INFO.reaches(Severity.PERF)


def test_nothing_checked_is_never_ok():
    assert not Report(subject="x").ok
    assert Report(subject="x", platforms=1).ok
    assert Report(subject="x", binaries=1).ok, "a program on disk has no platforms of its own"


def test_what_could_not_be_checked_is_not_ok():
    assert not Report(subject="x", platforms=3, unknown="the registry said 401").ok


def test_how_bad_a_finding_may_be():
    report = Report(subject="x", platforms=1, findings=(FOUND,))
    assert report.ok
    assert not report.holds(Severity.WARNING)
    assert report.holds(Severity.ERROR)
    assert not replace(report, findings=(replace(FOUND, severity=Severity.ERROR),)).ok


def test_the_json_of_a_finding():
    assert FOUND.to_json() == {
        "code": "wrong-architecture",
        "severity": "warning",
        "platform": "linux/arm64",
        "path": "/bin/app",
        "message": "it is a program for amd64",
        "hint": "build it for arm64",
        "details": {"layer": "sha256:12"},
    }
    bare = Finding(code="x", severity=Severity.INFO, subject="s", message="m")
    assert (bare.to_json()["platform"], bare.to_json()["path"]) == (None, None)


@pytest.mark.parametrize(
    ("finding", "text"),
    [
        (FOUND, "linux/arm64: /bin/app: it is a program for amd64"),
        (replace(FOUND, line=3), "linux/arm64: /bin/app:3: it is a program for amd64"),
        (replace(FOUND, platform=None, path=""), "it is a program for amd64"),
    ],
)
def test_a_finding_in_a_line(finding: Finding, text: str):
    assert str(finding) == text


def test_joining_reports():
    first = Report(subject="a", findings=(FOUND,), platforms=1, bytes=10)
    second = Report(subject="b", findings=(FOUND,), platforms=1, layers=2, unknown="why")
    both = joined("c", [first, second])
    assert (both.platforms, both.layers, both.bytes) == (2, 2, 10)
    assert both.findings == (FOUND,)
    assert both.unknown == "why"
    assert both.subject == "c"


def test_the_same_content_under_another_name():
    again = Report(subject="a", findings=(FOUND,), platforms=1).of("b")
    assert again.subject == "b"
    assert [found.subject for found in again.findings] == ["b"]
