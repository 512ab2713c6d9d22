"""A project of several images with releases in registries, whose tags are moved by hand then."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from tests.support.tiny_project import NOTHING, Said, TinyProject, github
from tests.support.whole import Shelf

IMAGES = ("server", "web", "bot")
PLATFORMS = ("linux/ppc64le", "linux/s390x")
TOML = """\
[defaults]
engine = "direct"
platforms = ["linux/ppc64le", "linux/s390x"]
repositories = {repositories}
tags = [
  "type=semver,pattern={{{{version}}}}",
  "type=semver,pattern={{{{major}}}}.{{{{minor}}}}",
  "type=semver,pattern={{{{major}}}}",
  "type=ref,event=branch",
  "type=sha",
]
[defaults.direct]
run = ["sh", "make.sh", "{{out}}/app", "{{platform}}"]
files = [{{ from = "{{out}}/app", to = "/app" }}]
{images}
[groups]
release = {group}
{more}"""
MAKE = 'printf "{text} for %s" "$2" > "$1"\nchmod +x "$1"\n'

Tags = Mapping[str, str]
"""The digest that each tag shows."""


@dataclass(frozen=True, kw_only=True)
class Released:
    """The project; `hosts` are its registries, in the order in which it names them."""

    project: TinyProject
    hosts: Sequence[str]
    images: Sequence[str] = IMAGES

    @classmethod
    def make(
        cls,
        root: Path,
        hosts: Sequence[str],
        images: Sequence[str] = IMAGES,
        more: str = "",
        environment: Mapping[str, str] = NOTHING,
    ) -> "Released":
        """Make it; nothing is published yet."""
        text = TOML.format(
            repositories=json.dumps([f"{host}/team/{{image}}" for host in hosts]),
            images="".join(f"[images.{name}]\n" for name in images),
            group=json.dumps(list(images)),
            more=more,
        )
        files = {"polyarch.toml": text, "make.sh": MAKE.format(text="none")}
        made = TinyProject.make(root, files)
        project = TinyProject(root=made.root, environment={**made.environment, **environment})
        return cls(project=project, hosts=hosts, images=images)

    def release(self, version: str, *words: str, machine: TinyProject | None = None) -> Said:
        """Commit something and publish it as a version."""
        sha = self.commit(version)
        self.project.git("tag", f"v{version}")
        return self.publish(version, sha, *words, machine=machine)

    def commit(self, text: str) -> str:
        """Commit something new, and give the commit."""
        (self.project.root / "make.sh").write_text(MAKE.format(text=text))
        self.project.commit(text)
        return self.project.git("rev-parse", "HEAD").strip()

    def publish(
        self, version: str, sha: str, *words: str, machine: TinyProject | None = None
    ) -> Said:
        """Publish the checked-out commit as a version."""
        more = github("push", f"refs/tags/v{version}", sha)
        return (machine or self.project).run("publish", "--json", *words, more=more)

    def empty_machine(self, root: Path) -> TinyProject:
        """A clone of the project on a machine that knows nothing else of it."""
        self.project.git("clone", "--quiet", str(self.project.root), str(root))
        state = {"XDG_STATE_HOME": str(root.parent / f"{root.name}-state")}
        return TinyProject(root=root, environment={**self.project.environment, **state})

    def newest_run(self) -> Path:
        """The folder of the newest run."""
        return max((self.project.root / ".polyarch" / "runs").iterdir())


def statuses(said: Said) -> dict[str, list[str]]:
    """What became of each destination, by image."""
    return {
        image["name"]: [each["status"] for each in image["destinations"]]
        for image in said.document["images"]
    }


def tags_told(said: Said) -> set[tuple[str, str]]:
    """What became of tags, anywhere."""
    return {
        (tag["tag"], tag["status"])
        for image in said.document["images"]
        for each in image["destinations"]
        for tag in each["references"]
    }


def shown(released: Released, image: str = "server") -> list[dict[str, str]]:
    """What each tag shows, by registry; every byte of it is there."""
    found = []
    for host in released.hosts:
        tags = Shelf(host=host, repository=f"team/{image}").tags()
        assert not [each.flaws for each in tags.values() if each.flaws]
        found.append({tag: each.digest for tag, each in tags.items() if "sha256-" not in tag})
    return found
