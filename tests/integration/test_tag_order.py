"""Two runs of one branch that end in the wrong order, on three real registries with logins."""

import time
from pathlib import Path

from tests.integration.test_main_job_interrupts import Three
from tests.lab.fixtures import RunImage
from tests.lab.skopeo import Skopeo
from tests.support.command_line import Answer, CommandLine, plain_environment
from tests.support.git_project import GitProject
from tests.support.published import Destinations, Shelf

POLYARCH = """\
[images.app]
engine = "direct"
platforms = ["linux/amd64", "linux/arm64"]
repositories = {repositories}
tags = ["type=ref,event=branch", "type=raw,value=latest"]

[images.app.direct]
run = ["sh", "make.sh", "{{out}}/app"]
files = [{{ from = "{{out}}/app", to = "/app" }}]

{logins}
"""
WAITS = 'touch "$STARTED"\nwhile [ ! -e "$GO_ON" ]; do sleep 0.05; done\necho old > "$1"\n'
PATIENCE_S = 60


def test_branch_and_latest_end_on_the_newer_commit(
    three_registries: Three, skopeo: Skopeo, run_image: RunImage, tmp_path: Path
) -> None:
    places = Destinations(registries=three_registries)
    config = POLYARCH.format(repositories=places.repositories("order/app"), logins=places.toml())
    older = GitProject.make(tmp_path / "older", {"polyarch.toml": config, "make.sh": WAITS})
    newer = GitProject(tmp_path / "newer")
    older.git("clone", "--quiet", str(older.root), str(newer.root))
    newer.write({"make.sh": 'echo new > "$1"\n'})
    newer.commit("Newer")
    older.git("fetch", "--quiet", str(newer.root), newer.head)

    signals = {name: str(tmp_path / name) for name in ("STARTED", "GO_ON")}
    environment = {**plain_environment(tmp_path / "home"), **places.environment(), **signals}
    late = CommandLine(folder=older.root, environment=environment)
    early = CommandLine(folder=newer.root, environment=environment)
    with late.running("publish", "--json", more=older.pushed_branch()) as running:
        wait_for(Path(signals["STARTED"]))
        first = early.run("publish", "--json", more=newer.pushed_branch())
        Path(signals["GO_ON"]).touch()
        second = running.finish(within_s=PATIENCE_S)
    assert statuses(first) == {"created"}
    assert second.status == 0, second
    assert statuses(second) == {"kept"}
    assert "comes after this one" in second.stderr

    digest = first.document["images"][0]["digest"]
    skopeo.login(*three_registries)
    shelf = Shelf(skopeo=skopeo, run=run_image)
    for repository in places.repositories("order/app"):
        assert {shelf.digest(f"{repository}:{tag}") for tag in ("main", "latest")} == {digest}


def statuses(answer: Answer) -> set[str]:
    """What became of each tag in each registry."""
    return {
        each["status"]
        for destination in answer.document["images"][0]["destinations"]
        for each in destination["references"]
    }


def wait_for(path: Path) -> None:
    """Wait until another process has made a file."""
    deadline = time.monotonic() + PATIENCE_S
    while not path.exists():
        assert time.monotonic() < deadline, f"nobody made {path.name}"
        time.sleep(0.02)
