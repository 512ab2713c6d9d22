import pytest

from polyarch.checks.program import check_program
from polyarch.errors import ProgramFileError
from polyarch.oci.platform import Platform
from tests.support.elf_files import RELOCATABLE, elf, library

ARM64 = Platform.parse("linux/arm64")


def codes(report) -> list[str]:
    return [found.code for found in report.findings]


def test_a_program_is_described_and_held_against_a_platform(tmp_path):
    path = tmp_path / "app"
    path.write_bytes(elf("arm64"))
    report = check_program(path, ARM64, subject="file:app")
    assert report.ok
    assert codes(report) == ["program"]
    assert report.findings[0].message.startswith("ELF 64-bit little-endian program for arm64")
    wrong = check_program(path, Platform.parse("linux/amd64"), subject="file:app")
    assert not wrong.ok
    assert codes(wrong) == ["wrong-architecture", "program"]


def test_without_a_platform_it_is_only_described(tmp_path):
    path = tmp_path / "app"
    path.write_bytes(elf("s390x"))
    assert codes(check_program(path, None, subject="x")) == ["program"]


def test_a_library_for_a_newer_variant_is_a_warning(tmp_path):
    path = tmp_path / "liba.so"
    path.write_bytes(library("arm", "liba.so", cpu=14))
    report = check_program(path, Platform.parse("arm/v7"), subject="x")
    assert report.ok
    assert codes(report) == ["wrong-variant", "program"]


def test_a_static_library_is_what_its_first_object_is(tmp_path):
    path = tmp_path / "liba.a"
    member = elf("arm64", kind=RELOCATABLE)
    head = b"a.o/".ljust(48) + str(len(member)).encode().ljust(10) + b"`\n"
    symbols = b"/".ljust(48) + b"3".ljust(10) + b"`\nabc\n"
    path.write_bytes(b"!<arch>\n" + symbols + head + member)
    assert check_program(path, ARM64, subject="x").ok
    assert not check_program(path, Platform.parse("amd64"), subject="x").ok
    path.write_bytes(b"!<arch>\n" + symbols)
    assert codes(check_program(path, ARM64, subject="x")) == ["not-a-program"]


@pytest.mark.parametrize(
    ("data", "words"),
    [(b"", "empty"), (b"#!/bin/sh\nx", "a script (`#!/bin/sh`)"), (b"hello", "no program")],
)
def test_what_is_no_program_is_told(tmp_path, data, words):
    path = tmp_path / "app"
    path.write_bytes(data)
    report = check_program(path, ARM64, subject="x")
    assert not report.ok
    assert words in report.findings[0].message


def test_a_damaged_program(tmp_path):
    path = tmp_path / "app"
    path.write_bytes(elf("arm64", padding=5000)[:3000])
    assert codes(check_program(path, None, subject="x")) == ["program-damaged", "program"]


def test_a_file_that_is_not_there(tmp_path):
    with pytest.raises(ProgramFileError):
        check_program(tmp_path / "app", None, subject="x")
    with pytest.raises(ProgramFileError):
        check_program(tmp_path, None, subject="x")
