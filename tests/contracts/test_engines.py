"""What every engine promises, run on the fake and on the real ones."""

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from polyarch.content.layout import LayoutStore
from polyarch.engines.base import LayoutContext
from polyarch.errors import BasePlatformError, BuildFailedError, DockerfileNotFoundError
from polyarch.events import BuildLog, BuildStep
from polyarch.oci.platform import Platform
from tests.support.engine_cases import (
    CREATED_TEXT,
    EngineCase,
    Workshop,
    buildah_case,
    buildx_case,
    fake_case,
)

PLATFORMS = ("linux/amd64", "linux/arm64", "linux/arm/v7", "linux/arm/v6", "linux/386")
FAILING = "linux/riscv64"

ONE_FILE = """\
FROM scratch
COPY app.txt /app.txt
"""
TWO_STAGES = """\
FROM scratch AS first
ARG VERSION=none
LABEL version=$VERSION
COPY app.txt /first.txt
FROM first AS second
COPY app.txt /second.txt
"""
CHILD = """\
FROM registry.example.com/team/base:1
COPY child.txt /child.txt
"""
BASE = "registry.example.com/team/base:1"


@pytest.fixture(
    params=[
        "fake",
        pytest.param("docker_engine", marks=pytest.mark.real),
        pytest.param("buildah", marks=pytest.mark.real),
    ]
)
def case(request: pytest.FixtureRequest) -> EngineCase:
    if request.param == "fake":
        return fake_case(Platform.parse(FAILING))
    part = request.getfixturevalue(request.param)
    return buildx_case(part) if request.param == "docker_engine" else buildah_case(part)


@pytest.fixture
def shop(case: EngineCase, tmp_path: Path) -> Workshop:
    # Capitals: Buildah takes none in the names that it makes of paths.
    return Workshop(case=case, folder=tmp_path / "Work, with a comma")


@pytest.mark.parametrize("platform", PLATFORMS)
def test_the_image_is_of_the_platform(shop: Workshop, platform: str) -> None:
    built = shop.build(ONE_FILE, platform)
    assert built.manifest.platform == Platform.parse(platform)
    assert shop.config(built).platform == Platform.parse(platform)


def test_platforms_do_not_leak_into_each_other(shop: Workshop) -> None:
    first = [shop.config(shop.build(ONE_FILE, platform)).platform for platform in PLATFORMS]
    again = [shop.config(shop.build(ONE_FILE, platform)).platform for platform in PLATFORMS]
    assert first == again == [Platform.parse(platform) for platform in PLATFORMS]


def test_the_layout_holds_all_of_it_and_nothing_lies_about(shop: Workshop) -> None:
    built = shop.build(ONE_FILE, "linux/arm64")
    assert shop.prove(built) >= 3
    assert [path.name for path in shop.out.iterdir()] == ["layout"]
    assert shop.case.leftovers() == []


def test_labels_and_time_are_those_of_the_request(shop: Workshop) -> None:
    labels = {
        "org.opencontainers.image.revision": "0123abc",
        "odd": 'it\'s "quoted", with = and $HOME and ä',
    }
    config = shop.config(shop.build(ONE_FILE, "linux/arm64", labels=labels))
    assert {key: config.labels.get(key) for key in labels} == labels
    assert config.created == CREATED_TEXT


def test_another_commit_of_the_same_files_has_its_own_time_and_labels(shop: Workshop) -> None:
    shop.build(ONE_FILE, "linux/arm64", labels={"revision": "one"})
    later = shop.build(ONE_FILE, "linux/arm64", labels={"revision": "two"}, created=1_700_000_060)
    config = shop.config(later)
    assert config.created == "2023-11-14T22:14:20Z"
    assert config.labels["revision"] == "two"


@pytest.mark.parametrize("no_cache", [False, True])
def test_the_same_request_gives_the_same_bytes(shop: Workshop, *, no_cache: bool) -> None:
    first = shop.build(TWO_STAGES, "linux/arm/v7")
    (shop.project / "app.txt").touch()
    second = shop.build(TWO_STAGES, "linux/arm/v7", no_cache=no_cache)
    assert first.manifest == second.manifest


def test_other_files_give_another_image(shop: Workshop) -> None:
    first = shop.build(ONE_FILE, "linux/arm64")
    shop.write("app.txt", "another application\n")
    assert shop.build(ONE_FILE, "linux/arm64").manifest.digest != first.manifest.digest


def test_target_and_build_arguments_count(shop: Workshop) -> None:
    arguments = {"VERSION": '1.0, "quoted" $HOME'}
    whole = shop.build(TWO_STAGES, "linux/arm64", build_args=arguments)
    first = shop.build(TWO_STAGES, "linux/arm64", build_args=arguments, target="first")
    other = shop.build(TWO_STAGES, "linux/arm64", target="first")
    assert len({built.manifest.digest for built in (whole, first, other)}) == 3
    if shop.case.reads_dockerfiles:
        assert set(shop.files(whole)) == {"first.txt", "second.txt"}
        assert set(shop.files(first)) == {"first.txt"}
        assert shop.config(first).labels["version"] == arguments["VERSION"]
        assert shop.config(other).labels["version"] == "none"


