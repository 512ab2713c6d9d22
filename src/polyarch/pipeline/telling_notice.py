"""A run's record put into a notice: what failed where, whom it touches, what tags show now."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from polyarch.host.ci_event import CiEvent
from polyarch.notify.notice import Kind, Notice, neat, neat_all
from polyarch.oci.fields import JsonObject
from polyarch.pipeline.outcomes import STANDS
from polyarch.pipeline.telling import line_of
from polyarch.runs.summary import RunSummary
from polyarch.transaction.values import Status, TagStatus

_OLD = "all tags show what they showed before"
UNMOVED = "no tag has moved: all show what they showed before"
WHOLE = "every tag shows a whole image, the old or the new one"

_PLATFORM = re.compile(
    r"\b(?:linux|windows|darwin|freebsd)/[a-z0-9]{2,10}(?:/v[0-9](?:\.[0-9])?)?(?![\w/])"
)
_NEW = frozenset({TagStatus.CREATED, TagStatus.MOVED, TagStatus.UNCHANGED})
_QUOTED = 2
"""Lines of a log, say, that are told of an error."""
_DIGEST = 19
"""Characters of a digest that are shown: its algorithm and twelve digits."""


def notice_of(
    about: RunSummary,
    result: JsonObject | None,
    plan: JsonObject | None,
    kind: Kind,
    *,
    url: str,
    moving: bool,
) -> Notice:
    """What there is to say of a run.

    `result` and `plan` are the documents of its folder, None where there is none. `moving`: whether
    a transaction had begun, so that without a result nobody knows which tags have moved.
    """
    outcomes = tuple(_outcomes(result))
    error = about.error or _first_error(result) or {}
    texts = {key: _text(error, key) for key in ("message", "where", "hint")}
    if kind.is_good:
        texts = {"message": _digests(result) or about.reason, "where": "", "hint": ""}
    elif not texts["message"]:
        texts["message"] = about.reason or f"it ended with exit code {about.exit_code}"
    troubled = [each for each in outcomes if each["status"] not in STANDS]
    planned = _planned(plan)
    ref, name = about.event.get("ref", ""), about.event.get("name", "")
    return Notice(
        kind=kind,
        project=neat(title_of(about.project, about.environment)),
        time=about.ended or about.started,
        version=about.version,
        verb=about.verb,
        line=neat(line_of(name, ref)),
        images=neat_all([each["image"] for each in troubled] or about.images or planned["images"]),
        event_name=neat(name),
        ref=neat(ref),
        sha=neat(about.event.get("sha", "")),
        what=neat(_why(texts["message"])),
        where=neat(texts["where"]),
        hint=neat(texts["hint"]),
        platforms=neat_all(_PLATFORM.findall(f"{texts['message']} {texts['where']}")),
        registries=neat_all(
            _host(each["repository"]) for each in (outcomes if kind.is_good else troubled)
        )
        or neat_all(map(_host, planned["repositories"] if not kind.is_good else ())),
        tags=neat_all(_tags(outcomes)) or _unseen(planned, kind, moving=moving),
        run=about.id,
        url=neat(url),
    )


def title_of(project: str, environment: str) -> str:
    """What is told of: a rehearsal is no news of production."""
    return f"{project} ({environment})" if environment else project


def bare_notice(event: CiEvent, kind: Kind, **more: Any) -> Notice:
    """A notice of an event of which nobody has a record; `more` are further fields."""
    return Notice(
        kind=kind,
        line=neat(line_of(event.name, event.ref)),
        event_name=neat(event.name),
        ref=neat(event.ref),
        sha=neat(event.sha),
        url=neat(event.run_url or ""),
        **more,
    )


def _unseen(planned: Mapping[str, Sequence[str]], kind: Kind, *, moving: bool) -> tuple[str, ...]:
    if kind.is_good or not planned["repositories"]:
        return ()
    return (WHOLE if moving else UNMOVED,)


def _outcomes(result: JsonObject | None) -> Iterator[dict[str, Any]]:
    """Each image at each destination; what is no such row is passed over."""
    for image in _rows(result, "images"):
        for each in _rows(image, "destinations"):
            yield {
                "image": _text(image, "name"),
                "repository": _text(each, "repository"),
                "status": _text(each, "status"),
                "references": _rows(each, "references"),
            }


def _first_error(result: JsonObject | None) -> JsonObject | None:
    """That of the whole, else the first of a destination, else of what followed."""
    rows = [result or {}]
    for image in _rows(result, "images"):
        rows += [*_rows(image, "destinations"), *_rows(image, "after_publish")]
    errors = (each.get("error") for each in rows)
    return next((each for each in errors if isinstance(each, dict)), None)


def _tags(outcomes: Sequence[Mapping[str, Any]]) -> Iterator[str]:
    """What users of tags see, a line for all repositories of which the same is to be said."""
    told: dict[str, list[str]] = {}
    for each in outcomes:
        told.setdefault(_shown(each["status"], each["references"]), []).append(each["repository"])
    if set(told) == {_OLD}:
        yield UNMOVED
        return
    for text, repositories in told.items():
        yield f"{', '.join(repositories)}: {text}"


def _shown(status: str, references: Sequence[Mapping[str, Any]]) -> str:
    standing = {_text(row, "tag"): _text(row, "status") for row in references}
    if status in STANDS:
        return f"{_listed([tag for tag, each in standing.items() if each in _NEW])} the new image"
    left = [tag for tag, each in standing.items() if each in _NEW | {TagStatus.LEFT}]
    if status == Status.LEFT and left:
        return f"{_listed(left)} the new image, all others what they showed before"
    return _OLD


def _listed(tags: Sequence[str]) -> str:
    return f"{', '.join(tags)} {'shows' if len(tags) == 1 else 'show'}" if tags else "tags show"


def _why(message: str) -> str:
    """An error's first line, and the last of what it quotes, which is nearest to the cause."""
    first, *rest = [line.strip() for line in message.splitlines() if line.strip()] or [""]
    return f"{first}: {' / '.join(rest[-_QUOTED:])}" if rest else first


def _digests(result: JsonObject | None) -> str:
    rows = ((_text(each, "name"), _text(each, "digest")) for each in _rows(result, "images"))
    return ", ".join(f"{name} is {digest[:_DIGEST]}" for name, digest in rows if digest)


def _planned(plan: JsonObject | None) -> dict[str, list[str]]:
    """Images and repositories of a plan that would have been published."""
    going = [each for each in _rows(plan, "images") if each.get("publish") is True]
    every = going or _rows(plan, "images")
    places = [_text(row, "repository") for each in going for row in _rows(each, "destinations")]
    return {"images": [_text(each, "name") for each in every], "repositories": places}


def _rows(value: Mapping[str, Any] | None, key: str) -> list[dict[str, Any]]:
    found = value.get(key) if value else None
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _text(value: Mapping[str, Any], key: str) -> str:
    found = value.get(key)
    return found if isinstance(found, str) else ""


def _host(repository: str) -> str:
    return repository.partition("/")[0]
