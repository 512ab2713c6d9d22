"""Tags that stay where somebody put them back to: how a person lets go of them."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Protocol

from polyarch.cli.invocation import Invocation

if TYPE_CHECKING:
    from polyarch.oci.digest import Digest
    from polyarch.transaction.values import Outcome


class _Image(Protocol):
    """An image that a verb has brought somewhere."""

    @property
    def name(self) -> str:
        """As the project calls it."""
        ...

    @property
    def digest(self) -> "Digest | None":
        """What was brought; None where destinations got another each."""
        ...

    @property
    def outcomes(self) -> "Sequence[Outcome]":
        """One for each destination."""
        ...


def hint_held(images: "Iterable[_Image]", environment: str | None, invocation: Invocation) -> None:
    """Say once for each image which of its tags are held, and the command that moves them."""
    from polyarch.transaction.hold import tells_of_hold
    from polyarch.transaction.values import TagStatus

    for image in images:
        kept = {
            each: [
                t.tag for t in each.tags if t.status is TagStatus.KEPT and tells_of_hold(t.reason)
            ]
            for each in image.outcomes
        }
        held = {str(each.repository): tags for each, tags in kept.items() if tags}
        if not held:
            continue
        tags = list(dict.fromkeys(tag for each in held.values() for tag in each))
        first = next(each for each, found in kept.items() if found)
        words = ["polyarch tag", _reference(first, image.digest), *tags]
        if len(held) > 1:
            words += ["--everywhere", *(("--env", environment) if environment else ())]
        stay = "stay where they were" if len(tags) > 1 else "stays where it was"
        named = ", ".join(tags)
        invocation.hint(
            f"{image.name}: {named} {stay} put back to until something newer comes; "
            f"to move now: {' '.join(words)}"
        )


def _reference(outcome: "Outcome", digest: "Digest | None") -> str:
    """The image there, by a tag that shows it where there is one: elsewhere that may be another."""
    from polyarch.transaction.values import TagStatus

    shows = {TagStatus.CREATED, TagStatus.MOVED, TagStatus.UNCHANGED}
    found = [tag for tag in outcome.tags if tag.status in shows]
    whole = [tag.tag for tag in found if outcome.adapted or digest in {None, tag.digest}]
    by_tag = next(iter(whole), None)
    if by_tag:
        return f"{outcome.repository}:{by_tag}"
    return f"{outcome.repository}@{digest or 'DIGEST'}"
