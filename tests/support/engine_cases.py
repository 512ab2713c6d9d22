"""What contract tests of engines share: the cases, a small project, and looks into images."""

import tarfile
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from polyarch.content.graph import walk
from polyarch.content.layout import LayoutStore
from polyarch.content.reader import read_small
from polyarch.engines.base import BuildRequest, Built, Engine
from polyarch.engines.buildah import BuildahEngine
from polyarch.engines.buildx import BuildxEngine
from polyarch.engines.fake import FakeEngine
from polyarch.events import Event
from polyarch.oci import mediatype
from polyarch.oci.config import ImageConfig
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.oci.platform import Platform
from tests.lab.buildah import Buildah
from tests.lab.engine import DockerEngine

CREATED = 1_700_000_000
CREATED_TEXT = "2023-11-14T22:13:20Z"

# The machine's own PATH is not asked: tests may not depend on where a person's shell looks.
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"


@dataclass(kw_only=True)
class EngineCase:
    """One engine under test; `reads_dockerfiles` tells the real ones from the fake.

    `failing` is an engine that fails every build of `request.platform` (the same engine for real
    ones: they fail by the Dockerfile). `leftovers` lists what should not be in the engine's store.
    """

    engine: Engine
    failing: Engine
    reads_dockerfiles: bool
    network: str = ""
    leftovers: Callable[[], list[str]] = list


def fake_case(platform: Platform) -> EngineCase:
    """The fake, and one that fails."""
    failing = FakeEngine(fails=frozenset({platform}))
    return EngineCase(engine=FakeEngine(), failing=failing, reads_dockerfiles=False)


def docker_environment(docker: DockerEngine) -> dict[str, str]:
    """What programs of a test get to reach the engine."""
    return {"HOME": "/nonexistent", **docker.env}


def buildx_case(docker: DockerEngine) -> EngineCase:
    """BuildKit of a running Docker Engine."""
    engine = BuildxEngine(docker_environment(docker))
    network = "" if docker.bridged else "host"
    return EngineCase(engine=engine, failing=engine, reads_dockerfiles=True, network=network)


def buildah_environment(buildah: Buildah) -> dict[str, str]:
    """What programs of a test get to use the storage of the tests."""
    return {"PATH": PATH, "HOME": "/nonexistent", **buildah.env}


def buildah_case(buildah: Buildah) -> EngineCase:
    """Buildah with its own storage."""

    def leftovers() -> list[str]:
        names = buildah.buildah("images", "--format", "{{.Name}}").split()
        containers = buildah.buildah("containers", "-q").split()
        return [*containers, *(name for name in names if "polyarch" in name)]

    engine = BuildahEngine(buildah_environment(buildah))
    return EngineCase(engine=engine, failing=engine, reads_dockerfiles=True, leftovers=leftovers)


@dataclass
class Workshop:
    """A project in a folder, the layout that builds go to, and the events of all builds."""

    case: EngineCase
    folder: Path
    plain_http: tuple[str, ...] = ()
    events: list[Event] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.project.mkdir(parents=True)
        self.write("app.txt", "the application\n")

    @property
    def project(self) -> Path:
        return self.folder / "project"

    @property
    def out(self) -> Path:
        return self.folder / "Out"

    @property
    def log(self) -> Path:
        return self.folder / "logs" / "build.log"

    @property
    def layout(self) -> LayoutStore:
        return LayoutStore(self.out / "layout")

    def write(self, name: str, text: str) -> Path:
        path = self.project / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
        return path

    def request(
        self, dockerfile: str, platform: str, *, file: Path | None = None, **more: Any
    ) -> BuildRequest:
        values: dict[str, Any] = {
            "image": "app",
            "platform": Platform.parse(platform),
            "project": self.project,
            "context": self.project,
            "dockerfile": file or self.write("Dockerfile", dockerfile),
            "created": CREATED,
            "network": self.case.network,
            "log": self.log,
            "plain_http": self.plain_http,
        }
        return BuildRequest(**{**values, **more})

    def build(self, dockerfile: str, platform: str, **more: Any) -> Built:
        request = self.request(dockerfile, platform, **more)
        return self.case.engine.build(request, self.layout, self.events.append)

    def config(self, built: Built) -> ImageConfig:
        return ImageConfig.parse(read_small(self.layout, self.manifest(built.manifest).config))

    def manifest(self, image: Descriptor) -> ImageManifest:
        return ImageManifest.parse(read_small(self.layout, image), image.media_type)

    def index(self, *built: Built) -> Descriptor:
        """An index of what was built, in the same layout."""
        index = ImageIndex.build([one.manifest for one in built])
        return self.layout.add(mediatype.OCI_INDEX, index.raw).bare()

    def files(self, built: Built) -> Mapping[str, bytes]:
        """The files of an image, upper layers over lower ones."""
        return {
            entry.name.removeprefix("./"): data
            for entry, data in self.entries(built)
            if entry.isfile()
        }

    def entries(self, built: Built) -> Iterator[tuple[tarfile.TarInfo, bytes]]:
        """What the layers hold, lowest first."""
        for layer in self.manifest(built.manifest).layers:
            with (
                self.layout.open(layer) as packed,
                tarfile.open(fileobj=packed, mode="r:gz") as tar,
            ):
                for entry in tar:
                    file = tar.extractfile(entry) if entry.isfile() else None
                    yield entry, file.read() if file else b""

    def prove(self, built: Built) -> int:
        """Read all that a manifest names, compared with its digest and size; counts the nodes."""
        nodes = list(walk(self.layout, built.manifest))
        for node in nodes:
            with self.layout.open(node) as content:
                data = content.read()
            assert Descriptor.of(node.media_type, data).digest == node.digest
            assert len(data) == node.size
        return len(nodes)
