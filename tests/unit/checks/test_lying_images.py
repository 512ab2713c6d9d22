"""Every lie is found, where it is, and honest images that look odd raise no alarm."""

import pytest

from polyarch.checks.allow import Allowances
from polyarch.checks.architecture import check_architecture
from polyarch.content.memory import MemoryStore
from polyarch.findings import Report, Severity
from polyarch.oci.platform import Platform
from tests.support.honest_images import HONEST
from tests.support.lying import Honest, Lie
from tests.support.lying_images import BESIDE, LIES


def report_of(image, **more) -> Report:
    store = MemoryStore()
    platform = Platform.parse(image.platform)
    return check_architecture(store, image.put(store), platform, subject="x", **more)


def told(report) -> set[tuple[str, str, int]]:
    return {
        (found.code, found.path, int(found.details.get("layer-number", 0)))
        for found in report.findings
    }


@pytest.mark.parametrize("lie", LIES, ids=lambda lie: lie.name)
def test_a_lie_is_found_at_its_place(lie: Lie):
    report = report_of(lie.made)
    assert told(report) == set(lie.found)
    assert lie in BESIDE or not report.ok
    for each in report.findings:
        assert each.platform == Platform.parse(lie.made.platform)
        assert each.hint


@pytest.mark.parametrize("honest", HONEST, ids=lambda honest: honest.name)
def test_an_honest_image_raises_no_alarm(honest: Honest):
    report = report_of(honest.made, allow=Allowances.of(honest.allow))
    assert [str(found) for found in report.findings] == []
    assert report.ok


@pytest.mark.parametrize(
    ("lie", "severity"),
    [
        ("a program in PATH", Severity.ERROR),
        ("a library where loaders look", Severity.ERROR),
        ("a plugin for another machine", Severity.WARNING),
        ("a program anywhere", Severity.WARNING),
    ],
)
def test_severity_follows_whether_a_file_can_be_what_runs(lie, severity):
    (case,) = [each for each in LIES if each.name == lie]
    assert [found.severity for found in report_of(case.made).findings] == [severity]


def test_the_step_that_brought_a_file_is_named():
    (case,) = [each for each in LIES if each.name == "overwritten by one of another machine"]
    (found,) = report_of(case.made).findings
    assert "layer 2 of 2 (COPY other /app)" in found.message
    assert found.details["step"] == "COPY other /app"
    assert found.details["expected"] == "linux/amd64"
    assert found.details["found"] == "ELF program for arm64"


def test_the_step_that_removed_the_program_is_named():
    (case,) = [each for each in LIES if each.name == "a whiteout takes the program away"]
    (found,) = report_of(case.made).findings
    assert "removed by layer 2 of 2 (RUN rm /app)" in found.message
