"""A report as one page that stands alone: no network, nothing but the styles and script in it.

Every text of a record is escaped, and a policy in the page lets no other script run.
"""

import base64
import hashlib
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from importlib.resources import files

from polyarch.runs.facts import facts_of
from polyarch.runs.html_timeline import timeline_section
from polyarch.runs.moves import TagMove
from polyarch.runs.report import Report, Row
from polyarch.runs.words import BAD, GOOD, ODD, short, temper_of

_CLASSES = {GOOD: "g", BAD: "x", ODD: "o"}
_FEW_IMAGES = 4
_NOT_THERE = "\N{EN DASH}"


def report_page(report: Report) -> str:
    """The whole page."""
    style, script = _resource("report.css"), _resource("report.js")
    run = report.run.summary
    title = f"{run.verb} {run.project}: {report.run.state.value}"
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    policy = (
        "default-src 'none'; style-src 'unsafe-inline'; base-uri 'none'; form-action 'none'; "
        f"script-src 'sha256-{digest}'"
    )
    body = "\n".join(_body(report))
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        '<meta name="referrer" content="no-referrer">\n'
        f"<title>{text(title)}</title>\n<style>\n{style}</style>\n</head>\n<body>\n"
        f"{body}\n<script>{script}</script>\n</body>\n</html>\n"
    )


def text(words: str) -> str:
    """A text of a record as it stands in the page; what steers lines or direction is shown."""
    shown = "".join(
        each if each.isprintable() or each == "\n" else f"\\u{ord(each):04x}" for each in words
    )
    return escape(shown)


def pill(word: str) -> str:
    """A word of state, in its colour."""
    if not word:
        return _NOT_THERE
    return f'<span class="{_CLASSES.get(temper_of(word), "n")}">{text(word)}</span>'


def _body(report: Report) -> Iterator[str]:
    run = report.run
    state = f'<span class="pill {_CLASSES.get(temper_of(run.state.value), "n")}">'
    yield (
        f"<header><h1>{text(run.summary.verb)} {text(run.summary.project)} "
        f"{state}{run.state.value}</span></h1>"
        '<button id="theme" type="button" hidden></button></header>'
    )
    yield '<dl class="facts">' + "".join(_facts(report)) + "</dl>"
    yield from _trouble(report)
    yield from _matrix(report)
    yield from timeline_section(report.timeline, text)
    yield from _tags(report)
    yield from _findings(report)
    for each in report.left_out:
        yield f'<p class="hint">This page leaves out {text(each)}.</p>'
    made = f"polyarch {text(run.summary.version)}, run {text(run.id)}"
    yield f'<p class="hint">Made from the record of {made}.</p>'


def _facts(report: Report) -> Iterator[str]:
    for name, words, link in facts_of(report):
        shown = text(words)
        if link:
            shown = f'<a href="{text(link)}" rel="noreferrer">{shown}</a>'
        yield f"<div><dt>{text(name)}</dt><dd>{shown}</dd></div>"


def _trouble(report: Report) -> Iterator[str]:
    summary = report.run.summary
    error = summary.error
    if error:
        told = [str(error.get(key) or "") for key in ("message", "where", "hint")]
        lines = "\n".join(each[:2000] for each in told if each)
        yield f'<p class="box">{text(lines)}</p>'
    elif summary.reason:
        yield f'<p class="hint">{text(summary.reason[:2000])}</p>'
    for each in report.errors:
        yield f'<p class="box">{text(each)}</p>'
    if report.warnings:
        yield f"<details><summary>{len(report.warnings)} warning{_s(report.warnings)}</summary><ul>"
        yield "".join(f"<li>{text(each)}</li>" for each in report.warnings)
        yield "</ul></details>"


def _s(listed: Sequence[str]) -> str:
    return "" if len(listed) == 1 else "s"


def _matrix(report: Report) -> Iterator[str]:
    yield "<h2>Images, platforms and registries</h2>"
    if not report.rows:
        yield '<p class="hint">No image came into it.</p>'
        return
    yield (
        '<div class="tools" hidden><input id="find" type="search" placeholder="image or platform" '
        'aria-label="Find an image or platform"><label><input id="trouble" type="checkbox"> only '
        "where something is wrong</label></div>"
    )
    heads = ["image", "platform", "built", "proven", *report.registries, "digest"]
    yield '<div class="scroll"><table id="matrix"><thead><tr>'
    yield "".join(f'<th scope="col">{text(each)}</th>' for each in heads)
    yield "</tr></thead><tbody>"
    yield from map(_row, report.rows)
    yield "</tbody></table></div>"


def _row(row: Row) -> str:
    words = (row.build, row.check, *row.places)
    bad = ' class="w"' if any(temper_of(word) in (BAD, ODD) for word in words) else ""
    cells = "".join(f'<td class="s">{pill(word)}</td>' for word in words)
    name = f"<td>{text(row.image)}</td><td>{text(row.platform)}</td>"
    return f"<tr{bad}>{name}{cells}{_digest(row.digest)}</tr>"


def _digest(digest: str) -> str:
    if not digest:
        return f'<td class="d">{_NOT_THERE}</td>'
    return f'<td class="d"><code>{text(digest)}</code> <button class="c">copy</button></td>'


def _tags(report: Report) -> Iterator[str]:
    if not report.tags:
        return
    yield '<section id="tags"><h2>Tags</h2>'
    grouped: dict[str, list[TagMove]] = {}
    for move in report.tags:
        grouped.setdefault(move.image, []).append(move)
    if len(grouped) > 1:
        yield _opener("#tags")
    few = " open" if len(grouped) <= _FEW_IMAGES else ""
    for name, moves in grouped.items():
        yield f"<details{few}><summary>{text(name) or 'tags'}: {_count(moves)}</summary>"
        yield '<table><thead><tr><th scope="col">tag</th><th scope="col">state</th>'
        yield '<th scope="col">digest</th><th scope="col">in place of</th></tr></thead><tbody>'
        yield from map(_tag, moves)
        yield "</tbody></table></details>"
    yield "</section>"


def _opener(section: str) -> str:
    return (
        f'<div class="tools"><button class="all" type="button" data-of="{section}" hidden>'
        "open or close all</button></div>"
    )


def _count(moves: Iterable[TagMove]) -> str:
    listed = list(moves)
    moved = sum(move.is_move for move in listed)
    return f"{len(listed)} tags, {moved} moved"


def _tag(move: TagMove) -> str:
    before = {None: "not known", "": "nothing"}.get(move.before) or short(move.before or "")
    return (
        f"<tr><td>{text(move.repository)}:{text(move.tag)}</td>"
        f'<td class="s">{pill(move.status)}</td>{_digest(move.digest)}'
        f"<td><code>{text(before)}</code></td></tr>"
    )


def _findings(report: Report) -> Iterator[str]:
    if not report.findings:
        return
    yield "<h2>Findings</h2><table><thead><tr>"
    heads = ("severity", "code", "where", "what")
    yield "".join(f'<th scope="col">{each}</th>' for each in heads)
    yield "</tr></thead><tbody>"
    for each in report.findings:
        where = " ".join(word for word in (each.image, each.platform, each.path) if word)
        hint = f'<div class="hint">{text(each.hint)}</div>' if each.hint else ""
        yield (
            f'<tr><td class="s">{pill(each.severity)}</td><td>{text(each.code)}</td>'
            f"<td>{text(where)}</td><td>{text(each.message)}{hint}</td></tr>"
        )
    yield "</tbody></table>"


def _resource(name: str) -> str:
    return (files("polyarch.runs") / "page" / name).read_text(encoding="utf-8")
