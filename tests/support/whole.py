"""Whether a tag shows a whole image, read over HTTP by nothing that polyarch reads with."""

import base64
import hashlib
import json
from collections.abc import Collection, Iterator, Mapping
from contextlib import closing
from dataclasses import dataclass, field
from http.client import HTTPConnection, HTTPResponse
from typing import Any

INDEXES = frozenset(
    {
        "application/vnd.oci.image.index.v1+json",
        "application/vnd.docker.distribution.manifest.list.v2+json",
    }
)
IMAGES = frozenset(
    {
        "application/vnd.oci.image.manifest.v1+json",
        "application/vnd.docker.distribution.manifest.v2+json",
    }
)
ACCEPT = ", ".join(sorted(INDEXES | IMAGES))
BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class Standing:
    """What a tag shows; `flaws` are empty where every byte of it is there and right.

    `children` are the digests of an index, by platform.
    """

    digest: str
    children: Mapping[str, str] = field(default_factory=dict)
    revision: str = ""
    flaws: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Shelf:
    """One repository; `login` is a name and a password, `token` a bearer token that reads it."""

    host: str
    repository: str
    login: tuple[str, str] | None = None
    token: str = ""

    def tags(self, among: Collection[str] = ()) -> dict[str, Standing]:
        """Every tag, or those `among` them, with what it shows; what several share is read once."""
        with closing(HTTPConnection(self.host, timeout=60)) as connection:
            reader = _Reader(self, connection)
            names = [name for name in reader.names() if name in among or not among]
            return {tag: reader.tag(tag) for tag in names}

    def blob_bytes(self, digest: str) -> int:
        """How long the blobs of an image are together, each counted once."""
        with closing(HTTPConnection(self.host, timeout=60)) as connection:
            return sum(_Reader(self, connection).blobs(digest).values())


@dataclass(frozen=True)
class _Reader:
    shelf: Shelf
    connection: HTTPConnection
    known: dict[str, Standing] = field(default_factory=dict)

    def names(self) -> list[str]:
        status, body = self.all("tags/list")
        if status == 404:
            return []
        assert status == 200, (status, body)
        return list(json.loads(body)["tags"] or [])

    def tag(self, tag: str) -> Standing:
        status, raw = self.all(f"manifests/{tag}")
        if status != 200:
            return Standing(digest="", flaws=(f"tag {tag}: {status}",))
        digest = digest_of(raw)
        if digest not in self.known:
            self.known[digest] = self._standing(digest, raw)
        return self.known[digest]

    def _standing(self, digest: str, raw: bytes) -> Standing:
        root = json.loads(raw)
        children = root.get("manifests")
        flaws = self._image(raw, {}) if children is None else self._children(children)
        return Standing(
            digest=digest,
            children={_name(_platform(child)): child["digest"] for child in children or ()},
            revision=(root.get("annotations") or {}).get("org.opencontainers.image.revision", ""),
            flaws=tuple(flaws),
        )

    def _children(self, children: list[dict[str, Any]]) -> Iterator[str]:
        if not children:
            yield "an index of nothing"
        for child in children:
            status, raw = self.all(f"manifests/{child['digest']}")
            if status != 200:
                yield f"{child['digest']}: {status}"
            elif (digest_of(raw), len(raw)) != (child["digest"], child["size"]):
                yield f"{child['digest']}: other bytes"
            else:
                yield from self._image(raw, _platform(child))

    def _image(self, raw: bytes, platform: Mapping[str, str]) -> Iterator[str]:
        manifest = json.loads(raw)
        for blob in (manifest["config"], *manifest["layers"]):
            found = self._blob(blob["digest"])
            if found != (blob["digest"], blob["size"]):
                yield f"{blob['digest']}: {found}"
                return
        _, config = self.all(f"blobs/{manifest['config']['digest']}")
        told = json.loads(config)
        for key in ("os", "architecture"):
            if platform.get(key, "unknown") not in {"unknown", told.get(key)}:
                yield f"{manifest['config']['digest']}: made for {told[key]}"

    def blobs(self, digest: str) -> dict[str, int]:
        """The sizes of all blobs below a manifest, by digest."""
        _, raw = self.all(f"manifests/{digest}")
        root = json.loads(raw)
        found: dict[str, int] = {}
        for child in root.get("manifests", ()):
            found |= self.blobs(child["digest"])
        for blob in (root["config"], *root["layers"]) if "layers" in root else ():
            found[blob["digest"]] = blob["size"]
        return found

    def _blob(self, digest: str) -> tuple[str, int]:
        answer = self._get(f"blobs/{digest}")
        if answer.status != 200:
            answer.read()
            return f"status {answer.status}", 0
        hashed, size = hashlib.sha256(), 0
        while block := answer.read(BLOCK):
            hashed.update(block)
            size += len(block)
        return f"sha256:{hashed.hexdigest()}", size

    def all(self, path: str) -> tuple[int, bytes]:
        """Status and body of a GET."""
        answer = self._get(path)
        return answer.status, answer.read()

    def _get(self, path: str) -> HTTPResponse:
        headers = {"Accept": ACCEPT}
        if self.shelf.login:
            login = base64.b64encode(":".join(self.shelf.login).encode()).decode()
            headers["Authorization"] = f"Basic {login}"
        if self.shelf.token:
            headers["Authorization"] = f"Bearer {self.shelf.token}"
        self.connection.request("GET", f"/v2/{self.shelf.repository}/{path}", headers=headers)
        return self.connection.getresponse()


def digest_of(raw: bytes) -> str:
    """The digest of some bytes."""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def _platform(child: Mapping[str, Any]) -> Mapping[str, str]:
    """That of an entry; none in the lists of referrers that stand under tags."""
    return child.get("platform") or {}


def _name(platform: Mapping[str, str]) -> str:
    words = (platform.get("os", ""), platform.get("architecture", ""), platform.get("variant", ""))
    return "/".join(word for word in words if word)
