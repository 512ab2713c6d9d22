"""Arguments that replace names, as `lint --fix=review` writes them, in a real BuildKit."""

from pathlib import Path

from polyarch.dockerfile.fix.replacement import arguments
from polyarch.oci.platform import Platform
from tests.lab.engine import DockerEngine

NAMES = {
    "linux/amd64": "x86_64",
    "linux/arm64": "aarch64",
    "linux/arm/v7": "arm",
    "linux/arm/v6": "armhf",
    "linux/386": "i686",
    "linux/ppc64le": "powerpc64le",
    "linux/s390x": "s390x",
}


def test_each_platform_gets_the_file_of_its_name(
    docker_engine: DockerEngine, tmp_path: Path
) -> None:
    names = {Platform.parse(platform): name for platform, name in NAMES.items()}
    context = tmp_path / "context"
    context.mkdir()
    for name in NAMES.values():
        (context / f"s6-{name}").write_text(name)
    lines = ["FROM scratch", "ARG TARGETARCH TARGETVARIANT", *arguments(names, "asset_arch")]
    lines.append("ADD s6-${asset_arch} /s6-x86_64")
    (context / "Dockerfile").write_text("\n".join(lines))
    out = tmp_path / "out"
    output = f"--output=type=local,dest={out}"
    docker_engine.docker("buildx", "build", f"--platform={','.join(NAMES)}", output, context)
    found = {platform: out / platform.replace("/", "_") / "s6-x86_64" for platform in NAMES}
    assert {platform: path.read_text() for platform, path in found.items()} == NAMES
