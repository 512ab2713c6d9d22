"""Comparing an image between places: each with the first one that could be read."""

from collections.abc import Iterator, Mapping, Sequence

from polyarch.findings import Finding, Severity
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform
from polyarch.pipeline.verify_request import Same
from polyarch.pipeline.verify_result import VerifyOutcome

_Images = Mapping[Platform | None, tuple[Digest, ...]]


def compared(
    outcomes: Sequence[VerifyOutcome],
    same: Same,
    platforms: Sequence[Platform] = (),
    takes_less: Mapping[str, str] | None = None,
) -> tuple[VerifyOutcome, ...]:
    """The outcomes, told how they differ from the first; what could not be read is not compared.

    `platforms` are compared alone where there are some. `takes_less` says, by the host that a
    subject begins with, what a registry does not take of an image.
    """
    known = [each for each in outcomes if each.digest]
    if not known:
        return tuple(outcomes)
    first = known[0]
    return tuple(
        each.told(*_differences(first, each, same, platforms, takes_less or {}))
        if each.digest and each is not first
        else each
        for each in outcomes
    )


def _differences(
    first: VerifyOutcome,
    other: VerifyOutcome,
    same: Same,
    platforms: Sequence[Platform],
    takes_less: Mapping[str, str],
) -> Iterator[Finding]:
    here, there = _images(first), _images(other)
    names = [each for each in dict.fromkeys([*here, *there]) if not platforms or each in platforms]
    differing = [name for name in names if here.get(name) != there.get(name)]
    for name in differing:
        yield _platform(name, here.get(name, ()), there.get(name, ()), first, other)
    if first.digest == other.digest:
        return
    yield Finding(
        code="same-index",
        severity=Severity.ERROR if same is Same.INDEX else Severity.INFO,
        subject=other.subject,
        message=f"its index is {_told([other.digest])}, that of {first.subject} "
        f"{_told([first.digest])}",
        hint=_reason(first, other, takes_less, equal=not differing),
    )


def _platform(
    name: Platform | None,
    here: Sequence[Digest],
    there: Sequence[Digest],
    first: VerifyOutcome,
    other: VerifyOutcome,
) -> Finding:
    if not there:
        code, text = "same-missing", f"it is not there, and is in {first.subject}"
    elif not here:
        code, text = "same-extra", f"it is there, and is not in {first.subject}"
    else:
        code = "same-digest"
        text = f"its image is {_told(there)}, that in {first.subject} {_told(here)}"
    return Finding(
        code=code,
        severity=Severity.ERROR,
        subject=other.subject,
        message=text,
        platform=name,
        details={
            key: ", ".join(map(str, found))
            for key, found in (("digest", there), ("expected", here))
            if found
        },
    )


def _reason(
    first: VerifyOutcome, other: VerifyOutcome, takes_less: Mapping[str, str], *, equal: bool
) -> str:
    """Why indexes of the same images may differ."""
    if not equal:
        return ""
    for each in (first, other):
        host = each.subject.partition("/")[0]
        if host in takes_less:
            return f"the platforms' images are the same; {takes_less[host]}"
    if first.attestations != other.attestations:
        counts = f"{other.attestations} attestations here, {first.attestations} there"
        return f"the platforms' images are the same; {counts}"
    return "the platforms' images are the same; annotations, order or form differ"


def _images(outcome: VerifyOutcome) -> _Images:
    found: dict[Platform | None, tuple[Digest, ...]] = {}
    for image in outcome.images:
        found[image.platform] = (*found.get(image.platform, ()), image.digest)
    return found


def _told(digests: Sequence[Digest | None]) -> str:
    return ", ".join(f"{each.algorithm}:{each.short}" for each in digests if each)
