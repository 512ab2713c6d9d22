"""The pure parts around Buildah: what it prints, its registries.conf, its isolation."""

import json
import stat
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.engines.base import BuildRequest
from polyarch.engines.buildah_output import BuildahOutput
from polyarch.engines.buildah_probe import buildah_environment, probe_buildah
from polyarch.engines.registries_conf import write_registries_conf
from polyarch.engines.transcript import Transcript
from polyarch.engines.version import Version
from polyarch.events import BuildStep, Event, Warned
from polyarch.oci.platform import Platform

REQUEST = BuildRequest(
    image="app",
    platform=Platform.parse("linux/arm64"),
    project=Path(),
    context=Path(),
    dockerfile=None,
)


def listen_to(*lines: str) -> tuple[BuildahOutput, list[Event]]:
    events: list[Event] = []
    with Transcript(REQUEST, events.append) as transcript:
        output = BuildahOutput(transcript)
        for line in lines:
            output.feed(line)
    return output, events


def test_steps_are_counted() -> None:
    _, events = listen_to(
        "STEP 1/2: FROM scratch",
        "STEP 2/3: LABEL polyarch.layer-cache=0",
        "[2/3] STEP 3/3: RUN make",
    )
    assert [(e.text, e.done, e.total) for e in events if isinstance(e, BuildStep)] == [
        ("STEP 1/2: FROM scratch", 0, 2),
        ("[2/3] STEP 3/3: RUN make", 2, 3),
    ]


def test_only_what_the_failed_step_printed_is_shown() -> None:
    output, _ = listen_to(
        "Trying to pull example.com/base:1...",
        "STEP 1/2: FROM example.com/base:1",
        "Storing signatures",
        "STEP 2/2: RUN make",
        "make: nothing to be done",
        "Error: exit status 2",
    )
    assert output.evidence.last_lines == (
        "RUN make",
        "make: nothing to be done",
        "Error: exit status 2",
    )


def test_bases_are_called_by_their_names() -> None:
    events: list[Event] = []
    with Transcript(REQUEST, events.append) as transcript:
        output = BuildahOutput(transcript)
        output.names = {"3638b524": "busybox:1"}
        output.feed("STEP 1/2: FROM 3638b524 AS work")
    assert [e.text for e in events if isinstance(e, BuildStep)] == [
        "STEP 1/2: FROM busybox:1 AS work"
    ]


def test_the_verdict_is_what_buildah_says_itself() -> None:
    output, _ = listen_to(
        "STEP 2/2: RUN make",
        "[Warning] one or more build args were not consumed: [TARGETARCH]",
        "make: manifest unknown",
        'Error: building at STEP "RUN make": exit status 2',
    )
    assert output.evidence.verdict == ('Error: building at STEP "RUN make": exit status 2',)
    assert output.evidence.last_lines == (
        "RUN make",
        "make: manifest unknown",
        'Error: building at STEP "RUN make": exit status 2',
    )


@pytest.mark.parametrize(
    ("line", "mixed"),
    [
        (
            (
                "WARNING: image platform ({arm64 linux  [] }) does not match the expected platform"
                " ({amd64 linux  [] })"
            ),
            True,
        ),
        (
            (
                'time="x" level=warning msg="image platform ({arm linux  [] v6}) does not match the'
                ' expected platform ({arm linux  [] v7})"'
            ),
            False,
        ),
        (
            (
                "image platform ({arm linux  [] v7}) does not match the expected platform"
                " ({arm linux  [] v6})"
            ),
            True,
        ),
    ],
)
def test_a_base_of_another_platform_is_seen(line: str, *, mixed: bool) -> None:
    output, events = listen_to(line)
    assert output.mixed_base is mixed
    assert any(isinstance(event, Warned) for event in events) is mixed


@given(st.lists(st.text(max_size=60)))
def test_any_output_is_read(lines: list[str]) -> None:
    listen_to(*lines)


def test_only_the_named_hosts_go_without_tls(tmp_path: Path) -> None:
    machine = tmp_path / "machine.conf"
    machine.write_text(
        'unqualified-search-registries = ["docker.io"]\n'
        '[[registry]]\nlocation = "known:5000"\ninsecure = false\n'
    )
    environment = {"CONTAINERS_REGISTRIES_CONF": str(machine)}
    hosts = ("127.0.0.1:5000", "known:5000", "127.0.0.1:5000")
    written = write_registries_conf(tmp_path, hosts, environment)
    value = tomllib.loads(Path(written["CONTAINERS_REGISTRIES_CONF"]).read_text())
    assert value == {
        "unqualified-search-registries": ["docker.io"],
        "registry": [
            {"location": "known:5000", "insecure": False},
            {"location": "127.0.0.1:5000", "insecure": True},
        ],
    }


