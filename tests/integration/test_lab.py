"""The lab itself: each part that it hands out is the real one, and does what tests rely on."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.lab.bases import base_digests
from tests.lab.buildah import Buildah
from tests.lab.cache import make_once, work_folder
from tests.lab.commands import CommandFailedError, run
from tests.lab.debian import parse_list, parse_sources
from tests.lab.engine import DockerEngine, with_login
from tests.lab.fixtures import RunForeign, RunImage, StartRegistry
from tests.lab.foreign import run_in_root, unpack_layout
from tests.lab.machines import MACHINES
from tests.lab.registries import Auth, Registry, write_logins
from tests.lab.roots import busybox_root
from tests.lab.skopeo import Skopeo

UNAME = {"linux/amd64": "x86_64", "linux/arm64": "aarch64", "linux/arm/v7": "armv7l"}
FIGLET = """\
FROM {gcc} AS build
COPY . /src
RUN make -C /src LDFLAGS=-static figlet
FROM {busybox}
COPY --from=build /src/figlet /bin/figlet
COPY fonts/standard.flf /usr/local/share/figlet/standard.flf
"""
GO_MAIN = """\
package main

import ("fmt"; "runtime")

func main() { fmt.Println(runtime.GOARCH) }
"""
GO_CROSS = """\
FROM --platform=$BUILDPLATFORM {golang} AS build
ARG TARGETOS TARGETARCH
COPY . /src
WORKDIR /src
RUN --mount=type=cache,target=/root/.cache/go-build \\
    CGO_ENABLED=0 GOOS=$TARGETOS GOARCH=$TARGETARCH go build -trimpath -o /hello .
