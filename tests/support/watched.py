"""A published set for the tests of `watch`, and hands that damage it."""

import copy
import functools
import json
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from polyarch.config.load import load_project
from polyarch.config.project import ImageSettings
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageIndex, ImageManifest
from polyarch.sandbox.memory import MemoryStorage
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.storage import StoredManifest
from tests.support.documents import WATCH, check
from tests.support.tiny_project import NOTHING, Said, TinyProject, github

RULES = """\
tags = [
    "type=ref,event=branch", "type=schedule", "type=semver,pattern={{version}}",
    "type=semver,pattern={{major}}.{{minor}}", "type=sha",
]
"""
PATH = "team/app"
FIRST, SECOND = "linux/ppc64le", "linux/s390x"


@dataclass(frozen=True)
class Held:
    """What one registry holds of the image, changed behind everybody's back."""

    registry: SandboxRegistry

    @property
    def repository(self) -> str:
        return f"{self.registry.host}/{PATH}"

    def digest(self, tag: str) -> Digest:
        found = self.registry.storage.tag(PATH, tag)
        assert found is not None
        return found

    def index(self, tag: str) -> ImageIndex:
        stored = self.registry.storage.manifest(PATH, self.digest(tag))
        assert stored is not None
        return ImageIndex.parse(stored.raw, stored.media_type)

    def child(self, tag: str, platform: str) -> ImageManifest:
        [digest] = [c.digest for c in self.index(tag).images if str(c.platform) == platform]
        stored = self.registry.storage.manifest(PATH, digest)
        assert stored is not None
        return ImageManifest.parse(stored.raw, stored.media_type)

    def lose_child(self, tag: str, platform: str) -> Digest:
        digest = self.child(tag, platform).descriptor.digest
        assert self.registry.storage.delete_manifest(PATH, digest)
        return digest

    def lose_blob(self, tag: str, platform: str) -> Digest:
        digest = self.child(tag, platform).layers[0].digest
        assert self.registry.storage.unlink_blob(PATH, digest)
        return digest

    def put(self, tag: str, index: ImageIndex) -> None:
        """Push as a client does that knows nothing of polyarch."""
        media_type = index.descriptor.media_type
        stored = StoredManifest(raw=index.raw, media_type=media_type)
        self.registry.storage.put_manifest(PATH, index.descriptor.digest, stored)
        self.registry.storage.put_tag(PATH, tag, index.descriptor.digest)

    def lose_platform(self, tag: str, platform: str) -> None:
        index = self.index(tag)
        kept = [each for each in index.manifests if str(each.platform) != platform]
        self.put(tag, ImageIndex.build(kept, annotations=index.annotations))


def copied(storage: object) -> MemoryStorage:
    """The same content once more, which may be damaged."""
    assert isinstance(storage, MemoryStorage)
    made = MemoryStorage()
    for name in ("_blobs", "_repositories"):
        setattr(made, name, copy.deepcopy(getattr(storage, name)))
    return made


def published_in(root: Path, registries: Sequence[SandboxRegistry]) -> TinyProject:
    """The usual tiny project, whose destinations these are."""
    project = TinyProject.make(root)
    repositories = ", ".join(f'"{each.host}/team/{{image}}"' for each in registries)
    lines = [
        f"repositories = [{repositories}]" if line.startswith("repositories") else line
        for line in (project.root / "polyarch.toml").read_text().splitlines()
    ]
    project.toml("\n".join(lines) + "\n")
    project.commit("Publish here")
    return project


def ruled(project: TinyProject, more: str = "") -> TinyProject:
    """The project with releases, branches and nightlies."""
    lines = (project.root / "polyarch.toml").read_text().splitlines()
    project.toml("\n".join(RULES if line.startswith("tags") else line for line in lines) + more)
    project.commit("Rules")
    return project


def published_as(project: TinyProject, ref: str, name: str = "push") -> Said:
    """Publish what is checked out, as an event of CI."""
    payload = project.root.parent / "event.json"
    payload.write_text(json.dumps({"repository": {"default_branch": "main"}}))
    sha = project.git("rev-parse", "HEAD")
    more = github(name, ref, sha, GITHUB_EVENT_PATH=str(payload))
    said = project.run("publish", "--json", more=more)
    assert said.code == 0, said
    return said


def watched(
    project: TinyProject, *words: str, code: int = 0, more: Mapping[str, str] = NOTHING
) -> Said:
    """`watch --json`, on a laptop unless `more` says otherwise."""
    said = project.run("watch", "--json", *words, more=more)
    assert said.code == code, said
    check(said.document, WATCH)
    return said


def codes(said: Said) -> set[str]:
    """What was found, information left out."""
    return {each["code"] for each in findings(said) if each["severity"] != "info"}


def findings(said: Said) -> list[dict[str, Any]]:
    return [found for each in said.document["results"] for found in each["findings"]]


SETTINGS = """\
[images.app]
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["a.example/app", "b.example/app", "c.example/app"]
direct = { files = [{ from = "x", to = "/x" }] }
"""


@functools.cache
def _settings() -> ImageSettings:
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "polyarch.toml"
        file.write_text(SETTINGS)
        return load_project(file).images["app"]


def settings_of(**keys: Any) -> ImageSettings:
    """An image of the config, with these values in place of the usual ones."""
    return replace(_settings(), **keys)
