"""Platform words are found as whole components, where they stand, in linear time."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.dockerfile.lint.arches import (
    AMD64,
    ARM64,
    ARM_V6,
    ARM_V7,
    I386,
    KNOWN,
    MEANINGS,
    PPC64LE,
    World,
    name_in,
    name_on_64_bit_host,
    platforms_of,
)
from polyarch.dockerfile.lint.archwords import find_words, first_word, names_platform


@pytest.mark.parametrize(
    ("text", "word", "platform"),
    [
        ("linux-x86_64.tar.gz", "x86_64", AMD64),
        ("mdbook-x86_64-unknown-linux-gnu.tar.gz", "x86_64", AMD64),
        ("chromedriver_linux64.zip", "linux64", AMD64),
        ("api/micromamba/linux-64/latest", "linux-64", AMD64),
        ("trivy_0.18_Linux-64bit.deb", "Linux-64bit", AMD64),
        ("node-v22.1.0-linux-x64.tar.xz", "x64", AMD64),
        ("terraform_1.9_linux_386.zip", "386", I386),
        ("protoc-3.1-linux-aarch_64.zip", "aarch_64", ARM64),
        ("Miniconda3-latest-Linux-aarch64.sh", "aarch64", ARM64),
        ("docker-linux-armv7", "armv7", ARM_V7),
        ("rclone-linux-arm-v7.zip", "arm-v7", ARM_V7),
        ("release/linux/arm/v6/app", "arm/v6", ARM_V6),
        ("tool_ppc64el.deb", "ppc64el", PPC64LE),
        ("${OS}amd64", "amd64", AMD64),
        ("linux_arm", "arm", ARM_V7),
        ("/usr/lib/x86_64-linux-gnu/libc.so", "x86_64-linux-gnu", AMD64),
    ],
)
def test_finds_the_word(text: str, word: str, platform: object) -> None:
    found = list(find_words(text))
    assert [one.text for one in found] == [word]
    assert platform in found[0].platforms
    assert text[found[0].start : found[0].end] == word


@pytest.mark.parametrize(
    "text",
    [
        "", "v1.386.0", "build-386", "harm64", "amd64abc", "arm64e", "arm", "x86", "win64.zip",
        "$ARM64_URL", "${AMD64}", "${TARGETARCH:-amd64}", "${A:-${B:-amd64}}", "dialogs390",
    ],
)  # fmt: skip
def test_finds_nothing(text: str) -> None:
    assert not list(find_words(text))


def test_weak_words_come_when_asked_for() -> None:
    assert [one.text for one in find_words("arm x86 386", weak=True)] == ["arm", "x86", "386"]
    assert names_platform("build_arm", ARM_V7)
    assert not names_platform("build_arm64", ARM_V7)


def test_tells_whether_a_part_ends_with_it() -> None:
    for text in (
        "app-amd64",
        "app:1-amd64@sha256:0",
        "a-amd64.tar.gz",
        "amd64/debian",
        "a_amd64?x",
    ):
        word = first_word(text)
        assert word is not None
        assert word.ends_part
    word = first_word("base-arm64-tools-common")
    assert word is not None
    assert not word.ends_part


def test_words_mean_something_in_a_world() -> None:
    assert platforms_of("armhf", World.DEBIAN) == (ARM_V7,)
    assert platforms_of("armhf", World.ALPINE) == (ARM_V6,)
    assert platforms_of("armhf") == (ARM_V7, ARM_V6)
    assert platforms_of("arm", World.DOCKER) == (ARM_V7, ARM_V6)
    assert platforms_of("ppc64el", World.GO) == ()
    assert name_in(PPC64LE, World.DEBIAN) == "ppc64el"
    assert name_in(I386, World.DOTNET) is None
    assert name_on_64_bit_host(I386) == "x86_64"
    assert name_on_64_bit_host(AMD64) is None


@pytest.mark.parametrize("world", World)
@pytest.mark.parametrize("platform", KNOWN, ids=str)
def test_every_name_means_its_platform(world: World, platform: object) -> None:
    for one in KNOWN:
        name = name_in(one, world)
        if name is not None and one == platform:
            assert one in platforms_of(name, world)
            assert one in platforms_of(name)


_TEXTS = st.lists(
    st.sampled_from(
        [*MEANINGS, "-", "_", "/", ".", "$", "${", "}", "linux", "x", "é", "\u017f390x", " "]
    )
).map("".join)


@given(_TEXTS | st.text())
def test_spans_are_right(text: str) -> None:
    end = 0
    for word in find_words(text, weak=True):
        assert text[word.start : word.end] == word.text
        assert word.start >= end
        end = word.end
        before, after = text[: word.start][-1:], text[word.end :][:1]
        assert not (after.isascii() and after.isalnum())
        assert word.os or not (before.isascii() and before.isalnum()) or "$" in text


@pytest.mark.parametrize(
    "piece", ["${", "}", "amd64.", "manylinux_", "x86_", "linux-", "$a", "arm"]
)
def test_long_texts_take_no_longer_than_they_should(piece: str) -> None:
    started = time.process_time()
    list(find_words(piece * 200_000, weak=True))
    assert time.process_time() - started < 30
