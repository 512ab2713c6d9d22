"""Tags and referrers that are listed in another way.

Sources: regclient/regclient#272 and deitch/docker_registry2#56 (Quay's `next_page`);
google/go-containerregistry#1091 (ECR and large `n`); distribution-spec v1.1 "Listing Referrers".
"""

import base64
import json
from dataclasses import replace
from http import HTTPStatus
from urllib.parse import parse_qsl, urlencode

from multidict import MultiDict

from polyarch.sandbox.faults.seen import Seen, asks
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.tags import NUMBER
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call, refusal


async def pages(quirks: Quirks, call: Call, _seen: Seen) -> Answer | Call | None:
    """Refuse a large page, or ask the handler for a small one."""
    if call.target.kind is not Kind.TAGS:
        return None
    asked = call.query.get("n", "")
    number = int(asked) if NUMBER.fullmatch(asked) else None
    if quirks.max_page is not None and number is not None and number > quirks.max_page:
        return refusal("PAGINATION_NUMBER_INVALID", "invalid number of results requested")
    query = MultiDict(call.query)
    if quirks.page_size is not None and (number is not None or not asked):
        size = quirks.page_size if number is None else min(number, quirks.page_size)
        query["n"] = str(size)
    if quirks.opaque_pages:
        last = base64.urlsafe_b64decode(query.pop("next_page", "")).decode()
        query.pop("last", None)
        query.extend({"last": last} if last else {})
    return replace(call, query=query)


async def opaque_link(quirks: Quirks, call: Call, answer: Answer, _seen: Seen) -> Answer:
    """The Link to the next page without its `last`."""
    link = answer.header("Link")
    if not quirks.opaque_pages or call.target.kind is not Kind.TAGS or link is None:
        return answer
    path, _, query = link.partition(">")[0].lstrip("<").partition("?")
    fields = dict(parse_qsl(query))
    token = base64.urlsafe_b64encode(fields.pop("last").encode()).decode()
    url = f"{path}?{urlencode({**fields, 'next_page': token})}"
    return answer.with_header("Link", f'<{url}>; rel="next"')


async def no_tags(quirks: Quirks, call: Call, answer: Answer, _seen: Seen) -> Answer:
    """`null` where there are none."""
    listed = asks(call, Kind.TAGS, "GET") and answer.status == HTTPStatus.OK
    if not quirks.null_tags or not listed or not isinstance(answer.body, bytes):
        return answer
    value = json.loads(answer.body)
    return replace(answer, body=json.dumps({**value, "tags": value["tags"] or None}).encode())


async def no_referrers(quirks: Quirks, call: Call, _seen: Seen) -> Answer | Call | None:
    """A registry without this endpoint, or without its filter."""
    if call.target.kind is not Kind.REFERRERS:
        return None
    if not quirks.referrers:
        return Answer(status=404, body=b"404 page not found\n")
    if quirks.referrer_filters:
        return None
    kept = ((name, value) for name, value in call.query.items() if name != "artifactType")
    return replace(call, query=MultiDict(kept))


async def paged_referrers(quirks: Quirks, call: Call, answer: Answer, _seen: Seen) -> Answer:
    """A part of the referrers, and where the rest is."""
    size, listed = quirks.referrers_page, asks(call, Kind.REFERRERS, "GET")
    whole = listed and answer.status == HTTPStatus.OK
    if size is None or not whole or not isinstance(answer.body, bytes):
        return answer
    asked = call.query.get("after", "")
    first = int(asked) if NUMBER.fullmatch(asked) else 0
    index = json.loads(answer.body)
    found = index["manifests"]
    index["manifests"] = found[first : first + size]
    page = replace(answer, body=json.dumps(index).encode())
    if first + size >= len(found):
        return page
    query = MultiDict((name, value) for name, value in call.query.items() if name != "after")
    query["after"] = str(first + size)
    path = f"/v2/{call.repository}/referrers/{call.target.item}"
    return page.adding(("Link", f'<{path}?{urlencode([*query.items()])}>; rel="next"'))


async def no_subject(quirks: Quirks, _call: Call, answer: Answer, _seen: Seen) -> Answer:
    """Such a registry does not read `subject` either."""
    return answer if quirks.referrers else answer.without("OCI-Subject")
