"""Real registries behind lines on which things go wrong, and the requests that cross them."""

import base64
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import dataclass, field
from http.client import HTTPConnection
from pathlib import Path

from tests.lab.registries import Auth, Registry, running_registry
from tests.support.fault_proxy import FaultProxy, Seen, faulty
from tests.support.faults import Fault, Rule, Swallow
from tests.support.whole import Shelf

DIGEST, TAG = "sha256:", "(?!sha256:)"

REQUESTS: Mapping[str, tuple[str, str]] = {
    "ping": ("GET", "^/v2/$"),
    "token": ("GET", "^/token"),
    "look for a blob": ("HEAD", "/blobs/"),
    "look for a manifest": ("HEAD", f"/manifests/{DIGEST}"),
    "look at a tag": ("HEAD", f"/manifests/{TAG}"),
    "read a manifest": ("GET", f"/manifests/{DIGEST}"),
    "read a tag": ("GET", f"/manifests/{TAG}"),
    "read a blob": ("GET", f"/blobs/{DIGEST}"),
    "list referrers": ("GET", "/referrers/"),
    "open an upload": ("POST", "/blobs/uploads/"),
    "send a chunk": ("PATCH", "/blobs/uploads/"),
    "send a blob": ("PUT", "/blobs/uploads/"),
    "write a manifest": ("PUT", f"/manifests/{DIGEST}"),
    "move a tag": ("PUT", f"/manifests/{TAG}"),
    "cancel an upload": ("DELETE", "/blobs/uploads/"),
}
"""Every kind of request that publishing and copying make: method, and a pattern of the path."""


def rule(request: str, fault: Fault, *, skip: int = 0, times: float = 1) -> Rule:
    """This goes wrong with requests of that kind."""
    method, path = REQUESTS[request]
    return Rule(fault=fault, method=method, path=path, skip=skip, times=times)


@dataclass(frozen=True, slots=True, kw_only=True)
class Since(Rule):
    """From the first request that fits on nothing passes as it should, whatever it asks."""

    times: float = math.inf
    passing: int = 0
    came: list[str] = field(default_factory=list)

    def fits(self, method: str, path: str) -> bool:
        """Whether it has begun, or begins with this one."""
        if len(self.came) <= self.passing and Rule.fits(self, method, path):
            self.came.append(path)
        return len(self.came) > self.passing


def since(request: str, fault: Fault, *, passing: int = 0) -> Since:
    """This goes wrong with everything, once so many requests of that kind have passed."""
    method, path = REQUESTS[request]
    return Since(fault=fault, method=method, path=path, passing=passing)


@dataclass(frozen=True, kw_only=True)
class Line:
    """A registry, the proxy in front of it, and the one in front of its token service.

    `host` is what those who push are told; `token_host` is the token service itself.
    """

    registry: Registry
    proxy: FaultProxy | None = None
    tokens: FaultProxy | None = None
    token_host: str = ""

    @property
    def host(self) -> str:
        return self.proxy.host if self.proxy else self.registry.host

    @property
    def proxies(self) -> Sequence[FaultProxy]:
        return [proxy for proxy in (self.proxy, self.tokens) if proxy]

    @property
    def seen(self) -> list[Seen]:
        """What has crossed since the last time that it was mended."""
        return [seen for proxy in self.proxies for seen in proxy.seen]

    def spoil(self, *rules: Rule) -> None:
        """Let things go wrong from here on."""
        self.mend()
        for proxy in self.proxies:
            proxy.add(*rules)

    def mend(self) -> None:
        """Let all be well, and forget what crossed."""
        for proxy in self.proxies:
            proxy.clear()
            proxy.seen.clear()

    def spoiled(self) -> list[Seen]:
        """What something was done to."""
        return [seen for seen in self.seen if seen.fault]

    def shelf(self, repository: str) -> Shelf:
        """A reader of it that takes no proxy."""
        registry = self.registry
        login = (registry.username, registry.password) if registry.username else None
        if not self.token_host:
            return Shelf(host=registry.host, repository=repository, login=login)
        return Shelf(host=registry.host, repository=repository, token=self._token(repository))

    def _token(self, repository: str) -> str:
        basic = base64.b64encode(f"{self.registry.username}:{self.registry.password}".encode())
        scope = f"/token?service=lab-registry&scope=repository:{repository}:pull"
        with closing(HTTPConnection(self.token_host, timeout=60)) as connection:
            connection.request("GET", scope, headers={"Authorization": f"Basic {basic.decode()}"})
            found: str = json.loads(connection.getresponse().read())["token"]
        return found


@contextmanager
def line_to(
    folder: Path, auth: Auth, *, username: str = "", password: str = "", bad: bool = True
) -> Iterator[Line]:
    """Run a real registry and, where the line is a bad one, what stands in front of it."""
    with ExitStack() as stack:
        token_lines: list[tuple[FaultProxy, str]] = []

        def way(host: str) -> str:
            token_lines.append((stack.enter_context(faulty(host)), host))
            return token_lines[0][0].host

        folder.mkdir(parents=True)
        registry = stack.enter_context(
            running_registry(
                folder,
                auth=auth,
                username=username,
                password=password,
                way_to_tokens=way if bad else str,
            )
        )
        proxy = stack.enter_context(faulty(registry.host)) if bad else None
        tokens, token_host = token_lines[0] if token_lines else (None, "")
        yield Line(registry=registry, proxy=proxy, tokens=tokens, token_host=token_host)


def sent(seen: Sequence[Seen]) -> int:
    """How many bytes of blobs the server was handed."""
    return sum(each.sent for each in seen if is_upload(each))


def in_vain(seen: Sequence[Seen]) -> int:
    """How many of them may have been lost.

    A blob whose last answer was lost was stored: before it is sent again it is asked for. (Of a
    chunk distribution does not tell: it ends an upload that goes on where it did not expect it.)
    """
    stored = (each for each in seen if each.method == "PUT" and isinstance(each.fault, Swallow))
    kept = {id(each) for each in stored}
    return sent([each for each in seen if each.fault and id(each) not in kept])


def is_upload(seen: Seen) -> bool:
    """Whether it brings bytes of a blob that are to stay (a POST with one is only an offer)."""
    return seen.method in {"PATCH", "PUT"} and "/blobs/uploads/" in seen.path
