"""Faults of engines themselves: absent, too old, set up so that they cannot do the work."""

from polyarch.engines.fault import Fault, known_fault
from polyarch.engines.fault_hints import (
    ENABLE_CONTAINERD_STORE,
    INSTALL_BUILDX,
    MAY_USE_SOCKET,
    REACH_DAEMON,
)

ENGINE_FAULTS: tuple[Fault, ...] = (
    known_fault(
        "disk-full",
        r"no space left on device|disk quota exceeded|\bENOSPC\b",
        "no space left on device",
        "free some space where the engine keeps its images (`docker system df`, `buildah images`)",
        "storage",
        in_steps=True,
    ),
    known_fault(
        "secret-missing",
        r"failed to solve: secret \S+: not found|secret required but no secret with id"
        r"|unset ssh forward key|ssh required but no ssh with id",
        "a RUN asks for a build secret or an SSH agent that it was not given",
        "name it in `secrets` or `ssh` of the image; builds of pull requests are given none: let "
        "the RUN do without it there (no `required=true`)",
        in_steps=True,
    ),
    known_fault(
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
    known_fault(
        "buildx-absent",
        r"'buildx' is not a docker command|unknown command: docker buildx"
        r"|buildx component is missing or broken|unknown shorthand flag: '\w' in -\w"
        r"|docker-buildx\"?: (executable file not found|exec format error|no such file)"
        r"|unknown flag: --(load|push|platform|provenance|progress|metadata-file|build-context)",
        "the buildx plugin of docker is absent, or too old for this",
        INSTALL_BUILDX,
        "engine",
    ),
    known_fault(
        "builder-image-unreachable",
        r"(pulling|pull|find) .*(moby/buildkit|buildkit:buildx-stable)"
        r"|(moby/buildkit|buildkit:buildx-stable)\S* .*(timeout|not found|denied|refused)",
        "the image of the BuildKit builder cannot be pulled",
        "name a mirror of it that this machine reaches: "
        '`image = "MIRROR/moby/buildkit:buildx-stable-1"` under [builders.NAME], then '
        "`polyarch builders up`; by hand `docker buildx create --driver docker-container "
        "--driver-opt image=MIRROR/moby/buildkit:buildx-stable-1 --use`",
        "engine",
    ),
    known_fault(
        "socket-forbidden",
        r"permission denied while trying to connect to the docker|docker\.sock\S* permission denied"
        r"|dial unix \S*docker\.sock: connect: permission denied",
        "you may not use the socket of the Docker daemon",
        MAY_USE_SOCKET,
        "engine",
    ),
    known_fault(
        "daemon-unreachable",
        r"cannot connect to the docker daemon|failed to connect to the docker api"
        r"|error during connect:",
        "the Docker daemon does not answer",
        REACH_DAEMON,
        "engine",
    ),
    known_fault(
        "connection-broken",
        r"error reading from server: |transport is closing|closing transport due to"
        r"|code = Unavailable desc = (connection|transport|error)",
        "the connection to the engine broke while it built",
        "see whether it still runs and why it stopped (`journalctl -u docker`), then try again",
        "engine",
    ),
    known_fault(
        "builder-gone",
        r'no builder "[^"]*" found|failed to find (a )?builder|no valid drivers found'
        r"|no such container: buildx_buildkit|could not find node .* in builder"
        r'|context "[^"]*" (does not exist|not found)',
        "the builder is not there any more",
        "`polyarch builders up` makes those of polyarch.toml again; `docker buildx ls` lists "
        "all that are there, and `docker buildx use NAME` takes another",
        "engine",
    ),
)
