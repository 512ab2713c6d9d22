"""Any text is a project or an error that names its places."""

import dataclasses
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.config.load import load_project, load_text
from polyarch.config.resolve import Override
from polyarch.errors import (
    ConfigUnreadableError,
    InvalidConfigError,
    InvalidOverrideError,
    NothingSelectedError,
)
from polyarch.oci.platform import Platform
from tests.support.config_documents import EXAMPLE, MINIMAL, as_text, likely, tables_of, values

ROOT = Path(__file__).parents[3]


def problems(text: str) -> tuple[str, ...]:
    with pytest.raises(InvalidConfigError) as raised:
        load_text(text)
    return raised.value.problems


def test_the_example_of_the_design():
    project = load_text(EXAMPLE)
    assert list(project.images) == ["server", "web", "bot", "hello"]
    server = project.images["server"]
    assert [str(platform) for platform in server.platforms] == ["linux/amd64", "linux/arm64"]
    assert str(server.repositories[0]) == "docker.io/openim/openkf-server"
    assert (server.context, server.dockerfile) == ("server", "deploy/docker/Dockerfile.server")
    assert dict(server.build_args) == {"VERSION": "{{version}}"}
    arm = server.for_platform(Platform.parse("arm64"))
    assert dict(arm.build_args) == {"VERSION": "{{version}}", "GOPROXY": "direct"}
    assert server.smoke_test[0].run == ("./server", "--version")
    hello = project.images["hello"].direct
    assert hello
    assert hello.run[5:7] == ("{zig}", "-mcpu={zig-cpu}")
    assert (hello.files[0].source, hello.files[0].mode) == ("{out}/hello", 0o755)
    assert project.groups == {"release": ("server", "web", "bot")}
    assert project.environments == ("staging",)


def test_the_design_page_itself():
    page = ROOT.parent / "shared" / "DESIGN.md"
    if not page.is_file():
        pytest.skip("the design page is not on this machine")
    example = page.read_text(encoding="utf-8").split("```toml\n")[1].split("```")[0]
    assert tomllib.loads(example) == tomllib.loads(EXAMPLE)


def test_all_of_the_example_is_obeyed():
    assert load_text(EXAMPLE).warnings == ()


def test_an_override_for_a_platform_that_is_not_built_is_told():
    text = MINIMAL + '[images.app.platform.arm64]\ntarget = "x"\n'
    assert load_text(text).warnings == (
        "images.app.platform.arm64 (line 3): image `app` is not built for this platform",
    )


@pytest.mark.parametrize(
    ("on", "told"),
    [('"release"', True), ('"tag:v*"', True), ('"tag:app/*"', False), ('"tag:**"', False)],
)
def test_a_version_tag_that_publishes_nothing_is_told(on: str, told: bool):
    text = MINIMAL + f'version-tag = "app/v*"\n[publish]\non = [{on}]\n'
    warnings = load_text(text).warnings
    assert [("add `tag:app/v*` to" in line) for line in warnings] == [True] * told


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('version-tag = "refs/tags/app/v*"', "without `refs/tags/`"),
        ('version-tag = ""', "name or glob"),
        ('flavor = ["latst=true"]', "did you mean `latest`"),
        ('tag-policy = "gaurded"', "guarded"),
    ],
)
def test_keys_of_tags_that_are_wrong(line: str, words: str):
    with pytest.raises(InvalidConfigError) as caught:
        load_text(f"{MINIMAL}{line}\n")
    assert words in str(caught.value)


def test_annotations_that_have_no_place_are_told():
    [warning] = load_text(f'{MINIMAL}annotation-levels = ["index-descriptor"]\n').warnings
    assert "index-descriptor" in warning


def test_three_images_of_openkf_take_at_most_25_lines():
    file = ROOT / "examples" / "openkf" / "polyarch.toml"
    assert len(file.read_text(encoding="utf-8").splitlines()) <= 25
    project = load_project(file)
    assert list(project.images) == ["web", "server", "bot"]
    for name, image in project.images.items():
        assert len(image.platforms) == 2
        assert {str(repository) for repository in image.repositories} == {
            f"docker.io/openim/openkf-{name}",
            f"ghcr.io/openimsdk/openkf-{name}",
            f"registry.cn-hangzhou.aliyuncs.com/openimsdk/openkf-{name}",
        }
        assert image.dockerfile == f"deploy/docker/Dockerfile.{name}"
        assert all(project.registries.of(one).password_env for one in image.repositories)
    assert project.warnings == ()


def test_thirty_images_take_at_most_80_lines():
    head = [
        "[defaults]",
        'platforms = ["linux/amd64", "linux/arm64"]',
        'repositories = ["team/{image}", "ghcr.io/team/{image}", "quay.io/team/{image}"]',
        'context = "services/{image}"',
        'build-args = { VERSION = "{{version}}" }',
        "[images.base]",
        'context = "base"',
    ]
    each = [
        line
        for number in range(1, 30)
        for line in (f"[images.service-{number:02}]", 'contexts = { base = "image:base" }')
    ]
    tail = ["[groups]", f"even = {[f'service-{number:02}' for number in range(2, 30, 2)]}"]
    lines = [*head, *each, *tail]
    assert len(lines) <= 80
    project = load_text("\n".join(lines))
    assert len(project.images) == 30
    assert project.images["service-29"].dockerfile == "services/service-29/Dockerfile"
    assert len(project.groups["even"]) == 14


