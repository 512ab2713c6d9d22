"""Times as CIs and forges write them."""

from datetime import UTC, datetime

_EARLIEST, _LATEST = 1970, 9000
"""Years of a believable commit; what lies outside cannot be shifted between time zones."""


def read_time(text: object) -> datetime | None:
    """An ISO 8601 time in UTC; None for what is none, or cannot be a commit's."""
    if not isinstance(text, str):
        return None
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        return None
    aware = time if time.tzinfo else time.replace(tzinfo=UTC)
    return aware.astimezone(UTC) if _EARLIEST < aware.year < _LATEST else None
