"""What in one bake file builds fewer platforms than it should, or one after the other."""

from collections.abc import Iterator, Sequence

from polyarch.ci.automatic import NAMES, override
from polyarch.ci.bake import BakeTarget, read_bake
from polyarch.ci.lint_rules import CI_GAP
from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.textlines import Lines
from polyarch.errors import InvalidPlatformError
from polyarch.findings import Severity
from polyarch.oci.platform import Platform


def lint_bake(raw: bytes, name: str, platforms: Sequence[Platform]) -> Iterator[LintFinding]:
    """Findings in one file; what bake takes from the environment has its default.

    Raises:
        BakeFileError: it cannot be read.
    """
    targets = read_bake(raw, name)
    lines = Lines.of(raw.decode("utf-8", "surrogateescape"))
    for target in targets:
        for argument, value in target.arguments.items():
            if argument in NAMES and value.text:
                yield override(argument, value.text, value.line, lines, platforms)
    one_by_one = dict(_one_by_one(targets))
    for target in targets:
        built = _built(target)
        if target.is_template or built is None or len(built) != 1:
            continue
        others = tuple(each for each in platforms if not built[0].satisfies(each))
        told = target.platforms or ()
        if target.name in one_by_one:
            message = (
                f"target `{target.name}` builds `{built[0]}` under the tag"
                f" `{one_by_one[target.name]}`, which others build for other platforms: whichever"
                " is pushed last is all that the tag holds"
            )
            hint = "list all platforms in one target"
            severity = Severity.WARNING
        else:
            message = f"target `{target.name}` builds `{built[0]}` alone"
            hint = "list the other platforms under `platforms` too"
            severity = Severity.INFO
        if others:
            yield LintFinding(
                rule=CI_GAP.id,
                severity=severity,
                line=told[0].line,
                span=lines.word_at(told[0].line, told[0].text or ""),
                platforms=others,
                message=message,
                hint=hint,
            )


def _one_by_one(targets: Sequence[BakeTarget]) -> Iterator[tuple[str, str]]:
    """Targets of one platform each that share a tag, with that tag."""
    owners: dict[str, list[tuple[str, Platform]]] = {}
    for target in targets:
        built = _built(target)
        for tag in target.tags if built and len(built) == 1 and not target.is_template else ():
            if tag.text and built:
                owners.setdefault(tag.text, []).append((target.name, built[0]))
    for shared, several in owners.items():
        if len({platform for _, platform in several}) > 1:
            yield from ((name, shared) for name, _ in several)


def _built(target: BakeTarget) -> list[Platform] | None:
    """What it builds; None where it names none, or one that only bake knows."""
    if target.platforms is None:
        return None
    found = [_platform(each.text) for each in target.platforms]
    known = [each for each in found if each is not None]
    return known if len(known) == len(found) else None


def _platform(text: str | None) -> Platform | None:
    try:
        return Platform.parse(text) if text else None
    except InvalidPlatformError:
        return None
