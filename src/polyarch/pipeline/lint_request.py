"""What `lint` is asked: for which platforms, by which rules, and what fails."""

from dataclasses import dataclass, field

from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

PLATFORMS = tuple(
    Platform.parse(text)
    for text in (
        "linux/amd64",
        "linux/arm64",
        "linux/arm/v7",
        "linux/arm/v6",
        "linux/386",
        "linux/ppc64le",
        "linux/s390x",
        "linux/riscv64",
    )
)
"""Asked for where nobody names any: those that official images are made for."""

BUILD_PLATFORM = Platform.parse("linux/amd64")
"""The machine that builds, where nobody says which: the same findings on every machine."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Selection:
    """Rules by id; `only` is every rule where it is empty."""

    only: frozenset[str] = frozenset()
    ignored: frozenset[str] = frozenset()

    def takes(self, rule: str) -> bool:
        """Whether findings of a rule count."""
        return (not self.only or rule in self.only) and rule not in self.ignored


@dataclass(frozen=True, slots=True, kw_only=True)
class LintRequest:
    """`platforms` is empty where nobody named any: those of the images, or `PLATFORMS`.

    `least` is what is shown; what fails is shown always.
    """

    platforms: tuple[Platform, ...] = ()
    build_platform: Platform = BUILD_PLATFORM
    target: str | None = None
    selection: Selection = field(default_factory=Selection)
    fail_on: Severity = Severity.ERROR
    least: Severity = Severity.INFO

    def shows(self, found: LintFinding) -> bool:
        """Whether a finding is told."""
        return found.severity.reaches(self.least) or found.severity.reaches(self.fail_on)
