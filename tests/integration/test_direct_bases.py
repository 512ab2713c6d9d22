"""A base in a registry with tokens, as public ones have it: attestations in its index, zstd layers.

Its layers are mounted by reference and stay as they are; where the config names a user, or asks for
authorities, they are read as they stream by.
"""

import gzip
import hashlib
import io
import json
import sys
import tarfile
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest

from polyarch.cli.exit_codes import ExitCode
from polyarch.content.layout import LayoutStore
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import UNKNOWN, Platform
from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Auth, Registry
from tests.lab.skopeo import Skopeo
from tests.support.command_line import CommandLine, plain_environment
from tests.support.git_project import GitProject

if sys.version_info >= (3, 14):
    from compression import zstd
else:
    from backports import zstd

pytestmark = pytest.mark.real

PLATFORMS = ["linux/amd64", "linux/arm64"]
PASSWD = b"root:x:0:0:root:/root:/bin/sh\nweb:x:101:102::/:/bin/false\n"

POLYARCH = """\
[images.app]
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["{repository}"]
tags = ["type=ref,event=branch"]
[images.app.direct]
base = "{base}"
files = [{{ from = "page", to = "/srv/page" }}, {{ from = "lib", to = "/srv/vendor" }}]
{more}
[registries."{host}"]
username-env = "BASE_USER"
password-env = "BASE_PASSWORD"
"""


def tar_of(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as tar:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def base_image(layout: LayoutStore, platform: Platform) -> Descriptor:
    """An image with a layer of each compression; the upper one has no users."""
    below = tar_of({"etc/passwd": PASSWD, "etc/group": b"web:x:102:\n"})
    above = tar_of({"usr/share/doc": str(platform).encode()})
    layers = [
        layout.add(mediatype.OCI_LAYER_ZSTD, zstd.compress(below)),
        layout.add(mediatype.OCI_LAYER_GZIP, gzip.compress(above, mtime=0)),
    ]
    config = {
        "architecture": platform.architecture,
        "os": platform.os,
        "config": {"Env": ["PATH=/usr/bin"], "StopSignal": "SIGQUIT"},
        "rootfs": {
            "type": "layers",
            "diff_ids": [f"sha256:{hashlib.sha256(each).hexdigest()}" for each in (below, above)],
        },
    }
    manifest = ImageManifest.build(
        config=layout.add(mediatype.OCI_CONFIG, json.dumps(config).encode()), layers=layers
    )
    layout.add(manifest.descriptor.media_type, manifest.raw)
    return manifest.descriptor.with_platform(platform)


def attestation(layout: LayoutStore, about: Descriptor) -> Descriptor:
    """What BuildKit writes beside an image: a manifest of the platform `unknown/unknown`."""
    manifest = ImageManifest.build(
        config=layout.add(mediatype.OCI_CONFIG, b'{"architecture":"unknown","os":"unknown"}'),
        layers=[layout.add("application/vnd.in-toto+json", b"{}")],
    )
    layout.add(manifest.descriptor.media_type, manifest.raw)
    annotations = {
        "vnd.docker.reference.digest": str(about.digest),
        "vnd.docker.reference.type": "attestation-manifest",
    }
    return replace(manifest.descriptor.with_platform(UNKNOWN), annotations=annotations)


@dataclass(frozen=True)
class Work:
    """A registry with a base, and a way to publish on it."""

    registry: Registry
    skopeo: Skopeo
    folder: Path

    @property
    def base(self) -> str:
        return self.registry.reference("team/base:1")

    def publish(self, more: str = "", status: int = 0) -> str:
        """Publish an image on the base, and give what was said on stderr."""
        config = POLYARCH.format(
            repository=self.registry.reference("team/app"),
            base=self.base,
            host=self.registry.host,
            more=more,
        )
        files = {"polyarch.toml": config, "page": "words", "lib/a": "a"}
        project = GitProject.make(self.folder / "project", files)
        command = CommandLine(
            folder=project.root, environment=plain_environment(self.folder / "home")
        )
        login = {"BASE_USER": self.registry.username, "BASE_PASSWORD": self.registry.password}
        event = {**project.pushed_branch(), **login}
        return command.run("publish", "--json", more=event, status=status).stderr

    def image(self, number: int, name: str = "app:main") -> tuple[dict[str, Any], dict[str, Any]]:
        """Manifest and config of a platform, by another client."""
        index = self.skopeo.index(self.registry.reference(f"team/{name}"))
        digest = index["manifests"][number]["digest"]
        reference = self.registry.reference(f"team/{name.partition(':')[0]}@{digest}")
        manifest = json.loads(self.skopeo.raw(reference))
        config = json.loads(
            self.skopeo.run(
                "inspect", "--tls-verify=false", "--config", "--raw", f"docker://{reference}"
            )
        )
        return manifest, config


@pytest.fixture
def work(distribution_registry: StartRegistry, skopeo: Skopeo, tmp_path: Path) -> Work:
    registry = distribution_registry(Auth.TOKEN)
    skopeo.login(registry)
    layout = LayoutStore(tmp_path / "base")
    children = [base_image(layout, Platform.parse(each)) for each in PLATFORMS]
    index = ImageIndex.build([*children, *(attestation(layout, each) for each in children)])
    layout.add(index.descriptor.media_type, index.raw)
    layout.tag(index.descriptor, "1")
    skopeo.copy(f"oci:{layout.root}:1", f"docker://{registry.reference('team/base:1')}", "--all")
    return Work(registry, skopeo, tmp_path)


def test_layers_are_mounted_as_they_are(work: Work) -> None:
    before = work.registry.log.read_text().count("mount=")
    work.publish('user = "1000:1000"')
    for number, platform in enumerate(PLATFORMS):
        base, _ = work.image(number, "base:1")
        manifest, config = work.image(number)
        assert manifest["layers"][:2] == base["layers"]
        assert [each["mediaType"] for each in manifest["layers"]] == [
            mediatype.OCI_LAYER_ZSTD, *[mediatype.OCI_LAYER_GZIP] * 3,
        ]  # fmt: skip
        assert f"{config['os']}/{config['architecture']}" == platform
        assert config["config"]["User"] == "1000:1000"
        assert config["config"]["StopSignal"] == "SIGQUIT"
        assert len(config["history"]) == len(config["rootfs"]["diff_ids"]) == 4
    assert work.registry.log.read_text().count("mount=") > before


def test_a_user_is_found_in_the_base_and_authorities_are_laid_where_it_has_none(
    work: Work,
) -> None:
    work.publish('user = "web"\nca-certificates = true')
    manifest, config = work.image(1)
    assert config["config"]["User"] == "101:102"
    assert [step["created_by"] for step in config["history"][-3:]] == [
        "polyarch direct: layer `system`",
        "polyarch direct: layer `deps`",
        "polyarch direct: layer `app`",
    ]
    assert len(manifest["layers"]) == 5


def test_a_user_that_the_base_lacks_is_told(work: Work) -> None:
    said = work.publish('user = "wbe"', status=ExitCode.USAGE)
    assert "`/etc/passwd` does not know `wbe`" in said
    assert "did you mean `web`?" in said
