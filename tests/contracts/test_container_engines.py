"""What engines that run Dockerfiles promise beyond the contract of all: steps that execute."""

import base64
import contextlib
import os
import subprocess
import tarfile
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from polyarch.content.layout import INDEX_FILE, LAYOUT_FILE, LAYOUT_VERSION, LayoutStore
from polyarch.engines.base import FolderContext, ImageContext, LayoutContext, RegistryLogin
from polyarch.errors import (
    BaseLoginRefusedError,
    BaseUnreachableError,
    BuildFailedError,
    PolyarchError,
    StorageError,
)
from polyarch.events import BuildLog, BuildStep, Event
from polyarch.host.process import ending_all
from polyarch.oci.fields import encode
from polyarch.oci.manifest import ImageIndex
from polyarch.oci.platform import Platform
from tests.lab.fixtures import StartRegistry
from tests.lab.registries import Auth, Registry
from tests.lab.skopeo import Skopeo
from tests.support.engine_cases import CREATED, EngineCase, Workshop, buildah_case, buildx_case

pytestmark = pytest.mark.real

MACHINES = {
    "linux/amd64": "x86_64",
    "linux/arm64": "aarch64",
    "linux/arm/v7": "armv7l",
}
BASE = "registry.example.com/team/base:1"


@pytest.fixture(params=["docker_engine", "buildah"])
def case(request: pytest.FixtureRequest) -> EngineCase:
    part = request.getfixturevalue(request.param)
    return buildx_case(part) if request.param == "docker_engine" else buildah_case(part)


@pytest.fixture
def busybox(base_registry: Registry) -> str:
    return base_registry.reference("busybox:1")


@pytest.fixture
def shop(case: EngineCase, base_registry: Registry, tmp_path: Path) -> Workshop:
    return Workshop(case=case, folder=tmp_path / "Work", plain_http=(base_registry.host,))


