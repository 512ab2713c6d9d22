from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from polyarch.engines.base import BuildRequest, EngineInfo
from polyarch.engines.failure import Evidence, explained
from polyarch.engines.faults import FAULTS, diagnose, known_hang
from polyarch.engines.faults_emulation import HANGS
from polyarch.errors import (
    BaseLoginRefusedError,
    BaseUnreachableError,
    BuildFailedError,
    EmulatorMissingError,
    EngineUnusableError,
    StorageError,
)
from polyarch.host import emulator_signs
from polyarch.host.binfmt import BinfmtEntry
from polyarch.host.emulation import Machine
from polyarch.oci.platform import Platform

# What engines really say; the versions are those of `faults.py`, older texts are from their issues.
TEXTS = {
    "no-network-of-its-own": [
        "Error: cannot set --network other than host with --isolation chroot"
    ],
    "secret-missing": [
        "ERROR: failed to solve: secret npm: not found",
        "ERROR: failed to solve: unset ssh forward key default",
        (
            'Error: building at STEP "RUN --mount=type=secret,id=npm,required=true make": resolving'
            ' mountpoints for container "1f90": secret required but no secret with id npm found'
        ),
        (
            'Error: building at STEP "RUN --mount=type=ssh,required=true make": resolving'
            ' mountpoints for container "9d45": ssh required but no ssh with id default found'
        ),
    ],
    "no-oci-export": [
        "ERROR: OCI exporter is not supported for the docker driver.",
        (
            "ERROR: OCI exporter feature is currently not supported for docker driver. Please"
            " switch to"
            ' a different driver (eg. "docker buildx create --use")'
        ),
        "error: multiple platforms feature is currently not supported for docker driver",
        "ERROR: Multi-platform build is not supported for the docker driver.",
        "ERROR: docker exporter does not currently support exporting manifest lists",
        "failed to resolve source metadata for base: unknown scheme oci-layout: not found",
    ],
    "buildx-absent": [
        "docker: 'buildx' is not a docker command.",
        "docker: unknown command: docker buildx",
        (
            "ERROR: BuildKit is enabled but the buildx component is missing or broken."
            " Install the buildx component to build images with BuildKit"
        ),
        "unknown flag: --metadata-file",
        "unknown shorthand flag: 'f' in -f",
        'fork/exec "/root/.docker/cli-plugins/docker-buildx": exec format error',
    ],
    "connection-broken": [
        "ERROR: failed to solve: Unavailable: error reading from server: EOF",
        (
            "ERROR: failed to receive status: rpc error: code = Unavailable desc = error reading"
            " from server: EOF"
        ),
        (
            "ERROR: failed to receive status: rpc error: code = Unavailable desc = closing"
            " transport due to: connection error: desc = error reading from server: read unix:"
            " connection reset"
        ),
    ],
    "daemon-unreachable": [
        (
            "ERROR: Cannot connect to the Docker daemon at unix:///nope.sock. Is the docker daemon"
            " running?"
        ),
        "failed to connect to the docker API at unix:///var/run/docker.sock; check if the path is",
    ],
    "socket-forbidden": [
        "ERROR: permission denied while trying to connect to the Docker daemon socket at unix:///v",
        "permission denied while trying to connect to the docker API at unix:///var/run/docker.soc",
    ],
    "builder-gone": [
        'ERROR: no builder "nope" found',
        "ERROR: Error response from daemon: No such container: buildx_buildkit_farm0",
        'ERROR: context "arm-box" does not exist',
    ],
    "builder-image-unreachable": [
        (
            "ERROR: Error response from daemon: failed to resolve reference"
            ' "docker.io/moby/buildkit:buildx-stable-1": dial tcp: i/o timeout'
        ),
        "#1 pulling image moby/buildkit:buildx-stable-1",
    ],
    "disk-full": ["ERROR: failed to solve: write /x: no space left on device"],
    "emulator-missing": ["exec /bin/sh: exec format error"],
    "emulator-crashed": [
        "qemu: uncaught target signal 6 (Aborted) - core dumped",
        "qemu-arm-static: Unable to find a guest_base to satisfy all guest address mapping",
        "tcg fatal error",
        "QEMU internal SIGSEGV {code=MAPERR, addr=0x20}",
    ],
    "qemu-no-loader": [
        (
            "qemu-aarch64-static: Could not open '/lib/ld-linux-aarch64.so.1': No such file or"
            " directory"
        ),
        "qemu-x86_64: Could not open '/lib64/ld-linux-x86-64.so.2': No such file or directory",
    ],
    "qemu-segfault": [
        "qemu: uncaught target signal 11 (Segmentation fault) - core dumped",
        'ERROR: process "/bin/sh -c ldconfig" did not complete successfully: exit code: 139',
    ],
    "qemu-illegal-instruction": [
        "qemu: uncaught target signal 4 (Illegal instruction) - core dumped",
        "Illegal instruction (core dumped)",
    ],
    "qemu-syscall": ["qemu: Unsupported syscall: 384"],
    "qemu-old-go-program": [
        "runtime: failed to create new OS thread (have 2 already; errno=22)",
    ],
    "qemu-go-exec": [
        "can't start telemetry child process: fork/exec /usr/local/go/bin/go: invalid argument",
    ],
    "qemu-openj9": ["Error: Port Library failed to initialize: -1"],
    "qemu-jvm": ["# A fatal error has been detected by the Java Runtime Environment:"],
    "qemu-large-inodes": [
        (
            "could not read directory '/usr/local/cargo/registry/index/github.com-1285ae/.git//"
            "refs': Value too large for defined data type; class=Os (2)"
        ),
    ],
    "no-isolation": [
        (
            "error running container: from /usr/bin/crun creating container for [/bin/sh -c true]:"
            " cgroups in hybrid mode not supported, drop all controllers from cgroupv2"
        ),
    ],
    "no-bridge": ["… did not complete successfully: network bridge not found"],
    "frontend-unreachable": [
        (
            "ERROR: failed to solve: failed to resolve source metadata for"
            " docker.io/docker/dockerfile:"
            "1: failed to do request"
        ),
    ],
    "short-name": [
        'Error: creating build container: short-name "base" did not resolve to an alias and no',
    ],
    "base-lacks-platform": [
        (
            "ERROR: failed to solve: x: failed to resolve source metadata for x: no match for"
            " platform"
            " in manifest: not found"
        ),
        (
            "Error: creating build container: choosing an image from manifest list docker://x:"
            " no image"
            ' found in image index for architecture s390x, variant "", OS linux'
        ),
    ],
    "base-not-found": [
        "ERROR: failed to solve: x:1: failed to resolve source metadata for x:1: x:1: not found",
        (
            "Error: creating build container: initializing source docker://x:1: reading"
            " manifest 1 in x"
            ": manifest unknown: manifest unknown"
        ),
    ],
    "registry-login": [
        (
            "ERROR: failed to resolve source metadata for x: unexpected status from HEAD request to"
            " http://h/v2/x/manifests/1: 401 Unauthorized"
        ),
        "Error: reading manifest 1 in h/x: unauthorized: authentication required",
    ],
    "registry-plain-http": [
        (
            'Error: pinging container registry h: Get "https://h/v2/": http: server gave HTTP'
            " response"
            " to HTTPS client"
        ),
    ],
    "registry-rate": [
        "toomanyrequests: You have reached your pull rate limit.",
        "Error: initializing source x: pinging container registry h: too many requests to registry",
        (
            "ERROR: failed to solve: h/x:1: failed to resolve source metadata for h/x:1: unexpected"
            " status from HEAD request to http://h/v2/x/manifests/1: 429 Too Many Requests"
        ),
    ],
    "registry-unreachable": [
        (
            "Error: creating build container: initializing source docker://h/b:1: pinging container"
            " registry h: invalid status code from registry 503 (Service Unavailable)"
        ),
        "Error: initializing source docker://h/x:1: pinging container registry h: Get: EOF",
        (
            "ERROR: failed to solve: h/x:1: failed to resolve source metadata for h/x:1: unexpected"
            " status from HEAD request to http://h/v2/x/manifests/1: 503 Service Unavailable"
        ),
        (
            "Error: creating build container: initializing source docker://h/x:1: pinging container"
            " registry h: received unexpected HTTP status: 502 Bad Gateway"
        ),
        (
            "Error: creating build container: initializing source docker://registry.invalid/b:1:"
            " pinging container registry registry.invalid: Get"
            ' "https://registry.invalid/v2/": dial tcp: lookup registry.invalid on'
            " 10.0.0.53:53: no such host"
        ),
        (
            'failed to do request: Head "https://127.0.0.1:5999/v2/x/manifests/1": dial tcp'
            " 127.0.0.1:5999: connect: connection refused"
        ),
    ],
    "target-not-found": [
        'ERROR: failed to solve: target stage "two" could not be found',
        'Error: The target "two" was not found in the provided Dockerfile',
    ],
    "dockerfile-syntax": [
        "ERROR: failed to solve: dockerfile parse error on line 2: unknown instruction: FOO",
    ],
    "file-not-in-context": [
        (
            "ERROR: failed to solve: failed to compute cache key: failed to calculate"
            " checksum of ref"
            ' a::b: "/nope": not found'
        ),
        (
            'Error: building at STEP "COPY nope /": checking on sources under "/c": copier: stat:'
            ' "/nope": no such file or directory'
        ),
    ],
}


