"""Results as tables that a person likes to read; imported only where one is drawn."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from polyarch.cli.console import table
from polyarch.cli.lines import EXISTING
from polyarch.errors import shorten
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform
from polyarch.pipeline.cleaning import CleanResult
from polyarch.pipeline.copy_result import CopiedImage, CopyOutcome, CopyResult
from polyarch.pipeline.plan import ImagePlan, Plan, PlannedTag, State
from polyarch.pipeline.proof import Level
from polyarch.pipeline.result import PublishedImage, PublishResult
from polyarch.transaction.values import Outcome, Status

_STYLES = {
    "create": "green",
    "move": "cyan",
    "keep": "dim",
    "refuse": "bold red",
    "unknown": "yellow",
    "published": "green",
    "unchanged": "dim",
    "skipped": "yellow",
    "failed": "bold red",
    "rolled-back": "yellow",
    "left": "bold red",
    "native": "green",
    "cross": "green",
    "emulated": "yellow",
    "ok": "green",
    "missing": "yellow",
    "broken": "bold red",
}


def styled(word: str) -> Text:
    """A word in the colour that it has everywhere."""
    return Text(word, style=_STYLES.get(word, ""))


def plan_view(plan: Plan) -> RenderableType:
    """What would be built, and what would happen to each tag."""
    commit = f" at {plan.sha[:7]}" if plan.sha else ""
    place = f", environment {plan.environment}" if plan.environment else ""
    heading = Text(f"event {plan.event} {shorten(plan.ref)}{commit}{place}".replace("  ", " "))
    builds = table("image", "platform", "engine", "strategy", "why")
    for image in plan.images:
        for number, planned in enumerate(image.platforms):
            name = image.name if number == 0 else ""
            builds.add_row(
                name,
                str(planned.platform),
                f"{planned.engine} on {planned.builder}" if planned.builder else planned.engine,
                styled(planned.strategy),
                planned.reason,
            )
    tags = table("destination", "tag", "now", "then")
    for image in plan.images:
        _add_destinations(tags, image)
    told = [Text(plan.reason, style="dim")] if plan.reason else []
    told += [line for image in plan.images for line in _about(image)]
    told += [Text(f"toolchain: {line}", style="dim") for line in plan.toolchain]
    if not plan.images:
        return Group(heading, Text(), Text(f"nothing to do: {plan.reason}"))
    return Group(heading, Text(), builds, Text(), tags, Text(), *told)


def _about(image: ImagePlan) -> Iterator[Text]:
    """What the tables do not say of an image."""
    style = "" if image.publish else "dim"
    yield Text(f"{image.name}: {_will(image)}: {image.reason}", style=style)
    for base in image.bases:
        yield Text(f"{image.name}: stands on `{base}`, built with it", style="dim")
    for base, reference in image.published_bases.items():
        yield Text(f"{image.name}: stands on `{base}` as published: {reference}", style="dim")
    if image.alias_tags:
        named = ", ".join(f"`{tag}` {platform}" for tag, platform in image.alias_tags.items())
        yield Text(f"{image.name}: with them move the tags of single platforms: {named}")
    yield from _why_built(image)
    if image.missing:
        names = ", ".join(str(platform) for platform in image.missing)
        yield Text(f"{image.name}: cannot be published without {names}", style="yellow")


def _why_built(image: ImagePlan) -> Iterator[Text]:
    """What is not as it was when it was built last, for all platforms of which it is true."""
    platforms: dict[str, list[str]] = {}
    for planned in image.platforms:
        for change in planned.changes:
            platforms.setdefault(change, []).append(str(planned.platform))
    for change, names in platforms.items():
        yield Text(f"{image.name}: {', '.join(names)} built: {change}", style="dim")


def _will(image: ImagePlan) -> str:
    return "publishes" if image.publish else "does not publish"


def _add_destinations(tags: Table, image: ImagePlan) -> None:
    for destination in image.destinations:
        name = str(destination.repository)
        for planned in destination.tags:
            tags.add_row(name, planned.tag, _now(planned), _then(planned))
            name = ""
        if not destination.tags:
            tags.add_row(name, "", "", Text("no tag for this event", style="dim"))


def _now(planned: PlannedTag) -> str:
    current = planned.current
    if current.state is State.UNKNOWN:
        return f"unknown: {current.reason or 'not asked'}"
    if current.state is State.ABSENT or current.digest is None:
        return "absent"
    version = f" ({shorten(current.version, 60)})" if current.version else ""
    return f"{current.digest.short}{version}"


def _then(planned: PlannedTag) -> Text:
    then = styled(planned.action.value)
    return then.append(f": {planned.reason}", style="dim") if planned.reason else then


def clean_view(result: CleanResult) -> RenderableType:
    """What runs that died have left, and what became of it."""
    made = table("repository", "what", "name", "")
    for each in result.found:
        told = Text(each.kept) if each.kept else Text("removed", style="green")
        made.add_row(each.repository, each.kind, shorten(each.name, 40), told)
    return made


def publish_view(result: PublishResult) -> RenderableType:
    """What stands where now: the platforms of each image, then each destination's tags."""
    drawn: list[RenderableType] = []
    for image in result.images:
        drawn += [_image_heading(image), Text()]
        if image.parts:
            drawn += [_platforms(image), Text()]
        if any(outcome.status is not Status.SKIPPED for outcome in image.outcomes):
            drawn += [_destinations(image.outcomes), Text()]
    return Group(*drawn[:-1])


