"""Dockerfiles through lint and fix, as the command line does it."""

from polyarch.dockerfile.fix.fix import Fixed, fix_file
from polyarch.dockerfile.lint.finding import FixClass
from polyarch.dockerfile.lint.lint import findings_in
from polyarch.dockerfile.lint.lookup import BaseLookup
from polyarch.dockerfile.lint.view import view_of
from polyarch.dockerfile.parse import parse
from polyarch.oci.platform import Platform

EIGHT = (
    "linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm/v6",
    "linux/386", "linux/ppc64le", "linux/s390x", "linux/riscv64",
)  # fmt: skip


def mend(
    text: str,
    allow: FixClass = FixClass.SAFE,
    *,
    platforms: tuple[str, ...] = EIGHT,
    path: str = "Dockerfile",
    lookup: BaseLookup | None = None,
) -> Fixed:
    """What `--fix` makes of a text."""
    file = parse(text, path=path)
    wanted = tuple(map(Platform.parse, platforms))
    view = view_of(file, platforms=wanted, build_platform=wanted[0], lookup=lookup)
    return fix_file(file, findings_in(view), view, allow=allow)


def mend_twice(text: str, allow: FixClass = FixClass.SAFE) -> Fixed:
    """The same, with a second time that has to change nothing."""
    first = mend(text, allow)
    again = mend(first.text, allow)
    assert (again.text, again.applied) == (first.text, ())
    return first
