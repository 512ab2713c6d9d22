"""What `init` takes over of compose files and folders, and what it tells."""

import json
from pathlib import Path

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from polyarch.config.load import load_text
from polyarch.errors import PolyarchError
from polyarch.pipeline.init import InitRequest, Written
from polyarch.pipeline.init_folder import from_folder

COMPOSE = """\
services:
  api:
    image: ghcr.io/team/api:1.2
    build:
      context: api
      platforms: [linux/arm64]
      args:
        A: '1'
        B: ${KEY}
        C:
      secrets: [npm, lost]
      additional_contexts:
        web: service:web
        lib: ./lib
      shm_size: 1g
  web:
    build: web
  gone:
    build: gone
  inline:
    build:
      dockerfile_inline: FROM scratch
  far:
    build: https://github.com/team/far.git
secrets:
  npm: {environment: NPM_TOKEN}
"""


def made(folder: Path, **files: str) -> Written:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return from_folder(InitRequest(root=folder, git=None, values={}))


def whats(written: Written) -> str:
    return "\n".join(f"{each.what}: {each.why}" for each in written.draft.told)


def test_a_compose_file_is_taken_over_and_the_rest_told(tmp_path: Path) -> None:
    dockerfiles = dict.fromkeys(("api/Dockerfile", "web/Dockerfile"), "FROM scratch\n")
    written = made(tmp_path, **dockerfiles, **{"compose.yaml": COMPOSE})
    images = load_text(written.text).images
    assert list(images) == ["api", "web"]
    assert [str(each) for each in images["api"].platforms] == ["linux/arm64"]
    assert len(images["web"].platforms) == 2
    assert images["api"].build_args == {"A": "1"}
    assert images["api"].secrets == ("id=npm,env=NPM_TOKEN",)
    assert images["api"].contexts == {"web": "image:web", "lib": "lib"}
    said = whats(written)
    for place in (
        "compose.yaml:3: the tag `1.2`",
        "compose.yaml:9: `args.B = ${KEY}`",
        "`args.C` of service `api`",
        "compose.yaml:11: `secrets.lost = lost`",
        "compose.yaml:15: `shm_size = 1g`",
        "Service `gone` of compose.yaml, line 19: there is no gone/Dockerfile",
        "compose.yaml:22: `dockerfile_inline`",
        "compose.yaml:24: the build context of service `far`",
    ):
        assert place in said


def test_a_file_that_stands_in_itself_is_told(tmp_path: Path) -> None:
    text = "services:\n  a: &a\n    build: *a\n"
    written = made(tmp_path, **{"Dockerfile": "FROM scratch\n", "compose.yaml": text})
    assert "compose file compose.yaml" in whats(written)


def test_repositories_are_asked_for_only_where_they_lack(tmp_path: Path) -> None:
    text = "services:\n  a:\n    image: ghcr.io/team/a\n    build: .\n"
    files = {"Dockerfile": "FROM scratch\n", ".hid/Dockerfile": "FROM x\n", "compose.yaml": text}
    written = made(tmp_path, **files)
    assert list(load_text(written.text).images) == ["a"]
    assert "nothing says where" not in whats(written)


def test_what_a_service_extends_is_told(tmp_path: Path) -> None:
    text = "services:\n  a:\n    build: .\n  b:\n    extends: a\n"
    written = made(tmp_path, **{"Dockerfile": "FROM scratch\n", "compose.yaml": text})
    assert list(load_text(written.text).images) == ["a"]
    assert "`extends` of service `b`" in whats(written)


WORDS = st.sampled_from(
    [
        "a=b",
        "target:a",
        "service:a",
        "id=a,env=B",
        "type=gha",
        "${X}",
        "..",
        "\0",
        "",
        "[",
        "index:",
    ]
)
VALUES = st.recursive(
    WORDS | st.none() | st.integers() | st.booleans(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
KEYS = st.sampled_from(
    ["context", "dockerfile", "contexts", "additional_contexts", "secret", "secrets", "ssh", "args",
     "annotations", "network", "output", "cache-to", "cache_from", "tags", "labels", "platforms",
     "matrix", "name", "inherits", "dockerfile_inline", "odd"]
)  # fmt: skip


@given(st.dictionaries(KEYS, VALUES, max_size=4))
@settings(max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_keys_are_taken_over_or_told(tmp_path: Path, build: dict[str, object]) -> None:
    files = {
        "Dockerfile": "FROM scratch\n",
        "compose.yaml": json.dumps({"services": {"a": {"build": build}}}),
        "docker-bake.json": json.dumps({"target": {"a": build}}),
    }
    try:
        written = made(tmp_path, **files)
    except PolyarchError:
        return
    assert written.draft.images
