"""Labels and annotations of an image."""

import unicodedata
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from types import MappingProxyType

from polyarch.host.ci_event import CiEvent
from polyarch.host.repository import RepositoryFacts
from polyarch.metadata.expressions import Situation
from polyarch.metadata.render import render_text
from polyarch.metadata.version import Version
from polyarch.oci import annotation

_ORDER = " _-,;:!?.'\"()[]{}@*/\\&#%`^+<=>|~$0123456789abcdefghijklmnopqrstuvwxyz"
"""How ICU's English collation orders ASCII, letter case aside; the reference sorts keys by it."""

_RANK: Mapping[str, int] = {character: place for place, character in enumerate(_ORDER)}


def labels(
    event: CiEvent,
    version: Version,
    repository: RepositoryFacts,
    *,
    now: datetime,
    created: datetime,
    extra: Sequence[str] = (),
    table: Mapping[str, str] = MappingProxyType({}),
    describe: str = "",
    short_sha_length: str = "",
) -> dict[str, str]:
    """The OCI labels and those of `extra` and `table`, by key.

    `created` is the commit's time in a plan; the drop-in for the action takes `now`. `extra` are
    the action's items `key=value`: global expressions may stand in them, in the key as well, and
    are escaped for HTML; the last of a key counts. `table` is polyarch.toml's: expressions may
    stand in its values as in build arguments, `{{version}}` and `{{describe}}` among them, and are
    not escaped. Annotations are the same with items of their own.

    Raises:
        InvalidTemplateError: an expression cannot be worked out.
    """
    situation = Situation(
        event=event, repository=repository, now=now, short_sha_length=short_sha_length
    )
    found = {
        annotation.TITLE: repository.name,
        annotation.DESCRIPTION: repository.description,
        annotation.URL: repository.html_url,
        annotation.SOURCE: repository.html_url,
        annotation.VERSION: version.main or "",
        annotation.CREATED: timestamp(created),
        annotation.REVISION: event.sha,
        annotation.LICENSES: repository.license,
    }
    for item in extra:
        text = situation.render(item, where=f"label `{item}`")
        key, equals, value = text.partition("=")
        # An item without `=` is dropped silently, as the reference does.
        if equals:
            found[key] = value
    for key, value in table.items():
        found[key] = render_text(
            value, event, version, now=now, where=f"label `{key}`", describe=describe
        )
    return {key: found[key] for key in sorted(found, key=_collation)}


def leveled(annotations: Mapping[str, str], levels: Sequence[str]) -> tuple[str, ...]:
    """Annotations as BuildKit takes them: every `key=value` with `level:` in front."""
    return tuple(f"{level}:{key}={value}" for level in levels for key, value in annotations.items())


def timestamp(time: datetime) -> str:
    """A time as labels have it: UTC to the millisecond, as in `2020-01-10T00:30:00.000Z`."""
    return f"{time.astimezone(UTC).replace(tzinfo=None).isoformat(timespec='milliseconds')}Z"


def _collation(key: str) -> tuple[tuple[int, ...], str, str]:
    """Letters before accents, accents before letter case."""
    whole = unicodedata.normalize("NFD", key)
    letters = [letter for letter in whole if not unicodedata.combining(letter)]
    ranks = (_RANK.get(letter.lower(), len(_ORDER) + ord(letter)) for letter in letters)
    return tuple(ranks), "".join(filter(unicodedata.combining, whole)), key.swapcase()