@pytest.mark.parametrize(
    ("code", "text"), [(code, text) for code, texts in TEXTS.items() for text in texts]
)
def test_what_engines_say_is_understood(code: str, text: str) -> None:
    fault = diagnose([text], emulated=True)
    assert fault is not None
    assert fault.code == code


def test_what_means_something_else_without_an_emulator() -> None:
    for text in ("Illegal instruction", "exit code: 139", "fork/exec /x: invalid argument"):
        assert diagnose([text]) is None


@pytest.mark.parametrize(
    ("step", "code"),
    [
        ("[build 4/6] RUN npm ci", "qemu-node-hangs"),
        ("[2/2] RUN CGO_ENABLED=0 go build ./...", "qemu-go-hangs"),
        ("RUN ./gradlew shadowJar", "qemu-jvm-hangs"),
        ("RUN apt-get install -y nodename", None),
    ],
)
def test_steps_that_are_known_to_hang(step: str, code: str | None) -> None:
    fault = known_hang(step)
    assert (fault.code if fault else None) == code


def test_faults_of_qemu_name_the_version_that_mended_them() -> None:
    for fault in (*FAULTS, *HANGS):
        assert not fault.source or fault.source.startswith("https://github.com/")
        assert fault.kind == "qemu" or not (fault.mended_in or fault.source)


