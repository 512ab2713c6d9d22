"""Locations as registries behind proxies write them.

Sources: distribution/distribution#2225, #479, #970, #2862 (`http://`, no port);
distribution-spec v1.1 "Pushing blobs" (relative, or on another host).
"""

from urllib.parse import SplitResult, urlsplit

from polyarch.sandbox.faults.seen import Seen
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.wire import Answer, Call


async def moved(quirks: Quirks, _call: Call, answer: Answer, _seen: Seen) -> Answer:
    """The same answer with another Location."""
    location = answer.header("Location")
    if location is None:
        return answer
    url = urlsplit(location)
    if quirks.upload_origin and "/blobs/uploads/" in url.path:
        origin = urlsplit(quirks.upload_origin)
        url = url._replace(scheme=origin.scheme, netloc=origin.netloc)
    written = _written(quirks, url)
    return answer if written == location else answer.with_header("Location", written)


def _written(quirks: Quirks, url: SplitResult) -> str:
    if quirks.location_http:
        url = url._replace(scheme="http")
    if quirks.location_portless:
        url = url._replace(netloc=url.hostname or "")
    if quirks.location_relative:
        url = url._replace(scheme="", netloc="")
    return url.geturl()
