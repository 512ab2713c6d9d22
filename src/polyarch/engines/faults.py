"""Faults that engines tell in their own words, and what a person does about each.

The texts were seen in buildx 0.13 and 0.29, Docker Engine 26 and 28 and Buildah 1.28; older forms
are those of their sources and issues.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

Kind = Literal["build", "engine", "emulator", "storage", "registry", "login"]
"""What is at fault.

What the user builds, the engine's set-up, a missing emulator, the disk, a registry that cannot be
used just now, or a login.
"""

ENABLE_CONTAINERD_STORE = (
    "turn on the containerd image store (in /etc/docker/daemon.json: "
    '`{"features": {"containerd-snapshotter": true}}`, then restart Docker), or make a builder '
    "that has it: `docker buildx create --name polyarch --driver docker-container --use`"
)
INSTALL_BUILDX = (
    "install the buildx plugin (Debian: `apt-get install docker-buildx`; Docker's own packages: "
    "`apt-get install docker-buildx-plugin`); Docker before 19.03 does not have it at all"
)
REACH_DAEMON = "start it (`systemctl start docker`), or let DOCKER_HOST name the one that runs"
MAY_USE_SOCKET = (
    "add yourself to the group `docker` (`sudo usermod -aG docker $USER`) and log in again"
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault: the text that tells it, what is wrong, and what to do next.

    `in_steps`: the text also counts where a step of the Dockerfile printed it.
    """

    code: str
    pattern: re.Pattern[str]
    problem: str
    hint: str
    kind: Kind = "build"
    in_steps: bool = False


def _fault(
    code: str,
    pattern: str,
    problem: str,
    hint: str,
    kind: Kind = "build",
    *,
    in_steps: bool = False,
) -> Fault:
    compiled = re.compile(pattern, re.IGNORECASE)
    return Fault(
        code=code, pattern=compiled, problem=problem, hint=hint, kind=kind, in_steps=in_steps
    )