def test_codes_are_unique() -> None:
    codes = [fault.code for fault in FAULTS]
    assert len(set(codes)) == len(codes)


@pytest.mark.parametrize(
    ("verdict", "steps"),
    [
        (
            'ERROR: failed to solve: process "/bin/sh -c curl x" did not complete successfully: 22',
            "curl: (22) The requested URL returned error: 403 Forbidden",
        ),
        (
            (
                'ERROR: failed to solve: process "/bin/sh -c echo manifest unknown; false" did not'
                " complete successfully: exit code: 1"
            ),
            "manifest unknown",
        ),
        (
            'Error: building at STEP "RUN wget http://x; false": exit status 1',
            "wget: dial tcp 10.0.0.1:80: connection refused",
        ),
    ],
)
def test_what_a_step_prints_is_not_taken_for_the_engines_words(verdict: str, steps: str) -> None:
    assert diagnose([verdict], [steps]) is None


def error_of(platform: str, evidence: Evidence) -> Exception:
    request = BuildRequest(
        image="app",
        platform=Platform.parse(platform),
        project=Path(),
        context=Path(),
        dockerfile=None,
        log=Path("/logs/app.log"),
    )
    info = EngineInfo(name="buildx", native=(Platform.parse("linux/amd64"),))
    return explained(request, info, evidence)


STEP_FAILED = 'ERROR: process "/bin/sh -c x" did not complete successfully: exit code: 1'


def test_a_missing_emulator_is_the_machines_fault() -> None:
    evidence = Evidence(verdict=(STEP_FAILED,), steps=("exec /bin/sh: exec format error",))
    error = error_of("linux/arm64", evidence)
    assert isinstance(error, EmulatorMissingError)
    assert "qemu-user-static" in (error.hint or "")
    assert "/logs/app.log" in (error.hint or "")


def test_a_foreign_program_in_a_native_image_is_the_projects_fault() -> None:
    evidence = Evidence(verdict=(STEP_FAILED,), steps=("exec /app: exec format error",))
    error = error_of("linux/amd64", evidence)
    assert isinstance(error, BuildFailedError)
    assert "another platform" in (error.hint or "")


def test_registries_of_bases_have_their_own_errors() -> None:
    for code in ("registry-rate", "registry-unreachable"):
        for text in TEXTS[code]:
            error = error_of("linux/amd64", Evidence(verdict=(text,)))
            assert isinstance(error, BaseUnreachableError)
            assert error.retryable
    refused = error_of("linux/amd64", Evidence(verdict=(TEXTS["registry-login"][0],)))
    assert isinstance(refused, BaseLoginRefusedError)
    assert not refused.retryable