FROM {busybox}
COPY --from=build /hello /hello
"""


def write_project(folder: Path, dockerfile: str, bases: Registry, **files: str) -> Path:
    """Write a build context whose `{name}` bases come from the base registry."""
    folder.mkdir(exist_ok=True)
    references = {name.partition(":")[0]: bases.reference(name) for name in base_digests()}
    (folder / "Dockerfile").write_text(dockerfile.format(**references))
    for name, text in files.items():
        (folder / name.replace("_", ".")).write_text(text)
    return folder


def buildx(engine: DockerEngine, context: Path, platform: str, layout: Path) -> Path:
    """Build one platform into an OCI layout with BuildKit."""
    output = f"type=oci,tar=false,dest={layout}"
    plain = ("--provenance=false", "--progress=plain")
    engine.docker(
        "buildx", "build", f"--platform={platform}", *plain, f"--output={output}", context
    )
    return layout


def bud(buildah: Buildah, context: Path, platform: str, layout: Path) -> Path:
    """Build one platform into an OCI layout with Buildah."""
    options = ("--quiet", "--tls-verify=false", f"--platform={platform}")
    image = buildah.buildah("build", *options, context).strip()
    buildah.buildah("push", "--quiet", image, f"oci:{layout}:built")
    return layout


def run_built(layout: Path, root: Path, *command: str) -> str:
    """Run a command in the root filesystem of a layout."""
    unpack_layout(layout, root)
    return run_in_root(root, command).strip()


# The main job compiles the same program for arm64, with both engines, in its own tests.
COMPILED = [pytest.param(name, marks=pytest.mark.long) for name in ("linux/amd64", "linux/arm64")]


@pytest.mark.parametrize("platform", UNAME)
def test_docker_builds_and_exports_every_platform(
    docker_engine: DockerEngine, base_registry: Registry, tmp_path: Path, platform: str
) -> None:
    dockerfile = "FROM {busybox}\nRUN uname -m > /machine\n"
    context = write_project(tmp_path / "context", dockerfile, base_registry)
    layout = buildx(docker_engine, context, platform, tmp_path / "layout")
    assert run_built(layout, tmp_path / "root", "cat", "/machine") == UNAME[platform]


def test_the_classic_store_refuses_oci_exports(
    docker_engine_classic: DockerEngine, base_registry: Registry, tmp_path: Path
) -> None:
    context = write_project(tmp_path / "context", "FROM {busybox}\nRUN true\n", base_registry)
    with pytest.raises(CommandFailedError, match="OCI exporter is not supported"):
        buildx(docker_engine_classic, context, "linux/arm64", tmp_path / "layout")
    docker_engine_classic.docker("buildx", "build", "--quiet", "--load", context)


def test_two_engines_know_nothing_of_each_other(
    docker_engine: DockerEngine,
    second_docker_engine: DockerEngine,
    base_registry: Registry,
    tmp_path: Path,
) -> None:
    context = write_project(tmp_path / "context", "FROM {busybox}\nRUN true\n", base_registry)
    second_docker_engine.docker("buildx", "build", "--quiet", "--load", "--tag=lab/two", context)
    assert "lab/two" in second_docker_engine.docker("images")
    assert "lab/two" not in docker_engine.docker("images")


def test_docker_runs_what_it_built(
    docker_engine: DockerEngine, base_registry: Registry, tmp_path: Path
) -> None:
    context = write_project(tmp_path / "context", "FROM {busybox}\n", base_registry)
    build = ("buildx", "build", "--quiet", "--load", "--tag=lab/hello", "--platform=linux/arm64")
    docker_engine.docker(*build, context)
    said = docker_engine.docker("run", "--rm", "--platform=linux/arm64", "lab/hello", "uname", "-m")
    assert said.strip() == "aarch64"


def test_docker_pulls_private_bases_with_a_login(
    docker_engine: DockerEngine,
    base_registry: Registry,
    distribution_registry: StartRegistry,
    skopeo: Skopeo,
    tmp_path: Path,
) -> None:
    private = distribution_registry(Auth.TOKEN)
    skopeo.login(private)
    target = private.reference("team/base:1")
    skopeo.copy(f"docker://{base_registry.reference('busybox:1')}", f"docker://{target}", "--all")
    context = write_project(tmp_path / "context", f"FROM {target}\nRUN true\n", base_registry)
    with pytest.raises(CommandFailedError, match="401"):
        docker_engine.docker("buildx", "build", "--quiet", context)
    config = write_logins(tmp_path / "logins.json", private)
    env = with_login(docker_engine, tmp_path / "docker", config)
    run("docker", "buildx", "build", "--quiet", context, env=env)


@pytest.mark.parametrize("platform", UNAME)
def test_buildah_builds_every_platform(
    buildah: Buildah, base_registry: Registry, tmp_path: Path, platform: str
) -> None:
    dockerfile = "FROM {busybox}\nRUN uname -m > /machine\n"
    context = write_project(tmp_path / "context", dockerfile, base_registry)
    layout = bud(buildah, context, platform, tmp_path / "layout")
    assert run_built(layout, tmp_path / "root", "cat", "/machine") == UNAME[platform]


@pytest.mark.parametrize("platform", COMPILED)
def test_a_real_c_program_compiles_with_buildkit(
    docker_engine: DockerEngine,
    base_registry: Registry,
    c_source: Callable[[str], Path],
    tmp_path: Path,
    platform: str,
) -> None:
    context = write_project(c_source("figlet"), FIGLET, base_registry)
    layout = buildx(docker_engine, context, platform, tmp_path / "layout")
    assert "|_|" in run_built(layout, tmp_path / "root", "figlet", "-f", "standard", "hi")


@pytest.mark.parametrize("platform", COMPILED)
def test_a_real_c_program_compiles_with_buildah(
    buildah: Buildah,
    base_registry: Registry,
    c_source: Callable[[str], Path],
    tmp_path: Path,
    platform: str,
) -> None:
    context = write_project(c_source("figlet"), FIGLET, base_registry)
    layout = bud(buildah, context, platform, tmp_path / "layout")
    assert "|_|" in run_built(layout, tmp_path / "root", "figlet", "-f", "standard", "hi")


@pytest.mark.parametrize(
    ("platform", "says"),
    [("linux/arm/v7", "arm"), ("linux/arm64", "arm64")],
)
@pytest.mark.long
def test_a_go_program_cross_compiles(
    docker_engine: DockerEngine, base_registry: Registry, tmp_path: Path, platform: str, says: str
) -> None:
    files = {"main_go": GO_MAIN, "go_mod": "module example.com/hello\n\ngo 1.21\n"}
    context = write_project(tmp_path / "context", GO_CROSS, base_registry, **files)
    layout = buildx(docker_engine, context, platform, tmp_path / "layout")
    assert run_built(layout, tmp_path / "root", "/hello") == says


@pytest.mark.parametrize("auth", Auth)
def test_an_independent_client_pulls_what_it_pushed(
    base_registry: Registry,
    distribution_registry: StartRegistry,
    skopeo: Skopeo,
    run_image: RunImage,
    auth: Auth,
) -> None:
    registry = distribution_registry(auth)
    source, target = base_registry.reference("busybox:1"), registry.reference("a/b:1")
    if auth is not Auth.NONE:
        with pytest.raises(CommandFailedError, match=r"authentication required|unauthorized"):
            skopeo.copy(f"docker://{source}", f"docker://{target}", "--all")
    skopeo.login(registry)
    skopeo.copy(f"docker://{source}", f"docker://{target}", "--all", "--preserve-digests")
    assert skopeo.raw(target) == skopeo.raw(source)
    assert run_image(target, "linux/arm/v7", "uname", "-m").strip() == "armv7l"


def test_three_registries_want_three_passwords(
    three_registries: tuple[Registry, Registry, Registry], skopeo: Skopeo
) -> None:
    assert len({(registry.username, registry.password) for registry in three_registries}) == 3
    for registry in three_registries:
        skopeo.login(registry)
        with pytest.raises(CommandFailedError, match=r"manifest unknown|name unknown"):
            skopeo.raw(registry.reference("nothing/here:1"))
        for other in three_registries:
            if other is not registry:
                with pytest.raises(
                    CommandFailedError, match=r"authentication required|unauthorized"
                ):
                    skopeo.raw(other.reference("nothing/here:1"))


def test_bases_hold_the_promised_platforms(base_registry: Registry, skopeo: Skopeo) -> None:
    for name, digest in base_digests().items():
        children = skopeo.index(base_registry.reference(name))["manifests"]
        assert {"amd64", "arm64"} <= {child["platform"]["architecture"] for child in children}
        repository = name.partition(":")[0]
        assert skopeo.index(base_registry.reference(f"{repository}@{digest}"))["manifests"]
    assert len(skopeo.index(base_registry.reference("busybox:1"))["manifests"]) == len(MACHINES)


def test_the_base_registry_takes_nothing(base_registry: Registry, skopeo: Skopeo) -> None:
    source = f"docker://{base_registry.reference('busybox:1')}"
    with pytest.raises(CommandFailedError, match="405, Method not allowed"):
        skopeo.copy(source, f"docker://{base_registry.reference('mine:1')}")


@pytest.mark.parametrize("platform", MACHINES)
def test_a_program_of_every_platform_runs(
    run_foreign: RunForeign, tmp_path: Path, platform: str
) -> None:
    tar = busybox_root(platform)
    run("tar", "-xf", tar, "-C", tmp_path, "bin/busybox")
    said = run_foreign(tmp_path / "bin/busybox", "echo", "hello", platform=platform)
    assert said == "hello\n"


@pytest.mark.parametrize(("ci", "status"), [("", 0), ("true", 1)])
def test_a_missing_part_skips_here_and_fails_in_ci(tmp_path: Path, ci: str, status: int) -> None:
    test = tmp_path / "test_it.py"
    test.write_text("def test_needs_docker(docker_engine):\n    assert False\n")
    root = Path(__file__).parents[2]
    plugins = ("-p", "tests.lab.absence", "-p", "tests.lab.fixtures")
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *plugins, test],
        cwd=tmp_path,
        env={**os.environ, "CI": ci, "PATH": "/nowhere", "POLYARCH_LAB": str(tmp_path / "cache")}
        | {"PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == status, done.stdout
    assert "did not run: real parts are missing" in done.stdout
    assert "test_needs_docker" in done.stdout.partition("did not run")[2]


def test_what_is_half_made_is_never_seen(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("POLYARCH_LAB", str(tmp_path))

    def half(folder: Path) -> None:
        (folder / "one").touch()
        raise OSError

    with pytest.raises(OSError):
        make_once(tmp_path / "thing", half)
    assert list(tmp_path.iterdir()) == []
    made = make_once(tmp_path / "thing", lambda folder: (folder / "one").touch())
    assert make_once(tmp_path / "thing", half) == made
    with work_folder() as work:
        assert work.parent == tmp_path


def test_both_kinds_of_package_list_name_their_mirror() -> None:
    classic = "# deb http://no main\ndeb [arch=amd64] http://one/debian bookworm main contrib\n"
    assert list(parse_list(classic)) == [("http://one/debian", ["bookworm"])]
    modern = (
        "Types: deb\n# Suites: no\nURIs: http://one/debian http://two\nSuites: bookworm sid\n"
        "Components: main\n\nTypes: deb-src\nURIs: http://three\nSuites: a\nComponents: main\n\n"
        "Enabled: no\nTypes: deb\nURIs: http://four\nSuites: a\nComponents: main\n"
    )
    suites = ["bookworm", "sid"]
    assert list(parse_sources(modern)) == [("http://one/debian", suites), ("http://two", suites)]


def test_the_status_is_told_without_root_or_parts(tmp_path: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "tests.lab", "status"],
        cwd=Path(__file__).parents[2],
        env={"PATH": "/nowhere", "POLYARCH_LAB": str(tmp_path)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert json.dumps(done.stdout).count(" no ") >= 5