FAULTS: tuple[Fault, ...] = (
    _fault(
        "disk-full",
        r"no space left on device|disk quota exceeded|\bENOSPC\b",
        "no space left on device",
        "free some space where the engine keeps its images (`docker system df`, `buildah images`)",
        "storage",
        in_steps=True,
    ),
    _fault(
        "secret-missing",
        r"failed to solve: secret \S+: not found|secret required but no secret with id"
        r"|unset ssh forward key|ssh required but no ssh with id",
        "a RUN asks for a build secret or an SSH agent that it was not given",
        "name it in `secrets` or `ssh` of the image; builds of pull requests are given none: let "
        "the RUN do without it there (no `required=true`)",
        in_steps=True,
    ),
    _fault(
        "no-oci-export",
        r"(OCI|docker) exporter (feature )?is (currently )?not supported for (the )?docker driver"
        r"|unknown scheme oci-layout"
        r"|multi[- ]platform builds? is (currently )?not supported for the docker driver"
        r"|multiple platforms feature is currently not supported"
        r"|does not currently support exporting manifest lists",
        "Docker's classic image store can neither write OCI images nor build on a local one",
        ENABLE_CONTAINERD_STORE,
        "engine",
    ),
    _fault(
        "buildx-absent",
        r"'buildx' is not a docker command|unknown command: docker buildx",
        "the buildx plugin of docker is absent",
        INSTALL_BUILDX,
        "engine",
    ),
    _fault(
        "builder-image-unreachable",
        r"(pulling|pull|find) .*(moby/buildkit|buildkit:buildx-stable)"
        r"|(moby/buildkit|buildkit:buildx-stable)\S* .*(timeout|not found|denied|refused)",
        "the image of the BuildKit builder cannot be pulled",
        "make the builder from a mirror: `docker buildx create --driver docker-container "
        "--driver-opt image=MIRROR/moby/buildkit:buildx-stable-1 --use`",
        "engine",
    ),
    _fault(
        "socket-forbidden",
        r"permission denied while trying to connect to the docker|docker\.sock\S* permission denied"
        r"|dial unix \S*docker\.sock: connect: permission denied",
        "you may not use the socket of the Docker daemon",
        MAY_USE_SOCKET,
        "engine",
    ),
    _fault(
        "daemon-unreachable",
        r"cannot connect to the docker daemon|failed to connect to the docker api"
        r"|error during connect:",
        "the Docker daemon does not answer",
        REACH_DAEMON,
        "engine",
    ),
    _fault(
        "connection-broken",
        r"error reading from server: |transport is closing|closing transport due to"
        r"|code = Unavailable desc = (connection|transport|error)",
        "the connection to the engine broke while it built",
        "see whether it still runs and why it stopped (`journalctl -u docker`), then try again",
        "engine",
    ),
    _fault(
        "builder-gone",
        r'no builder "[^"]*" found|failed to find (a )?builder|no valid drivers found',
        "the builder is not there any more",
        "`docker buildx ls` lists those that are; `docker buildx use NAME` takes another",
        "engine",
    ),
    _fault(
        "emulator-missing",
        r"exec format error",
        "a program of another platform was to be executed",
        "a program in the image, or the base image itself, is for another platform",
        "emulator",
        in_steps=True,
    ),
    _fault(
        "emulator-crashed",
        r"qemu: uncaught target signal|qemu-\w+(-static)?: .*(fatal|unsupported syscall)"
        r"|unknown host page size",
        "QEMU crashed while it emulated the platform",
        "this is a fault of the emulator, not of your program: install a newer QEMU, build on a "
        "native machine, or cross-compile in a `FROM --platform=$BUILDPLATFORM` stage",
        in_steps=True,
    ),
    _fault(
        "no-isolation",
        r"cgroups in hybrid mode not supported|error running container: .*(crun|runc)"
        r"|cannot clone: operation not permitted|potentially insufficient uids or gids",
        "containers cannot be started with this isolation here",
        "set BUILDAH_ISOLATION=chroot; as an ordinary user also see that /etc/subuid and "
        "/etc/subgid have a range for you",
        "engine",
        in_steps=True,
    ),
    _fault(
        "no-bridge",
        r"network bridge not found",
        "the Docker daemon has no bridge network",
        'set `network = "host"` (or "none") for this image',
        in_steps=True,
    ),
    _fault(
        "frontend-unreachable",
        r"failed to resolve source metadata for docker\.io/docker/dockerfile"
        r"|resolve image config for docker-image://docker\.io/docker/dockerfile",
        "the Dockerfile's frontend cannot be pulled",
        "the line `# syntax=…` of the Dockerfile pulls a frontend from a registry: let this "
        "machine reach it, name a mirror there, or take the line out",
        "registry",
    ),
    _fault(
        "short-name",
        r"short-name \S+ did not resolve",
        "a short image name says no registry",
        "write the whole name in the Dockerfile, such as `docker.io/library/debian:12`",
    ),
    _fault(
        "no-policy",
        r"policy\.json: no such file",
        "containers' policy file is absent",
        "install the package `containers-common` (it brings /etc/containers/policy.json)",
        "engine",
    ),
    _fault(
        "base-lacks-platform",
        r"no match for platform in manifest|no image found in image index for"
        r"|no matching manifest for",
        "the base image does not exist for this platform",
        "`polyarch inspect` shows the platforms of the base; take another one, or leave the "
        "platform out of `platforms`",
    ),
    _fault(
        "registry-rate",
        r"toomanyrequests|429 too many requests|too many requests to registry|pull rate limit",
        "the registry of a base image limits how often you may pull",
        "log in to it (`docker login`, `buildah login`), wait, or pull the base from a mirror",
        "registry",
    ),
    _fault(
        "registry-login",
        r"401 unauthorized|unauthorized: authentication required|authentication required"
        r"|insufficient_scope|pull access denied|requested access to the resource is denied"
        r"|403 forbidden",
        "the registry of a base image refuses the login",
        "log in to it (`docker login HOST`, `buildah login HOST`), or set its login under "
        '`[registries."HOST"]`; a name that does not exist is refused the same way',
        "login",
    ),
    _fault(
        "registry-plain-http",
        r"server gave HTTP response to HTTPS client",
        "the registry of a base image speaks no TLS",
        "for Docker list it in `insecure-registries` of /etc/docker/daemon.json, for a builder in "
        'its buildkitd.toml; for Buildah set `plain-http = true` under `[registries."HOST"]`',
    ),
    _fault(
        "registry-certificate",
        r"x509: |certificate signed by unknown authority|certificate verify failed",
        "the certificate of a registry is not trusted",
        "give the engine the authority's certificate (/etc/docker/certs.d/HOST/ca.crt, "
        "/etc/containers/certs.d/HOST/ca.crt)",
    ),
    _fault(
        "base-not-found",
        r"manifest unknown|failed to resolve source metadata for .*: not found|name unknown:",
        "a base image does not exist",
        "look at the names in FROM and COPY --from: no registry has such an image or tag",
    ),
    _fault(
        "registry-unreachable",
        r"dial tcp\b.*(connection refused|no such host|i/o timeout|unreachable|server misbehaving"
        r"|temporary failure)|(read|write) tcp .*(connection reset|broken pipe|timeout)"
        r"|tls handshake timeout|failed to do request: "
        r"|pinging container registry .*\bEOF|context deadline exceeded"
        r"|(unexpected|invalid) (HTTP )?status\b.*\b5\d\d [A-Z(]",
        "a registry cannot be reached",
        "see that this machine reaches the registry of the base image, then try again",
        "registry",
    ),
    _fault(
        "target-not-found",
        r"target stage \"?\S+\"? could not be found|the target \S+ was not found",
        "the Dockerfile has no such stage",
        "`target` names a stage: one of the names behind AS in the Dockerfile",
    ),
    _fault(
        "dockerfile-syntax",
        r"dockerfile parse error|unknown instruction|failed to parse dockerfile",
        "the Dockerfile cannot be read",
        "mend the line that the engine names",
    ),
    _fault(
        "file-not-in-context",
        r"failed to calculate checksum of ref .*not found|failed to compute cache key: .*not found"
        r"|checking on sources under|no items matching glob",
        "a file is not in the build context",
        "look at COPY and ADD: paths count from the context, and .dockerignore may leave it out",
    ),
    _fault(
        "out-of-memory",
        r"exit (code|status):? 137\b|signal: killed|cannot allocate memory|out of memory",
        "a step ran out of memory",
        "give the machine or the engine more memory, or let the step use fewer jobs",
        in_steps=True,
    ),
)
"""The first whose text stands in an engine's last words counts."""

_STEP_FAILED = re.compile(r'process ".*" did not complete|building at STEP "RUN', re.DOTALL)


def diagnose(verdict: Iterable[str], steps: Iterable[str] = ()) -> Fault | None:
    """The known fault, or None.

    `verdict` is what the engine itself says, `steps` what the steps of the Dockerfile printed. Once
    the engine says that a step failed, its words quote the step and count as the step's.
    """
    own = tuple(verdict)
    quoting = any(map(_STEP_FAILED.search, own))
    told = (*own, *steps)
    return next(
        (
            fault
            for fault in FAULTS
            if any(map(fault.pattern.search, told if fault.in_steps else own))
            and (fault.in_steps or not quoting)
        ),
        None,
    )
