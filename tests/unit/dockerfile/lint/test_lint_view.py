"""Stages as rules see them: what they run on, who ships them, what ONBUILD left to them."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.dockerfile.lint.view import StageClass
from polyarch.errors import DockerfileSyntaxError
from tests.support.linted import AMD64, ARM64, EIGHT, laid_out

NATIVE, CONSTANT, TARGET = StageClass.NATIVE, StageClass.CONSTANT, StageClass.TARGET

CLASSES = [
    ("FROM alpine", TARGET),
    ("FROM --platform=$BUILDPLATFORM alpine", NATIVE),
    ("FROM --platform=${BUILDPLATFORM:-linux/amd64} alpine", NATIVE),
    ("FROM --platform=linux/$BUILDARCH alpine", NATIVE),
    ("FROM --platform=linux/arm64 alpine", CONSTANT),
    ("FROM --platform=$TARGETPLATFORM alpine", TARGET),
    ("FROM --platform=${TARGETPLATFORM:-linux/amd64} alpine", TARGET),
    ("FROM --platform=$TARGETOS/$TARGETARCH alpine", TARGET),
    ("FROM --platform=$BUILDOS/$TARGETARCH alpine", TARGET),
    # Only a process would be of the builder, and nothing runs in it: BuildKit drops the flag.
    ("FROM --platform=$BUILDPLATFORM scratch", TARGET),
    ("ARG BASE=scratch\nFROM --platform=$BUILDPLATFORM $BASE", TARGET),
    ("ARG P=$BUILDPLATFORM\nFROM --platform=$P alpine", NATIVE),
    ("ARG P=linux/amd64\nFROM --platform=$P alpine", CONSTANT),
    # What was meant; that the default makes it a constant is told on its own.
    ("ARG BUILDPLATFORM=linux/amd64\nFROM --platform=$BUILDPLATFORM alpine", NATIVE),
    ("ARG P\nFROM --platform=$P alpine", TARGET),
    ("ARG ARCH\nFROM --platform=linux/$ARCH alpine", TARGET),
]


@pytest.mark.parametrize(("text", "kind"), CLASSES)
def test_the_class_of_a_stage_follows_what_its_platform_stands_on(text: str, kind: StageClass):
    assert laid_out(text).final.kind is kind


@pytest.mark.parametrize(("text", "kind"), CLASSES)
def test_a_stage_inherits_its_class_and_its_own_flag_changes_nothing(text: str, kind: StageClass):
    for last in ("FROM base", "FROM --platform=linux/s390x base"):
        final = laid_out(f"{text} AS base\n{last}").final
        assert final.kind is kind
        assert final.parents == (0,)


def test_a_base_that_the_platform_chooses_gives_each_its_own_class():
    view = laid_out(
        """
        FROM --platform=$BUILDPLATFORM alpine AS base-amd64
        FROM alpine AS base-arm64
        FROM base-$TARGETARCH
        """,
        AMD64,
        ARM64,
    )
    assert view.final.kinds == {AMD64: NATIVE, ARM64: TARGET}
    assert view.final.kind is TARGET
    assert view.final.parents == (0, 1)
    assert [stage.platforms for stage in view.stages[:2]] == [(AMD64,), (ARM64,)]
    assert all(stage.is_shipped for stage in view.stages)


def test_stages_that_nothing_needs_have_no_platforms():
    view = laid_out("FROM a AS x\nRUN one\nFROM b AS y\nFROM c\nCOPY --from=x / /")
    assert [stage.name for stage in view.needed] == ["x", "2"]
    assert [stage.name for stage in view.shipped] == ["2"]
    assert not view.stages[1].is_emulated


def test_a_target_before_the_end_is_what_is_shipped():
    view = laid_out("FROM a AS x\nFROM x AS y\nFROM y AS z", target="y")
    assert [stage.name for stage in view.shipped] == ["x", "y"]
    assert [stage.name for stage in view.chain(view.final)] == ["y", "x"]
    assert view.standing_on(view.stages[0]) == (view.stages[1],)


def test_triggers_of_the_base_stage_are_run_first_and_only_by_its_children():
    view = laid_out(
        """
        FROM alpine AS base
        ONBUILD RUN left
        FROM base AS child
        RUN own
        FROM child
        RUN last
        """
    )
    runs = [[command.name for _, command in stage.commands] for stage in view.stages]
    assert runs == [[], ["left", "own"], ["last"]]
    assert view.stages[1].body[0].first_line == 2


def test_arguments_that_nobody_gave_get_a_stand_in():
    view = laid_out(
        """
        ARG BASE
        ARG VERSION=""
        ARG ARCH
        ARG TARGETARCH
        FROM --platform=linux/$ARCH $BASE AS one
        FROM x:$TARGETARCH
        COPY --from=one / /
        """
    )
    assert view.unset == {"BASE", "VERSION", "ARCH"}
    assert [str(view.stages[0].resolved[one].platform) for one in EIGHT] == [*map(str, EIGHT)]
    assert view.stages[0].bases == ("unset",)
    assert "x:arm64" in view.stages[1].bases


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("$P", "linux/arm64"),
        ("$OS/arm64", "linux/arm64"),
        ("linux/$ARCH", "linux/arm64"),
        ("$OS/$ARCH", "linux/arm64"),
        ("linux/arm/$V", "linux/arm/v8"),
    ],
)
def test_a_stand_in_fits_the_part_of_the_platform_that_it_stands_for(platform: str, expected: str):
    names = "\n".join(f"ARG {name}" for name in ("P", "OS", "ARCH", "V"))
    view = laid_out(f"{names}\nFROM --platform={platform} alpine", ARM64)
    assert str(view.final.resolved[ARM64].platform) == expected


def test_what_no_argument_mends_is_refused():
    with pytest.raises(DockerfileSyntaxError):
        laid_out("ARG A\nFROM $A\nCOPY --from=9 / /")
    with pytest.raises(DockerfileSyntaxError):
        laid_out("FROM $UNDECLARED")


@given(st.lists(st.sampled_from(("a", "b", "--platform=$BUILDPLATFORM a", "scratch")), min_size=1))
def test_each_stage_has_a_class_for_each_platform_that_needs_it(bases: list[str]):
    text = "\n".join(f"FROM {base} AS {'ab'[i % 2]}" for i, base in enumerate(bases))
    view = laid_out(text, AMD64, ARM64)
    for stage in view.stages:
        assert tuple(stage.kinds) == tuple(stage.resolved) == stage.platforms
        for parent in stage.parents:
            assert stage in view.standing_on(view.stages[parent])
            assert stage.kinds.items() <= view.stages[parent].kinds.items()
