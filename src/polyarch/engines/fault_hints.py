"""What a person does about engines that cannot be used; each one in one place."""

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
