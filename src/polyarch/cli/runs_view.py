"""Runs as tables and texts that a person likes to read; imported only where one is drawn."""

from collections.abc import Iterator, Sequence

from rich.console import Group, RenderableType
from rich.text import Text

from polyarch.cli.console import table
from polyarch.cli.text import one_line
from polyarch.pipeline.run_who import Source, Whodunit
from polyarch.runs.facts import facts_of
from polyarch.runs.moves import TagMove
from polyarch.runs.report import Report
from polyarch.runs.run import Origin, Run
from polyarch.runs.words import BAD, GOOD, ODD, duration, short, temper_of

_STYLES = {GOOD: "green", BAD: "bold red", ODD: "yellow"}
_MANY = 3
_COMMIT = 7
_SOURCES = {
    Source.LOCAL: "a run of this machine",
    Source.IMPORTED: "a record that was imported",
    Source.STORE: "a record in the store",
    Source.HOLD: "the hold beside the image, and no record",
    Source.INDEX: "the image itself, and no record",
}


def runs_view(runs: Sequence[Run]) -> RenderableType:
    """The list, newest first; with their environments where any run has one."""
    told = any(run.summary.environment for run in runs)
    place = ("environment",) if told else ()
    heads = "run", "begun (UTC)", "verb", "result", "images", *place, "event", "commit", "by"
    made = table(*heads, "took")
    made.columns[0].no_wrap = True  # an id is copied, however narrow the terminal is
    for run in runs:
        event = run.summary.event
        made.add_row(
            run.id,
            f"{run.summary.started:%Y-%m-%d %H:%M:%S}",
            one_line(run.summary.verb),
            _state(run),
            one_line(_few(run.images)),
            *((one_line(run.summary.environment) or "-",) if told else ()),
            one_line(_event(run)),
            one_line(event.get("sha", "")[:_COMMIT]) or "-",
            one_line(run.summary.actor) or "-",
            duration(max(0.0, run.seconds)) if run.seconds is not None else "-",
        )
    return made


def report_view(report: Report) -> RenderableType:
    """One run: what it was for, what became of each image and platform, and of each tag."""
    facts = table("", "")
    facts.show_header = False
    facts.add_row("result", _styled(report.run.state.value))
    for name, words, _ in facts_of(report):
        facts.add_row(name, one_line(words))
    facts.add_row("record", one_line(report.run.where))
    return Group(facts, *_lines(report))


def who_view(answers: Sequence[Whodunit]) -> str:
    """One block of lines for each tag."""
    return "\n\n".join("\n".join(map(one_line, _who(each))) for each in answers)


def _lines(report: Report) -> Iterator[RenderableType]:
    error = report.run.summary.error
    if error:
        yield Text(one_line(f"error: {error.get('message')}"), style="bold red")
    elif report.run.summary.reason:
        yield Text(one_line(report.run.summary.reason), style="dim")
    if report.rows:
        rows = table("image", "platform", "built", "proven", *report.registries, "digest")
        for row in report.rows:
            states = (row.build, row.check, *row.places)
            name = (one_line(row.image), one_line(row.platform))
            rows.add_row(*name, *map(_styled, states), short(row.digest) or "-")
        yield Text()
        yield rows
    if report.tags:
        yield Text()
        yield _tags(report.tags)
    for each in report.findings:
        where = " ".join(word for word in (each.image, each.platform, each.path) if word)
        yield Text(one_line(f"{each.severity} {each.code}: {where}: {each.message}"))
    for words in (*report.warnings, *report.left_out):
        yield Text(one_line(words), style="dim")


def _tags(moves: Sequence[TagMove]) -> RenderableType:
    tags = table("tag", "state", "digest", "in place of")
    for move in moves:
        tags.add_row(
            one_line(f"{move.repository}:{move.tag}"),
            _styled(move.status),
            short(move.digest) or "-",
            _before(move),
        )
    return tags


def _before(move: TagMove) -> str:
    if move.before is None:
        return "not known"
    return short(move.before) or "nothing"


def _who(answer: Whodunit) -> Iterator[str]:
    yield f"{answer.reference}"
    if not answer.digest:
        told = answer.current.reason or "nothing stands there"
        yield f"  {answer.current.state.value}: {told}"
        return
    yield f"  digest   {answer.digest}"
    if answer.run and answer.move:
        yield from _run(answer.run)
    elif answer.hold:
        run = f" in run {answer.hold.run}" if answer.hold.run else ""
        yield f"  put back by {answer.actor or 'nobody who is named'}{run}"
        if answer.why:
            yield f"  why      {answer.why}"
    if answer.commit:
        yield f"  commit   {answer.commit}"
    if answer.current.version:
        yield f"  version  {answer.current.version}"
    if answer.when:
        word = "when    " if answer.run or answer.hold else "created "
        yield f"  {word} {answer.when:%Y-%m-%d %H:%M:%S %Z}"
    if answer.move or answer.hold:
        before = answer.before
        yield f"  in place of {before or ('nothing' if before == '' else 'what is not known')}"
    yield f"  known from {_from(answer)}"
    if answer.later:
        yield f"  the last known run put {answer.later.digest} there"


def _run(run: Run) -> Iterator[str]:
    summary = run.summary
    by = f" by {summary.actor}" if summary.actor else ""
    yield f"  put by   {summary.verb} run {run.id}{by}"
    if summary.why:
        yield f"  why      {summary.why}"
    if summary.ci_run:
        yield f"  CI run   {summary.ci_run}"
    if summary.event.get("ref"):
        yield f"  event    {_event(run)}"


def _from(answer: Whodunit) -> str:
    if answer.source is None:
        return "nobody: no record knows it, and the image says nothing of itself"
    where = f": {answer.run.where}" if answer.run and answer.run.origin is Origin.STORE else ""
    return _SOURCES[answer.source] + where


def _state(run: Run) -> Text:
    text = _styled(run.state.value)
    if run.summary.sandbox:
        text.append(" (rehearsal)", style="dim")
    if run.origin is Origin.IMPORTED:
        text.append(" (imported)", style="dim")
    return text


def _styled(word: str) -> Text:
    return Text(one_line(word) or "-", style=_STYLES.get(temper_of(word), ""))


def _event(run: Run) -> str:
    event = run.summary.event
    return f"{event.get('name', '')} {event.get('ref', '')}".strip() or "-"


def _few(names: Sequence[str]) -> str:
    if len(names) <= _MANY:
        return ", ".join(names) or "-"
    return f"{', '.join(names[: _MANY - 1])} and {len(names) - _MANY + 1} more"
