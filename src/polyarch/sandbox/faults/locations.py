"""Locations as registries behind proxies write them.

Sources: distribution/distribution#2225, #479, #970, #2862 (`http://`, no port);
distribution-spec v1.1 "Pushing blobs" (relative, or on another host).
"""

from urllib.parse import SplitResult, urlsplit

from polyarch.sandbox.faults.seen import Seen
from polyarch.sandbox.quirks import Quirks
from polyarch.sandbox.wire import Answer, Call


async def elsewhere(quirks: Quirks, _call: Call, answer: Answer, _seen: Seen) -> Answer:
    """Let a session go on at another origin."""
    location = answer.header("Location") or ""
    if quirks.upload_origin is None or "/blobs/uploads/" not in location:
        return answer
    origin = urlsplit(quirks.upload_origin)
    url = urlsplit(location)._replace(scheme=origin.scheme, netloc=origin.netloc)
    return answer.with_header("Location", url.geturl())


async def rewritten(quirks: Quirks, _call: Call, answer: Answer, _seen: Seen) -> Answer:
    """Write less of a Location than there is, or the wrong scheme."""
    location = answer.header("Location")
    asked = quirks.location_http or quirks.location_portless or quirks.location_relative
    if not asked or location is None:
        return answer
    return answer.with_header("Location", _written(quirks, urlsplit(location)))


def _written(quirks: Quirks, url: SplitResult) -> str:
    if quirks.location_http:
        url = url._replace(scheme="http")
    if quirks.location_portless:
        url = url._replace(netloc=url.hostname or "")
    if quirks.location_relative:
        url = url._replace(scheme="", netloc="")
    return url.geturl()