@pytest.fixture
def small_disk(shop: Workshop) -> Iterator[Path]:
    """The folder that builds are written to, as a disk of 1 MB."""
    shop.out.mkdir()
    mounted = run_program("mount", "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(shop.out))
    if mounted.returncode != 0:
        pytest.skip(f"no small disk can be mounted: {mounted.stderr}")
    yield shop.out
    run_program("umount", str(shop.out))


def run_program(*words: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(words, capture_output=True, text=True, check=False)


@contextlib.contextmanager
def answering(status: int) -> Iterator[str]:
    """A registry that answers everything with one status; gives its host."""

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self.send_response(status)
            self.send_header("Content-Length", "0")
            self.send_header("Retry-After", "0")
            self.end_headers()

        def do_HEAD(self) -> None:
            self.do_GET()

        def log_message(self, *_words: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"127.0.0.1:{server.server_port}"
        finally:
            server.shutdown()
            thread.join()


def test_a_full_disk_is_told_and_nothing_is_kept(shop: Workshop, small_disk: Path) -> None:
    (shop.project / "app.txt").write_bytes(os.urandom(3_000_000))
    with pytest.raises(StorageError, match="no space left"):
        shop.build("FROM scratch\nCOPY app.txt /\n", "linux/arm64")
    assert list(small_disk.iterdir()) == []


@pytest.mark.parametrize("platform", MACHINES)
def test_steps_run_as_programs_of_the_platform(shop: Workshop, busybox: str, platform: str) -> None:
    built = shop.build(f"FROM {busybox}\nRUN uname -m > /machine\n", platform)
    assert shop.files(built)["machine"].decode().strip() == MACHINES[platform]
    assert shop.config(built).platform == Platform.parse(platform)
    shop.prove(built)


CROSS = """\
ARG BASE
FROM --platform=$BUILDPLATFORM $BASE AS build
ARG TARGETPLATFORM
RUN echo "$(uname -m) for $TARGETPLATFORM" > /built
FROM build AS check
RUN uname -m > /checked
FROM ${BASE}
RUN uname -m > /own
COPY --from=build /built /built
COPY --from=check /checked /checked
"""


@pytest.mark.parametrize("platform", ["linux/arm64", "linux/arm/v7"])
def test_a_cross_compiling_stage_runs_natively(shop: Workshop, busybox: str, platform: str) -> None:
    files = shop.files(built := shop.build(CROSS, platform, build_args={"BASE": busybox}))
    assert files["built"].decode().strip() == f"x86_64 for {platform}"
    assert files["checked"].decode().strip() == "x86_64"
    assert files["own"].decode().strip() == MACHINES[platform]
    assert shop.config(built).platform == Platform.parse(platform)


def test_a_project_base_serves_build_stage_and_final_stage(shop: Workshop, busybox: str) -> None:
    text = f"FROM {busybox}\nRUN uname -m > /base\n"
    bases = [shop.build(text, platform) for platform in ("linux/amd64", "linux/arm64")]
    base = LayoutContext(layout=shop.layout.root, descriptor=shop.index(*bases))
    files = shop.files(
        shop.build(
            f"FROM --platform=$BUILDPLATFORM {BASE} AS build\n"
            "RUN cat /base > /built\n"
            f"FROM {BASE}\n"
            "COPY --from=build /built /built\n"
            f"COPY --from={BASE} /base /copied\n"
            f"RUN --mount=type=bind,from={BASE},target=/m cat /m/base > /mounted\n",
            "linux/arm64",
            contexts={BASE: base},
        )
    )
    assert files["built"].decode().strip() == "x86_64"
    assert [files[name].decode().strip() for name in ("base", "copied", "mounted")] == [
        "aarch64"
    ] * 3
    assert shop.case.leftovers() == []


@pytest.mark.parametrize("no_cache", [False, True])
def test_steps_give_the_same_bytes(shop: Workshop, busybox: str, *, no_cache: bool) -> None:
    text = f"FROM {busybox}\nARG V\nRUN echo one > /one\nCOPY app.txt /two\nLABEL v=$V\n"
    first = shop.build(text, "linux/arm64", build_args={"V": "1"})
    second = shop.build(text, "linux/arm64", build_args={"V": "1"}, no_cache=no_cache)
    assert first.manifest == second.manifest


def test_no_file_is_younger_than_the_commit(shop: Workshop) -> None:
    built = shop.build("FROM scratch\nCOPY app.txt /one\nADD app.txt /two/three\n", "linux/arm64")
    assert {int(entry.mtime) for entry, _ in shop.entries(built)} == {CREATED}


def test_a_changed_argument_is_never_answered_from_the_cache(shop: Workshop, busybox: str) -> None:
    text = f"FROM {busybox}\nARG V=0\nENV V=$V\nRUN echo $V > /v\nLABEL v=$V\n"
    for value in ("1", "2", "1"):
        built = shop.build(text, "linux/arm64", build_args={"V": value})
        assert shop.files(built)["v"].decode().strip() == value
        assert shop.config(built).labels["v"] == value
        assert f"V={value}" in shop.config(built).environment


def test_variables_of_one_platform_do_not_reach_another(shop: Workshop) -> None:
    text = "FROM scratch\nARG TARGETPLATFORM\nENV P=$TARGETPLATFORM\nCOPY app.txt /\n"
    for platform in ("linux/arm64", "linux/386", "linux/arm/v6", "linux/arm64"):
        environment = shop.config(shop.build(text, platform)).environment
        assert f"P={platform}" in environment


def test_what_docker_adds_to_configs_is_kept(shop: Workshop, busybox: str) -> None:
    text = f'FROM {busybox}\nHEALTHCHECK --interval=5s CMD ["true"]\nSHELL ["sh", "-ec"]\n'
    raw = shop.config(shop.build(text, "linux/arm64")).raw.decode()
    assert '"Healthcheck":{' in raw
    assert '"Shell":["sh","-ec"]' in raw.replace(", ", ",")
    assert "polyarch" not in raw


def test_a_failing_step_shows_its_last_words(shop: Workshop, busybox: str) -> None:
    text = f"FROM {busybox}\nRUN echo the compiler is sad && exit 7\n"
    with pytest.raises(BuildFailedError) as caught:
        shop.build(text, "linux/amd64")
    told = "\n".join(caught.value.last_lines)
    assert "the compiler is sad" in told
    assert "7" in caught.value.last_lines[-1]
    assert '"vertex' not in told
    assert "the compiler is sad" in shop.log.read_text()
    assert list(shop.out.glob("*")) == []
    assert shop.case.leftovers() == []


def test_output_comes_while_the_step_runs(shop: Workshop, busybox: str) -> None:
    shop.build(f"FROM {busybox}\nRUN echo hello from inside; echo two\n", "linux/amd64")
    lines = [event.line for event in shop.events if isinstance(event, BuildLog)]
    assert any("hello from inside" in line for line in lines)
    steps = [event.text for event in shop.events if isinstance(event, BuildStep)]
    assert any("RUN echo hello" in text for text in steps)


def test_a_base_that_does_not_exist_is_named(shop: Workshop, base_registry: Registry) -> None:
    absent = base_registry.reference("nobody/nothing:1")
    with pytest.raises(BuildFailedError) as caught:
        shop.build(f"FROM {absent}\nCOPY app.txt /\n", "linux/amd64")
    assert absent in caught.value.message
    assert "base image does not exist" in (caught.value.hint or "")


def test_a_base_without_the_platform_is_explained(shop: Workshop, base_registry: Registry) -> None:
    debian = base_registry.reference("debian:bookworm")
    with pytest.raises(BuildFailedError) as caught:
        shop.build(f"FROM {debian}\nCOPY app.txt /\n", "linux/s390x")
    assert "does not exist for this platform" in (caught.value.hint or "")


@pytest.mark.parametrize("host", ["127.0.0.1:1", "registry.invalid"])
def test_a_registry_that_is_down_is_told(shop: Workshop, host: str) -> None:
    with pytest.raises(BaseUnreachableError) as caught:
        shop.build(f"FROM {host}/base:1\nCOPY app.txt /\n", "linux/amd64")
    assert "cannot be reached" in (caught.value.hint or "")


def test_a_named_image_that_cannot_be_had_is_told(shop: Workshop) -> None:
    tools = ImageContext(reference="127.0.0.1:1/base:1")
    with pytest.raises(BaseUnreachableError):
        shop.build(
            "FROM scratch\nCOPY --from=tools /x /y\n", "linux/amd64", contexts={"tools": tools}
        )


@pytest.mark.parametrize("status", [429, 503])
def test_a_registry_that_is_busy_is_told(shop: Workshop, status: int) -> None:
    with (
        answering(status) as host,
        pytest.raises(BaseUnreachableError),
    ):
        shop.build(f"FROM {host}/base:1\nCOPY app.txt /\n", "linux/amd64", plain_http=(host,))


def test_a_registry_that_asks_for_a_login_is_told(
    shop: Workshop, distribution_registry: StartRegistry
) -> None:
    closed = distribution_registry(Auth.HTPASSWD)
    with pytest.raises(BaseLoginRefusedError) as caught:
        shop.build(
            f"FROM {closed.reference('base:1')}\nCOPY app.txt /\n",
            "linux/amd64",
            plain_http=(closed.host,),
        )
    assert "refuses the login" in (caught.value.hint or "")


@pytest.mark.parametrize("auth", [Auth.HTPASSWD, Auth.TOKEN])
def test_a_private_base_is_had_with_the_logins_of_the_request(
    shop: Workshop,
    busybox: str,
    distribution_registry: StartRegistry,
    skopeo: Skopeo,
    auth: Auth,
) -> None:
    secret = "canary-5ecret"
    closed = distribution_registry(auth, username="somebody", password=secret)
    base = closed.reference("team/base:1")
    skopeo.login(closed)
    skopeo.copy(f"docker://{busybox}", f"docker://{base}", "--all")
    forms = (secret, base64.b64encode(f"somebody:{secret}".encode()).decode())
    told: list[str] = []

    def listen(event: Event) -> None:
        told.extend([repr(event), *command_lines()])

    login = RegistryLogin(host=closed.host, username="somebody", secret=secret)
    request = shop.request(
        f"FROM {base}\nRUN uname -m > /machine; env\nCOPY --from=tools /bin/busybox /copied\n",
        "linux/arm64",
        plain_http=(closed.host,),
        logins=(login,),
        contexts={"tools": ImageContext(reference=base)},
    )
    built = shop.case.engine.build(request, shop.layout, listen)
    assert shop.files(built)["machine"].strip() == b"aarch64"
    kept = [path.read_bytes() for path in shop.folder.rglob("*") if path.is_file()]
    assert told
    for form in forms:
        assert not any(form in text for text in told)
        assert not any(form.encode() in data for data in (*kept, *shop.files(built).values()))


def command_lines() -> Iterator[str]:
    """What all programs of this machine were started with."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with contextlib.suppress(OSError):
            yield path.read_text(errors="replace")


def test_other_contexts_are_folders_and_images(
    shop: Workshop, busybox: str, tmp_path: Path
) -> None:
    other = tmp_path / "Other, files"
    other.mkdir()
    (other / "note.txt").write_text("from elsewhere")
    built = shop.build(
        "FROM tools AS made\nRUN uname -m > /machine\n"
        "FROM scratch\nCOPY --from=notes note.txt /\nCOPY --from=made /machine /\n",
        "linux/arm64",
        contexts={
            "notes": FolderContext(path=other),
            "tools": ImageContext(reference=busybox),
        },
    )
    files = shop.files(built)
    assert files["note.txt"] == b"from elsewhere"
    assert files["machine"].strip() == b"aarch64"


def test_a_named_image_is_copied_from_and_mounted(shop: Workshop, busybox: str) -> None:
    tools = ImageContext(reference=busybox)
    built = shop.build(
        f"FROM {BASE} AS made\nRUN uname -m > /machine\n"
        f"RUN --mount=type=bind,from=tools,target=/m cp /m/bin/busybox /mounted\n"
        f"FROM scratch\nCOPY --from=tools /bin/busybox /copied\n"
        f"COPY --from={BASE} /bin/busybox /same\n"
        "COPY --from=made /machine /mounted /\n",
        "linux/arm64",
        contexts={"tools": tools, BASE: tools},
    )
    files = shop.files(built)
    assert files["machine"].strip() == b"aarch64"
    assert files["copied"] == files["mounted"] == files["same"] != b""


def test_an_image_of_a_registry_is_copied_from_by_its_own_name(
    shop: Workshop, busybox: str
) -> None:
    built = shop.build(f"FROM scratch\nCOPY --from={busybox} /bin/busybox /\n", "linux/arm64")
    assert shop.files(built)["busybox"]


def test_the_ignore_file_of_a_dockerfile_counts(shop: Workshop) -> None:
    shop.write("secret.txt", "do not ship")
    file = shop.write("deploy/App.Dockerfile", "FROM scratch\nCOPY . /\n")
    shop.write("deploy/App.Dockerfile.dockerignore", "secret.txt\ndeploy\nDockerfile\n")
    built = shop.build("", "linux/arm64", file=file)
    assert set(shop.files(built)) == {"app.txt"}


def test_an_interrupted_build_ends_its_step_and_leaves_nothing(
    shop: Workshop, busybox: str
) -> None:
    running = threading.Event()

    def listen(event: Event) -> None:
        if isinstance(event, BuildLog) and "sleeping now" in event.line:
            running.set()

    request = shop.request(f"FROM {busybox}\nRUN echo sleeping now; sleep 86399\n", "linux/amd64")
    caught: list[PolyarchError] = []

    def build() -> None:
        try:
            shop.case.engine.build(request, shop.layout, listen)
        except PolyarchError as error:
            caught.append(error)

    thread = threading.Thread(target=build)
    thread.start()
    assert running.wait(60)
    with ending_all():
        thread.join(60)
    assert not thread.is_alive()
    assert caught
    assert list(shop.out.glob("*")) == []
    assert shop.case.leftovers() == []
    deadline = time.monotonic() + 20
    while sleeping() and time.monotonic() < deadline:
        time.sleep(0.1)
    assert not sleeping()


def sleeping() -> list[str]:
    """The processes of the step that sleeps."""
    found = []
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        try:
            words = path.read_bytes().split(b"\0")
        except OSError:
            continue
        if words[:2] == [b"sleep", b"86399"]:
            found.append(path.parent.name)
    return found


def test_what_was_built_can_be_loaded(
    shop: Workshop, busybox: str, request: pytest.FixtureRequest
) -> None:
    built = shop.build(f"FROM {busybox}\nCOPY app.txt /\n", "linux/arm64")
    archive = shop.folder / "with:colon" / "image.tar"
    archive.parent.mkdir()
    name = "localhost/polyloaded:1"
    write_archive(shop, built.manifest, archive)
    engine = shop.case.engine
    engine.load(archive, name)  # type: ignore[attr-defined]  # both engines under test are loaders
    if engine.name == "buildah":
        listed = request.getfixturevalue("buildah").buildah("images", "--format", "{{.Name}}")
    else:
        listed = request.getfixturevalue("docker_engine").docker(
            "image", "inspect", "--format", "{{.Architecture}} {{.RepoTags}}", name
        )
        assert "arm64" in listed
    assert "localhost/polyloaded" in listed


def write_archive(shop: Workshop, image: object, path: Path) -> None:
    """An image as a tar that is an OCI layout and a `docker save` at once, without a name."""
    manifest = shop.manifest(image)  # type: ignore[arg-type]
    blobs = (manifest.descriptor, *manifest.blobs)
    store: LayoutStore = shop.layout

    def blob(digest: object) -> str:
        return str(store.path_of(digest).relative_to(store.root))  # type: ignore[arg-type]

    docker = [
        {
            "Config": blob(manifest.config.digest),
            "RepoTags": None,
            "Layers": [blob(layer.digest) for layer in manifest.layers],
        }
    ]
    files = {
        LAYOUT_FILE: LAYOUT_VERSION,
        INDEX_FILE: ImageIndex.build([manifest.descriptor]).raw,
        "manifest.json": b"[" + encode(docker[0]) + b"]",
    }
    with tarfile.open(path, "w") as tar:
        for name, data in files.items():
            source = path.with_suffix(".part")
            source.write_bytes(data)
            tar.add(source, name)
        for item in blobs:
            tar.add(store.path_of(item.digest), blob(item.digest))
