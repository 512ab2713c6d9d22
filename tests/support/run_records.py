"""Records of runs as they stand in a folder, of any size, made without a run."""

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from polyarch.events import (
    BuildFailed,
    BuildFinished,
    BuildStarted,
    DestinationFailed,
    Event,
    LoggedIn,
    ManifestStored,
    PlatformProven,
    ProofStep,
    Staged,
    TagMoved,
    Warned,
)
from polyarch.oci import mediatype
from polyarch.oci.descriptor import Descriptor
from polyarch.oci.digest import Digest
from polyarch.oci.platform import Platform
from polyarch.runs.record import document, to_json
from polyarch.runs.summary import RunSummary

BEGIN = datetime(2026, 3, 1, 12, tzinfo=UTC)
ID = "20260301T120000.000Z-abcdef"
PLATFORMS = (
    "linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm/v6", "linux/386", "linux/ppc64le",
    "linux/s390x", "linux/riscv64",
)  # fmt: skip
HOSTS = ("docker.io", "registry.cn-hangzhou.aliyuncs.com", "ghcr.io", "quay.io")
TAGS = ("v1.2.3", "v1.2", "latest")


def digest(*words: object) -> Digest:
    return Digest.parse("sha256:" + hashlib.sha256(repr(words).encode()).hexdigest())


