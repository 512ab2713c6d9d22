"""How reports say things: lengths of time, and which words are good, bad or neither."""

from collections.abc import Mapping
from types import MappingProxyType

GOOD, BAD, ODD, STILL = "good", "bad", "odd", "still"

TEMPER: Mapping[str, str] = MappingProxyType(
    {
        **dict.fromkeys(("done", "published", "created", "moved", "built", "deep", "run"), GOOD),
        **dict.fromkeys(("failed", "died", "left", "error"), BAD),
        **dict.fromkeys(
            (
                "partly", "interrupted", "running", "rolled-back", "restored", "removed", "skipped",
                "warning", "begun", "planned",
            ),
            ODD,
        ),
    }
)  # fmt: skip
"""Of a word in a report; all others are neither good nor bad."""

_MINUTE, _HOUR = 60, 3600


def temper_of(word: str) -> str:
    """Whether a word is good, bad, odd or still."""
    return TEMPER.get(word, STILL)


def duration(seconds: float) -> str:
    """A length of time as people say it."""
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < _MINUTE:
        return f"{seconds:.1f} s"
    whole = round(seconds)
    if whole < _HOUR:
        return f"{whole // _MINUTE} min {whole % _MINUTE:02d} s"
    return f"{whole // _HOUR} h {whole % _HOUR // _MINUTE:02d} min"


def short(digest: str) -> str:
    """A digest that fits a column."""
    algorithm, colon, encoded = digest.partition(":")
    return f"{algorithm}:{encoded[:12]}" if colon else digest
