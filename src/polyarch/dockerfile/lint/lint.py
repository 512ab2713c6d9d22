"""One file through all rules, without what the file itself silences."""

from collections.abc import Sequence

from polyarch.dockerfile.lint.bounds import check_bounds
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.folder import ContextFolder
from polyarch.dockerfile.lint.given import NOTHING_GIVEN, Given
from polyarch.dockerfile.lint.lookup import BaseLookup
from polyarch.dockerfile.lint.rules import RULES
from polyarch.dockerfile.lint.silence import silence_of
from polyarch.dockerfile.lint.view import FileView, view_of
from polyarch.dockerfile.tree import Dockerfile
from polyarch.oci.platform import Platform


def lint(
    file: Dockerfile,
    *,
    platforms: Sequence[Platform],
    build_platform: Platform,
    target: str | None = None,
    lookup: BaseLookup | None = None,
    folder: ContextFolder | None = None,
    given: Given = NOTHING_GIVEN,
) -> tuple[LintFinding, ...]:
    """All findings in one file, by line and rule; `platforms` are at least one.

    `lookup` finds base images, `folder` is the build context: rules that need them say nothing
    without. `given` is what the caller of the build adds to the file.

    Raises:
        DockerfileSyntaxError: what BuildKit refuses before it builds.
        StageNotFoundError: no stage is called `target`.
        DockerfileTooLargeError: there is more to judge than in any file that can be built.
    """
    check_bounds(file)
    view = view_of(
        file,
        platforms=tuple(platforms),
        build_platform=build_platform,
        target=target,
        lookup=lookup,
        folder=folder,
        given=given,
    )
    return findings_in(view)


def findings_in(view: FileView) -> tuple[LintFinding, ...]:
    """The same for a file that is laid out already."""
    silence = silence_of(view.file)
    found = {
        one: None for rule in RULES for one in rule.check(view) if not silence.hides(one, rule)
    }
    return tuple(sorted(found, key=lambda one: (one.line, one.rule)))
