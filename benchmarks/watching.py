"""Watching many tags in three registries far away: how many requests, and how long."""

import hashlib
import json
from collections.abc import Iterator, Sequence
from pathlib import Path

from benchmarks.checkout import Checkout
from benchmarks.clients import POLYARCH, Client
from benchmarks.distance import ROUND_TRIP_S, told_trips
from benchmarks.places import Places, places
from benchmarks.processes import Taken, run_all
from benchmarks.row import Row
from tests.support.lines import Line

TAGS = 100
PLATFORMS = ("amd64", "arm64", "ppc64le", "s390x")
LIMIT = 0.1
REPOSITORY = "team/app"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"
INDEX = "application/vnd.oci.image.index.v1+json"
CONFIG = "application/vnd.oci.image.config.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
TOML = """\
[images.app]
platforms = [{platforms}]
repositories = [{repositories}]
tags = ["type=semver,pattern={{{{version}}}}"]
engine = "direct"
[images.app.direct]
files = [{{ from = "app", to = "/app" }}]
[watch]
sample = 0
"""


def far_away(peers: Sequence[Client], *, quick: bool) -> Iterator[Row]:
    """The first watch reads every manifest once; the next one knows them and only asks.

    Compared with the same requests one after the other, as a loop in a shell would send them.
    """
    del peers
    tags = TAGS // 10 if quick else TAGS
    with places(lines=[Line.delaying(ROUND_TRIP_S)]) as where:
        project = _project(where)
        for place in where.every:
            assert place.storage is not None
            _fill(place.storage, tags)
        for which in ("first", "again"):
            where.forget()
            taken = _watch(project, where)
            requests = sum(len(way.turns) for way in where.ways)
            note = (
                f"{requests / tags:.1f} requests per tag, {requests / tags / 3:.1f} per tag and"
                f" registry; {taken.elapsed_s / ROUND_TRIP_S:.0f} round trips long,"
                f" {told_trips(where.ways)}; CPU {taken.cpu_s:.2f} s"
            )
            what = f"watch, {tags} tags x 4 platforms x 3 registries, 100 ms, {which} / in a row"
            in_a_row = requests * ROUND_TRIP_S
            limit = None if quick else LIMIT  # starting the command counts in the short form
            yield Row(what, taken.elapsed_s, in_a_row, limit=limit, note=note)


def _watch(project: Path, where: Places) -> Taken:
    return run_all([[POLYARCH, "watch", "--quiet"]], env=where.env, folder=project)


def _project(where: Places) -> Path:
    repositories = ", ".join(f'"{place.host}/{REPOSITORY}"' for place in where.every)
    platforms = ", ".join(f'"linux/{each}"' for each in PLATFORMS)
    text = TOML.format(repositories=repositories, platforms=platforms)
    return Checkout.make(where.folder / "project", {"polyarch.toml": text, "app": "app\n"}).folder


def _fill(storage: Path, tags: int) -> None:
    """Lay the images down as the registry keeps them: pushing them all takes minutes."""
    root = storage / "docker/registry/v2"
    home = root / "repositories" / REPOSITORY
    for number in range(tags):
        children = []
        for platform in PLATFORMS:
            config = _json({"architecture": platform, "os": "linux", "number": number})
            layer = f"layer of {platform} {number}".encode()
            parts = [(CONFIG, config), (LAYER, layer)]
            told = [_descriptor(media_type, data) for media_type, data in parts]
            manifest = _json(
                {"schemaVersion": 2, "mediaType": MANIFEST, "config": told[0], "layers": told[1:]}
            )
            for _, data in parts:
                _link(home / "_layers", _blob(root, data))
            _link(home / "_manifests/revisions", _blob(root, manifest))
            place = {"os": "linux", "architecture": platform}
            children.append({**_descriptor(MANIFEST, manifest), "platform": place})
        index = _json({"schemaVersion": 2, "mediaType": INDEX, "manifests": children})
        digest = _blob(root, index)
        _link(home / "_manifests/revisions", digest)
        tag = home / "_manifests/tags" / f"1.0.{number}"
        _link(tag / "index", digest)
        (tag / "current").mkdir(parents=True)
        (tag / "current/link").write_text(f"sha256:{digest}")


def _blob(root: Path, data: bytes) -> str:
    digest = hashlib.sha256(data).hexdigest()
    folder = root / "blobs/sha256" / digest[:2] / digest
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "data").write_bytes(data)
    return digest


def _link(place: Path, digest: str) -> None:
    folder = place / "sha256" / digest
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "link").write_text(f"sha256:{digest}")


def _descriptor(media_type: str, data: bytes) -> dict[str, object]:
    digest = f"sha256:{hashlib.sha256(data).hexdigest()}"
    return {"mediaType": media_type, "digest": digest, "size": len(data)}


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