def test_disks_and_engines_have_their_own_errors() -> None:
    full = error_of("linux/amd64", Evidence(verdict=("write x: no space left on device",)))
    assert isinstance(full, StorageError)
    classic = error_of("linux/amd64", Evidence(verdict=(TEXTS["no-oci-export"][0],)))
    assert isinstance(classic, EngineUnusableError)
    assert "docker buildx create" in (classic.hint or "")
    assert "containerd-snapshotter" in (classic.hint or "")


def emulated_error(text: str, here: Mapping[str, str] | None) -> Exception:
    request = BuildRequest(
        image="app",
        platform=Platform.parse("linux/arm64"),
        project=Path(),
        context=Path(),
        dockerfile=None,
        emulated=True,
    )
    info = EngineInfo(name="buildah", native=(Platform.parse("linux/amd64"),))
    return explained(request, info, Evidence(verdict=(STEP_FAILED,), steps=(text,)), here=here)


@pytest.fixture
def machine(monkeypatch: pytest.MonkeyPatch) -> Callable[[Machine], None]:
    """Lets this machine look like another one."""

    def be(machine: Machine) -> None:
        monkeypatch.setattr(emulator_signs, "read_machine", lambda _environment: machine)
        monkeypatch.setattr(Machine, "with_versions", lambda self, _environment, _platforms: self)
        monkeypatch.setattr(emulator_signs, "knows_registration", lambda _architecture: False)

    return be


AMD64 = Machine(native=(Platform.parse("linux/amd64"),), binfmt=True)
ENTRY = BinfmtEntry(
    name="qemu-aarch64", architecture="arm64", interpreter="/q", enabled=True, fixed=True
)


@pytest.mark.parametrize(
    ("version", "told"),
    [
        ("7.2.22", "mended in QEMU 9.2.2, and here is 7.2.22"),
        ("10.0.2", "QEMU 10.0.2 is here; reported as mended in QEMU 9.2.2"),
        ("", "mended in QEMU 9.2.2"),
    ],
)
def test_a_crash_of_qemu_names_versions_and_the_way_out(
    machine: Callable[[Machine], None], version: str, told: str
) -> None:
    machine(replace(AMD64, entries=(ENTRY,), versions={"/q": version}))
    error = emulated_error(TEXTS["qemu-segfault"][0], {})
    assert isinstance(error, BuildFailedError)
    assert told in (error.hint or "")
    assert "tonistiigi/binfmt/issues/215" in (error.hint or "")
    assert "$BUILDPLATFORM" in (error.hint or "")


@pytest.mark.parametrize(
    ("here", "told"),
    [
        (replace(AMD64, binfmt=False, entries=(ENTRY,)), "binfmt_misc is not mounted"),
        (AMD64, "no emulator for it is installed"),
        (replace(AMD64, programs={"arm64": "/q"}), "lost it at a reboot"),
        (replace(AMD64, entries=(replace(ENTRY, enabled=False),)), "is switched off"),
        (replace(AMD64, entries=(replace(ENTRY, fixed=False),)), "without flag F"),
    ],
)
def test_a_lost_emulator_is_told_with_what_became_of_it(
    machine: Callable[[Machine], None], here: Machine, told: str
) -> None:
    machine(here)
    error = emulated_error("exec /bin/sh: exec format error", {})
    assert isinstance(error, EmulatorMissingError)
    assert told in error.message
    assert "polyarch doctor --fix" in (error.hint or "")


def test_where_emulators_work_the_program_is_for_yet_another_platform(
    machine: Callable[[Machine], None],
) -> None:
    machine(replace(AMD64, entries=(ENTRY,)))
    error = emulated_error("exec /app: exec format error", {})
    assert isinstance(error, BuildFailedError)
    assert "for another platform" in (error.hint or "")


def test_an_unknown_failure_shows_the_log_and_the_end_of_the_output() -> None:
    lines = tuple(f"line {number}" for number in range(40))
    error = error_of("linux/amd64", Evidence(verdict=(STEP_FAILED,), steps=lines, step="[2/2] RUN"))
    assert isinstance(error, BuildFailedError)
    assert error.last_lines[0] == "[2/2] RUN"
    assert error.last_lines[-2:] == ("line 39", STEP_FAILED)
    assert len(error.last_lines) < 20
    assert error.hint == "the whole log is `/logs/app.log`"
