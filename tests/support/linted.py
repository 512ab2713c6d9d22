"""Short ways to lint a few lines: what a rule finds, for the eight platforms that images have."""

from textwrap import dedent

from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.folder import ContextFolder
from polyarch.dockerfile.lint.given import NOTHING_GIVEN, Given
from polyarch.dockerfile.lint.lint import lint
from polyarch.dockerfile.lint.lookup import BaseLookup
from polyarch.dockerfile.lint.view import FileView, view_of
from polyarch.dockerfile.parse import parse
from polyarch.oci.platform import Platform

EIGHT = tuple(
    Platform.parse(name)
    for name in ("amd64", "arm64", "arm/v7", "arm/v6", "386", "ppc64le", "s390x", "riscv64")
)
AMD64, ARM64, ARM_V7, ARM_V6, *_ = EIGHT


def laid_out(
    text: str, *platforms: Platform, machine: Platform = AMD64, target: str | None = None
) -> FileView:
    return view_of(
        parse(dedent(text).lstrip("\n")),
        platforms=platforms or EIGHT,
        build_platform=machine,
        target=target,
    )


def linted(
    text: str,
    *platforms: Platform,
    machine: Platform = AMD64,
    target: str | None = None,
    lookup: BaseLookup | None = None,
    folder: ContextFolder | None = None,
    given: Given = NOTHING_GIVEN,
) -> tuple[LintFinding, ...]:
    return lint(
        parse(dedent(text).lstrip("\n")),
        platforms=platforms or EIGHT,
        build_platform=machine,
        target=target,
        lookup=lookup,
        folder=folder,
        given=given,
    )


def told(text: str, *rules: str, **how: object) -> list[str]:
    """`PA101:3 error review` for each finding of these rules."""
    found = linted(text, **how)  # type: ignore[arg-type]  # only keywords of `linted` are given
    return [f"{one.rule}:{one.line} {one.severity} {one.fix}" for one in found if one.rule in rules]
