"""The lines of scripts in GitLab's jobs. No value of the config stands in them."""

from collections.abc import Iterator, Sequence

from polyarch.ci.pipelines.shape import Leg, Pipeline
from polyarch.ci.pipelines.yaml_text import Node

_BINFMT = "docker.io/tonistiigi/binfmt:qemu-v10.2.3-68"
"""A release of the emulators (github.com/tonistiigi/binfmt, releases)."""

_DEBIAN = "apt-get update -qq && apt-get install -y -qq --no-install-recommends"


def docker_variables() -> dict[str, Node]:
    """How jobs reach the Docker Engine beside them (docs.gitlab.com, "Docker-in-Docker")."""
    return {
        "DOCKER_HOST": "tcp://docker:2376",
        "DOCKER_TLS_CERTDIR": "/certs",
        "DOCKER_TLS_VERIFY": "1",
        "DOCKER_CERT_PATH": "/certs/client",
    }


def preparing(pipeline: Pipeline) -> list[Node]:
    """How polyarch comes to the machine."""
    return [pipeline.install]


def preparing_builds(pipeline: Pipeline, emulated: Sequence[Leg]) -> list[Node]:
    """Everything before something is built; emulators go before the builder, which asks for them.

    On a machine's own shell its owner has set up an engine already.
    """
    return list(_preparing(pipeline, emulated))


def _preparing(pipeline: Pipeline, emulated: Sequence[Leg]) -> Iterator[str]:
    engine = pipeline.engine and bool(pipeline.image)
    if engine:
        yield f"{_DEBIAN} docker-cli docker-buildx"
    yield pipeline.install
    if engine and emulated:
        words = ",".join(dict.fromkeys(leg.platform.architecture for leg in emulated))
        yield f"docker run --privileged --rm {_BINFMT} --install {words}"
    if engine:
        yield "docker buildx create --name polyarch --driver docker-container --use"


def logins_of_the_job() -> list[str]:
    """The login of GitLab's own registry, whatever its host, by the names that polyarch reads."""
    return [
        'host=$(printf %s "${CI_REGISTRY:-}" | tr a-z A-Z | tr -c A-Z0-9 _)',
        'export "POLYARCH_${host}_USERNAME=${CI_REGISTRY_USER:-}"',
        'export "POLYARCH_${host}_PASSWORD=${CI_REGISTRY_PASSWORD:-}"',
    ]


def result_of(job: str) -> str:
    """How a job ended, in a file for the notice."""
    return f'mkdir -p .polyarch/jobs && printf %s "$CI_JOB_STATUS" > .polyarch/jobs/{job}'


_RESULT = """\
result() { case $(cat "$CI_PROJECT_DIR/.polyarch/jobs/$1" 2>/dev/null) in \
success) echo success;; failed) echo failure;; canceled) echo cancelled;; *) echo "$silent";; \
esac; }"""
_ADD = """\
found=$(result "$job"); test "$found" = success || silent=skipped; \
needs="$needs${needs:+,}\\"$job\\":{\\"result\\":\\"$found\\"}\""""


def telling(jobs: Sequence[str]) -> list[str]:
    """The results of all jobs, in their order, in GitHub's words as JSON.

    The first job that has left nothing was lost with its machine; after one that did not end well
    those that have left nothing were not started.
    """
    return [
        _RESULT,
        "needs='' silent=failure",
        f"for job in {' '.join(jobs)}; do {_ADD}; done",
        'export NEEDS="{$needs}"',
    ]