def test_without_such_hosts_the_machines_own_file_counts(tmp_path: Path) -> None:
    assert write_registries_conf(tmp_path, (), {}) == {}
    assert list(tmp_path.iterdir()) == []


def test_a_docker_config_that_is_not_there_is_left_out(tmp_path: Path) -> None:
    environment = {"DOCKER_CONFIG": str(tmp_path), "PATH": "/bin"}
    assert buildah_environment(environment) == {"PATH": "/bin"}
    (tmp_path / "config.json").write_text("{}")
    assert buildah_environment(environment) == environment


INFO = {"host": {"os": "linux", "arch": "arm64", "variant": "v8", "rootless": False}}
CRUN = "error running container: from /usr/bin/crun creating container for [/polyarch-probe]: "
RUN_ERRORS = {
    "oci": CRUN + "executable file `/polyarch-probe` not found: No such file or directory",
    "chroot": CRUN + "cgroups in hybrid mode not supported, drop all controllers from cgroupv2",
}


def fake_buildah(folder: Path, *, run_error: str, version: str = "1.28.2") -> dict[str, str]:
    program = folder / "buildah"
    (folder / "error").write_text(run_error)
    (folder / "info").write_text(json.dumps(INFO))
    program.write_text(
        '#!/bin/sh\ncd "${0%/*}"\necho "$@" >> calls\ncase "$1" in\n'
        f'--version) echo "buildah version {version} (image-spec 1.1)";;\n'
        "info) cat info;;\nfrom) echo working-container;;\n"
        "run) cat error >&2; exit 1;;\nesac\n"
    )
    program.chmod(program.stat().st_mode | stat.S_IXUSR)
    return {"PATH": f"{folder}:/usr/bin:/bin"}


@pytest.mark.parametrize("isolation", RUN_ERRORS)
def test_the_isolation_is_tried(tmp_path: Path, isolation: str) -> None:
    info = probe_buildah(fake_buildah(tmp_path, run_error=RUN_ERRORS[isolation]))
    assert info.usable
    assert info.title == f"buildah 1.28.2 with {isolation} isolation"
    assert info.native == (Platform.parse("linux/arm64"),)
    assert (tmp_path / "calls").read_text().splitlines()[-1] == "rm working-container"


def test_the_isolation_that_the_user_set_is_not_tried(tmp_path: Path) -> None:
    environment = fake_buildah(tmp_path, run_error="")
    info = probe_buildah({**environment, "BUILDAH_ISOLATION": "oci"})
    assert info.details["isolation"] == "oci"
    assert "run" not in (tmp_path / "calls").read_text()


def test_a_runtime_that_is_not_installed_is_not_taken_for_one_that_works(tmp_path: Path) -> None:
    error = CRUN + 'exec: "crun": executable file not found in $PATH'
    info = probe_buildah(fake_buildah(tmp_path, run_error=error))
    assert info.details["isolation"] == "chroot"


def test_an_old_buildah_is_told(tmp_path: Path) -> None:
    info = probe_buildah(fake_buildah(tmp_path, run_error="", version="1.23.1"))
    assert info.problem == "`buildah` is version 1.23.1, and 1.28.0 or later is needed"


def test_no_buildah_is_told(tmp_path: Path) -> None:
    info = probe_buildah({"PATH": str(tmp_path)})
    assert "not on PATH" in (info.problem or "")
    assert "apt-get install" in (info.hint or "")


@pytest.mark.parametrize(
    ("text", "version"),
    [
        ("github.com/docker/buildx v0.29.1 a32761aeb3debd39be1eca514af3693af0db334b", (0, 29, 1)),
        ("github.com/docker/buildx 0.13.1+ds1 0.13.1+ds1-3", (0, 13, 1)),
        ("buildah version 1.28.2 (image-spec 1.1.0-rc2, runtime-spec 1.0.2-dev)", (1, 28, 2)),
        ("github.com/docker/buildx v0.9 abc", (0, 9, 0)),
    ],
)
def test_versions_are_found(text: str, version: tuple[int, int, int]) -> None:
    assert Version.find(text) == version