@dataclass(frozen=True, kw_only=True)
class MadeRun:
    """A publish of some images; those of `bad` have a platform whose build failed, and the last
    registry refused them."""

    images: tuple[str, ...] = ("server", "web")
    platforms: tuple[str, ...] = PLATFORMS[:2]
    hosts: tuple[str, ...] = HOSTS[:3]
    tags: tuple[str, ...] = TAGS
    bad: frozenset[str] = frozenset()
    id: str = ID

    def write(self, runs: Path) -> Path:
        """Write the folder, and give it back."""
        folder = runs / self.id
        (folder / "logs").mkdir(parents=True)
        for name, value in self.documents().items():
            (folder / name).write_bytes(value)
        for image in self.images:
            for platform in self.platforms:
                slug = platform.replace("/", "-")
                (folder / "logs" / f"build-{image}-{slug}.log").write_text(
                    f"making {image} for {platform}\n"
                )
        return folder

    def documents(self) -> dict[str, bytes]:
        """All documents of a record but the tags, which are made of the others."""
        events = [*self.events()]
        end = max(time for time, _ in events)
        return {
            "run.json": document(self.summary(end).to_json()),
            "result.json": document(self.result()),
            "plan.json": document(self.plan()),
            "proof.json": document(self.proof()),
            "events.jsonl": b"".join(
                json.dumps({"time": time.isoformat(), **to_json(event)}).encode() + b"\n"
                for time, event in events
            ),
        }

    def repository(self, host: str, image: str) -> str:
        return f"{host}/team/{image}"

    def summary(self, end: datetime) -> RunSummary:
        return RunSummary(
            id=self.id,
            verb="publish",
            project="team/app",
            version="0.1.0",
            started=BEGIN,
            ended=end,
            exit_code=6 if self.bad else 0,
            event={"name": "push", "ref": "refs/tags/v1.2.3", "sha": "c" * 40},
            actor="octo",
            ci_run="https://ci.test/team/app/runs/42",
            images=self.images,
            reason="tag `v1.2.3` is listed in `[publish] on`",
        )

    def plan(self) -> dict[str, Any]:
        return {
            "schema": "polyarch.plan/v1",
            "images": [
                {
                    "name": image,
                    "publish": True,
                    "platforms": [
                        {"platform": each, "engine": "buildx", "strategy": "cross"}
                        for each in self.platforms
                    ],
                    "destinations": [
                        {"repository": self.repository(host, image)} for host in self.hosts
                    ],
                }
                for image in self.images
            ],
        }

    def result(self) -> dict[str, Any]:
        return {
            "schema": "polyarch.publish/v1",
            "run": self.id,
            "reason": "",
            "images": [self._image(image) for image in self.images],
        }

    def _image(self, image: str) -> dict[str, Any]:
        return {
            "name": image,
            "digest": str(digest(image)),
            "platforms": [
                {
                    "platform": each,
                    "digest": str(digest(image, each)),
                    "reused": False,
                    "proof": {"level": "deep", "how": "read"},
                }
                for each in self._good(image)
            ],
            "destinations": [
                {
                    "repository": self.repository(host, image),
                    "status": "failed" if self._refused(image, host) else "published",
                    "digest": str(digest(image)),
                    "references": [
                        {
                            "tag": tag,
                            "digest": str(digest(image)),
                            "status": "failed" if self._refused(image, host) else "moved",
                        }
                        for tag in self.tags
                    ],
                    "error": {"message": "the registry answers 503"}
                    if self._refused(image, host)
                    else None,
                }
                for host in self.hosts
            ],
        }

    def _good(self, image: str) -> tuple[str, ...]:
        return self.platforms[:-1] if image in self.bad else self.platforms

    def _refused(self, image: str, host: str) -> bool:
        return image in self.bad and host == self.hosts[-1]

    def proof(self) -> dict[str, Any]:
        finding = {
            "code": "PA207",
            "severity": "warning",
            "platform": self.platforms[0],
            "path": "/usr/bin/app",
            "message": "the program needs a newer processor than its platform says",
            "hint": "build it for the platform's own baseline",
        }
        return {
            "schema": "polyarch.proof/v1",
            "images": [
                {
                    "name": image,
                    "structure": {"findings": []},
                    "platforms": [{"platform": self.platforms[0], "findings": [finding]}],
                }
                for image in self.images[:3]
            ],
        }

    def events(self) -> Iterator[tuple[datetime, Event]]:
        """What happened, in the order of time within each image."""
        yield BEGIN, Warned(text="the work tree has changes that are in no commit")
        for number, image in enumerate(self.images):
            at = BEGIN + timedelta(seconds=2 * number)
            for host in self.hosts:
                yield at, LoggedIn(repository=self.repository(host, image))
            for place, name in enumerate(self.platforms):
                yield from self._build(image, name, at + timedelta(seconds=place))
            at += timedelta(seconds=len(self.platforms) + 30)
            for place, host in enumerate(self.hosts):
                yield from self._push(image, host, at + timedelta(seconds=place))

    def _build(self, image: str, name: str, at: datetime) -> Iterator[tuple[datetime, Event]]:
        platform = Platform.parse(name)
        yield (
            at,
            BuildStarted(image=image, platform=platform, engine="buildx", strategy="cross"),
        )
        end = at + timedelta(seconds=12 + len(name))
        if name not in self._good(image):
            yield end, BuildFailed(image=image, platform=platform, reason="exit status 2")
            return
        made = digest(image, name)
        yield end, BuildFinished(image=image, platform=platform, digest=made)
        yield end, ProofStep(image=image, platform=platform, text="reading its files")
        yield (
            end + timedelta(seconds=2),
            PlatformProven(image=image, platform=platform, digest=made, level="deep", how="read"),
        )

    def _push(self, image: str, host: str, at: datetime) -> Iterator[tuple[datetime, Event]]:
        repository = self.repository(host, image)
        if self._refused(image, host):
            yield at, DestinationFailed(repository=repository, reason="the registry answers 503")
            return
        for number, name in enumerate(self._good(image)):
            stored = Descriptor(
                media_type=mediatype.OCI_MANIFEST, digest=digest(image, name), size=400
            )
            when = at + timedelta(seconds=number / 2)
            yield when, ManifestStored(repository=repository, descriptor=stored, how="uploaded")
        end = at + timedelta(seconds=6)
        yield (
            end,
            Staged(repository=repository, uploaded=35_000_000, mounted=0, present=10, seconds=6.5),
        )
        for number, tag in enumerate(self.tags):
            yield (
                end + timedelta(seconds=1 + number),
                TagMoved(repository=repository, tag=tag, digest=digest(image), status="moved"),
            )


def large() -> MadeRun:
    """As many images, platforms and registries as a report has to stay usable with."""
    return MadeRun(
        images=tuple(f"service-{number:02d}" for number in range(60)),
        platforms=PLATFORMS,
        hosts=HOSTS,
        bad=frozenset({"service-07"}),
    )
