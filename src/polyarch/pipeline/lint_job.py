"""One way in which a Dockerfile is built, and what is found in it when it is built so."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.folder import ContextFolder
from polyarch.dockerfile.lint.given import NOTHING_GIVEN, Given
from polyarch.dockerfile.lint.lint import lint
from polyarch.dockerfile.lint.lookup import BaseLookup
from polyarch.dockerfile.lint.view import FileView, view_of
from polyarch.dockerfile.tree import Dockerfile
from polyarch.findings import Severity
from polyarch.oci.platform import Platform, unique


@dataclass(frozen=True, slots=True, kw_only=True)
class Job:
    """`folder` is the build context where it is known, `lookup` finds base images."""

    platforms: tuple[Platform, ...]
    build_platform: Platform
    target: str | None = None
    given: Given = NOTHING_GIVEN
    folder: ContextFolder | None = None
    lookup: BaseLookup | None = None

    def view(self, file: Dockerfile) -> FileView:
        """The file as rules look at it.

        Raises:
            DockerfileError: it cannot be built, or has no such stage.
        """
        return view_of(
            file,
            platforms=self.platforms,
            build_platform=self.build_platform,
            target=self.target,
            lookup=self.lookup,
            folder=self.folder,
            given=self.given,
        )

    def findings(self, file: Dockerfile) -> Sequence[LintFinding]:
        """What rules find in it.

        Raises:
            DockerfileError: it cannot be built, or has no such stage.
        """
        return lint(
            file,
            platforms=self.platforms,
            build_platform=self.build_platform,
            target=self.target,
            lookup=self.lookup,
            folder=self.folder,
            given=self.given,
        )


def findings_of(file: Dockerfile, jobs: Iterable[Job]) -> tuple[LintFinding, ...]:
    """The findings of all ways in which a file is built, each once, by line and rule.

    Raises:
        DockerfileError: it cannot be built in one of the ways.
    """
    found: dict[tuple[str, int, int], LintFinding] = {}
    for job in jobs:
        for each in job.findings(file):
            key = (each.rule, each.line, each.span.start)
            found[key] = _joined(found[key], each) if key in found else each
    return tuple(sorted(found.values(), key=lambda each: (each.line, each.rule)))


def _joined(first: LintFinding, second: LintFinding) -> LintFinding:
    """The worse one, for the platforms of both."""
    order = list(Severity)
    worse = min(first, second, key=lambda each: order.index(each.severity))
    return replace(worse, platforms=unique((*first.platforms, *second.platforms)))
