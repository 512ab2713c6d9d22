"""What the rules about emulated work say of a Dockerfile."""

from textwrap import dedent

from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.rules import RULES
from polyarch.dockerfile.lint.view import FileView, view_of
from polyarch.dockerfile.parse import parse
from polyarch.oci.platform import Platform

AMD64 = Platform.parse("linux/amd64")
ARM64 = Platform.parse("linux/arm64")
CHAPTER = tuple(rule for rule in RULES if rule.id.startswith("PA2"))


def laid_out(text: str, *platforms: Platform, machine: Platform = AMD64) -> FileView:
    """A Dockerfile as rules look at it; for amd64 and arm64 where no platform is named."""
    return view_of(
        parse(dedent(text).lstrip("\n")),
        platforms=platforms or (AMD64, ARM64),
        build_platform=machine,
    )


def found(text: str, *platforms: Platform, machine: Platform = AMD64) -> list[LintFinding]:
    """The findings of chapter PA2, by rule."""
    view = laid_out(text, *platforms, machine=machine)
    return [one for rule in CHAPTER for one in rule.check(view)]


def told(text: str) -> list[str]:
    """The same in short: `PA201:1 safe`."""
    return [f"{one.rule}:{one.line} {one.fix}" for one in found(text)]
