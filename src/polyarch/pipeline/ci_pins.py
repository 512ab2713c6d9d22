"""`--refresh-pins`: the newest release of each action, asked of GitHub's API.

Sources: docs.github.com, REST, "List matching references" and "Get a commit". A tag may stand for
a tag object; the commit is asked for by its name.
"""

from collections.abc import Iterable, Mapping
from urllib.parse import quote

from packaging.version import Version

from polyarch.ci.pipelines.pins import SHIPPED, Pin, is_release, is_sha
from polyarch.errors import CallFailedError
from polyarch.events import Listener, Warned
from polyarch.net.calls import get_json
from polyarch.net.proxy import ProxyRules

_API = "https://api.github.com"
_TOKENS = ("GITHUB_TOKEN", "GH_TOKEN")
_PREFIX = "refs/tags/"


def refreshed_pins(environment: Mapping[str, str], listen: Listener) -> dict[str, Pin]:
    """The newest release, within its major version, of each action; a warning where one fails."""
    found: dict[str, Pin] = {}
    base = environment.get("GITHUB_API_URL", "").rstrip("/") or _API
    headers = {"Accept": "application/vnd.github+json", "User-Agent": "polyarch"}
    token = next(filter(None, (environment.get(name, "").strip() for name in _TOKENS)), "")
    if token:
        headers["Authorization"] = f"token {token}"
    proxies = ProxyRules.from_environment(environment)
    for pin in SHIPPED.values():
        try:
            found[pin.action] = _newest(pin, f"{base}/repos/{pin.action}", headers, proxies)
        except CallFailedError as error:
            listen(Warned(text=f"the pin of {pin.action} stays as it is: {error.message}"))
    return found


def _newest(pin: Pin, place: str, headers: Mapping[str, str], proxies: ProxyRules) -> Pin:
    major = pin.tag.partition(".")[0]
    listed = get_json(f"{place}/git/matching-refs/tags/{major}.", headers, proxies)
    tags = list(_tags(listed if isinstance(listed, list) else []))
    if not tags:
        raise CallFailedError(place, "it names no release")
    tag = max(tags, key=Version)
    commit = get_json(f"{place}/commits/{quote(tag)}", headers, proxies)
    sha = commit.get("sha") if isinstance(commit, dict) else None
    if not isinstance(sha, str) or not is_sha(sha):
        raise CallFailedError(place, f"it names no commit for {tag}")
    return Pin(action=pin.action, tag=tag, sha=sha)


def _tags(listed: Iterable[object]) -> Iterable[str]:
    for item in listed:
        name = item.get("ref") if isinstance(item, dict) else None
        if isinstance(name, str) and is_release(name.removeprefix(_PREFIX)):
            yield name.removeprefix(_PREFIX)
