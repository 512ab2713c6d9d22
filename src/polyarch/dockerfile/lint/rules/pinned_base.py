"""PA103, PA104: a base whose name is that of one platform."""

from collections.abc import Iterator

from polyarch.dockerfile.lint.archwords import ArchWord, first_word
from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.lookup import BaseImage
from polyarch.dockerfile.lint.names import AUTOMATIC, through_defaults
from polyarch.dockerfile.lint.pinning import architecture_arguments, library_name, pinned_words
from polyarch.dockerfile.lint.rule import Rule
from polyarch.dockerfile.lint.view import FileView, StageClass, StageView
from polyarch.findings import Severity
from polyarch.oci.platform import Platform

_SEPARATORS = "-_."


# --- PA103 ---------------------------------------------------------------------------------------


def from_arch_pinned(view: FileView) -> Iterator[LintFinding]:
    """A repository or tag of one platform; a stage per platform is a dispatch and no finding."""
    found = [
        (stage, words[-1])
        for stage in view.needed
        if not stage.parents and (words := pinned_words(view, stage.outline.base))
    ]
    if len({word.platforms for _, word in found}) > 1:
        return
    for stage, word in found:
        concerned = _concerned(view, stage, word)
        if concerned and not first_word(stage.outline.name or "", weak=True):
            yield _pinned(view, stage, word, concerned)


def _concerned(view: FileView, stage: StageView, word: ArchWord) -> tuple[Platform, ...]:
    """The platforms that get another one's base; a stage of the builder has to suit that alone."""
    return tuple(
        one
        for one in stage.platforms
        if stage.kinds[one] is not StageClass.CONSTANT
        and (view.build_platform if stage.kinds[one] is StageClass.NATIVE else one)
        not in word.platforms
    )


def _pinned(
    view: FileView, stage: StageView, word: ArchWord, concerned: tuple[Platform, ...]
) -> LintFinding:
    base = stage.bases[0]
    fix, why_not, instead = _way_out(view, stage, base, word)
    return LintFinding(
        rule="PA103",
        severity=Severity.ERROR,
        line=stage.line,
        span=stage.outline.base_span,
        platforms=concerned,
        message=f"`{base}` is an image for `{word.text}` alone: BuildKit takes it for the other "
        "platforms, too, and only warns",
        hint=instead,
        fix=fix,
        why_not=why_not,
    )


def _way_out(
    view: FileView, stage: StageView, base: str, word: ArchWord
) -> tuple[FixClass, str, str]:
    library = library_name(base)
    bare = library or _shortened(base, word)
    if "@" in base:
        advice = f"take `{bare.partition('@')[0]}` with the digest of its index"
        return FixClass.NONE, "the digest is that of one platform and has to be renewed", advice
    if stage.outline.base != base:
        advice = f"let the argument name `{bare}`"
        return FixClass.NONE, "the name comes out of an argument", advice
    if library:
        why_not = "the official image has the same tag for most platforms, not for all"
        return FixClass.REVIEW, why_not, f"write `FROM {bare}`, which has all of its platforms"
    known = _look_up(view, bare)
    if known and known.is_index and all(known.serves(one) for one in view.platforms):
        return FixClass.REVIEW, "the other tag may hold other content", f"write `FROM {bare}`"
    advice = f"look whether `{bare}` has all platforms; else choose by `TARGETARCH` in the name"
    return FixClass.NONE, "nobody looked whether the shorter name has the platforms", advice


def _look_up(view: FileView, reference: str) -> BaseImage | None:
    return view.lookup(reference, view.platforms) if view.lookup else None


def _shortened(base: str, word: ArchWord) -> str:
    """The name without the platform's word and the separator beside it."""
    name, at, digest = base.partition("@")
    place = name.rfind(word.text)
    head, tail = name[:place], name[place + len(word.text) :]
    head = head.rstrip(_SEPARATORS)
    if head.endswith(":"):
        tail = tail.lstrip(_SEPARATORS) or "latest"
    if tail.startswith("/") and head.endswith("/"):
        tail = tail[1:]
    return f"{head}{tail}{at}{digest}"


# --- PA104 ---------------------------------------------------------------------------------------


def from_arch_argument(view: FileView) -> Iterator[LintFinding]:
    """FROM that an outer loop fills in with one architecture per run."""
    for stage in view.needed:
        names = _arguments(view, stage)
        if names:
            yield _by_argument(view, stage, names)


def _arguments(view: FileView, stage: StageView) -> tuple[str, ...]:
    outline = stage.outline
    platform = outline.platform or ""
    found = architecture_arguments(view, f"{platform} {outline.base}")
    if found or stage.parents:
        return found
    open_names = through_defaults(platform, view.defaults)
    return () if open_names & AUTOMATIC else tuple(sorted(open_names & view.unset))


def _by_argument(view: FileView, stage: StageView, names: tuple[str, ...]) -> LintFinding:
    said = ", ".join(f"`{name}`" for name in names)
    default = view.defaults.get(names[0], "").strip("\"'")
    word = first_word(default, weak=True) if len(names) == 1 else None
    held = word.platforms if word else ()
    in_platform = architecture_arguments(view, stage.outline.platform or "")
    flag = stage.outline.start.flag("platform")
    return LintFinding(
        rule="PA104",
        severity=Severity.ERROR,
        line=stage.line,
        span=flag.span if flag and in_platform else stage.outline.base_span,
        platforms=tuple(one for one in stage.platforms if one not in held),
        message=f"FROM is chosen by the argument {said}, which has one value for all platforms of "
        "a build",
        hint="choose by what BuildKit sets for each platform (`TARGETARCH`, `TARGETPLATFORM`), or "
        "take a base that has all platforms under one name",
        fix=FixClass.NONE,
        why_not="the script that gives the argument is part of the build",
    )


RULES = (
    Rule(
        id="PA103",
        name="from-arch-pinned",
        severity=Severity.ERROR,
        fix=FixClass.REVIEW,
        title="The base image is one platform's own",
        consequence="A repository like `arm64v8/debian`, or a tag like `1.2-amd64`, holds one "
        "platform. A build for another one gets it all the same: BuildKit prints a warning and "
        "goes on. RUN then fails or is emulated as the wrong machine, and what is shipped starts "
        "on one platform only.",
        remedy="Take the name that has all platforms: the official image without its namespace, "
        "the tag without its ending. Renew a digest behind it with that of the index. Where a "
        "project has no such name, give each platform a stage of its own (`FROM x-arm64 AS "
        "base-arm64`) and choose with `FROM base-${TARGETARCH}`.",
        before="FROM arm64v8/debian:13",
        after="FROM debian:13",
        sources=(
            "https://github.com/docker-library/official-images#architectures-other-than-amd64",
            "https://docs.docker.com/reference/build-checks/invalid-base-image-platform/",
        ),
        check=from_arch_pinned,
    ),
    Rule(
        id="PA104",
        name="from-arch-argument",
        severity=Severity.ERROR,
        fix=FixClass.NONE,
        title="FROM is chosen by an architecture argument of one's own",
        consequence="A build for several platforms gives an argument once. All of them get the "
        "base that it names; an argument without a default names none, and the build stops.",
        remedy="Use the arguments that BuildKit sets for each platform: `FROM base-${TARGETARCH}`, "
        "with a stage for each name where the names differ. Or take a base that has all platforms.",
        before="ARG ARCH=amd64\nFROM ${ARCH}/alpine:3.22",
        after="FROM alpine:3.22",
        sources=(
            "https://docs.docker.com/reference/dockerfile/#automatic-platform-args-in-the-global-scope",
        ),
        check=from_arch_argument,
    ),
)
