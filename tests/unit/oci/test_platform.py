import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.errors import InvalidPlatformError
from polyarch.oci.platform import Platform
from tests.support.strategies import platforms


@pytest.mark.parametrize(
    ("text", "normal"),
    [
        ("linux/amd64", "linux/amd64"),
        ("amd64", "linux/amd64"),
        ("x86_64", "linux/amd64"),
        ("arm/v7", "linux/arm/v7"),
        ("linux/x86_64", "linux/amd64"),
        ("linux/amd64/v1", "linux/amd64"),
        ("linux/amd64/v3", "linux/amd64/v3"),
        ("linux/arm64", "linux/arm64"),
        ("linux/arm64/v8", "linux/arm64"),
        ("linux/arm64/8", "linux/arm64"),
        ("aarch64", "linux/arm64"),
        ("linux/arm", "linux/arm/v7"),
        ("linux/arm/7", "linux/arm/v7"),
        ("armhf", "linux/arm/v7"),
        ("linux/armel", "linux/arm/v6"),
        ("linux/arm/v6", "linux/arm/v6"),
        ("i386", "linux/386"),
        ("linux/i686", "linux/386"),
        ("ppc64el", "linux/ppc64le"),
        ("loongarch64", "linux/loong64"),
        ("LINUX/ARM64", "linux/arm64"),
        ("windows/amd64", "windows/amd64"),
        ("riscv64", "linux/riscv64"),
    ],
)
def test_what_people_write(text, normal):
    assert str(Platform.parse(text)) == normal


@pytest.mark.parametrize(
    ("text", "nearest"),
    [
        ("linux/amd46", "linux/amd64"),
        ("linux/arm46", "linux/arm64"),
        ("linus/arm64", "linux/arm64"),
        ("linux/riscv", "linux/riscv64"),
    ],
)
def test_a_slip_of_the_pen_names_the_nearest(text, nearest):
    with pytest.raises(InvalidPlatformError) as caught:
        Platform.parse(text)
    assert f"`{nearest}`" in str(caught.value.hint)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/",
        "linux/",
        "linux//v7",
        "linux/arm64/v8/x",
        "linux",
        "linux/arm/v9",
        "linux/arm64/v7",
        "a b",
    ],
)
def test_what_is_no_platform_is_refused(text):
    with pytest.raises(InvalidPlatformError):
        Platform.parse(text)


@pytest.mark.parametrize(
    ("have", "wanted", "runs"),
    [
        ("linux/arm/v6", "linux/arm/v7", True),
        ("linux/arm/v7", "linux/arm/v6", False),
        ("linux/amd64", "linux/amd64/v3", True),
        ("linux/amd64/v3", "linux/amd64", False),
        ("linux/arm64", "linux/arm64/v9", True),
        ("linux/arm64/v9", "linux/arm64", False),
        ("linux/386", "linux/amd64", False),
        ("linux/arm/v7", "linux/arm64", False),
        ("windows/amd64", "linux/amd64", False),
    ],
)
def test_satisfies_goes_one_way(have, wanted, runs):
    assert Platform.parse(have).satisfies(Platform.parse(wanted)) is runs


@given(platforms)
def test_a_platform_satisfies_itself_and_survives_text(platform):
    assert platform.satisfies(platform)
    assert Platform.parse(str(platform)) == platform
    assert "/" not in platform.slug


@given(st.text())
def test_any_text_is_a_platform_or_refused(text):
    try:
        platform = Platform.parse(text)
    except InvalidPlatformError:
        return
    assert Platform.parse(str(platform)) == platform


@pytest.mark.parametrize(
    ("text", "meant"),
    [
        ("linux/arm46", "linux/arm64"),
        ("linux/adm64", "linux/amd64"),
        ("linux/armv66", "linux/arm/v6"),
        ("linux/arm65", "linux/arm64"),
        ("linux/arm63", "linux/arm64"),
        ("linux/x86_46", "linux/amd64"),
    ],
)
def test_the_platform_that_was_meant(text: str, meant: str):
    with pytest.raises(InvalidPlatformError) as raised:
        Platform.parse(text)
    assert f"did you mean `{meant}`?" in str(raised.value.hint)


@pytest.mark.parametrize(
    ("platform", "first", "among"),
    [
        ("linux/amd64", "amd64", {"x86_64", "x86-64", "x64"}),
        ("linux/arm64", "arm64", {"aarch64", "arm64v8", "armv8"}),
        ("linux/arm/v7", "armv7", {"arm", "arm-v7", "arm32v7", "armhf"}),
        ("linux/arm/v6", "armv6", {"arm-v6", "arm32v6", "armel"}),
        ("linux/386", "386", {"i386", "i686", "x86"}),
        ("linux/s390x", "s390x", set()),
    ],
)
def test_the_words_that_tags_have_for_a_platform(platform: str, first: str, among: set[str]):
    words = Platform.parse(platform).words
    assert words[0] == Platform.parse(platform).word == first
    assert among <= set(words)
    assert len(set(words)) == len(words)


def test_arm_without_a_variant_is_no_word_for_v6():
    assert "arm" not in Platform.parse("linux/arm/v6").words
