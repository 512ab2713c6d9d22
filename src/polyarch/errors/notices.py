"""What is wrong with an address that is to be told of runs, or with telling it.

An address is a secret: no error names more of it than its line.
"""

from polyarch.errors.asked import UsageError
from polyarch.errors.base import shorten
from polyarch.errors.config import ConfigError
from polyarch.errors.host import HostError


class InvalidNoticeAddressError(ConfigError):
    """A line that is no address of the forms that are known."""

    code = "invalid-notice-address"

    def __init__(self, line: int, problem: str) -> None:
        super().__init__(
            f"a notice cannot be sent: {problem}",
            where=f"line {line} of the addresses",
            hint="`polyarch notify --help` lists the forms of addresses",
        )
        self.line = line


class NoticeNotSentError(HostError):
    """A service did not take a notice; `problem` has nothing of its address."""

    code = "notice-not-sent"

    def __init__(self, address: str, problem: str) -> None:
        super().__init__(
            f"a notice was not taken: {shorten(problem, 300)}",
            where=address,
            hint="try it with `polyarch notify --test`",
        )
        self.problem = problem


class NeedsUnreadableError(UsageError):
    """A variable that should hold what a CI says of its jobs."""

    code = "needs-unreadable"

    def __init__(self, variable: str, problem: str) -> None:
        super().__init__(
            f"the results of the jobs cannot be read: {problem}",
            where=f"the variable `{shorten(variable)}`",
            hint="set it to `${{ toJSON(needs) }}` in the job",
        )
