"""How the run before this one ended, and whether a newer one has begun.

The CI's API is asked, else the records of this machine are looked through, else those of the store.

Sources: docs.github.com, "REST API endpoints for workflow runs"; docs.gitlab.com, "Pipelines API".
Without an answer it is unknown, which is never an error.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode

from polyarch.errors import CallFailedError, PolyarchError
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.net.calls import get_json
from polyarch.net.proxy import ProxyRules
from polyarch.pipeline.telling import TAGS, Past, Result, line_of
from polyarch.runs.summary import FILE, RunSummary, State

_ASKED_S = 3.0
_MOST_RUNS = 200
_LARGEST = 1 << 20
_ENDS: Mapping[str, Result] = {
    # GitHub's conclusions and GitLab's states that say something of the work itself.
    "success": Result.GOOD,
    "failure": Result.BAD,
    "timed_out": Result.BAD,
    "startup_failure": Result.BAD,
    "failed": Result.BAD,
}
_BAD = frozenset({State.FAILED, State.PARTLY})
_VERBS = frozenset({"build", "publish"})


def nothing_stored() -> tuple[RunSummary, ...]:
    """What a project without a store has there."""
    return ()


@dataclass(frozen=True, slots=True, kw_only=True)
class Sources:
    """Where the past is looked for: a CI's variables, this machine's folder of runs, the store.

    `stored` gives the newest records of the store, newest first, within bounded time.
    """

    environment: Mapping[str, str] = field(repr=False)
    runs: Path
    stored: Callable[[], Iterable[RunSummary]] = nothing_stored


def past_of(event: CiEvent, about: RunSummary, sources: Sources) -> Past:
    """What is known of the runs on the line of `event`; `about` is this one, without id if whole.

    A run without an id is a whole pipeline: the records of its own jobs are not before it.
    """
    known = Past()
    with suppress(PolyarchError):
        known = _at_ci(event, sources.environment)
    for records in (lambda: summaries(sources.runs), sources.stored):
        if known.result is Result.UNKNOWN:
            known = replace(known, result=_of_records(records(), about))
    return known


def _at_ci(event: CiEvent, environment: Mapping[str, str]) -> Past:
    if event.provider is Provider.GITHUB and environment.get("GITHUB_ACTIONS") == "true":
        return _at_github(event, environment)
    if event.provider is Provider.GITLAB:
        return _at_gitlab(event, environment)
    return Past()


def _at_github(event: CiEvent, environment: Mapping[str, str]) -> Past:
    token = (environment.get("GITHUB_TOKEN") or environment.get("GH_TOKEN") or "").strip()
    api, own = environment.get("GITHUB_API_URL", "").rstrip("/"), event.run_id or ""
    # `owner/name/.github/workflows/polyarch.yml@refs/heads/main`
    workflow = environment.get("GITHUB_WORKFLOW_REF", "").partition("@")[0].rpartition("/")[2]
    if not (token and api and event.repository and own.isdigit() and workflow):
        return Past()
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "User-Agent": "polyarch",
    }
    actions = f"{api}/repos/{quote(event.repository)}/actions"
    proxies = ProxyRules.from_environment(environment)
    query = urlencode({"per_page": 50, **_ref_at_github(event)})
    url = f"{actions}/workflows/{quote(workflow)}/runs?{query}"
    rows = _rows(get_json(url, headers, proxies, timeout_s=_ASKED_S), "workflow_runs")
    found = _among(rows, int(own), "conclusion")
    attempt = environment.get("GITHUB_RUN_ATTEMPT", "")
    if attempt.isdigit() and int(attempt) > 1:
        before = f"{actions}/runs/{own}/attempts/{int(attempt) - 1}"
        with suppress(CallFailedError):
            told = get_json(before, headers, proxies, timeout_s=_ASKED_S)
            ended = _ENDS.get(str(told.get("conclusion"))) if isinstance(told, dict) else None
            found = replace(found, result=ended or found.result)
    return found


def _ref_at_github(event: CiEvent) -> Mapping[str, str]:
    if event.name == "release":
        return {"event": "release"}
    if event.is_pull_request:
        head = event.text("pull_request", "head", "ref") or ""
        return {"event": event.name, "branch": head}
    return {"branch": event.branch or event.tag or ""}


def _at_gitlab(event: CiEvent, environment: Mapping[str, str]) -> Past:
    base, project = environment.get("CI_API_V4_URL", ""), environment.get("CI_PROJECT_ID", "")
    token = environment.get("GITLAB_TOKEN", "").strip()
    own = event.run_id or ""
    public = environment.get("CI_PROJECT_VISIBILITY") == "public"
    if not (base and project and own.isdigit() and (token or public)):
        return Past()
    if line_of(event.name, event.ref) == TAGS:
        where = {"scope": "tags"}
    else:
        request = environment.get("CI_MERGE_REQUEST_REF_PATH", "")
        where = {"ref": request or environment.get("CI_COMMIT_REF_NAME", "")}
    headers = {"User-Agent": "polyarch"} | ({"PRIVATE-TOKEN": token} if token else {})
    query = urlencode({"per_page": 50, "order_by": "id", "sort": "desc", **where})
    url = f"{base.rstrip('/')}/projects/{quote(project, safe='')}/pipelines?{query}"
    proxies = ProxyRules.from_environment(environment)
    return _among(_rows(get_json(url, headers, proxies, timeout_s=_ASKED_S)), int(own), "status")


def _among(rows: Iterable[Mapping[str, Any]], own: int, key: str) -> Past:
    """The newest before our own that came to an end of its own; ids grow with time."""
    rows = list(rows)
    ids = [each["id"] for each in rows]
    before = sorted((each for each in rows if each["id"] < own), key=lambda each: -each["id"])
    ends = (_ENDS.get(str(each.get(key))) for each in before)
    return Past(
        result=next(filter(None, ends), Result.UNKNOWN),
        superseded=any(each > own for each in ids) if ids else None,
    )


def _rows(value: object, key: str = "") -> list[Mapping[str, Any]]:
    found = value.get(key) if key and isinstance(value, dict) else value
    listed = found if isinstance(found, list) else []
    return [each for each in listed if isinstance(each, dict) and isinstance(each.get("id"), int)]


def _of_records(records: Iterable[RunSummary], about: RunSummary) -> Result:
    """What the newest on the same line says, rehearsals left out.

    A build that went well proves nothing of what became of its pipeline; one that failed does.
    """
    line = _line(about)
    for each in islice(records, _MOST_RUNS):
        own = (
            each.id == about.id if about.id else bool(about.ci_run) and each.ci_run == about.ci_run
        )
        same = each.verb in _VERBS and (each.environment, _line(each)) == (about.environment, line)
        if own or not same or each.sandbox:
            continue
        if each.state in _BAD:
            return Result.BAD
        if each.state is State.DONE and each.verb == about.verb:
            return Result.GOOD
    return Result.UNKNOWN


def summaries(runs: Path) -> Iterator[RunSummary]:
    """Of the runs whose folders lie there, newest first; what cannot be read is passed over."""
    try:
        folders = sorted((each.name for each in runs.iterdir()), reverse=True)
    except OSError:
        return
    for name in folders:
        with suppress(OSError, PolyarchError), (runs / name / FILE).open("rb") as file:
            yield RunSummary.parse(file.read(_LARGEST))


def _line(about: RunSummary) -> str:
    return line_of(about.event.get("name", ""), about.event.get("ref", ""))
