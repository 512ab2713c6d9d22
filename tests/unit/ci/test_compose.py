from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.ci.compose import Stack, StackRequest, read_stack
from polyarch.errors import ComposeFileError, StackError, StackUnreadableError


class Folder:
    """A folder with compose files."""

    def __init__(self, root: Path) -> None:
        self.root = root

    def write(self, **files: str) -> None:
        for name, text in files.items():
            path = self.root / name.replace("__", "/").replace("_", ".")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(text)

    def stack(self, *names: str, variables: Mapping[str, str] | None = None, **more: Any) -> Stack:
        files = tuple(self.root / name for name in names or ("compose.yaml",))
        return read_stack(
            StackRequest(root=self.root, files=files, variables=variables or {}, **more)
        )

    def images(self, *names: str, **more: Any) -> dict[str, str | None]:
        stack = self.stack(*names, **more)
        return {each.name: each.image.text if each.image else None for each in stack.services}


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)


def test_services_and_where_they_stand(folder: Folder):
    folder.write(compose_yaml="services:\n  db:\n    image: postgres:17\n  web: {image: nginx}\n")
    stack = folder.stack()
    db, web = stack.services
    assert db.image is not None
    assert (db.image.text, db.image.line, db.image.file) == ("postgres:17", 3, stack.file)
    assert (web.line, web.platform, web.build) == (4, None, None)


def test_anchors_and_extensions(folder: Folder):
    folder.write(
        compose_yaml=(
            "x-base: &base\n  image: redis:7\n  platform: linux/amd64\n"
            "services:\n  a:\n    <<: *base\n  b:\n    <<: *base\n    image: redis:8\n"
        )
    )
    assert folder.images() == {"a": "redis:7", "b": "redis:8"}


class TestVariables:
    TEXT = "services:\n  a: {image: 'app:${TAG:-1}'}\n  b: {image: 'app:$NONE'}\n"

    def test_defaults_files_and_the_environment(self, folder: Folder):
        folder.write(compose_yaml=self.TEXT)
        assert folder.images()["a"] == "app:1"
        folder.write(_env="TAG=2\n")
        assert folder.images()["a"] == "app:2"
        folder.write(other_env="TAG=3\n")
        assert folder.images(env_files=(folder.root / "other.env",))["a"] == "app:3"
        assert folder.images(variables={"TAG": "4"})["a"] == "app:4"

    def test_what_is_not_set_is_told(self, folder: Folder):
        folder.write(compose_yaml=self.TEXT)
        image = folder.stack().services[1].image
        assert image is not None
        assert (image.text, image.unset) == ("app:", ("NONE",))

    def test_what_must_be_set_is_a_problem_of_that_service_alone(self, folder: Folder):
        folder.write(
            compose_yaml=(
                "services:\n  a:\n    image: '${MUST:?be set}'\n"
                "  b:\n    image: b\n    environment: ['P=${PASSWORD:?be set too}']\n"
            )
        )
        a, b = folder.stack().services
        assert a.image is not None
        assert "be set" in a.image.problem
        assert b.image is not None
        assert b.image.problem == ""


class TestMerging:
    def test_later_files_count(self, folder: Folder):
        folder.write(
            compose_yaml="services:\n  a: {image: a:1, platform: linux/amd64}\n  b: {image: b:1}\n",
            more_yaml="services:\n  a: {image: a:2}\n  c: {image: c:1}\n",
        )
        assert folder.images("compose.yaml", "more.yaml") == {"a": "a:2", "b": "b:1", "c": "c:1"}
        [a, *_] = folder.stack("compose.yaml", "more.yaml").services
        assert a.platform is not None
        assert a.platform.text == "linux/amd64"

    def test_a_folder_has_its_override(self, folder: Folder):
        folder.write(
            **{"docker-compose_yml": "services: {a: {image: a:1}}"},
            **{"docker-compose_override_yml": "services: {a: {image: a:2}}"},
        )
        assert folder.images(".") == {"a": "a:2"}

    def test_reset_and_override(self, folder: Folder):
        folder.write(
            compose_yaml=(
                "services:\n  a:\n    image: a:1\n    platform: linux/amd64\n"
                "    build: {context: ., target: x}\n    profiles: [p]\n"
            ),
            more_yaml=(
                "services:\n  a:\n    platform: !reset null\n"
                "    build: !override {context: sub}\n    profiles: !reset []\n"
            ),
        )
        [a] = folder.stack("compose.yaml", "more.yaml").services
        assert (a.platform, a.profiles) == (None, ())
        assert a.build is not None
        assert a.build.target is None

    def test_builds_are_merged_key_by_key(self, folder: Folder):
        folder.write(
            compose_yaml="services:\n  a:\n    build: {context: app, args: {A: 1, B: 2}}\n",
            more_yaml="services:\n  a:\n    build: {target: t, args: [B=3, OUT, NONE]}\n",
        )
        [a] = folder.stack("compose.yaml", "more.yaml", variables={"OUT": "o"}).services
        assert a.build is not None
        assert a.build.context is not None
        assert a.build.target is not None
        assert (a.build.context.text, a.build.target.text) == (str(folder.root / "app"), "t")
        assert dict(a.build.args) == {"A": "1", "B": "3", "OUT": "o"}


