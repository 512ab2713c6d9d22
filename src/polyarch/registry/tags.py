"""Listing the tags of one repository, page after page.

Source: distribution-spec v1.1 "Listing Tags": only the Link header says whether there is more, a
short page does not.
"""

import json

from polyarch.errors import PolyarchError
from polyarch.oci.reference import TAG_PATTERN, Repository
from polyarch.registry.call import Answer, Call
from polyarch.registry.paths import Paths
from polyarch.registry.reach import same_origin
from polyarch.registry.scope import Scope
from polyarch.registry.session import Session
from polyarch.registry.wire import next_page, upload_url

PAGE = 1000
"""Tags per page: ECR refuses to be asked for more."""

MAX_TAGS = 500_000
"""No repository of the field has as many; whoever lists more wants our memory."""

_MAX_PAGES = 10_000
_NOT_FOUND = 404


async def list_tags(
    session: Session, repository: Repository, *, limit: int | None = None
) -> tuple[str, ...]:
    """The tags in the order in which the registry gives them, at most `limit`.

    A repository that does not exist has none.

    Raises:
        RegistryError: the registry could not or would not say, or its list has no end.
    """
    paths = Paths(repository=repository)
    found: dict[str, None] = {}
    asked: set[str] = set()
    url: str | None = paths.tags(PAGE)
    while url and url not in asked and len(asked) < _MAX_PAGES:
        asked.add(url)
        answer = await session.ask(_call(repository, url))
        if answer.status == _NOT_FOUND:
            break
        page = _read(session, answer)
        known = len(found)
        found.update(dict.fromkeys(page))
        if limit is not None and len(found) >= limit:
            break
        if len(found) > MAX_TAGS:
            raise session.nonsense(answer, "GET", f"it lists more than {MAX_TAGS:,} tags")
        url = _next(session, answer)
        if url is None and len(page) >= PAGE and len(found) > known:
            # A full page without a link: some registries page and do not say so.
            url = paths.tags(PAGE, page[-1])
    return tuple(found)[:limit]


def _call(repository: Repository, url: str) -> Call:
    return Call(
        repository=repository,
        method="GET",
        url=url,
        accept=frozenset({200, _NOT_FOUND}),
        scopes=(Scope.pull(repository.path),),
    )


def _read(session: Session, answer: Answer) -> tuple[str, ...]:
    try:
        value = json.loads(answer.body)
    except (ValueError, RecursionError):
        value = None
    tags = value.get("tags", ()) if isinstance(value, dict) else None
    if tags is None and isinstance(value, dict):
        return ()
    if not isinstance(tags, list | tuple):
        raise _no_list(session, answer)
    return tuple(tag for tag in tags if isinstance(tag, str) and TAG_PATTERN.fullmatch(tag))


def _next(session: Session, answer: Answer) -> str | None:
    link = next_page(answer.headers, answer.url)
    if link is None:
        return None
    url = upload_url(link, answer.url)
    if not same_origin(url, session.home):
        raise session.nonsense(answer, "GET", "the next page of tags is on another host")
    return url


def _no_list(session: Session, answer: Answer) -> PolyarchError:
    return session.nonsense(answer, "GET", "this is no list of tags")
