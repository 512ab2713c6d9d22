"""Secrets and SSH agents of builds, with each engine: they are there, and nothing keeps them."""

import gzip
import hashlib
import os
import shutil
import subprocess
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

from polyarch.cli.exit_codes import ExitCode
from tests.lab.registries import Registry
from tests.support.canary import FORMS, PASSWORD, ProcessList
from tests.support.command_line import CommandLine, plain_environment
from tests.support.engine_at_hand import ENGINES, EngineAtHand, engine_at_hand
from tests.support.git_project import GitProject

IN_FILE = "0ther-c4n4ry-of-a-f1le"

POLYARCH = """\
[images.app]
engine = "{engine}"
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["registry.example.com/app"]
secrets = ["id=token,env=BUILD_TOKEN", "id=file,src=a, b/secret.txt"]
network = "host"

[images.app.platform."linux/arm64"]
secrets = ["id=token,env=BUILD_TOKEN"]
"""
DOCKERFILE = """\
FROM {base}
RUN --mount=type=secret,id=token,required=true \\
    : {once}; sha256sum < /run/secrets/token > /token; cat /run/secrets/token; echo; echo told
RUN --mount=type=secret,id=file \\
    (cat /run/secrets/file || echo none) > /dev/stdout; test ! -e /run/secrets/file || touch /had
"""
SSH = """\
FROM {base}
RUN --mount=type=ssh,required=true test -S "$SSH_AUTH_SOCK" && echo a socket > /agent
"""


@dataclass(frozen=True)
class Work:
    project: GitProject
    command: CommandLine
    base: str

    def blobs(self) -> Iterator[bytes]:
        """All that the parts consist of, layers unpacked."""
        for path in self.project.root.glob(".polyarch/parts/**/blobs/*/*"):
            data = path.read_bytes()
            yield gzip.decompress(data) if data.startswith(b"\x1f\x8b") else data


@pytest.fixture(params=ENGINES)
def engine(request: pytest.FixtureRequest) -> EngineAtHand:
    return engine_at_hand(request)


@pytest.fixture
def work(engine: EngineAtHand, base_registry: Registry, tmp_path: Path) -> Work:
    base = base_registry.reference("busybox:1")
    files = {
        "polyarch.toml": POLYARCH.format(engine=engine.name).replace("a, b", "a b"),
        # Secrets are no part of what BuildKit knows a layer by: one of another test would be taken.
        "Dockerfile": DOCKERFILE.format(base=base, once=tmp_path.name),
        ".gitignore": "a b/\n",
    }
    # A comma in the path: engines split some options there.
    project = GitProject.make(tmp_path / "Work, with a comma", files)
    environment = {**plain_environment(tmp_path / "home"), **engine.environment}
    return Work(project, CommandLine(folder=project.root, environment=environment), base)


def test_a_build_reads_secrets_that_nothing_keeps(work: Work) -> None:
    secret = work.project.root / "a b" / "secret.txt"
    work.project.write({"a b/secret.txt": f"{IN_FILE}\n"})
    with ProcessList(os.getpid()) as processes:
        answer = work.command.run("build", "--json", more={"BUILD_TOKEN": PASSWORD})
    digest = hashlib.sha256(PASSWORD.encode()).hexdigest()
    unpacked = list(work.blobs())
    assert sum(digest.encode() in blob for blob in unpacked) == 2, answer
    assert sum(b"had\0" in blob for blob in unpacked) == 1, "only one platform gets the file"
    kept = [path for path in work.project.root.rglob("*") if path.is_file() and path != secret]
    logs = [path.read_text() for path in kept if path.suffix == ".log"]
    assert all("told" in text and "***" in text for text in logs)
    assert len(logs) == 2
    for form in (*FORMS, IN_FILE):
        assert form not in str(answer)
        assert not [path for path in kept if form.encode() in path.read_bytes()]
        assert not [blob for blob in unpacked if form.encode() in blob]
        assert not [line for line in processes.seen if form.encode() in line]


def test_what_is_not_there_is_told_before_anything_is_built(work: Work) -> None:
    what, where, _ = work.command.run("build", status=ExitCode.USAGE).error
    assert "`token`" in what
    assert "`BUILD_TOKEN` is not set, or empty" in what
    assert "polyarch.toml:5, images.app.secrets" in where
    more = {"BUILD_TOKEN": PASSWORD}
    what, where, _ = work.command.run("build", more=more, status=ExitCode.USAGE).error
    assert "its file cannot be read: No such file" in what
    assert "`a b/secret.txt`" in where
    assert not list(work.project.root.glob(".polyarch/runs/*/logs/*"))


def test_a_pull_request_gets_none_and_is_told_why_its_build_fails(work: Work) -> None:
    more = {"BUILD_TOKEN": PASSWORD, **work.project.pull_request()}
    answer = work.command.run("build", "-p", "linux/amd64", more=more, status=ExitCode.FAILED)
    assert "pull requests get neither secrets nor SSH agents" in answer.stderr
    assert "asks for a build secret" in answer.stderr
    assert PASSWORD not in str(answer)


@pytest.fixture
def agent(tmp_path: Path) -> Iterator[Mapping[str, str]]:
    """An SSH agent of the test's own, which ends with it."""
    program = shutil.which("ssh-agent")
    if program is None:
        pytest.skip("no `ssh-agent` here: apt-get install openssh-client")
    socket = tmp_path / "agent.sock"
    with subprocess.Popen(
        [program, "-D", "-a", str(socket)], stdout=subprocess.PIPE, text=True
    ) as process:
        try:
            assert process.stdout
            process.stdout.readline()  # It says where it listens once it does.
            yield {"SSH_AUTH_SOCK": str(socket)}
        finally:
            process.terminate()


def test_an_ssh_agent_is_handed_through(work: Work, agent: Mapping[str, str]) -> None:
    config = (work.project.root / "polyarch.toml").read_text().splitlines()
    ours = [line for line in config if not line.startswith(("secrets", "[images.app.platform"))]
    work.project.write(
        {
            "polyarch.toml": "\n".join([*ours, 'ssh = ["default"]']),
            "Dockerfile": SSH.format(base=work.base),
        }
    )
    words = ("build", "-p", "linux/amd64")
    what, where, _ = work.command.run(*words, status=ExitCode.USAGE).error
    assert "`SSH_AUTH_SOCK` is not set" in what
    assert "images.app.ssh" in where
    work.command.run(*words, more=agent)
    assert any(b"a socket" in blob for blob in work.blobs())
