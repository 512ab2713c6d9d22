"""Tags that name the event's commit: an image of another commit does not get them."""

from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta

from polyarch.config.project import ImageSettings
from polyarch.metadata.policy import Decision
from polyarch.oci import annotation
from polyarch.oci.platform import Platform
from polyarch.pipeline.promoting.given_tags import GivenTags, tags_of_event
from polyarch.pipeline.promoting.origin import Origin
from polyarch.pipeline.wording import Wording

_OTHER = str.maketrans("0123456789abcdef", "fedcba9876543210")
_APART = timedelta(days=397, hours=1, minutes=1, seconds=1)
"""So far apart that year, month and time of day differ."""
_SHOWN = 12


def fitting_tags(
    given: GivenTags,
    origin: Origin,
    settings: ImageSettings,
    wording: Wording,
    decision: Decision,
) -> GivenTags:
    """Without those that would say of an image that it is of a commit that it is not of.

    What the image does not say is not known: then it keeps of them the tag that it was found
    under. Versions stay: which image is to be one is the word of who named it.

    Raises:
        InvalidRuleError, InvalidTemplateError, InvalidTagError: as the config's rules are.
    """
    event = wording.event
    revision = origin.said.get(annotation.REVISION, "")
    if not given.by_event or not event.sha or revision == event.sha:
        return given
    free = tags_of_event(settings, _of_another_commit(wording), decision)
    known = {*free.tags, *free.aliases} | ({origin.tag} if not revision else set())
    left_out = [tag for tag in (*given.tags, *given.aliases) if tag not in known]
    tags = tuple(tag for tag in given.tags if tag in known)
    of = f"of commit {revision[:_SHOWN]}" if revision else "of a commit that it does not name"
    told = f"{origin.pinned} is {of}, and this event is about {event.sha[:_SHOWN]}"
    names = ", ".join(f"`{tag}`" for tag in left_out)
    return replace(
        given,
        tags=tags,
        aliases=_within(given, known) if tags else {},
        version=given.version if given.version in tags else None,
        notes=(f"{told}: {names} not given" if left_out else told,),
        reason=given.reason if tags else f"{told}, and all of its tags name that: {names}",
    )


def _of_another_commit(wording: Wording) -> Wording:
    """What the same event would give, were it about another commit, made at another time."""
    event = wording.event
    time = event.commit_time
    other = replace(
        event,
        sha=event.sha.translate(_OTHER),
        commit_time=time - _APART if time else None,
    )
    return Wording(
        event=other, repository=wording.repository, now=wording.now, describe=wording.describe
    )


def _within(given: GivenTags, known: set[str]) -> Mapping[str, Platform]:
    return {tag: platform for tag, platform in given.aliases.items() if tag in known}