def test_every_example_of_the_project_loads():
    for file in (ROOT / "examples").glob("*/polyarch.toml"):
        assert load_project(file).images


def test_the_error_names_the_file_and_what_to_do():
    with pytest.raises(InvalidConfigError) as raised:
        load_text(MINIMAL + "colour = 1\n", Path("deep/polyarch.toml"))
    assert raised.value.message.splitlines() == [
        "`deep/polyarch.toml` has a problem:",
        "  images.app.colour (line 3): unknown key; `polyarch schema` prints those that there are",
    ]
    assert raised.value.where == "deep/polyarch.toml"
    assert raised.value.hint


def test_command_line_beats_environment_beats_platform_beats_image():
    text = EXAMPLE + '[environments.staging.publish]\non = ["branch:next"]\n'
    flags = [
        Override(flag="--engine", image={"engine": "buildah"}),
        Override(flag="--repository", image={"repositories": ["localhost:5000/{image}"]}),
        Override(flag="--on-registry-failure", publish={"on-registry-failure": "continue"}),
    ]
    staged = load_text(text, environment="staging")
    assert str(staged.images["bot"].repositories[0]) == "registry.internal:5000/staging/bot"
    assert staged.publish.on == ("branch:next",)
    forced = load_text(text, environment="staging", overrides=flags)
    assert str(forced.images["bot"].repositories[0]) == "localhost:5000/bot"
    bot = forced.images["bot"]
    assert bot.engine == bot.for_platform(bot.platforms[0]).engine == "buildah"
    assert forced.publish.on_registry_failure == "continue"


def test_a_flag_that_cannot_be_obeyed():
    flags = [Override(flag="--engine", image={"engine": "buildy"})]
    with pytest.raises(InvalidOverrideError) as raised:
        load_text(MINIMAL, overrides=flags)
    assert raised.value.message == (
        "`--engine` cannot be obeyed: engine: `buildy` is not known; did you mean `buildx`?"
    )


def test_an_environment_that_is_not_there():
    with pytest.raises(NothingSelectedError) as raised:
        load_text(EXAMPLE, environment="stage")
    assert raised.value.hint == "known environments: `staging`, `production`"


def test_a_repository_that_becomes_too_long_with_its_image():
    name = "a" * 200
    text = (
        f'[images.{name}]\nplatforms = ["amd64"]\nrepositories = ["ghcr.io/{"b" * 60}/{{image}}"]\n'
    )
    assert problems(text)[0].endswith("it is longer than 255 characters")


def test_a_file_that_is_not_there(tmp_path: Path):
    with pytest.raises(ConfigUnreadableError) as raised:
        load_project(tmp_path / "polyarch.toml")
    assert "No such file" in raised.value.message


def test_paths_begin_at_the_folder_of_the_file(tmp_path: Path):
    file = tmp_path / "polyarch.toml"
    file.write_text(MINIMAL, encoding="utf-8")
    project = load_project(file)
    assert (project.root, project.file) == (tmp_path, file)


def check_any(text: str) -> None:
    """Nothing but a project or the one error, each problem a line of its own."""
    try:
        project = load_text(text)
    except InvalidConfigError as error:
        assert error.problems
        assert all(problem.isprintable() for problem in error.problems)
        return
    for image in project.images.values():
        assert set(image.per_platform) == set(image.platforms)
        assert dataclasses.asdict(project.publish)


@given(st.text())
def test_any_text_is_refused_or_read(text: str):
    check_any(text)
    check_any(MINIMAL + text)


@given(tables_of(values).map(as_text))
def test_any_document_in_our_words_is_refused_or_read(text: str):
    check_any(text)
    check_any(text + MINIMAL)


@given(likely.map(as_text))
def test_documents_that_are_nearly_right_are_refused_or_read(text: str):
    check_any(text)


@given(st.data())
def test_a_damaged_example_is_refused_or_read(data: st.DataObject):
    begin = data.draw(st.integers(0, len(EXAMPLE)))
    end = data.draw(st.integers(begin, min(len(EXAMPLE), begin + 40)))
    check_any(EXAMPLE[:begin] + data.draw(st.text(max_size=4)) + EXAMPLE[end:])


@given(st.integers(0, 30), st.sampled_from(["platfroms = 1", "engine = 1", 'context = "/x"']))
def test_a_problem_has_its_line(blank: int, statement: str):
    text = "[images.app]" + "\n" * (blank + 1) + statement + '\nplatforms = ["amd64"]\n'
    assert f"(line {blank + 2}): " in problems(text)[0]
