"""The line of time in a page: lanes for each platform and each place, grouped by image."""

from collections.abc import Callable, Iterable, Iterator, Sequence

from polyarch.runs.timeline import Lane, Mark, Timeline
from polyarch.runs.words import duration

_FEW_IMAGES = 4
_TICKS = 5
_LONGEST = 160
_KINDS = (
    ("build", "build"), ("check", "check"), ("command", "command"), ("upload", "upload"),
    ("tag", "tag"),
)  # fmt: skip
Text = Callable[[str], str]


def timeline_section(timeline: Timeline, text: Text) -> Iterator[str]:
    """The section, with nothing in it where nothing was recorded; `text` makes words fit a page."""
    if not timeline.lanes:
        return
    yield '<section id="times"><h2>Timeline</h2><div class="tools"><div class="key">'
    yield "".join(f'<span><i class="k-{kind}"></i>{words}</span>' for kind, words in _KINDS)
    yield '</div><button class="all" type="button" data-of="#times" hidden>open or close all'
    yield "</button></div>"
    yield _scale(timeline.seconds)
    images: dict[str, list[Lane]] = {}
    for lane in timeline.lanes:
        images.setdefault(lane.image, []).append(lane)
    for name, lanes in images.items():
        bad = any(not mark.ok for lane in lanes for mark in lane.marks)
        opened = " open" if bad or len(images) <= _FEW_IMAGES else ""
        yield f'<details{opened}><summary class="lane"><b>{text(name) or "run"}</b>'
        yield f"{_track(_summed(lanes), timeline.seconds, text)}</summary>"
        for lane in lanes:
            what = text(lane.what) or "whole image"
            track = _track(lane.marks, timeline.seconds, text)
            yield f'<div class="lane"><span title="{what}">{what}</span>{track}</div>'
        yield "</details>"
    if timeline.left_out:
        yield f'<p class="hint">{timeline.left_out} more marks are not drawn.</p>'
    yield "</section>"


def _scale(seconds: float) -> str:
    ticks = "".join(
        f'<span style="left:{100 * number / _TICKS:.0f}%">{duration(seconds * number / _TICKS)}'
        "</span>"
        for number in range(_TICKS + 1)
    )
    return f'<div class="scale"><span></span><div class="t">{ticks}</div></div>'


def _track(marks: Iterable[Mark], seconds: float, text: Text) -> str:
    return '<div class="t">' + "".join(_mark(each, seconds, text) for each in marks) + "</div>"


def _mark(mark: Mark, seconds: float, text: Text) -> str:
    whole = seconds or 1.0
    left = min(99.8, 100 * mark.start / whole)
    width = min(100 - left, max(0.0, 100 * (mark.end - mark.start) / whole))
    took = f" {duration(mark.end - mark.start)}" if mark.end > mark.start else ""
    words = mark.text if len(mark.text) <= _LONGEST else f"{mark.text[:_LONGEST]}…"
    bad = " bad" if not mark.ok else ""
    style = f"left:{left:.2f}%" + (f";width:{width:.2f}%" if width else "")
    told = f"{mark.kind}{took}: {text(words)}"
    return f'<i class="k-{mark.kind}{bad}" style="{style}" title="{told}"></i>'


def _summed(lanes: Sequence[Lane]) -> Iterator[Mark]:
    """One mark for each kind, from the first begin to the last end."""
    for kind, words in _KINDS:
        found = [mark for lane in lanes for mark in lane.marks if mark.kind == kind]
        if found:
            yield Mark(
                kind=kind,
                start=min(mark.start for mark in found),
                end=max(mark.end for mark in found),
                text=f"{len(found)} times {words}",
                ok=all(mark.ok for mark in found),
            )
