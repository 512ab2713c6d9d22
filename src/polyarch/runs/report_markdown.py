"""A report as Markdown, as GitHub shows it in the summary of a job: at most 1 MiB.

Texts of records become plain text: whatever means something to Markdown or HTML is written as a
character reference, which never does (CommonMark, "Entity and numeric character references").
"""

import re
from collections.abc import Callable, Iterator, Sequence
from typing import TypeVar

from polyarch.runs.facts import facts_of
from polyarch.runs.moves import TagMove
from polyarch.runs.outcome import RunImage
from polyarch.runs.report import Report, Row
from polyarch.runs.timeline import Mark
from polyarch.runs.words import BAD, GOOD, ODD, duration, short, temper_of

Item = TypeVar("Item")

MAX_BYTES = 1024 * 1024 - 4096
"""Of all that a job puts into its summary GitHub takes 1 MiB; other steps write there as well."""

_SIGNS = {GOOD: "✅", BAD: "❌", ODD: "⚠️"}
_PLAIN = re.compile(r"[A-Za-z0-9 /,.-]")
_CODE = re.compile(r"[A-Za-z0-9._/:@+-]{1,400}")
_NOT_THERE = "\N{EN DASH}"
_SLOWEST = 5
_MOST_ROWS = (2000, 200, 20, 0)
"""How many rows of each table are shown, less where the whole is too large."""


def report_markdown(report: Report) -> str:
    """The report, with as many rows as fit."""
    made = ""
    for most in _MOST_ROWS:
        made = "\n".join(_lines(report, most)) + "\n"
        if len(made.encode()) <= MAX_BYTES:
            break
    return made


def plain(text: str) -> str:
    """A text that is nothing but text, on one line."""
    shown = " ".join(text.split())
    return "".join(each if _PLAIN.match(each) else f"&#{ord(each)};" for each in shown)


def code(text: str) -> str:
    """A name or digest as code, where nothing in it could end that."""
    return f"`{text}`" if _CODE.fullmatch(text) else plain(text)


def _lines(report: Report, most: int) -> Iterator[str]:
    run = report.run
    state = run.state.value
    yield f"## {_sign(state)} {plain(run.summary.verb)} {plain(run.summary.project)}: {state}"
    yield ""
    facts = (_fact(*fact) for fact in facts_of(report))
    yield " · ".join(facts)
    yield ""
    yield from _trouble(report, most)
    yield from _matrix(report, most)
    yield from _tags(report, most)
    yield from _slowest(report)
    yield from _findings(report, most)


def _fact(name: str, words: str, link: str) -> str:
    shown = f"[{name}](<{link}>)" if link and not set(link) & set("<>\\") else plain(words)
    return shown if link else f"{name} **{shown}**"


def _sign(word: str) -> str:
    return _SIGNS.get(temper_of(word), "▫️")


def _trouble(report: Report, most: int) -> Iterator[str]:
    summary = report.run.summary
    if summary.error:
        told = (str(summary.error.get(key) or "")[:2000] for key in ("message", "where", "hint"))
        yield "> " + "  \n> ".join(plain(each) for each in told if each)
        yield ""
    elif summary.reason:
        yield f"{plain(summary.reason[:2000])}\n"
    errors = [f"* {plain(each)}" for each in report.errors]
    errors += [f"* {plain(each)}" for each in report.warnings]
    yield from _some(errors, most, lambda line: line)
    if errors:
        yield ""


def _matrix(report: Report, most: int) -> Iterator[str]:
    if not report.rows:
        return
    heads = ["image", "platform", "built", "proven", *map(plain, report.registries), "digest"]
    yield f"| {' | '.join(heads)} |"
    yield "|" + " --- |" * len(heads)
    yield from _some(report.rows, most, _row)
    yield ""


def _row(row: Row) -> str:
    states = " | ".join(_state(each) for each in (row.build, row.check, *row.places))
    name = f"{plain(row.image)} | {plain(row.platform)}"
    digest = code(short(row.digest)) if row.digest else _NOT_THERE
    return f"| {name} | {states} | {digest} |"


def _state(word: str) -> str:
    return f"{_sign(word)} {plain(word)}" if word else _NOT_THERE


def _tags(report: Report, most: int) -> Iterator[str]:
    moves = [move for move in report.tags if move.is_move]
    others = [move for move in report.tags if not move.is_move]
    if not report.tags:
        return
    yield f"<details><summary>{len(moves)} tags moved, {len(others)} did not</summary>\n"
    for image in _with_digest(report.images, most):
        yield f"* {plain(image.name)}: {code(image.digest)}"
    yield "\n| tag | state | digest | in place of |\n| --- | --- | --- | --- |"
    yield from _some([*moves, *others], most, _tag)
    yield "\n</details>\n"


def _with_digest(images: Sequence[RunImage], most: int) -> list[RunImage]:
    return [image for image in images if image.digest][:most]


def _tag(move: TagMove) -> str:
    before = {None: "not known", "": "nothing"}.get(move.before) or code(short(move.before or ""))
    name = code(f"{move.repository}:{move.tag}")
    return f"| {name} | {_state(move.status)} | {code(short(move.digest))} | {before} |"


def _slowest(report: Report) -> Iterator[str]:
    built: list[tuple[Mark, str]] = [
        (mark, f"{lane.image} {lane.what}")
        for lane in report.timeline.lanes
        for mark in lane.marks
        if mark.kind in {"build", "upload"} and mark.end > mark.start
    ]
    built.sort(key=lambda each: each[0].start - each[0].end)
    if built:
        told = (
            f"{mark.kind} of {plain(name)} {duration(mark.end - mark.start)}"
            for mark, name in built[:_SLOWEST]
        )
        yield f"Slowest: {', '.join(told)}.\n"


def _findings(report: Report, most: int) -> Iterator[str]:
    if not report.findings:
        return
    yield "| finding | where | what |\n| --- | --- | --- |"

    def line(number: int) -> str:
        each = report.findings[number]
        where = " ".join(word for word in (each.image, each.platform, each.path) if word)
        told = f"{_state(each.severity)} {plain(each.code)}"
        return f"| {told} | {plain(where)} | {plain(each.message)} |"

    yield from _some(range(len(report.findings)), most, line)
    yield ""


def _some(items: Sequence[Item], most: int, draw: Callable[[Item], str]) -> Iterator[str]:
    """The first of them, and how many there are besides."""
    yield from (draw(item) for item in items[:most])
    if len(items) > most:
        yield f"\n{len(items) - most} more are left out here; `polyarch runs report` has them.\n"