def _image_heading(image: PublishedImage) -> Text:
    nothing = "" if image.parts else "  nothing was built"
    digest = f"  {image.digest}" if image.digest else nothing
    return Text.assemble((image.name, "bold"), (digest, "dim"))


def _platforms(image: PublishedImage) -> Table:
    made = table("platform", "digest", "engine", "", "proof")
    for built in image.parts:
        done = "taken" if built.part.engine == EXISTING else "built"
        how = Text("reused", style="dim") if built.reused else Text(done)
        digest = _short(built.part.manifest.digest)
        platform = built.part.platform
        made.add_row(str(platform), digest, built.part.engine, how, _proof(image, platform))
    return made


def _proof(image: PublishedImage, platform: Platform) -> Text:
    """How far a platform is proven; what could not be run is never shown as if it had."""
    found = image.proof.of(platform) if image.proof else None
    if found is None or found.level is None:
        return Text("none", style="bold red")
    if found.inspected_only:
        return Text("inspected only", style="yellow")
    ran = f"files, smoke test ({found.how})"
    return Text(ran if found.level is Level.RUN else "files")


def _destinations(outcomes: Sequence[Outcome | CopyOutcome]) -> Table:
    made = table("destination", "status", "digest", "tags")
    for outcome in outcomes:
        digest = _short(outcome.digest) if outcome.digest else ""
        made.add_row(
            str(outcome.repository), styled(outcome.status.value), digest, _tags_of(outcome)
        )
    return made


def _tags_of(outcome: Outcome | CopyOutcome) -> Text:
    if outcome.error:
        return Text(outcome.error.message.partition("\n")[0])
    if outcome.status is Status.SKIPPED:
        return Text("another destination failed, so nothing moved here", style="dim")
    words = Text()
    for tag in outcome.tags:
        words.append(f"{tag.tag} ")
        words.append(f"{tag.status.value}  ", style="dim")
    for tag in outcome.tags:
        if tag.reason:
            words.append(f"\n{tag.tag} {tag.status.value}: {tag.reason}", style="dim")
    return words


def copy_view(result: CopyResult) -> RenderableType:
    """What was copied, of which platforms, and what stands where now."""
    drawn: list[RenderableType] = []
    for image in result.images:
        drawn += [Text.assemble((image.name, "bold"), (f"  {image.digest}", "dim")), Text()]
        if image.original != image.digest:
            drawn += [Text(f"chosen from {image.original}", style="dim"), Text()]
        made = table("platform", "digest")
        for child in image.platforms:
            made.add_row(str(child.platform or "unknown"), _short(child.digest))
        drawn += [made, Text()]
        if any(outcome.status is not Status.SKIPPED for outcome in image.outcomes):
            drawn += [_destinations(image.outcomes), Text()]
        drawn += [Text(line, style="dim") for line in _about_copies(image)]
    return Group(*drawn)


def _about_copies(image: CopiedImage) -> Iterator[str]:
    """What the table does not say: artifacts that went along or could not, and what has no tag."""
    for outcome in image.outcomes:
        carried = [each for each in outcome.referrers if not each.reason]
        if carried:
            kinds = dict.fromkeys(each.kind or "artifact" for each in carried)
            told = ", ".join(shorten(kind, 80) for kind in kinds)
            yield f"{outcome.repository}: {len(carried)} about it carried ({told})"
        for each in outcome.referrers:
            if each.reason:
                yield f"{outcome.repository}: {each.kind or 'artifact'} not carried: {each.reason}"
        if outcome.note:
            yield f"{outcome.repository}: {outcome.note}"


def _short(digest: Digest) -> str:
    return f"{digest.algorithm}:{digest.short}"
