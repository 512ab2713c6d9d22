"""How the verbs that move published images tell what they did; imported only where one has ended.

`promote`, `tag`, `rollback` and `undo` share it.
"""

from collections.abc import Iterator

from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from polyarch.cli.console import table
from polyarch.cli.documents import error_object
from polyarch.cli.exit_codes import refusal_code
from polyarch.cli.invocation import Invocation
from polyarch.cli.outcomes import complain_of, tell_quotas
from polyarch.cli.tables import styled
from polyarch.errors import shorten
from polyarch.oci.digest import Digest
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.moving.result import MovedImage, MoveResult
from polyarch.transaction.values import Outcome, Status

_SHOWN = 300
"""Characters of a note: parts of it may be words of a registry."""


def tell(result: MoveResult, invocation: Invocation) -> None:
    """Print one pinned reference per destination, or the document; all else goes to stderr."""
    if result.images:
        invocation.draw(lambda: move_view(result))
    invocation.emit(document(result), lambda: "\n".join(pinned(result)))
    tell_quotas(result.usage, invocation)
    complain_of(result, invocation)
    if result.reason:
        invocation.hint(f"{'' if result.standing else 'nothing was moved: '}{result.reason}")


def document(result: MoveResult) -> JsonObject:
    """The document of the verb."""
    return result.to_json(lambda error: error_object(error, refusal_code(error)))


def pinned(result: MoveResult) -> tuple[str, ...]:
    """What stands where now, each once."""
    standing = (each for each in result.standing if each.digest)
    return tuple(dict.fromkeys(f"{each.repository}@{each.digest}" for each in standing))


def move_view(result: MoveResult) -> RenderableType:
    """What was moved, of which platforms, and what each tag shows now."""
    drawn: list[RenderableType] = []
    for image in result.images:
        drawn += [_heading(image), Text()]
        if image.platforms:
            drawn += [_platforms(image), Text()]
        if any(each.tags or each.status is not Status.SKIPPED for each in image.outcomes):
            drawn += [_tags(image), Text()]
        drawn += [Text(shorten(note, _SHOWN), style="dim") for note in _notes(image)]
        if any(_notes(image)):
            drawn.append(Text())
    return Group(*drawn[:-1])


def _heading(image: MovedImage) -> Text:
    source = f"  {image.source}" if image.source else ""
    digest = f"  {image.digest}" if image.digest and str(image.digest) not in source else ""
    return Text.assemble((image.name, "bold"), (source + digest, "dim"))


def _platforms(image: MovedImage) -> Table:
    made = table("platform", "digest")
    for child in image.platforms:
        made.add_row(str(child.platform or "unknown"), _short(child.digest))
    return made


def _tags(image: MovedImage) -> Table:
    """A line for each tag of each destination: tags of one repository may show different images."""
    made = table("destination", "tag", "status", "digest", "")
    for outcome in image.outcomes:
        name = str(outcome.repository)
        if outcome.error or not outcome.tags:
            made.add_row(name, "", styled(outcome.status.value), _digest(outcome), _why(outcome))
            name = ""
        for tag in outcome.tags:
            shown = _short(tag.digest) if tag.digest else ""
            reason = Text(shorten(tag.reason, _SHOWN), style="dim")
            made.add_row(name, tag.tag, styled(tag.status.value), shown, reason)
            name = ""
    return made


def _digest(outcome: Outcome) -> str:
    return _short(outcome.digest) if outcome.digest and not outcome.tags else ""


def _why(outcome: Outcome) -> Text:
    if outcome.error:
        return Text(outcome.error.message.partition("\n")[0])
    if outcome.status is Status.SKIPPED:
        return Text("nothing moved here", style="dim")
    return Text()


def _notes(image: MovedImage) -> Iterator[str]:
    """What the tables do not say: artifacts that went along or could not, and the act's own."""
    for repository, carried in image.carried.items():
        if gone := [each for each in carried if not each.reason]:
            kinds = dict.fromkeys(each.kind or "artifact" for each in gone)
            told = ", ".join(shorten(kind, 80) for kind in kinds)
            yield f"{repository}: {len(gone)} about it carried ({told})"
        for each in carried:
            if each.reason:
                yield f"{repository}: {each.kind or 'artifact'} not carried: {each.reason}"
    yield from image.notes


def _short(digest: Digest) -> str:
    return f"{digest.algorithm}:{digest.short}"
