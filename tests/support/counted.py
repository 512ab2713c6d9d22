"""What tests counted, told when all are done, also by those that ran in other processes."""

from collections.abc import Callable, Iterator

import pytest

Counted = Callable[[str], None]
NAME = "counted"


@pytest.fixture
def counted(record_property: Callable[[str, object], None]) -> Counted:
    """Takes one line for the end of what pytest prints."""
    return lambda line: record_property(NAME, line)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Print the lines."""
    lines = list(_lines(terminalreporter))
    if lines:
        terminalreporter.section("counted")
        for line in lines:
            terminalreporter.write_line(line)


def _lines(reporter: pytest.TerminalReporter) -> Iterator[str]:
    for reports in reporter.stats.values():
        for report in reports:
            if isinstance(report, pytest.TestReport) and report.when == "teardown":
                yield from (str(value) for name, value in report.user_properties if name == NAME)
