"""Registries that a project of a test publishes to, and what an independent client finds there."""

import hashlib
import json
import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.lab.commands import CommandFailedError
from tests.lab.fixtures import RunImage
from tests.lab.foreign import unpack_layout
from tests.lab.registries import Registry
from tests.lab.skopeo import Skopeo


@dataclass(frozen=True)
class Destinations:
    """Registries with a login each, in the order in which the project names them."""

    registries: Sequence[Registry]

    def repositories(self, name: str) -> list[str]:
        """The full names of a repository in all of them."""
        return [registry.reference(name) for registry in self.registries]

    def toml(self) -> str:
        """The tables of polyarch.toml that name the variables of the logins."""
        return "".join(
            f'[registries."{registry.host}"]\n'
            f'username-env = "{user}"\npassword-env = "{password}"\n'
            for registry, (user, password) in zip(self.registries, self._variables(), strict=True)
        )

    def environment(self) -> dict[str, str]:
        """Those variables."""
        found: dict[str, str] = {}
        for registry, (user, password) in zip(self.registries, self._variables(), strict=True):
            found |= {user: registry.username, password: registry.password}
        return found

    def _variables(self) -> list[tuple[str, str]]:
        return [(f"REGISTRY_{i}_USER", f"REGISTRY_{i}_TOKEN") for i in range(len(self.registries))]


@dataclass(frozen=True)
class Shelf:
    """Looks at what stands in registries, with skopeo and its logins, and runs it."""

    skopeo: Skopeo
    run: RunImage

    def raw(self, reference: str) -> bytes | None:
        """The manifest's bytes, None where there is none."""
        try:
            return self.skopeo.raw(reference)
        except CommandFailedError as error:
            if "manifest unknown" in error.output or "name unknown" in error.output:
                return None
            raise

    def digest(self, reference: str) -> str | None:
        """The digest of what a tag shows, worked out from its bytes."""
        raw = self.raw(reference)
        return None if raw is None else digest_of(raw)

    def children(self, reference: str) -> dict[str, str]:
        """The digest of each platform's image, in the order of the index."""
        return {
            platform_name(child["platform"]): child["digest"]
            for child in self.skopeo.index(reference)["manifests"]
        }

    def config(self, repository: str, digest: str) -> dict[str, Any]:
        """The config of one image."""
        words = ("inspect", "--config", "--raw", "--tls-verify=false")
        found: dict[str, Any] = json.loads(
            self.skopeo.run(*words, f"docker://{repository}@{digest}")
        )
        return found

    def program(self, reference: str, platform: str, path: str, folder: Path) -> Path:
        """A file of a platform's image; `folder` must not be there yet."""
        folder.mkdir(parents=True)
        unpack_layout(self.skopeo.pull(reference, platform, folder / "layout"), folder / "root")
        return folder / "root" / path

    def copy_whole(self, reference: str, folder: Path) -> None:
        """Copy an index with all that is below it, every byte proven."""
        shutil.rmtree(folder, ignore_errors=True)
        options = ("--all", "--preserve-digests")
        self.skopeo.copy(f"docker://{reference}", f"dir:{folder}", *options)

    def tags(self, repository: str) -> list[str]:
        """All tags of a repository; none where there is no such repository."""
        words = ("list-tags", "--tls-verify=false", f"docker://{repository}")
        try:
            found: list[str] = json.loads(self.skopeo.run(*words))["Tags"]
        except CommandFailedError as error:
            if "name unknown" in error.output or "repository name not known" in error.output:
                return []
            raise
        return sorted(found)


def digest_of(raw: bytes) -> str:
    """The digest of some bytes."""
    return f"sha256:{hashlib.sha256(raw).hexdigest()}"


def platform_name(platform: dict[str, str]) -> str:
    """A platform of an index as people write it."""
    words = (platform["os"], platform["architecture"], platform.get("variant", ""))
    return "/".join(word for word in words if word)


def blobs_on_disk(registry: Registry) -> list[str]:
    """The digests of all blobs that a registry keeps, manifests too, whoever may read them."""
    blobs = registry.storage / "docker/registry/v2/blobs"
    return sorted(path.parent.name for path in blobs.glob("*/*/*/data"))
