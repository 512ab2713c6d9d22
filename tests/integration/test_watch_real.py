"""A set damaged on purpose in three real registries: found, and mended where it can be."""

import contextlib
import http.client
import json
import shutil
from pathlib import Path

from polyarch.oci.manifest import ImageIndex
from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Registry
from tests.lab.skopeo import Skopeo
from tests.support.images import make_index
from tests.support.places import laid
from tests.support.tiny_project import TinyProject
from tests.support.watched import (
    FIRST,
    PATH,
    SECOND,
    codes,
    findings,
    published_as,
    ruled,
    watched,
)

INDEX = "application/vnd.oci.image.index.v1+json"
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def test_each_damage_is_found_and_mended_where_another_registry_helps(
    distribution_registry: StartRegistry, skopeo: Skopeo, tmp_path: Path
) -> None:
    three = tuple(distribution_registry() for _ in range(3))
    project = published(tmp_path / "project", three)
    assert codes(watched(project)) == set()

    shutil.rmtree(project.root / ".polyarch")  # an empty machine, without records
    first, second, third = three
    child = child_of(first, "1.1.0", SECOND)
    delete(first, child)
    blob = layer_of(second, child_of(second, "1.2.0", FIRST))
    (second.storage / f"docker/registry/v2/blobs/sha256/{blob[7:9]}/{blob[7:]}/data").unlink()
    laid(make_index(), tmp_path / "foreign", "any")
    skopeo.copy(f"oci:{tmp_path / 'foreign'}:any", f"docker://{third.host}/{PATH}:1.2", "--all")
    for each in three:
        lose_platform(each, "main", SECOND)
    project.commit("The branch goes on, and no nightly follows")

    said = watched(project, "--sample", "0", code=1)
    assert codes(said) == {"W103", "W104", "W106", "W110", "W112"}
    by_code = {each["code"]: each for each in findings(said) if each["code"] != "W106"}
    assert by_code["W103"]["path"] == f"{first.host}/{PATH}@{child}"
    assert by_code["W104"]["path"] == f"{second.host}/{PATH}@{blob}"
    assert by_code["W110"]["path"] == "1.2"
    assert by_code["W112"]["path"] == "nightly"
    lost = {(e["path"], e["platform"]) for e in findings(said) if e["code"] == "W106"}
    assert lost == {("main", SECOND), ("1.2", FIRST), ("1.2", SECOND)}

    # What no registry has any more, and what was not published, nobody can copy.
    left = watched(project, "--repair", "--sample", "0", code=1)
    assert codes(left) == {"W106", "W112"}
    again = watched(project, "--sample", "2", code=1)
    assert [each["key"] for each in findings(again)] == [each["key"] for each in findings(left)]
    assert {each["path"] for each in findings(again)} == {"main", "nightly"}
    assert skopeo.raw(f"{third.host}/{PATH}:1.2") == skopeo.raw(f"{first.host}/{PATH}:1.2")
    shown = tmp_path / "whole"
    skopeo.copy(f"docker://{second.host}/{PATH}:1.2.0", f"dir:{shown}", "--all")


def published(root: Path, registries: tuple[Registry, ...]) -> TinyProject:
    """Two releases, the branch and a nightly, everywhere."""
    project = TinyProject.make(root)
    repositories = json.dumps([f"{each.host}/{PATH}" for each in registries])
    lines = [
        f"repositories = {repositories}" if line.startswith("repositories") else line
        for line in (root / "polyarch.toml").read_text().splitlines()
    ]
    project.toml("\n".join(lines))
    project = ruled(project)
    published_as(project, "refs/tags/v1.1.0")
    project.commit("Next")
    published_as(project, "refs/tags/v1.2.0")
    published_as(project, "refs/heads/main")
    published_as(project, "refs/heads/main", "schedule")
    return project


def index_of(registry: Registry, tag: str) -> ImageIndex:
    return ImageIndex.parse(get(registry, f"manifests/{tag}"))


def child_of(registry: Registry, tag: str, platform: str) -> str:
    return next(
        str(each.digest)
        for each in index_of(registry, tag).images
        if str(each.platform) == platform
    )


def layer_of(registry: Registry, child: str) -> str:
    found: str = json.loads(get(registry, f"manifests/{child}"))["layers"][0]["digest"]
    return found


def lose_platform(registry: Registry, tag: str, platform: str) -> None:
    """As a client does that pushes an index of one platform only."""
    whole = index_of(registry, tag)
    kept = [each for each in whole.manifests if str(each.platform) != platform]
    index = ImageIndex.build(kept, annotations=whole.annotations)
    send(registry, "PUT", f"manifests/{tag}", index.raw)


def delete(registry: Registry, digest: str) -> None:
    send(registry, "DELETE", f"manifests/{digest}")


def get(registry: Registry, path: str) -> bytes:
    return send(registry, "GET", path)


def send(registry: Registry, method: str, path: str, data: bytes | None = None) -> bytes:
    """As any client does."""
    host, _, port = registry.host.rpartition(":")
    headers = {"Content-Type": INDEX, "Accept": f"{INDEX},{MANIFEST}"}
    with contextlib.closing(http.client.HTTPConnection(host, int(port))) as line:
        line.request(method, f"/v2/{PATH}/{path}", body=data, headers=headers)
        answer = line.getresponse()
        raw = answer.read()
    assert answer.status < 300, raw
    return raw
