"""Faults that builds meet: containers, registries of bases, the Dockerfile, memory."""

from polyarch.engines.fault import Fault, known_fault

BUILD_FAULTS: tuple[Fault, ...] = (
    known_fault(
        "no-isolation",
        r"cgroups in hybrid mode not supported|error running container: .*(crun|runc)"
        r"|cannot clone: operation not permitted|potentially insufficient uids or gids",
        "containers cannot be started with this isolation here",
        "set BUILDAH_ISOLATION=chroot; as an ordinary user also see that /etc/subuid and "
        "/etc/subgid have a range for you",
        "engine",
        in_steps=True,
    ),
    known_fault(
        "no-network-of-its-own",
        r"cannot set --network other than host with --isolation chroot",
        "with the isolation `chroot` Buildah gives a RUN no network but this machine's",
        'leave `network` away or set it to "host" for this image, or let BuildKit build it',
    ),
    known_fault(
        "no-bridge",
        r"network bridge not found",
        "the Docker daemon has no bridge network",
        'set `network = "host"` (or "none") for this image',
        in_steps=True,
    ),
    known_fault(
        "frontend-unreachable",
        r"failed to resolve source metadata for docker\.io/docker/dockerfile"
        r"|resolve image config for docker-image://docker\.io/docker/dockerfile",
        "the Dockerfile's frontend cannot be pulled",
        "the line `# syntax=…` of the Dockerfile pulls a frontend from a registry: let this "
        "machine reach it, name a mirror there, or take the line out",
        "registry",
    ),
    known_fault(
        "short-name",
        r"short-name \S+ did not resolve",
        "a short image name says no registry",
        "write the whole name in the Dockerfile, such as `docker.io/library/debian:12`",
    ),
    known_fault(
        "no-policy",
        r"policy\.json: no such file",
        "containers' policy file is absent",
        "install the package `containers-common` (it brings /etc/containers/policy.json)",
        "engine",
    ),
    known_fault(
        "base-lacks-platform",
        r"no match for platform in manifest|no image found in image index for"
        r"|no matching manifest for",
        "the base image does not exist for this platform",
        "`polyarch inspect` shows the platforms of the base; take another one, or leave the "
        "platform out of `platforms`",
    ),
    known_fault(
        "registry-rate",
        r"toomanyrequests|429 too many requests|too many requests to registry|pull rate limit",
        "the registry of a base image limits how often you may pull",
        "log in to it (`docker login`, `buildah login`), wait, or pull the base from a mirror",
        "registry",
    ),
    known_fault(
        "registry-login",
        r"401 unauthorized|unauthorized: authentication required|authentication required"
        r"|insufficient_scope|pull access denied|requested access to the resource is denied"
        r"|403 forbidden",
        "the registry of a base image refuses the login",
        "log in to it (`docker login HOST`, `buildah login HOST`), or set its login under "
        '`[registries."HOST"]`; a name that does not exist is refused the same way',
        "login",
    ),
    known_fault(
        "registry-plain-http",
        r"server gave HTTP response to HTTPS client",
        "the registry of a base image speaks no TLS",
        "for Docker list it in `insecure-registries` of /etc/docker/daemon.json, for a builder in "
        'its buildkitd.toml; for Buildah set `plain-http = true` under `[registries."HOST"]`',
    ),
    known_fault(
        "registry-certificate",
        r"x509: |certificate signed by unknown authority|certificate verify failed",
        "the certificate of a registry is not trusted",
        "give the engine the authority's certificate (/etc/docker/certs.d/HOST/ca.crt, "
        "/etc/containers/certs.d/HOST/ca.crt)",
    ),
    known_fault(
        "base-not-found",
        r"manifest unknown|failed to resolve source metadata for .*: not found|name unknown:",
        "a base image does not exist",
        "look at the names in FROM and COPY --from: no registry has such an image or tag",
    ),
    known_fault(
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
    known_fault(
        "target-not-found",
        r"target stage \"?\S+\"? could not be found|the target \S+ was not found",
        "the Dockerfile has no such stage",
        "`target` names a stage: one of the names behind AS in the Dockerfile",
    ),
    known_fault(
        "dockerfile-syntax",
        r"dockerfile parse error|unknown instruction|failed to parse dockerfile",
        "the Dockerfile cannot be read",
        "mend the line that the engine names",
    ),
    known_fault(
        "file-not-in-context",
        r"failed to calculate checksum of ref .*not found|failed to compute cache key: .*not found"
        r"|checking on sources under|no items matching glob",
        "a file is not in the build context",
        "look at COPY and ADD: paths count from the context, and .dockerignore may leave it out",
    ),
    known_fault(
        "out-of-memory",
        r"exit (code|status):? 137\b|signal: killed|cannot allocate memory|out of memory",
        "a step ran out of memory",
        "give the machine or the engine more memory, or let the step use fewer jobs",
        in_steps=True,
    ),
)
