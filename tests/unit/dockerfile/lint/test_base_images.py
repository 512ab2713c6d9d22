"""PA106, PA107: what a look-up says of bases; without one, nothing."""

from collections.abc import Mapping

import pytest

from polyarch.dockerfile.lint.finding import FixClass, LintFinding
from polyarch.dockerfile.lint.lookup import BaseImage
from polyarch.oci.platform import Platform
from tests.support.linted import AMD64, ARM64, ARM_V6, ARM_V7, linted

DIGEST = f"sha256:{'a' * 64}"
FEW = BaseImage(offered=(AMD64, ARM64))
ONE = BaseImage(offered=(AMD64,), is_index=False)


class Known:
    """A look-up in a table, which remembers what it was asked."""

    def __init__(self, images: Mapping[str, BaseImage]) -> None:
        self.images = images
        self.asked: list[tuple[str, tuple[Platform, ...]]] = []

    def __call__(self, reference: str, platforms: tuple[Platform, ...]) -> BaseImage | None:
        self.asked.append((reference, platforms))
        return self.images.get(reference)


def found(text: str, known: Known, *platforms: Platform) -> list[LintFinding]:
    wanted = platforms or (AMD64, ARM64, ARM_V7)
    return [one for one in linted(text, *wanted, lookup=known) if one.rule in {"PA106", "PA107"}]


def test_without_a_lookup_nothing_is_said():
    text = f"FROM x@{DIGEST}\nCOPY --from=y /f /"
    assert not [one for one in linted(text) if one.rule in {"PA106", "PA107"}]


def test_what_nobody_knows_is_no_finding():
    known = Known({})
    assert found("FROM x\nCOPY --from=y /f /\nRUN --mount=from=z,target=/z true", known) == []
    assert [reference for reference, _ in known.asked] == ["x", "y", "z"]


@pytest.mark.parametrize(
    "text",
    [
        "FROM x",
        "FROM scratch\nCOPY --from=x /f /",
        "FROM scratch\nRUN --mount=from=x,target=/x true",
        "ARG BASE=x\nFROM $BASE",
    ],
)
def test_a_platform_that_an_image_lacks_is_told_wherever_it_is_taken(text: str):
    (one,) = found(text, Known({"x": FEW}))
    assert (one.rule, one.platforms, one.fix) == ("PA107", (ARM_V7,), FixClass.NONE)
    assert "linux/arm/v7" in one.message


def test_a_stage_of_the_builder_needs_the_builder_alone():
    text = "FROM --platform=$BUILDPLATFORM x AS x\nRUN true\nFROM scratch\nCOPY --from=x /f /"
    known = Known({"x": ONE})
    assert found(text, known) == []
    assert known.asked == [("x", (AMD64,))]
    lacking = Known({"x": BaseImage(offered=(ARM64,))})
    (one,) = found(text, lacking)
    assert one.platforms == (AMD64, ARM64, ARM_V7)


def test_a_variant_serves_newer_machines_and_no_older_ones():
    old = Known({"x": BaseImage(offered=(AMD64, ARM_V6))})
    new = Known({"x": BaseImage(offered=(AMD64, Platform.of("linux", "arm")))})
    v8 = Known({"x": BaseImage(offered=(Platform.of("linux", "arm64", "v8"),))})
    assert found("FROM x", old, ARM_V7, ARM_V6) == []
    (one,) = found("FROM x", new, ARM_V7, ARM_V6)
    assert one.platforms == (ARM_V6,)
    assert found("FROM x", v8, ARM64) == []


def test_the_digest_of_one_platform_is_told_with_that_of_the_index():
    index = f"x:1@sha256:{'b' * 64}"
    image = BaseImage(offered=(AMD64,), is_index=False, index=index)
    text = f"FROM x:1@{DIGEST}"
    (one,) = found(text, Known({f"x:1@{DIGEST}": image}))
    assert (one.rule, one.platforms) == ("PA106", (ARM64, ARM_V7))
    assert one.fix is FixClass.REVIEW
    assert index in one.hint
    (other,) = found(text, Known({f"x:1@{DIGEST}": ONE}))
    assert (other.rule, other.fix) == ("PA106", FixClass.NONE)


def test_a_tag_or_an_index_that_lacks_one_is_no_matter_of_digests():
    (tag,) = found("FROM x:1", Known({"x:1": ONE}))
    (index,) = found(f"FROM x@{DIGEST}", Known({f"x@{DIGEST}": FEW}))
    assert (tag.rule, index.rule) == ("PA107", "PA107")


def test_what_has_all_platforms_is_named():
    image = BaseImage(offered=(AMD64,), others=("x:2", "y:1"))
    (one,) = found("FROM x:1", Known({"x:1": image}))
    assert "`x:2`, `y:1`" in one.hint


def test_a_platform_that_is_not_real_is_told():
    image = BaseImage(offered=(AMD64, ARM64, ARM_V7), flaws={ARM64: "its programs are for amd64"})
    (one,) = found("FROM x", Known({"x": image}))
    assert (one.rule, one.platforms) == ("PA107", (ARM64,))
    assert "its programs are for amd64" in one.message


def test_bases_that_stand_on_arguments_nobody_gave_are_not_asked_for():
    known = Known({})
    found("ARG BASE\nFROM $BASE", known)
    assert known.asked == []


def test_buildkits_own_check_silences_it():
    text = "# check=skip=InvalidBaseImagePlatform\nFROM x"
    assert found(text, Known({"x": FEW})) == []
