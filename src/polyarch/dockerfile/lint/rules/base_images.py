"""PA106, PA107: what the base images really have, where somebody looks them up."""

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

from polyarch.dockerfile.graph import ExternalReference, external_images
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.lookup import BaseImage
from polyarch.dockerfile.lint.names import variables
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.view import FileView
from polyarch.findings import Severity
from polyarch.oci.platform import Platform, unique


@dataclass(frozen=True, slots=True, kw_only=True)
class _Asked:
    """A reference of one instruction, and which platform of it each requested one takes."""

    reference: ExternalReference
    wanted: dict[Platform, Platform]

    @property
    def needed(self) -> tuple[Platform, ...]:
        """What it has to have."""
        return unique(self.wanted.values())


def digest_of_one_platform(view: FileView) -> Iterator[LintFinding]:
    """`@sha256:` of a manifest where that of an index was meant."""
    for asked, found in _looked_up(view):
        missing = _missing(asked, found)
        if missing and not found.is_index and "@" in asked.reference.text:
            yield _one_platform(asked, found, missing)


def base_lacks_platform(view: FileView) -> Iterator[LintFinding]:
    """A tag or an index without a platform that is asked of it, or with one that is not real."""
    for asked, found in _looked_up(view):
        missing = _missing(asked, found)
        is_pinned = not found.is_index and "@" in asked.reference.text
        if missing and not is_pinned:
            yield _lacks(asked, found, missing)
            continue
        flawed = {one: taken for one, taken in asked.wanted.items() if taken in found.flaws}
        if flawed and not missing:
            yield _is_flawed(asked, found, flawed)


@lru_cache(maxsize=1)
def _looked_up(view: FileView) -> tuple[tuple[_Asked, BaseImage], ...]:
    """What is known of each reference, asked once for both rules."""
    if view.lookup is None:
        return ()
    answers = ((one, view.lookup(one.reference.text, one.needed)) for one in _asked(view))
    return tuple((one, found) for one, found in answers if found is not None)


def _asked(view: FileView) -> tuple[_Asked, ...]:
    """Every reference of the file that does not stand on an argument that nobody gave."""
    found: dict[tuple[int, int, str], _Asked] = {}
    for platform, graph in view.graphs.items():
        for one in external_images(graph):
            base = view.stages[one.stage].outline.base
            if one.instruction == "FROM" and view.unset.intersection(variables(base)):
                continue
            key = (one.span.start, one.stage, one.text)
            found.setdefault(key, _Asked(reference=one, wanted={})).wanted[platform] = one.platform
    return tuple(found.values())


def _missing(asked: _Asked, found: BaseImage) -> dict[Platform, Platform]:
    return {one: taken for one, taken in asked.wanted.items() if not found.serves(taken)}


def _one_platform(
    asked: _Asked, found: BaseImage, missing: dict[Platform, Platform]
) -> LintFinding:
    offered = ", ".join(str(one) for one in found.offered) or "one platform"
    return LintFinding(
        rule="PA106",
        severity=Severity.ERROR,
        line=asked.reference.line,
        span=asked.reference.span,
        platforms=tuple(missing),
        message=f"the digest of `{_short(asked)}` is that of {offered} alone: every platform gets "
        "it, and BuildKit only warns",
        hint=f"pin the index: `{found.index}`"
        if found.index
        else "pin the digest of the index that the tag has",
        fix=FixClass.REVIEW if found.index else FixClass.NONE,
        why_not="the tag may have moved on since the digest was written"
        if found.index
        else "the tag does not lead to this digest any more",
    )


def _lacks(asked: _Asked, found: BaseImage, missing: dict[Platform, Platform]) -> LintFinding:
    lacking = ", ".join(f"`{one}`" for one in unique(missing.values()))
    offered = ", ".join(str(one) for one in found.offered) or "nothing that runs"
    return LintFinding(
        rule="PA107",
        severity=Severity.ERROR,
        line=asked.reference.line,
        span=asked.reference.span,
        platforms=tuple(missing),
        message=f"`{_short(asked)}` has no {lacking}; it has {offered}",
        hint=_instead(asked, found),
        fix=FixClass.NONE,
        why_not="another base is another image",
    )


def _is_flawed(asked: _Asked, found: BaseImage, flawed: dict[Platform, Platform]) -> LintFinding:
    reasons = "; ".join(f"{one}: {found.flaws[one]}" for one in unique(flawed.values()))
    return LintFinding(
        rule="PA107",
        severity=Severity.ERROR,
        line=asked.reference.line,
        span=asked.reference.span,
        platforms=tuple(flawed),
        message=f"`{_short(asked)}` names a platform that it does not hold: {reasons}",
        hint=_instead(asked, found),
        fix=FixClass.NONE,
        why_not="another base is another image",
    )


def _instead(asked: _Asked, found: BaseImage) -> str:
    if found.others:
        names = ", ".join(f"`{one}`" for one in found.others)
        return f"{names} has every platform that is asked for"
    if asked.reference.instruction != "FROM":
        return (
            "take the file from an image that has the platforms, or from the builder's platform "
            "through a stage of its own if it is the same on all"
        )
    return "choose a base that has the platform, or drop the platform from the list"


def _short(asked: _Asked) -> str:
    return asked.reference.text.partition("@")[0]


RULES = (
    Rule(
        id="PA106",
        name="digest-of-one-platform",
        severity=Severity.ERROR,
        fix=FixClass.REVIEW,
        title="The digest behind a base is that of one platform",
        consequence="An index has a digest, and so has each platform in it; pages and `inspect` "
        "show both. With the digest of one platform all platforms get its files. BuildKit builds "
        "on and warns; the image starts on one machine only.",
        remedy="Pin the digest of the index: `docker buildx imagetools inspect name:tag` prints it "
        "first.",
        before="FROM alpine:3.22@sha256:… # linux/amd64's own",
        after="FROM alpine:3.22@sha256:… # the index",
        sources=(
            "https://github.com/opencontainers/image-spec/blob/main/image-index.md",
            "https://github.com/spiffe/spire/issues/4765",
        ),
        buildkit="InvalidBaseImagePlatform",
        check=digest_of_one_platform,
    ),
    Rule(
        id="PA107",
        name="base-lacks-platform",
        severity=Severity.ERROR,
        fix=FixClass.NONE,
        title="A base image does not have a requested platform",
        consequence="The build of that platform stops, or goes on with another platform's files "
        "where the reference has only one.",
        remedy="Take a base, or a tag, that has all platforms, or drop the platform. A stage that "
        "only prepares files needs the builder's platform alone: give it "
        "`--platform=$BUILDPLATFORM`.",
        sources=(
            "https://docs.docker.com/reference/build-checks/invalid-base-image-platform/",
            "https://github.com/docker/build-push-action/issues/913",
        ),
        buildkit="InvalidBaseImagePlatform",
        check=base_lacks_platform,
    ),
)
