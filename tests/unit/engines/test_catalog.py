import pytest

from polyarch.engines.base import EngineInfo
from polyarch.engines.catalog import ENGINES, Material, candidates, choose
from polyarch.errors import EngineMisfitError, EngineUnusableError, NoEngineError

BUILDX = EngineInfo(
    name="buildx", version="0.29.1", title="docker buildx 0.29.1 with the containerd image store"
)
BUILDAH = EngineInfo(name="buildah", version="1.28.2", title="buildah 1.28.2 with chroot isolation")
DIRECT = EngineInfo(name="direct", title="direct")
NO_BUILDX = EngineInfo(name="buildx", problem="the Docker daemon does not answer", hint="start it")
NO_BUILDAH = EngineInfo(
    name="buildah", problem="the program `buildah` is not on PATH", hint="install Buildah"
)
ALL = {"buildx": BUILDX, "buildah": BUILDAH, "direct": DIRECT}


def test_every_engine_of_the_config_can_be_made() -> None:
    assert [make({"PATH": "/bin"}).name for make in ENGINES.values()] == list(ENGINES)


def test_a_dockerfile_is_for_buildkit_first() -> None:
    choice = choose("app", "dockerfile", "auto", ALL)
    assert choice.engine == "buildx"
    assert choice.reason == "docker buildx 0.29.1 with the containerd image store"


def test_else_for_buildah_and_the_reason_says_why() -> None:
    choice = choose("app", "dockerfile", "auto", {"buildx": NO_BUILDX, "buildah": BUILDAH})
    assert choice.engine == "buildah"
    assert choice.reason == (
        "buildah 1.28.2 with chroot isolation; `buildx` cannot: the Docker daemon does not answer"
    )


@pytest.mark.parametrize("material", ["recipe", "both"])
def test_a_recipe_needs_no_container_engine(material: Material) -> None:
    assert candidates("app", material) == ("direct",)
    choice = choose("app", material, "auto", {"direct": DIRECT})
    assert choice.engine == "direct"
    assert "no container engine" in choice.reason


@pytest.mark.parametrize("wanted", ["buildx", "buildah", "direct"])
def test_what_the_config_says_is_done(wanted: str) -> None:
    choice = choose("app", "both", wanted, ALL)
    assert choice.engine == wanted
    assert "`engine` says so" in choice.reason


def test_an_engine_that_is_wanted_and_cannot_is_not_replaced() -> None:
    with pytest.raises(EngineUnusableError, match="does not answer") as caught:
        choose("app", "dockerfile", "buildx", {"buildx": NO_BUILDX, "buildah": BUILDAH})
    assert caught.value.hint == "start it"


def test_none_at_all_tells_what_to_install() -> None:
    with pytest.raises(NoEngineError) as caught:
        choose("app", "dockerfile", "auto", {"buildx": NO_BUILDX, "buildah": NO_BUILDAH})
    assert "the Docker daemon does not answer" in caught.value.message
    assert "`buildah` is not on PATH" in caught.value.message
    assert caught.value.hint == "start it; or install Buildah"


@pytest.mark.parametrize(
    ("material", "wanted", "lacks"),
    [("dockerfile", "direct", "images.app.direct"), ("recipe", "buildah", "Dockerfile")],
)
def test_an_engine_without_its_material_is_a_fault_of_the_config(
    material: Material, wanted: str, lacks: str
) -> None:
    with pytest.raises(EngineMisfitError, match=lacks):
        choose("app", material, wanted, ALL)
