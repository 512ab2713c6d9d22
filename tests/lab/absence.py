"""Tests whose real part is missing: skipped with the reason here, failed in CI, always told."""

import functools
import os
from collections import defaultdict
from collections.abc import Iterator

import pytest

from tests.lab.parts import part
from tests.lab.reasons import Missing

MARK = "missing part "


def require(*names: str) -> None:
    """Go on only if the parts are on this machine: else skip the test, or fail it with CI=true."""
    for name in names:
        if reason := _why_not(name):
            text = f"{MARK}`{name}`: {reason}"
            if os.environ.get("CI") == "true":
                pytest.fail(text, pytrace=False)
            pytest.skip(text)


@functools.cache
def _why_not(name: str) -> str:
    try:
        part(name).probe()
    except Missing as error:
        return str(error)
    return ""


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """List which tests did not run and why."""
    untested = defaultdict(list)
    for report in _reports(terminalreporter):
        if (at := (text := _text(report)).find(MARK)) >= 0:
            reason, _, _ = text[at + len(MARK) :].partition("\n")
            untested[reason].append(report.nodeid)
    if not untested:
        return
    terminalreporter.section("did not run: real parts are missing")
    for reason, tests in sorted(untested.items()):
        terminalreporter.write_line(reason)
        for test in sorted(set(tests)):
            terminalreporter.write_line(f"    {test}")


def _reports(reporter: pytest.TerminalReporter) -> Iterator[pytest.TestReport]:
    for outcome in ("skipped", "failed", "error"):
        yield from (x for x in reporter.stats.get(outcome, []) if isinstance(x, pytest.TestReport))


def _text(report: pytest.TestReport) -> str:
    if isinstance(report.longrepr, tuple):
        return str(report.longrepr[2])
    return str(report.longrepr or "")