def test_an_argument_named_like_one_of_the_machine_does_no_harm(shop: Workshop) -> None:
    dockerfile = "FROM scratch\nARG PATH\nARG HOME\nLABEL p=$PATH h=$HOME\nCOPY app.txt /\n"
    arguments = {"PATH": "/nowhere", "HOME": "/nobody", "DOCKER_HOST": "tcp://127.0.0.1:1"}
    built = shop.build(dockerfile, "linux/arm64", build_args=arguments)
    if shop.case.reads_dockerfiles:
        assert shop.config(built).labels["h"] == "/nobody"


@pytest.mark.parametrize("as_index", [False, True])
def test_a_child_stands_on_exactly_the_base_given(shop: Workshop, *, as_index: bool) -> None:
    base = shop.build(ONE_FILE, "linux/arm64")
    other = shop.build(TWO_STAGES, "linux/amd64")
    shop.write("child.txt", "child\n")
    descriptor = shop.index(other, base) if as_index else base.manifest.bare()
    context = LayoutContext(layout=shop.layout.root, descriptor=descriptor)
    child = shop.build(CHILD, "linux/arm64", contexts={BASE: context})
    below = shop.manifest(base.manifest).layers
    assert [layer.digest for layer in shop.manifest(child.manifest).layers[: len(below)]] == [
        layer.digest for layer in below
    ]
    assert shop.config(child).diff_ids[: len(below)] == shop.config(base).diff_ids
    assert child.manifest.platform == Platform.parse("linux/arm64")
    assert shop.case.leftovers() == []


def test_a_child_follows_a_change_of_its_base(shop: Workshop) -> None:
    shop.write("child.txt", "child\n")
    digests = set()
    for text in ("one\n", "two\n"):
        shop.write("app.txt", text)
        base = shop.build(ONE_FILE, "linux/arm64")
        context = LayoutContext(layout=shop.layout.root, descriptor=base.manifest.bare())
        child = shop.build(CHILD, "linux/arm64", contexts={BASE: context})
        digests.add(child.manifest.digest)
        if shop.case.reads_dockerfiles:
            assert shop.files(child)["app.txt"] == text.encode()
    assert len(digests) == 2


def test_a_base_of_another_platform_is_refused(shop: Workshop) -> None:
    base = shop.build(ONE_FILE, "linux/arm64")
    shop.write("child.txt", "child\n")
    context = LayoutContext(layout=shop.layout.root, descriptor=base.manifest.bare())
    with pytest.raises(BasePlatformError, match=r"base.* is an image for `linux/arm64`"):
        shop.build(CHILD, "linux/amd64", contexts={BASE: context})


def test_a_failed_build_tells_why_and_leaves_nothing(shop: Workshop) -> None:
    request = shop.request("FROM scratch\nCOPY absent.txt /\n", FAILING)
    with pytest.raises(BuildFailedError) as caught:
        shop.case.failing.build(request, shop.layout, shop.events.append)
    error = caught.value
    assert error.last_lines
    assert error.image == "app"
    assert FAILING in error.message
    assert error.log == str(shop.log)
    assert str(shop.log) in (error.hint or "")
    assert error.last_lines[-1] in shop.log.read_text()
    assert list(shop.out.glob("*")) == []
    assert shop.case.leftovers() == []


def test_what_it_says_is_told_and_kept(shop: Workshop) -> None:
    shop.build(ONE_FILE, "linux/arm64", no_cache=True)
    told = [event for event in shop.events if isinstance(event, BuildStep | BuildLog)]
    assert told
    assert {(e.image, str(e.platform)) for e in told} == {("app", "linux/arm64")}
    steps = [event for event in told if isinstance(event, BuildStep)]
    assert steps
    assert all(0 <= step.done <= step.total for step in steps)
    assert shop.log.read_text().strip()


def test_a_missing_dockerfile_is_the_projects_fault(shop: Workshop) -> None:
    with pytest.raises(DockerfileNotFoundError, match=r"Dockerfile\.absent"):
        shop.build(ONE_FILE, "linux/arm64", file=shop.project / "Dockerfile.absent")


def test_platforms_can_be_built_at_once(shop: Workshop) -> None:
    shop.write("child.txt", "child\n")
    bases = {platform: shop.build(ONE_FILE, platform) for platform in PLATFORMS}
    whole = LayoutContext(layout=shop.layout.root, descriptor=shop.index(*bases.values()))
    requests = [shop.request(CHILD, p, contexts={BASE: whole}) for p in PLATFORMS]
    with ThreadPoolExecutor(len(PLATFORMS)) as pool:
        children = list(
            pool.map(
                lambda request: shop.case.engine.build(
                    request, LayoutStore(shop.out / request.platform.slug), lambda _event: None
                ),
                requests,
            )
        )
    assert [str(child.manifest.platform) for child in children] == list(PLATFORMS)
    assert shop.case.leftovers() == []


def test_it_can_be_used_and_says_what_it_is(case: EngineCase) -> None:
    info = case.engine.probe()
    assert info.usable, info.problem
    assert info.name == case.engine.name
    assert info.version in info.title
