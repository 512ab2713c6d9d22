"""Random documents in the words of polyarch.toml, right and wrong, and the design's example."""

from collections.abc import Mapping

from hypothesis import strategies as st

from polyarch.config.keys import APPEND, tables
from polyarch.config.toml import toml_key, toml_value

EXAMPLE = """\
[defaults]
platforms = ["linux/amd64", "linux/arm64"]
repositories = ["openim/openkf-{image}",
                "registry.cn-hangzhou.aliyuncs.com/openimsdk/openkf-{image}",
                "ghcr.io/openimsdk/openkf-{image}"]
context = "{image}"
dockerfile = "deploy/docker/Dockerfile.{image}"
tags = ["type=schedule", "type=ref,event=branch", "type=ref,event=pr",
        "type=semver,pattern={{version}}", "type=semver,pattern={{major}}.{{minor}}", "type=sha"]

[images.server]
build-args = { VERSION = "{{version}}" }
smoke-test = ["./server", "--version"]
[images.server.platform."linux/arm64"]
build-args = { GOPROXY = "direct" }

[images.web]
[images.bot]
platforms = ["linux/amd64"]

[images.hello]
engine = "direct"
[images.hello.direct]
base = "scratch"
run = ["python", "-m", "ziglang", "cc", "-target", "{zig}", "-mcpu={zig-cpu}", "-static", "-Os",
       "-o", "{out}/hello", "hello.c"]
files = [{ from = "{out}/hello", to = "/hello", mode = "0755" }]
entrypoint = ["/hello"]

[groups]
release = ["server", "web", "bot"]

[publish]
on = ["branch:main", "tag:v*", "release", "schedule", "dispatch"]

[registries."docker.io"]
username-env = "DOCKER_USERNAME"
password-env = "DOCKER_PASSWORD"
[registries."localhost:5001"]
plain-http = true

[builders.arm]
platforms = ["linux/arm64"]
endpoint = "ssh://builder@arm-box"

[environments.staging]
repositories = ["registry.internal:5000/staging/{image}"]

[notify]
on = ["failure", "recovery"]
urls-env = "POLYARCH_NOTIFY_URLS"
"""
"""The example of the design, without its comments."""

MINIMAL = '[images.app]\nplatforms = ["linux/amd64"]\n'
"""The least that is a project; it may be appended to."""

KEYS = sorted({name for kind in tables() for name in kind.keys})
_TEXTS = (
    "linux/amd64", "arm64", "linux/arm46", "{image}", "{imag}", "{{version}}", "a/b", "ghcr.io/a/b",
    "Ghcr.io/A", "direct", "auto", "image:app", "image:nobody", "0755", "/x", "10s", "branch:main",
    "release", "type=sha", "docker.io", "", "\0", "ü\n", "scratch", "8080", "index",
)  # fmt: skip

texts = st.sampled_from(_TEXTS) | st.text(max_size=12)
keys = (
    st.sampled_from(KEYS)
    | st.sampled_from([key + APPEND for key in KEYS])
    | st.sampled_from(["app", "linux/arm64", "docker.io", "ghcr.io/a", "A", "+"])
    | st.text(max_size=6)
)
leaves = texts | st.booleans() | st.integers(-9, 70000) | st.lists(texts, max_size=4)


def tables_of(values: st.SearchStrategy[object]) -> st.SearchStrategy[dict[str, object]]:
    return st.dictionaries(keys, values, max_size=4)


values = st.recursive(leaves, lambda inner: tables_of(inner) | st.lists(inner, max_size=3))


def _image() -> st.SearchStrategy[dict[str, object]]:
    """An image's table that is right more often than not."""
    platforms = st.lists(st.sampled_from(["linux/amd64", "arm64", "linux/arm/v7"]), min_size=1)
    named = st.dictionaries(st.sampled_from(["A", "b.c", "D-E"]), texts, max_size=2)
    own = {
        "repositories+": st.lists(st.sampled_from(["a/{image}", "ghcr.io/x/y"]), max_size=2),
        "context": st.sampled_from([".", "{image}", "a/b"]),
        "build-args": named,
        "labels": named,
        "tags+": st.lists(texts, max_size=2),
        "platform": st.dictionaries(
            st.sampled_from(["linux/arm64", "arm"]),
            st.fixed_dictionaries({}, optional={"target": texts, "build-args": named}),
            max_size=1,
        ),
    }
    return st.fixed_dictionaries({"platforms": platforms}, optional=own)


likely = st.fixed_dictionaries(
    {"images": st.dictionaries(st.sampled_from(["app", "web"]), _image(), min_size=1)},
    optional={"defaults": _image(), "publish": tables_of(leaves), "registries": tables_of(leaves)},
)


def as_text(document: Mapping[str, object]) -> str:
    """The document as TOML, a line for each top table."""
    return "".join(f"{toml_key(key)} = {toml_value(value)}\n" for key, value in document.items())
