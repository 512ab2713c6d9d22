"""A GitHub issue that opens when a run fails and closes when all that failed works again.

One for each project, found again by a label and a mark within its text; the mark also holds the
lines (branches, or `tags`) that have failed since.

Source: docs.github.com, "REST API endpoints for issues".
"""

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

from polyarch.errors import NoticeNotSentError
from polyarch.net.sending import Answer, Sending
from polyarch.notify.address import Address
from polyarch.notify.notice import Kind, Notice, neat
from polyarch.notify.outbox import Outbox, not_taken
from polyarch.notify.wording import words_of
from polyarch.oci.fields import JsonObject

LABEL = "polyarch"
TOKEN = "GITHUB_TOKEN"  # noqa: S105 - the name of a variable
API = "https://api.github.com"

_MARK = re.compile(r"<!-- polyarch-notify (\{[^\n]*\}) -->")
_REPOSITORY = re.compile(r"[A-Za-z0-9_.-]{1,100}/[A-Za-z0-9_.-]{1,100}")
_MOST_LINES = 50


@dataclass(frozen=True, slots=True, kw_only=True)
class _Issue:
    number: int
    body: str
    failing: tuple[str, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Repository:
    """Its issues, spoken to with a token."""

    url: str
    headers: Mapping[str, str]
    outbox: Outbox

    def ask(self, method: str, path: str, body: JsonObject | None = None) -> Any:
        raw = None if body is None else json.dumps(body).encode()
        sending = Sending(url=f"{self.url}{path}", body=raw, headers=self.headers, method=method)
        answer = self.outbox.send(sending)
        if not answer.is_good:
            raise not_taken(answer, _said(answer))
        return answer.json()

    def find(self, project: str) -> _Issue | None:
        """The open issue of a project; the oldest, should there be two."""
        query = f"?state=open&labels={LABEL}&per_page=100&sort=created&direction=asc"
        listed = self.ask("GET", query)
        return next(_marked(listed if isinstance(listed, list) else [], project), None)


def track(notice: Notice, address: Address, outbox: Outbox) -> str:
    """Open, comment on or close the issue; gives what was done, empty for nothing.

    Raises:
        CallFailedError: no answer.
        NoticeNotSentError: no repository, no token, or GitHub refuses.
    """
    repository = _repository(address, outbox)
    issue = repository.find(notice.project)
    if notice.kind is Kind.TEST:
        return f"issue {issue.number} is open" if issue else "no issue is open"
    if notice.kind.is_good:
        return _good(repository, issue, notice)
    return _bad(repository, issue, notice)


def _bad(repository: _Repository, issue: _Issue | None, notice: Notice) -> str:
    told = _text(notice)
    if issue is None:
        title = words_of(notice).title
        # The mark comes first: what follows may hold what looks like one.
        body = f"{_mark(notice.project, (notice.line,))}\n\n{told}"
        repository.ask("POST", "", {"title": title, "body": body, "labels": [LABEL]})
        return "an issue was opened"
    repository.ask("POST", f"/{issue.number}/comments", {"body": told})
    lines = tuple(dict.fromkeys((*issue.failing, notice.line)))[-_MOST_LINES:]
    if lines != issue.failing:
        _mark_again(repository, issue, notice.project, lines)
    return f"issue {issue.number} got a comment"


def _good(repository: _Repository, issue: _Issue | None, notice: Notice) -> str:
    if issue is None:
        return ""
    if notice.line not in issue.failing:
        return _acted(repository, issue, notice)
    left = tuple(line for line in issue.failing if line != notice.line)
    repository.ask("POST", f"/{issue.number}/comments", {"body": _text(notice)})
    if left:
        _mark_again(repository, issue, notice.project, left)
        return f"issue {issue.number} stays open for {len(left)} more"
    closed = {"state": "closed", "state_reason": "completed"}
    repository.ask("PATCH", f"/{issue.number}", closed)
    return f"issue {issue.number} was closed"


def _acted(repository: _Repository, issue: _Issue, notice: Notice) -> str:
    """Who looks after what failed wants to know that somebody has rolled back, say."""
    if notice.kind is not Kind.ACT:
        return ""
    repository.ask("POST", f"/{issue.number}/comments", {"body": _text(notice)})
    return f"issue {issue.number} got a comment"


def _mark_again(
    repository: _Repository, issue: _Issue, project: str, lines: tuple[str, ...]
) -> None:
    body = _MARK.sub(lambda _: _mark(project, lines), issue.body, count=1)
    repository.ask("PATCH", f"/{issue.number}", {"body": body})


def _repository(address: Address, outbox: Outbox) -> _Repository:
    name = address.url.partition("://")[2].partition("?")[0].strip("/") or outbox.repository
    if not _REPOSITORY.fullmatch(name):
        raise NoticeNotSentError("", "the address names no repository, and the run is of none")
    variable = next(iter(address.query.get("token-env", ())), TOKEN)
    token = outbox.variables.get(variable, "").strip()
    if not token:
        raise NoticeNotSentError("", f"the variable `{variable}` holds no token for issues")
    headers = {
        "Accept": "application/vnd.github+json",
        "Authorization": f"Bearer {token}",
        "Content-Type": "application/json",
        "X-GitHub-Api-Version": "2022-11-28",
    }
    api = (outbox.api or API).rstrip("/")
    return _Repository(url=f"{api}/repos/{quote(name)}/issues", headers=headers, outbox=outbox)


def _marked(listed: list[Any], project: str) -> Iterator[_Issue]:
    for each in listed:
        body = each.get("body") if isinstance(each, dict) else None
        number = each.get("number") if isinstance(each, dict) else None
        if not isinstance(body, str) or not isinstance(number, int):
            continue
        found = _MARK.search(body)
        known = _json(found[1]) if found else {}
        failing = known.get("failing")
        if known.get("project") == project and isinstance(failing, list):
            lines = tuple(line for line in failing if isinstance(line, str))
            yield _Issue(number=number, body=body, failing=lines)


def _json(text: str) -> Mapping[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _mark(project: str, lines: tuple[str, ...]) -> str:
    # Names are hostile: as JSON in ASCII without `<`, `>` and `-` they cannot end the comment.
    text = json.dumps({"project": project, "failing": list(lines)})
    safe = text.translate({ord(each): f"\\u{ord(each):04x}" for each in "<>-"})
    return f"<!-- polyarch-notify {safe} -->"


def _text(notice: Notice) -> str:
    """As code, in which nobody is mentioned and nothing is a link, and the run's address."""
    words = words_of(notice)
    lines = "\n".join(f"    {label}: {text}" for label, text in words.lines)
    return f"{lines}\n\n{words.url}".strip("\n")


def _said(answer: Answer) -> str:
    found = answer.json()
    said = found.get("message") if isinstance(found, dict) else None
    return neat(said) if isinstance(said, str) else ""
