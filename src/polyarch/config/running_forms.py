"""The forms of texts around runs: platforms' beginnings, runners, times, where records go."""

from polyarch.config.cron import SHAPE, cron_problem
from polyarch.config.forms import form, repository_problem, shaped

LOCAL_STORE, CI_STORE = "local", "ci"
"""Records that stay on this machine alone, and those that the CI keeps as artifacts."""

_LABEL = r"[A-Za-z0-9][A-Za-z0-9._-]*"


def store_problem(text: str) -> str | None:
    """Where records outlive a machine."""
    if text in {LOCAL_STORE, CI_STORE}:
        return None
    if "{" in text or repository_problem(text) is not None:
        return "a store is `local`, `ci`, or a repository as `ghcr.io/team/runs`"
    return None


PLATFORM_PREFIX = shaped(
    r"^(?:default|[a-z0-9]+(?:/[a-z0-9]+){0,2})$",
    "runners are named by a platform or its beginning, as `linux/arm`, or by `default`",
)
RUNNER = shaped(
    rf"^{_LABEL}(?:, ?{_LABEL})*$",
    "a runner is a label, as `ubuntu-24.04-arm`, several with commas, or `emulate`",
)
CRON = form(cron_problem, pattern=SHAPE)
STORE = form(store_problem)
