"""The list of a repository's tags.

Source: distribution-spec v1.1 "Listing Tags".
"""

import re
from urllib.parse import urlencode

from polyarch.sandbox.wire import Answer, Call, json_answer, refusal

NUMBER = re.compile(r"[0-9]{1,9}")


async def read(call: Call) -> Answer:
    """`GET tags/list`: all on one page, or pages of `n` with a Link to the next."""
    if not call.storage.has_repository(call.repository):
        return refusal("NAME_UNKNOWN", "repository name not known to registry")
    last, limit = call.query.get("last", ""), call.query.get("n")
    tags = [tag for tag in call.storage.tags(call.repository) if tag > last]
    if limit is None:
        return _page(call, tags)
    if not NUMBER.fullmatch(limit):
        return refusal("PAGINATION_NUMBER_INVALID", "n is not a whole number", details=(limit,))
    page = tags[: int(limit)]
    if not page or len(page) == len(tags):
        return _page(call, page)
    query = urlencode({"n": limit, "last": page[-1]})
    link = f'</v2/{call.repository}/tags/list?{query}>; rel="next"'
    return _page(call, page, ("Link", link))


def _page(call: Call, tags: list[str], *headers: tuple[str, str]) -> Answer:
    return json_answer({"name": call.repository, "tags": tags}, *headers)
