"""A repository that a build is to be made of and that cannot be had."""

from polyarch.errors.base import shorten
from polyarch.errors.work import WorkError


class GitContextError(WorkError):
    """A Git repository that is a build context: not reached, or it lacks what is named in it."""

    code = "git-context"
    retryable = True

    def __init__(self, url: str, problem: str, *, hint: str | None = None) -> None:
        super().__init__(
            f"the Git context cannot be had: {shorten(problem, 300)}",
            where=shorten(url, 200),
            hint=hint
            or "see that `git ls-remote` reaches it from here with the login that git finds"
            " (pull requests use none), and that the branch, tag or commit is there",
        )
