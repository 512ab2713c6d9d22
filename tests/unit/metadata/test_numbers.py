"""Numbers, semantic versions and Python versions, compared with what their libraries in npm say."""

import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from polyarch.metadata.javascript import number, number_text, trim
from polyarch.metadata.pep440 import PythonVersion
from polyarch.metadata.semver import SemanticVersion


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", 0),
        (" ", 0),
        ("7", 7),
        (" 7\ufeff", 7),
        ("-1.5", -1.5),
        ("1e3", 1000),
        ("0x10", 16),
        ("0b11", 3),
        ("0o17", 15),
        (".5", 0.5),
        ("5.", 5),
        ("Infinity", math.inf),
        ("1e999", math.inf),
    ],
)
def test_reads_numbers_as_javascript(text: str, value: float) -> None:
    assert number(text) == value


@pytest.mark.parametrize("text", ["a", "1_0", "nan", "inf", "-0x1", "٣", "1 2", "\x1c1", "."])
def test_what_is_no_number_is_nan(text: str) -> None:
    assert math.isnan(number(text))


def test_numbers_are_written_as_javascript() -> None:
    assert number_text(12.0) == "12"
    assert number_text(1e21) == "1e+21"
    assert number_text(number("12345678901234567890")) == "12345678901234567000"
    assert number_text(1.5e300) == "1.5e+300"
    assert number_text(math.inf) == "Infinity"


def test_trims_what_javascript_trims() -> None:
    assert trim("\ufeff a\u00a0") == "a"
    assert trim("\x1ca") == "\x1ca"


@pytest.mark.parametrize(
    ("text", "whole"),
    [
        ("1.2.3", "1.2.3"),
        ("v1.2.3", "1.2.3"),
        ("v1.2.3-beta.4+b.5", "1.2.3-beta.4"),
        ("1.2.3+build", "1.2.3"),
        ("0.0.0-0a.-", "0.0.0-0a.-"),
        ("9007199254740991.0.0",) * 2,
    ],
)
def test_reads_semantic_versions(text: str, whole: str) -> None:
    assert str(SemanticVersion.parse(text)) == whole


@pytest.mark.parametrize(
    "text",
    [
        "V1.2.3",
        "=1.2.3",
        "1.2",
        "1.2.3rc1",
        "1.2.3.4",
        "pkg-v1.2.3",
        "01.2.3",
        "1.2.3-01",
        "1.2.3-",
        "1.2.3+",
        "1.2.٣",
        "",
        "vv1.2.3",
        "1.2.3\n4",
        "9007199254740992.0.0",
        "1.2.3-" + "a" * 260,
    ],
)
def test_refuses_what_is_no_semantic_version(text: str) -> None:
    assert SemanticVersion.parse(text) is None


@pytest.mark.parametrize(
    ("text", "normal", "final"),
    [
        ("1.0", "1.0", True),
        ("v1.01", "1.1", True),
        ("1!2.0", "1!2.0", True),
        ("1.1beta2", "1.1b2", False),
        ("1.0dev4", "1.0.dev4", False),
        ("1.2post1", "1.2.post1", False),
        ("1.2-3", "1.2.post3", False),
        ("1.0-ALPHA", "1.0a0", False),
        ("1.0.preview_7.rev.2.dev", "1.0rc7.post2.dev0", False),
        ("1.2+ubuntu.1", "1.2+ubuntu,1", True),
        ("1.2+0x10.A-01", "1.2+16,a,1", True),
        ("1.0.dev20240101120000123", "1.0.dev20240101120000124", False),
    ],
)
def test_normalises_python_versions(text: str, normal: str, final: bool) -> None:
    version = PythonVersion.parse(text)
    assert version is not None
    assert (version.normal, version.final, version.raw) == (normal, final, text)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "a",
        " 1.0",
        "1.0 ",
        "1.0+",
        "1.0\n",
        "vv1",
        "1..0",
        "1.0po\N{LATIN SMALL LETTER LONG S}t1",
        "٣",
    ],
)
def test_refuses_what_is_no_python_version(text: str) -> None:
    assert PythonVersion.parse(text) is None


def test_missing_release_numbers_are_zero() -> None:
    version = PythonVersion.parse("7")
    assert version is not None
    assert [version.number(place) for place in range(3)] == ["7", "0", "0"]


@settings(deadline=None)
@given(st.text(alphabet="0123456789.-+vab!rcpostdev", max_size=20) | st.text(max_size=20))
def test_any_text_is_a_version_or_none(text: str) -> None:
    SemanticVersion.parse(text)
    PythonVersion.parse(text)
    number(text)
