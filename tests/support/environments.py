"""A group of three images with a staging environment, promoted to where all of them are pulled."""

import asyncio
import json
import shutil
from collections.abc import Callable, Coroutine, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, TypeVar

from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.manifest import ImageManifest
from polyarch.oci.reference import Repository
from polyarch.registry.body import Body
from polyarch.registry.client import RegistryClient
from polyarch.registry.repository import RemoteRepository
from polyarch.transaction.marker import NO_CONFIG, marker, push_marker_blobs
from tests.support.places import SIGNATURE
from tests.support.tiny_project import Said, TinyProject, github
from tests.support.whole import Shelf

T = TypeVar("T")

IMAGES = ("app", "web", "bot")
TAGS = ("1.2.3", "1.2", "latest")
PLATFORMS = ("linux/ppc64le", "linux/s390x")

TOML = """\
[defaults]
engine = "direct"
platforms = ["linux/ppc64le", "linux/s390x"]
repositories = {production}
tags = [
  "type=ref,event=branch",
  "type=semver,pattern={{{{version}}}}",
  "type=semver,pattern={{{{major}}}}.{{{{minor}}}}",
  "type=raw,value=latest,enable={{{{is_default_branch}}}}",
]
[defaults.direct]
run = ["sh", "make.sh", "{{out}}/app", "{{platform}}"]
files = [{{ from = "{{out}}/app", to = "/app" }}]
[images.app]
[images.web]
labels = {{ role = "web" }}
[images.bot]
labels = {{ role = "bot" }}
[groups]
all = ["app", "web", "bot"]
[publish]
on = ["tag:v*", "release"]
[environments.staging]
repositories = {staging}
[environments.staging.publish]
on = ["branch:main", "tag:v*"]
"""
MAKE = 'printf "made for %s\\n" "$2" > "$1"\nchmod +x "$1"\n'


@dataclass(frozen=True)
class Staged:
    """The project, and the hosts of its registries: staging is in the first two of them."""

    project: TinyProject
    hosts: Sequence[str]
    more: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def make(cls, root: Path, hosts: Sequence[str], config: str = "") -> "Staged":
        """Make it; nothing is published yet. `config` ends its polyarch.toml."""
        text = TOML.format(
            production=json.dumps([f"{host}/team/{{image}}" for host in hosts]),
            staging=json.dumps([f"{host}/staging/{{image}}" for host in hosts[:2]]),
        )
        files = {"polyarch.toml": text + config, "make.sh": MAKE}
        return cls(TinyProject.make(root, files), hosts)

    def event(self, ref: str = "refs/tags/v1.2.3") -> dict[str, str]:
        """A push of it, at what is checked out."""
        return {**github("push", ref, self.project.git("rev-parse", "HEAD")), **self.more}

    def stage(self, *words: str, ref: str = "refs/tags/v1.2.3") -> dict[str, Any]:
        """Publish to staging."""
        said = self.project.run(
            "publish", "--json", "--env", "staging", *words, more=self.event(ref)
        )
        assert said.code == 0, said
        return said.document

    def promote(self, *words: str, more: Mapping[str, str] | None = None) -> Said:
        """Promote, by default for the pushed tag."""
        event = self.event() if more is None else {**more, **self.more}
        return self.project.run(*WORDS, *words, more=event)

    def fresh(self, name: str, *, records: bool = False) -> "Staged":
        """The same on a machine that knows nothing, or has the records of runs, not their journals.

        Its home is the same.
        """
        root = self.project.root.parent / name / "project"
        ignored = shutil.ignore_patterns("journal.jsonl" if records else ".polyarch")
        shutil.copytree(self.project.root, root, ignore=ignored)
        made = TinyProject(root=root, environment=self.project.environment)
        return Staged(made, self.hosts, self.more)

    def standing(self, room: str = "team", images: Sequence[str] = IMAGES) -> list[Any]:
        """For each registry by image and tag the digest; every tag has to be whole."""
        found = []
        for host in self.hosts if room == "team" else self.hosts[:2]:
            shelves = {name: shelf(host, f"{room}/{name}") for name in images}
            found.append({name: tags for name, tags in shelves.items() if tags})
        return found


