"""Prebuilt programs: looked at before they are laid, started where there is one alone."""

import json
import tarfile
from pathlib import Path
from typing import Any

import pytest

from polyarch.checks.allow import Allowances
from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.engines.accounts import PASSWD
from polyarch.engines.base import BuildRequest, CopiedFile, DirectRecipe
from polyarch.engines.direct import DirectEngine
from polyarch.engines.laid import HealthCheck, SystemFile
from polyarch.errors import LaidFileError
from polyarch.events import ignore
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.platform import Platform
from polyarch.pipeline.laid_programs import looking_for
from tests.support.programs import program

ARM, AMD = "linux/arm64", "linux/amd64"


@pytest.fixture
def project(tmp_path):
    folder = tmp_path / "project"
    for platform in (ARM, AMD):
        place = folder / "dist" / platform.replace("/", "_")
        place.mkdir(parents=True)
        (place / "server").write_bytes(program(platform))
        (place / "helper").write_bytes(program(platform))
        (place / "notes.txt").write_text("text")
    return folder


def build(
    project: Path,
    tmp_path: Path,
    *names: str,
    platform: str = ARM,
    allow: tuple[str, ...] = (),
    **more: Any,
) -> tuple[ImageManifest, dict[str, Any], LayoutStore]:
    parsed = Platform.parse(platform)
    files = tuple(CopiedFile(source=name, target="/opt/") for name in names)
    given: dict[str, Any] = {
        "files": files,
        "look_at": looking_for(parsed, Allowances.of(allow)),
        "sole_entry": True,
        **more,
    }
    recipe = DirectRecipe(**given)
    layout = LayoutStore(tmp_path / "layout")
    request = BuildRequest(
        image="hello",
        platform=parsed,
        project=project,
        context=project,
        dockerfile=None,
        created=1,
        direct=recipe,
    )
    built = DirectEngine({}).build(request, layout, ignore)
    manifest = ImageManifest.parse(read_small(layout, built.manifest))
    return manifest, json.loads(read_small(layout, manifest.config)), layout


def members(manifest: ImageManifest, layout: LayoutStore) -> list[list[tuple[str, int]]]:
    found = []
    for layer in manifest.layers:
        with layout.open(layer) as packed, tarfile.open(fileobj=packed) as tar:
            found.append([(member.name, member.mode) for member in tar])
    return found


def test_the_only_program_is_the_entrypoint_and_gets_its_right_to_run_back(project, tmp_path):
    names = ("dist/{os}_{goarch}/server", "dist/{os}_{goarch}/notes.txt")
    manifest, config, layout = build(project, tmp_path, *names)
    assert config["config"]["Entrypoint"] == ["/opt/server"]
    assert members(manifest, layout) == [
        [("opt", 0o755), ("opt/notes.txt", 0o644), ("opt/server", 0o755)]
    ]


def test_a_program_of_another_platform_is_told_with_both(project, tmp_path):
    with pytest.raises(LaidFileError) as caught:
        build(project, tmp_path, "dist/linux_amd64/server")
    text = f"{caught.value} {caught.value.where}"
    assert "dist/linux_amd64/server" in text
    assert "amd64" in text
    assert "linux/arm64" in text


def test_a_folder_is_looked_into_as_well(project, tmp_path):
    (project / "dist/linux_arm64/deep").mkdir()
    (project / "dist/linux_arm64/deep/tool").write_bytes(program(AMD))
    with pytest.raises(LaidFileError, match="`tool` is an ELF"):
        build(project, tmp_path, "dist/linux_arm64", entrypoint=("/x",))


def test_what_is_allowed_may_be_for_others(project, tmp_path):
    names = ("dist/linux_arm64/server", "dist/linux_amd64/helper")
    _, config, _ = build(
        project, tmp_path, *names, allow=("/opt/helper",), entrypoint=("/opt/server",)
    )
    assert config["config"]["Entrypoint"] == ["/opt/server"]


@pytest.mark.parametrize(
    ("names", "words"),
    [
        (("dist/linux_arm64/*",), "2 programs are laid"),
        (("dist/linux_arm64/notes.txt",), "none is a program"),
    ],
)
def test_what_an_empty_image_starts_must_be_clear(project, tmp_path, names, words):
    with pytest.raises(LaidFileError, match=words) as caught:
        build(project, tmp_path, *names)
    assert "entrypoint" in str(caught.value.hint)


def test_a_mode_that_is_asked_for_stays(project, tmp_path):
    files = (CopiedFile(source="dist/linux_arm64/server", target="/server", mode=0o640),)
    manifest, _, layout = build(project, tmp_path, files=files)
    assert members(manifest, layout) == [[("server", 0o640)]]


def test_settings_of_the_image(project, tmp_path):
    manifest, config, layout = build(
        project,
        tmp_path,
        "dist/linux_arm64/server",
        user="65532:65532",
        volumes=("/data",),
        stop_signal="SIGINT",
        ports=("53/udp", "80"),
        working_dir="/data",
        healthcheck=HealthCheck(command=("/opt/server", "-check"), interval_s=30, retries=2),
        system=(SystemFile(path=PASSWD, content=b"root:x:0:0::/:\n"),),
    )
    assert config["config"] == {
        "Entrypoint": ["/opt/server"],
        "User": "65532:65532",
        "ExposedPorts": {"53/udp": {}, "80/tcp": {}},
        "Volumes": {"/data": {}},
        "WorkingDir": "/data",
        "StopSignal": "SIGINT",
        "Healthcheck": {
            "Test": ["CMD", "/opt/server", "-check"],
            "Interval": 30_000_000_000,
            "Retries": 2,
        },
    }
    assert [step["created_by"] for step in config["history"]] == [
        "polyarch direct: layer `system`",
        "polyarch direct: layer `app`",
    ]
    assert members(manifest, layout)[0] == [("etc", 0o755), ("etc/passwd", 0o644)]


def test_a_health_check_can_be_switched_off(project, tmp_path):
    _, config, _ = build(
        project, tmp_path, "dist/linux_arm64/server", healthcheck=HealthCheck(command=())
    )
    assert config["config"]["Healthcheck"] == {"Test": ["NONE"]}
