"""A notice in words: a title and lines, for a person who has other things to do."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from polyarch.notify.notice import Kind, Notice

_SHOWN = 8
"""Items of one line."""
_SHA = 12

_TITLES: Mapping[Kind, str] = {
    Kind.FAILURE: "{verb} failed",
    Kind.RECOVERY: "{verb} works again",
    Kind.SUCCESS: "{verb} went well",
    Kind.TEST: "a test: notices arrive here",
}
_CANCELLED = "{verb} was cancelled"
_WHAT: Mapping[Kind, str] = {Kind.FAILURE: "Failed", Kind.TEST: "By"}
_VERBS: Mapping[str, str] = {"build": "building", "publish": "publishing", "copy": "copying"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Words:
    """`title` is one line; `lines` are labels with their texts; `url` is for a link of its own."""

    title: str
    lines: tuple[tuple[str, str], ...]
    url: str

    def text(self, longest: int | None = None) -> str:
        """All of it, one line each; cut where a service takes no more characters.

        What is cut off is never the title, nor the address of the run.
        """
        body = "\n".join(f"{label}: {text}" for label, text in self.lines)
        ends = f"\n{self.url}" if self.url else ""
        if longest is not None:
            room = max(0, longest - len(self.title) - len(ends) - 1)
            body = body if len(body) <= room else f"{body[: room - 1]}…" if room else ""
        return f"{self.title}\n{body}{ends}"


def words_of(notice: Notice) -> Words:
    """What is said of it."""
    verb = _VERBS.get(notice.verb, "the pipeline")
    said = (_CANCELLED if notice.cancelled else _TITLES[notice.kind]).format(verb=verb)
    subject = f"{notice.project}: " if notice.project else ""
    branch = _short(notice.ref)
    return Words(
        title=f"{subject}{said}{f' ({branch})' if branch else ''} [polyarch]",
        lines=tuple((label, text) for label, text in _lines(notice) if text),
        url=notice.url,
    )


def _lines(notice: Notice) -> Iterator[tuple[str, str]]:
    what = _WHAT.get(notice.kind, "Published")
    yield "Cancelled" if notice.cancelled else what, notice.what
    yield "Where", notice.where
    yield "What to do", notice.hint
    yield "Tags now", _several(notice.tags, "; ")
    yield "Images", _several(notice.images)
    yield "Platforms", _several(notice.platforms)
    yield "Registries", _several(notice.registries)
    yield "Event", " ".join(filter(None, (notice.event_name, notice.ref)))
    yield "Commit", notice.sha[:_SHA]
    yield "Run", notice.run


def _several(texts: tuple[str, ...], between: str = ", ") -> str:
    more = len(texts) - _SHOWN
    return between.join(texts[:_SHOWN]) + (f"{between}and {more} more" if more > 0 else "")


def _short(ref: str) -> str:
    for prefix in ("refs/heads/", "refs/tags/", "refs/"):
        if ref.startswith(prefix):
            return ref.removeprefix(prefix)
    return ref
