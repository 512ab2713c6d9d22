"""What is told of a watch: what is new since the last one, that all is well again, else nothing.

The state of an image is what the newest watch that looked at it has found. Findings are known again
by their keys, which watches give them; records come from other machines, and are read with care.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, Self

from polyarch.findings import Severity
from polyarch.notify.notice import Kind, Notice, neat, neat_all
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.telling import Decision, Result
from polyarch.runs.summary import RunSummary

WATCH = "watch"

MOST_BEFORE = 20
"""Watches that are looked back at: each may have been of other images."""

_MISTYPED = frozenset({2, 3})
"""Exit codes of command lines and files that name nothing to look at."""
_DEEP = 6
_MOST = 10_000
"""Findings of one watch."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """One finding; `image` is empty where it is about no single one."""

    image: str
    key: str
    words: str = field(compare=False)
    platform: str = field(default="", compare=False)


@dataclass(frozen=True, slots=True, kw_only=True)
class Watched:
    """What one watch came to. One that is `broken` ended with an error, and has seen nothing."""

    result: Result
    images: frozenset[str]
    troubles: frozenset[Trouble]
    broken: bool = False

    @classmethod
    def of(cls, about: RunSummary, document: JsonObject | None) -> Self:
        """Read it from a run's summary and result."""
        result = Result.of_code(about.exit_code)
        images = frozenset(map(neat, about.images))
        if document is None and about.exit_code in _MISTYPED:
            return cls(result=Result.UNKNOWN, images=images, troubles=frozenset(), broken=True)
        if document is None:
            found = frozenset({_ended(about)} if result is Result.BAD else ())
            return cls(result=result, images=images, troubles=found, broken=True)
        bad = result is Result.BAD
        troubles = frozenset(_troubles(document, _least(document)) if bad else ())
        if bad and not troubles:
            troubles = frozenset({_ended(about)})
        return cls(result=result, images=images, troubles=troubles)

    def known(self, before: Iterable[Self]) -> frozenset[Trouble]:
        """What the watches before, newest first, have found in the images of this one."""
        known, left, seen = set[Trouble](), set(self.images), False
        for each in before:
            if each.result in {Result.CANCELLED, Result.UNKNOWN}:
                continue
            if each.broken:
                known |= frozenset() if seen else each.troubles
                continue
            seen = True
            looked = left & each.images if self.images else set(each.images)
            others = each.images - looked
            known |= {found for found in each.troubles if found.image not in others}
            left -= looked
            if not left:
                break
        return frozenset(known)


@dataclass(frozen=True, slots=True, kw_only=True)
class Change:
    """What a watch has found beside what was `known`."""

    now: Watched
    known: frozenset[Trouble]

    @property
    def new(self) -> tuple[Trouble, ...]:
        """What no watch has found before, in an order that stays."""
        return tuple(
            sorted(self.now.troubles - self.known, key=lambda each: (each.image, each.key))
        )

    def decide(self, on: Collection[str]) -> Decision:
        """What is told, if anything."""
        if self.now.result in {Result.CANCELLED, Result.UNKNOWN}:
            return Decision(kind=None, reason="it was stopped before it had looked")
        if self.now.result is Result.BAD:
            if not self.new:
                return Decision(kind=None, reason="it found what the last one had found")
            told = Kind.FAILURE if Kind.FAILURE in on else None
            return Decision(kind=told, reason="it found what is new")
        if self.known and Kind.RECOVERY in on:
            return Decision(kind=Kind.RECOVERY, reason="all that was found before is gone")
        told = Kind.SUCCESS if Kind.SUCCESS in on else None
        return Decision(kind=told, reason="it found nothing")

    def notice(self, notice: Notice) -> Notice:
        """The notice of its run as one of a watch."""
        told = replace(notice, line=WATCH, what=neat(self._what()), findings=())
        if notice.kind.is_good or self.now.broken:
            return replace(told, images=neat_all(sorted(self.now.images)))
        return replace(
            told,
            where="",
            hint="`polyarch watch` shows all, `polyarch watch --repair` copies what is missing",
            images=neat_all(sorted({each.image for each in self.new})),
            platforms=neat_all(each.platform for each in self.new),
            findings=neat_all(each.words for each in self.new),
        )

    def _what(self) -> str:
        if self.now.broken:
            return "; ".join(each.words for each in self.new) or "it could not look"
        if not self.now.troubles:
            return f"nothing is wrong any more; the last watch had found {len(self.known)}"
        known = len(self.now.troubles) - len(self.new)
        before = f", {known} known from before" if known else ""
        return f"{len(self.new)} new {'finding' if len(self.new) == 1 else 'findings'}{before}"


def _ended(about: RunSummary) -> Trouble:
    """A watch that failed, and not for what it found."""
    error = about.error or {}
    code = str(error.get("code") or about.exit_code)
    words = error.get("message") or about.reason or f"it ended with exit code {about.exit_code}"
    return Trouble(image="", key=neat(f"error {code}"), words=neat(str(words)))


def _least(document: JsonObject) -> Severity:
    """From where on a finding is one that fails."""
    try:
        return Severity(document.get("fail_on", Severity.WARNING))
    except ValueError:
        return Severity.WARNING


def _troubles(document: JsonObject, least: Severity) -> Iterator[Trouble]:
    for count, (image, row) in enumerate(_findings(document, "", _DEEP)):
        if count >= _MOST:
            return
        try:
            severity = Severity(row.get("severity", ""))
        except ValueError:
            continue
        if severity.reaches(least):
            yield _trouble(image, row)


def _trouble(image: str, row: Mapping[str, Any]) -> Trouble:
    code, words, platform = (neat(_text(row, key)) for key in ("code", "message", "platform"))
    key = _text(row, "key") or f"{code} {platform} {words}"
    subject = neat(_text(row, "path") or _text(row, "subject"))
    return Trouble(
        image=neat(_text(row, "image") or image),
        key=neat(key),
        words=": ".join(filter(None, (f"{code} {subject}".strip(), words))),
        platform=platform,
    )


def _findings(value: object, image: str, deep: int) -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each finding of a document, with the image of the row that it stands in."""
    if not isinstance(value, dict) or deep <= 0:
        return
    image = _text(value, "image") or image
    for key, rows in value.items():
        for row in rows if isinstance(rows, list) else ():
            if not isinstance(row, dict):
                continue
            if key == "findings":
                yield image, row
            else:
                yield from _findings(row, image, deep - 1)


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""