WORDS = ("promote", "--json", "--from", "staging", "--to", "production")


def app_of(document: dict[str, Any]) -> str:
    """The digest of the image `app`."""
    found: str = document["images"][0]["digest"]
    return found


def told(said: Said) -> list[dict[str, str]]:
    """For each destination of the first image what became of each tag."""
    return [
        {each["tag"]: each["status"] for each in destination["references"]}
        for destination in said.document["images"][0]["destinations"]
    ]


def shelf(host: str, repository: str) -> dict[str, str]:
    """The tags of a repository, but for those that list referrers, and what each shows whole."""
    tags = Shelf(host=host, repository=repository).tags()
    images = {tag: each for tag, each in tags.items() if not tag.startswith("sha256-")}
    assert not any(each.flaws for each in images.values()), images
    return {tag: each.digest for tag, each in images.items()}


def on(name: str, ask: Callable[[RemoteRepository], Coroutine[Any, Any, T]]) -> T:
    """Ask a repository something."""

    async def asked() -> T:
        async with RegistryClient() as client:
            return await ask(client.repository(Repository.parse(name)))

    return asyncio.run(asked())


def referrers_of(name: str, digest: str) -> set[str]:
    """The digests of all that is about a manifest, as the registry lists it."""

    async def ask(remote: RemoteRepository) -> set[str]:
        listed = await remote.referrers(Digest.parse(digest))
        return {str(each.digest) for each in listed.entries}

    return on(name, ask)


def sign(name: str, digest: str, said: str = "signed", kind: str = SIGNATURE) -> str:
    """Attach something to a manifest, and give its digest."""

    async def ask(remote: RemoteRepository) -> str:
        about = await remote.get_manifest(Digest.parse(digest))
        made = marker({"org.example.said": said}, artifact_type=kind, subject=about.descriptor)
        await push_marker_blobs(remote)
        await remote.push_referrer(made)
        return str(made.descriptor.digest)

    return on(name, ask)


def cosign(name: str, digest: str, *signatures: str, end: str = ".sig") -> str:
    """Keep signatures under cosign's tag, as `cosign sign` does; gives the digest of it."""
    kind = "application/vnd.dev.cosign.simplesigning.v1+json"
    config = Descriptor.of(mediatype.OCI_CONFIG, NO_CONFIG)
    payload = digest.encode()
    layers = [
        replace(Descriptor.of(kind, payload), annotations={"dev.cosignproject.cosign/signature": s})
        for s in signatures
    ]
    made = ImageManifest.build(config=config, layers=layers)

    async def ask(remote: RemoteRepository) -> None:
        await remote.push_blob(config, Body.of_bytes(NO_CONFIG))
        await remote.push_blob(layers[0].bare(), Body.of_bytes(payload))
        await remote.put_manifest(made, digest.replace(":", "-") + end)

    on(name, ask)
    return str(made.descriptor.digest)


def shown_as(name: str, tag: str) -> str:
    """The digest that stands under a tag; empty for none."""

    async def ask(remote: RemoteRepository) -> str:
        head = await remote.head(tag)
        return str(head.digest) if head else ""

    return on(name, ask)


def attach(name: str, manifest: ImageManifest, blobs: Mapping[Any, bytes]) -> None:
    """Store an artifact with what it consists of."""

    async def ask(remote: RemoteRepository) -> None:
        for blob, data in blobs.items():
            await remote.push_blob(blob, Body.of_bytes(data))
        await remote.push_referrer(manifest)

    on(name, ask)


def retag(name: str, digest: str, tag: str) -> None:
    """Move a tag, as any other client does."""

    async def ask(remote: RemoteRepository) -> None:
        await remote.put_manifest(await remote.get_manifest(Digest.parse(digest)), tag=tag)

    on(name, ask)