class TestProfiles:
    TEXT = (
        "services:\n  a: {image: a}\n  b: {image: b, profiles: [debug]}\n"
        "  c: {image: c, profiles: [x, y]}\n"
    )

    @pytest.mark.parametrize(
        ("profiles", "variables", "names"),
        [
            ((), {}, "a"),
            (("debug",), {}, "ab"),
            (("*",), {}, "abc"),
            (("y",), {}, "ac"),
            ((), {"COMPOSE_PROFILES": "debug,x"}, "abc"),
            (("y",), {"COMPOSE_PROFILES": "debug"}, "ac"),
        ],
    )
    def test_which_are_active(self, folder: Folder, profiles, variables, names):
        folder.write(compose_yaml=self.TEXT)
        stack = folder.stack(profiles=profiles, variables=variables)
        assert "".join(each.name for each in stack.services) == names
        assert len(stack.left_out) == 3 - len(names)


class TestExtends:
    def test_a_service_of_the_same_file_and_of_another(self, folder: Folder):
        folder.write(
            compose_yaml=(
                "services:\n  a: {image: a:1, platform: linux/arm64}\n"
                "  b: {extends: a, image: b:1}\n"
                "  c: {extends: {service: d, file: sub/base.yaml}}\n"
            ),
            sub__base_yaml="services:\n  d: {extends: {service: e}, image: d:1}\n"
            "  e: {build: ctx}\n",
        )
        _, b, c = folder.stack().services
        assert b.platform is not None
        assert b.platform.text == "linux/arm64"
        assert folder.images() == {"a": "a:1", "b": "b:1", "c": "d:1"}
        assert c.build is not None
        assert c.build.context is not None
        assert c.build.context.text == str(folder.root / "sub" / "ctx")

    @pytest.mark.parametrize(
        "text",
        [
            "services:\n  a: {extends: a}\n",
            "services:\n  a: {extends: b}\n  b: {extends: a}\n",
            "services:\n  a: {extends: nobody}\n",
            "services:\n  a: {extends: {file: compose.yaml}}\n",
            "services:\n  a: {extends: {service: a, file: compose.yaml}}\n",
        ],
    )
    def test_what_cannot_be_followed(self, folder: Folder, text: str):
        folder.write(compose_yaml=text)
        with pytest.raises(ComposeFileError):
            folder.stack()


class TestIncludes:
    def test_files_with_variables_of_their_own(self, folder: Folder):
        folder.write(
            compose_yaml="include:\n  - sub/compose.yaml\nservices:\n  a: {image: 'a:${T:-1}'}\n",
            sub__compose_yaml="services:\n  b: {image: 'b:${T:-1}', build: .}\n",
            sub___env="T=2\n",
        )
        assert folder.images() == {"b": "b:2", "a": "a:1"}
        [b, _] = folder.stack().services
        assert b.build is not None
        assert b.build.context is not None
        assert b.build.context.text == str(folder.root / "sub")

    def test_long_form(self, folder: Folder):
        folder.write(
            compose_yaml="include:\n  - path: [x.yaml, y.yaml]\n    env_file: e.env\n",
            x_yaml="services: {b: {image: 'b:$T'}}",
            y_yaml="services: {b: {platform: linux/arm64}}",
            e_env="T=9",
        )
        [b] = folder.stack().services
        assert b.image is not None
        assert b.platform is not None
        assert (b.image.text, b.platform.text) == ("b:9", "linux/arm64")

    def test_remote_ones_are_told(self, folder: Folder):
        folder.write(compose_yaml="include: ['oci://docker.io/x/y']\nservices: {a: {image: a}}")
        stack = folder.stack()
        assert len(stack.services) == 1
        assert "not fetched" in stack.notes[0]

    def test_without_end(self, folder: Folder):
        folder.write(compose_yaml="include: [compose.yaml]\n")
        with pytest.raises(ComposeFileError, match="without end"):
            folder.stack()


@pytest.mark.parametrize(
    "text",
    [
        "- a",
        "text",
        "services: []",
        "services: {a: }",
        "services: {a: [x]}",
        "services: {a: {image: [x]}}",
        "services: {a: {build: [x]}}",
        "services: {a: {profiles: x}}",
        "include: x",
        "include: [{}]",
        "a: [",
    ],
)
def test_what_compose_refuses_too(folder: Folder, text: str):
    folder.write(compose_yaml=text)
    with pytest.raises(StackError):
        folder.stack()


def test_files_that_are_not_there(folder: Folder):
    for name in ("none.yaml", "."):
        with pytest.raises(StackUnreadableError):
            folder.stack(name)


def test_an_empty_file_has_no_services(folder: Folder):
    folder.write(compose_yaml="")
    assert folder.stack().services == ()


words = st.sampled_from(["a", "b", "$A", "${A:-b}", "${", "linux/arm64", "", "x:1", "./c"])
values = st.recursive(
    st.none() | words,
    lambda each: (
        st.lists(each, max_size=3)
        | st.dictionaries(
            st.sampled_from(
                ["image", "platform", "build", "context", "args", "profiles", "extends", "service"]
            ),
            each,
            max_size=4,
        )
    ),
    max_leaves=8,
)


@given(
    st.dictionaries(st.sampled_from("abc"), values, max_size=3),
    st.none() | st.lists(values, max_size=2),
)
def test_any_tree_is_a_stack_or_refused(tmp_path_factory, services, include):
    import json

    root = tmp_path_factory.mktemp("stack")
    (root / "compose.yaml").write_text(json.dumps({"services": services, "include": include}))
    try:
        Folder(root).stack()
    except StackError:
        return
