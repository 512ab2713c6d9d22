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
    Kind.ACT: "{done}{by}",
    Kind.TEST: "a test: notices arrive here",
}
_CANCELLED = "{verb} was cancelled"
_WATCH = "watch"
_OF_WATCH: Mapping[Kind, str] = {
    Kind.FAILURE: "what is published needs somebody",
    Kind.RECOVERY: "what is published is well again",
    Kind.SUCCESS: "what is published is well",
}
_WHAT: Mapping[Kind, str] = {Kind.FAILURE: "Failed", Kind.ACT: "Now", Kind.TEST: "By"}
_VERBS: Mapping[str, str] = {
    "build": "building",
    "publish": "publishing",
    "copy": "copying",
    "promote": "promoting",
    "tag": "tagging",
    "rollback": "rolling back",
    "undo": "undoing a run",
    _WATCH: "the watch",
}
_DONE: Mapping[str, str] = {
    "promote": "promoted",
    "tag": "tagged",
    "rollback": "rolled back",
    "undo": "a run was undone",
}


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
    subject = f"{notice.project}: " if notice.project else ""
    branch = _short(notice.ref)
    return Words(
        title=f"{subject}{_said(notice)}{f' ({branch})' if branch else ''} [polyarch]",
        lines=tuple((label, text) for label, text in _lines(notice) if text),
        url=notice.url,
    )


def _said(notice: Notice) -> str:
    if notice.verb == _WATCH and not notice.cancelled and notice.kind in _OF_WATCH:
        return _OF_WATCH[notice.kind]
    return (_CANCELLED if notice.cancelled else _TITLES[notice.kind]).format(
        verb=_VERBS.get(notice.verb, "the pipeline"),
        done=_DONE.get(notice.verb, "published images were changed"),
        by=f" by {notice.who}" if notice.who else "",
    )


def _lines(notice: Notice) -> Iterator[tuple[str, str]]:
    yield _what(notice), notice.what
    yield "By", notice.who
    yield "Why", notice.why
    yield "Where", notice.where
    yield "What to do", notice.hint
    yield "Found", _several(notice.findings, "; ")
    yield "Tags now", _several(notice.tags, "; ")
    yield "Images", _several(notice.images)
    yield "Platforms", _several(notice.platforms)
    yield "Registries", _several(notice.registries)
    yield "Event", " ".join(filter(None, (notice.event_name, notice.ref)))
    yield "Commit", notice.sha[:_SHA]
    yield "Run", notice.run


def _what(notice: Notice) -> str:
    """What the text is of that says what happened."""
    if notice.verb == _WATCH:
        return "Watch"
    return "Cancelled" if notice.cancelled else _WHAT.get(notice.kind, "Published")


def _several(texts: tuple[str, ...], between: str = ", ") -> str:
    more = len(texts) - _SHOWN
    return between.join(texts[:_SHOWN]) + (f"{between}and {more} more" if more > 0 else "")


def _short(ref: str) -> str:
    for prefix in ("refs/heads/", "refs/tags/", "refs/"):
        if ref.startswith(prefix):
            return ref.removeprefix(prefix)
    return ref
