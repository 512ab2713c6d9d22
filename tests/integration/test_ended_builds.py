"""What is told of the builds that end because another one failed."""

import json
from pathlib import Path

from tests.support.command_line import CommandLine, plain_environment
from tests.support.git_project import GitProject

POLYARCH = """\
[images.app]
engine = "direct"
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["registry.example.com/app"]

[images.app.direct]
run = ["sh", "make.sh", "{goarch}"]
files = [{ from = "{out}/", to = "/app/" }]
"""
MAKE = """\
echo "begun $1"
if [ "$1" = arm64 ]; then
    touch begun
    sleep 600
fi
while [ ! -e begun ]; do sleep 0.1; done
echo "the compiler is sad"
exit 7
"""


def test_only_the_build_that_failed_first_has_words(tmp_path: Path) -> None:
    files = {"polyarch.toml": POLYARCH, "make.sh": MAKE, ".gitignore": "begun\n"}
    project = GitProject.make(tmp_path / "project", files)
    environment = plain_environment(tmp_path / "home")
    command = CommandLine(folder=project.root, environment=environment)
    answer = command.run("build", status=1)
    [record] = project.root.glob(".polyarch/runs/*/events.jsonl")
    events = map(json.loads, record.read_text().splitlines())
    reasons = {
        event["platform"]: event["reason"] for event in events if event["event"] == "BuildFailed"
    }
    assert "the compiler is sad" in reasons["linux/amd64"]
    assert reasons["linux/arm64"] == "ended because another build failed"
    assert "signal" not in str(answer)
