"""What is read of a project: digests of contexts, edges between images."""

from datetime import UTC, datetime
from pathlib import Path

import pytest

from polyarch.config.load import load_project
from polyarch.config.project import Project
from polyarch.host.ci_event import CiEvent, Provider
from polyarch.host.emulation import Machine
from polyarch.host.repository import RepositoryFacts
from polyarch.oci.platform import Platform
from polyarch.pipeline.facts import context_digests
from polyarch.pipeline.material import Sources, edges_of
from polyarch.pipeline.source_reader import SourceReader
from polyarch.pipeline.wording import Wording

AMD = Platform.parse("amd64")
WORDING = Wording(
    event=CiEvent(provider=Provider.LOCAL, name="push", ref="refs/heads/main", sha="0123456789ab"),
    repository=RepositoryFacts(),
    now=datetime(2026, 1, 1, tzinfo=UTC),
)


def project(root: Path, config: str, **files: str) -> Project:
    for name, text in files.items():
        path = root / name.replace("__", "/")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    (root / "polyarch.toml").write_text('[defaults]\nplatforms = ["linux/amd64"]\n' + config)
    return load_project(root / "polyarch.toml")


def digest(made: Project, image: str) -> str:
    return context_digests(made, dict.fromkeys(made.images, (AMD,)), sources(made))[image, AMD]


def sources(made: Project) -> Sources:
    return SourceReader(made, Machine(native=(AMD,)), WORDING).read(tuple(made.images))


def edges(made: Project) -> dict[str, tuple[str, ...]]:
    return edges_of(sources(made))


def test_a_file_in_a_named_context_counts(tmp_path):
    config = '[images.app]\ncontext = "app"\n[images.app.contexts]\nlib = "lib"\n'
    made = project(tmp_path, config, app__Dockerfile="FROM scratch\n", lib__a="1")
    before = digest(made, "app")
    (tmp_path / "lib" / "a").write_text("2")
    assert digest(made, "app") != before


@pytest.mark.parametrize("order", ["direct-first", "dockerfile-first"])
def test_the_order_of_images_does_not_count(tmp_path, order):
    """The direct engine leaves `.git` out of the same folder that a Dockerfile's context is."""
    images = [
        '[images.a]\nengine = "direct"\n[images.a.direct]\nfiles = [{ from = "f", to = "/f" }]\n',
        "[images.b]\n",
    ]
    config = "".join(images if order == "direct-first" else reversed(images))
    made = project(tmp_path, config, Dockerfile="FROM scratch\nCOPY . /\n", f="1")
    (tmp_path / ".git").mkdir()
    both = digest(made, "a"), digest(made, "b")
    (tmp_path / ".git" / "HEAD").write_text("x")
    assert digest(made, "a") == both[0]
    assert digest(made, "b") != both[1]


def test_polyarch_s_own_folder_is_no_input(tmp_path):
    made = project(tmp_path, "[images.app]\n", Dockerfile="FROM scratch\nCOPY . /\n")
    before = digest(made, "app")
    (tmp_path / ".polyarch" / "runs").mkdir(parents=True)
    (tmp_path / ".polyarch" / "runs" / "log").write_text("x")
    assert digest(made, "app") == before


def test_a_base_named_by_an_expression_is_an_edge(tmp_path):
    config = """
[images.base]
context = "base"
repositories = ["ghcr.io/team/base"]
[images.app]
context = "app"
build-args = { TAG = "{{sha}}" }
"""
    made = project(
        tmp_path,
        config,
        base__Dockerfile="FROM scratch\n",
        app__Dockerfile="ARG TAG\nFROM ghcr.io/team/base:${TAG}\n",
    )
    assert edges(made) == {"base": (), "app": ("base",)}


def test_edges_by_repository_context_and_copy(tmp_path):
    config = """
[images.base]
context = "base"
repositories = ["team/base", "ghcr.io/team/base"]
[images.by-name]
context = "one"
[images.by-context]
context = "two"
contexts = { below = "image:base" }
[images.by-copy]
context = "three"
[images.alone]
context = "four"
"""
    made = project(
        tmp_path,
        config,
        base__Dockerfile="FROM scratch\n",
        one__Dockerfile="FROM docker.io/team/base:1\n",
        two__Dockerfile="FROM below\n",
        three__Dockerfile="FROM scratch\nCOPY --from=ghcr.io/team/base:2 /a /a\n",
        four__Dockerfile="FROM team/other\n",
    )
    assert edges(made) == {
        "base": (),
        "by-name": ("base",),
        "by-context": ("base",),
        "by-copy": ("base",),
        "alone": (),
    }


@pytest.mark.parametrize("line", ["ONBUILD COPY more /more", "RUN true"])
def test_triggers_of_the_project_s_own_base_may_read_everything(tmp_path: Path, line: str) -> None:
    config = '[images.base]\ncontext = "base"\n[images.app]\ncontext = "app"\n'
    config += 'contexts = { below = "image:base" }\n'
    files = {"base__Dockerfile": f"FROM debian\n{line}\n", "app__Dockerfile": "FROM below\n"}
    made = project(tmp_path, config, **files, app__more="1")
    before = digest(made, "app")
    (tmp_path / "app" / "more").write_text("2")
    assert (digest(made, "app") == before) is (line == "RUN true")


TAKEN = f"""
[images.base.platform."linux/amd64"]
from = "ghcr.io/own/base@sha256:{64 * "0"}"
"""


@pytest.mark.parametrize(
    "more",
    [
        "",
        'build-args = { BUILDKIT_SYNTAX = "own/frontend:1" }\n',
        'contexts = { below = "image:base" }\n' + TAKEN,
    ],
)
def test_a_strange_frontend_or_base_may_read_all(tmp_path, more):
    """Of one the language is not known here, of the other what it left to be done on top."""
    text = f"FROM {'below' if 'below' in more else 'scratch'}\nCOPY a /\n"
    made = project(tmp_path, f"[images.app]\n{more}", Dockerfile=text, a="1", b="1")
    before = digest(made, "app")
    (tmp_path / "b").write_text("2")
    assert (digest(made, "app") != before) is bool(more)


def test_a_frontend_that_a_build_argument_names_is_asked_for(tmp_path):
    config = '[images.app]\nbuild-args = { BUILDKIT_SYNTAX = "own/frontend:1" }\n'
    made = project(tmp_path, config, Dockerfile="# syntax=docker/dockerfile:1\nFROM scratch\n")
    assert sources(made)["app", AMD].syntax == "own/frontend:1"
