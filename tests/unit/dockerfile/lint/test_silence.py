"""A file silences rules where it says so, and nowhere else."""

import pytest

from tests.support.linted import told

PINNED = "FROM --platform=linux/amd64 alpine\n"


def pa101(text: str) -> list[str]:
    return told(text, "PA101")


@pytest.mark.parametrize(
    "above",
    [
        "# polyarch: ignore=PA101\n",
        "# polyarch: ignore=PA101 it is static\n",
        "# polyarch:ignore=pa101 case does not count\n",
        "# polyarch: ignore=PA304,PA101 two\n",
        "# polyarch: ignore=PA304 , PA101 blanks\n",
        "# polyarch: ignore = PA101 more blanks\n",
        "# polyarch: ignore=from-platform-constant by its name\n",
        "# polyarch: ignore=PA304,from-platform-constant\n",
        "# polyarch: ignore=PA101\n# why, at length\n",
        "#   polyarch: ignore=PA304\n# polyarch: ignore=PA101\n",
    ],
)
def test_a_comment_right_above_an_instruction_silences_it(above: str):
    assert pa101(PINNED)
    assert not pa101(f"ARG X\n{above}{PINNED}")


@pytest.mark.parametrize(
    "above",
    [
        "# polyarch: ignore=PA102\n",
        "# polyarch: ignore=PA1012\n",
        "# polyarch: ignore=PA101x\n",
        "# polyarch: ignore=from-platform\n",
        "# polyarch: ignore=\n",
        "# polyarch: ignore\n",
        "# please polyarch: ignore=PA101\n",
        "# polyarch: ignore=PA101\n\n",
        "# polyarch: ignore=PA101\nARG X\n",
    ],
)
def test_other_comments_silence_nothing(above: str):
    assert pa101(f"ARG Y\n{above}{PINNED}")


def test_a_comment_within_the_instruction_silences_it():
    text = """
        FROM alpine
        ARG TARGETOS \\
          # polyarch: ignore=PA304 the base is one platform's
          TARGETARCH=amd64
        ARG TARGETARCH=amd64
        """
    assert told(text, "PA304") == ["PA304:5 error safe"]


@pytest.mark.parametrize(
    "value",
    [
        "skip=FromPlatformFlagConstDisallowed",
        "skip=JSONArgsRecommended, FromPlatformFlagConstDisallowed",
        "skip=all",
        "error=true;skip=FromPlatformFlagConstDisallowed",
        "skip=FromPlatformFlagConstDisallowed;error=true",
    ],
)
def test_checks_of_buildkit_that_are_skipped_silence_the_equal_rule(value: str):
    assert not pa101(f"# check={value}\n{PINNED}")
    assert told(f"# check={value}\n{PINNED}ARG TARGETARCH=amd64\n", "PA304")


@pytest.mark.parametrize("value", ["skip=RedundantTargetPlatform", "skip=", "error=true"])
def test_other_checks_that_are_skipped_silence_nothing(value: str):
    assert pa101(f"# check={value}\n{PINNED}")


def test_a_check_that_is_no_directive_silences_nothing():
    assert pa101(f"# a comment ends the directives\n# check=skip=all\n{PINNED}")
