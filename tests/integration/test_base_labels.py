"""What an image says of itself and of its base, read back from a registry, with each engine."""

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from polyarch.oci import annotation
from tests.lab.fixtures import RunImage, StartRegistry
from tests.lab.registries import Registry
from tests.lab.skopeo import Skopeo
from tests.support.command_line import CommandLine, plain_environment
from tests.support.engine_at_hand import engine_at_hand
from tests.support.git_project import TIME, GitProject
from tests.support.published import Shelf

PLATFORMS = ("linux/amd64", "linux/arm64")
BASE = """\
[images.base]
engine = "direct"
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["{host}/team/base"]
tags = ["type=raw,value=1"]
labels = {{ "org.opencontainers.image.description" = "of the base", vendor = "V" }}
[images.base.direct]
base = "{busybox}"
files = [{{ from = "file", to = "/base-{{arch}}" }}]
"""
COMMON = """\
[images.app]
engine = "{engine}"
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["{host}/team/app"]
tags = ["type=semver,pattern={{{{version}}}}"]
labels = {{ described = "{{{{version}}}} {{{{sha}}}} {{{{commit_date 'YYYY'}}}}" }}
annotation-levels = ["index", "manifest", "manifest-descriptor"]
[images.app.platform."linux/arm64"]
labels = {{ only = "arm64" }}
"""
BY_DOCKERFILE = """
[images.app.build-args]
BASE = "{base}"
"""
BY_COMMAND = """
[images.app.direct]
base = "{base}"
files = [{{ from = "file", to = "/app" }}]
"""
DOCKERFILE = """\
ARG BASE=scratch
FROM --platform=$BUILDPLATFORM {busybox} AS tools
RUN uname -m > /machine
FROM $BASE AS first
COPY --from=tools /machine /machine
FROM first
COPY file /app
"""


@dataclass(frozen=True)
class Place:
    """A registry that holds the base, and what looks at it."""

    registry: Registry
    shelf: Shelf
    folder: Path
    busybox: str

    def command(self, project: GitProject, **more: str) -> CommandLine:
        environment = {**plain_environment(self.folder / "home"), **more}
        return CommandLine(folder=project.root, environment=environment)

    def publish(self, name: str, files: dict[str, str], **more: str) -> GitProject:
        project = GitProject.make(self.folder / name, files)
        self.command(project, **more).run("publish", "--force", more=project.pushed_tag("v1.2.3"))
        return project

    def publish_base(self, content: str) -> dict[str, str]:
        config = BASE.format(host=self.registry.host, busybox=self.busybox)
        self.publish(f"base-{content}", {"polyarch.toml": config, "file": content})
        return self.shelf.children(self.registry.reference("team/base:1"))


@pytest.fixture
def place(
    distribution_registry: StartRegistry,
    base_registry: Registry,
    skopeo: Skopeo,
    run_image: RunImage,
    tmp_path: Path,
) -> Place:
    busybox = base_registry.reference("busybox:1")
    shelf = Shelf(skopeo=skopeo, run=run_image)
    skopeo.login()
    return Place(distribution_registry(), shelf, tmp_path, busybox)


@pytest.mark.parametrize("engine", ["docker_engine", "buildah", "direct"])
def test_each_platform_tells_the_truth(
    engine: str, place: Place, request: pytest.FixtureRequest
) -> None:
    bases = place.publish_base("1")
    base = place.registry.reference("team/base:1")
    request.param = engine
    at_hand = engine_at_hand(request) if engine != "direct" else None
    name = at_hand.name if at_hand else "direct"
    config = COMMON.format(engine=name, host=place.registry.host)
    config += (BY_DOCKERFILE if at_hand else BY_COMMAND).format(base=base)
    dockerfile = DOCKERFILE.format(busybox=place.busybox)
    files = {"polyarch.toml": config, "Dockerfile": dockerfile, "file": "app"}
    project = place.publish("app", files, **(at_hand.environment if at_hand else {}))

    found = place.registry.reference("team/app:1.2.3")
    raw = place.shelf.raw(found)
    assert raw is not None
    index = json.loads(raw)
    children = place.shelf.children(found)
    assert set(children) == set(PLATFORMS)
    own = {
        annotation.REVISION: project.head,
        annotation.VERSION: "1.2.3",
        annotation.TITLE: "project",
        annotation.CREATED: TIME.replace("Z", ".000Z"),
    }
    assert own.items() <= index["annotations"].items()
    assert annotation.BASE_DIGEST not in index["annotations"]
    for platform in PLATFORMS:
        below = {annotation.BASE_NAME: base, annotation.BASE_DIGEST: bases[platform]}
        labels = labels_of(place, children[platform])
        assert (own | below).items() <= labels.items()
        assert labels["vendor"] == "V", "what speaks of no single image is handed down"
        assert annotation.DESCRIPTION not in labels
        assert labels["described"] == f"1.2.3 {project.head[:7]} {TIME[:4]}"
        assert labels.get("only") == ("arm64" if platform == "linux/arm64" else None)
        manifest = json.loads(raw_of(place, children[platform]))
        assert (own | below).items() <= manifest["annotations"].items()
    for child in index["manifests"]:
        assert own.items() <= child["annotations"].items()


@pytest.mark.parametrize("engine", ["docker_engine", "buildah"])
def test_a_base_that_has_moved_is_named_only_where_it_was_taken(
    engine: str, place: Place, request: pytest.FixtureRequest
) -> None:
    """An engine may keep an older base; then there is no digest rather than a wrong one."""
    request.param = engine
    at_hand = engine_at_hand(request)
    base = place.registry.reference("team/base:1")
    config = COMMON.format(engine=at_hand.name, host=place.registry.host)
    files = {
        "polyarch.toml": config,
        "Dockerfile": f"FROM {base}\nCOPY file /app\n",
        "file": "app",
    }
    digests = {}
    for content in ("1", "2"):
        digests[content] = place.publish_base(content)
        place.publish(f"app-{content}", files, **at_hand.environment)
        children = place.shelf.children(place.registry.reference("team/app:1.2.3"))
        for platform in PLATFORMS:
            claimed = labels_of(place, children[platform]).get(annotation.BASE_DIGEST)
            layers = layers_of(place, children[platform])
            below = {
                each: layers_of(place, digests[each][platform], "team/base") for each in digests
            }
            true = [each for each in below if layers[: len(below[each])] == below[each]]
            assert claimed in {digests[each][platform] for each in true} | {None}
            assert claimed or content not in true, "the right base is not told"


def labels_of(place: Place, digest: str) -> dict[str, str]:
    config: dict[str, Any] = place.shelf.config(place.registry.reference("team/app"), digest)
    labels: dict[str, str] = config["config"]["Labels"]
    return labels


def layers_of(place: Place, digest: str, repository: str = "team/app") -> list[str]:
    config = place.shelf.config(place.registry.reference(repository), digest)
    layers: list[str] = config["rootfs"]["diff_ids"]
    return layers


def raw_of(place: Place, digest: str) -> bytes:
    raw = place.shelf.raw(place.registry.reference(f"team/app@{digest}"))
    assert raw is not None
    return raw
