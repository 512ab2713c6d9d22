"""What the headers of programs tell, and that nothing in them can do harm."""

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.checks.arm import from_attributes, from_buildinfo
from polyarch.checks.binary import Format, Kind, Misfit
from polyarch.checks.headers import MAGICS, read_program
from polyarch.checks.window import Window
from polyarch.oci.platform import Platform
from tests.support.elf_files import MACHINES, SHARED, dynamic, elf, library
from tests.support.foreign_files import dotnet, efi, macho, macho_fat, pe, wasm


def read(data: bytes):
    return read_program(Window.of(data))


@pytest.mark.parametrize("name", MACHINES)
def test_every_machine_is_named(name):
    program = read(elf(name))
    assert [target.architecture for target in program.targets] == [name]
    assert (program.format, program.kind, program.damage) == (Format.ELF, Kind.PROGRAM, "")


def test_what_it_is_linked_with():
    program = read(dynamic("s390x", "liba.so.1", "libc.so.6", runpath="$ORIGIN/lib:/opt"))
    assert program.interpreter == "/lib/ld64.so.1"
    assert program.needed == ("liba.so.1", "libc.so.6")
    assert program.runpath == ("$ORIGIN/lib", "/opt")
    assert program.complete
    assert read(library("386", "libx.so")).soname == "libx.so"
    assert read(library("386", "libx.so")).kind is Kind.LIBRARY


def test_a_library_that_can_be_run_is_a_library():
    data = library("amd64", "libc.so.6", interpreter="/lib64/ld-linux-x86-64.so.2")
    assert read(data).kind is Kind.LIBRARY


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (elf("amd64"), "ELF program for amd64"),
        (elf("arm", cpu=10), "ELF program for arm/v7, hard float"),
        (elf("arm", flags=0x5000200, cpu=4), "ELF program for arm/v5, soft float"),
        (elf("ppc64le"), "ELF program for ppc64le, ELFv2"),
        (elf("riscv64"), "ELF program for riscv64, double float"),
        (elf("loong64"), "ELF program for loong64, double float"),
        (elf("amd64", machine=190), "ELF program for NVIDIA GPUs"),
        (elf("amd64", machine=94), "ELF program for xtensa"),
        (elf("amd64", machine=12345), "ELF program for machine 12345"),
        (elf("arm", cpu=13), "ELF program for ARM microcontrollers"),
        (macho("arm64"), "Mach-O program for darwin/arm64"),
        (macho_fat("amd64", "arm64"), "Mach-O program for darwin/amd64 and darwin/arm64"),
        (pe("amd64"), "PE program for windows/amd64"),
        (efi("arm64"), "PE program for UEFI firmware"),
        (dotnet(), "PE program for .NET"),
        (wasm(), "WebAssembly program for wasm"),
    ],
)
def test_it_is_told_in_words(data, words):
    assert read(data).what == words


def test_the_description_is_a_line_as_of_file():
    said = read(dynamic("arm64")).description
    assert said == (
        "ELF 64-bit little-endian program for arm64, dynamically linked, "
        "loader /lib/ld-linux-aarch64.so.1"
    )
    assert read(elf("s390x")).description.endswith("statically linked")


@pytest.mark.parametrize(
    ("data", "platform", "why"),
    [
        (elf("arm", cpu=6), "linux/arm/v7", None),
        (elf("arm", cpu=10), "linux/arm/v6", Misfit.VARIANT),
        (elf("arm"), "linux/arm/v5", None),
        (elf("amd64"), "linux/amd64/v2", None),
        (elf("386"), "linux/amd64", Misfit.ARCHITECTURE),
        (elf("amd64", osabi=9), "freebsd/amd64", None),
        (elf("amd64", osabi=3), "freebsd/amd64", Misfit.SYSTEM),
        (macho_fat("amd64", "arm64"), "darwin/arm64", None),
        (macho("amd64"), "darwin/arm64", Misfit.ARCHITECTURE),
        (pe("amd64"), "windows/amd64", None),
        (wasm(), "wasip1/wasm", None),
        (efi("arm64"), "linux/amd64", None),
    ],
)
def test_where_it_runs(data, platform, why):
    assert read(data).misfit(Platform.parse(platform)) is why


def test_a_loader_passes_over_libraries_of_another_machine_or_float_abi():
    program = read(dynamic("arm"))
    assert program.loads(read(library("arm", "x")))
    assert not program.loads(read(library("arm", "x", flags=0x5000200)))
    assert not program.loads(read(library("386", "x")))
    assert not program.loads(read(library("arm", "x")[:60]))


def test_go_says_which_arm():
    head = b"\xff Go buildinf:\x08\x02".ljust(32, b"\0")
    assert from_buildinfo(head + b"path\tx\nbuild\tGOARM=6\nbuild\tGOOS=linux\n") == "v6"
    assert from_buildinfo(head + b"build\tGOARM=7,hardfloat\n") == "v7"
    assert from_buildinfo(head) == ""
    assert from_buildinfo(b"build\tGOARM=6") == ""


def test_a_file_that_only_begins_like_a_program_is_none():
    assert read(b"MZ and a text") is None
    assert read(b"\xca\xfe\xba\xbe\0\0\0\x41" + bytes(100)) is None
    assert read(b"#!/bin/sh\n") is None


def test_pieces_are_enough_where_they_hold_what_is_asked():
    data = dynamic("amd64", padding=3_000_000)
    window = Window(len(data))
    window.add(0, memoryview(data)[:4096])
    first = read_program(window)
    assert first
    assert not first.complete
    assert not first.damage
    window.add(3_000_000, memoryview(data)[3_000_000:])
    second = read_program(window)
    assert second
    assert second.needed == ("libc.so.6",)


@given(st.binary(max_size=2000))
def test_attributes_of_any_bytes(data):
    assert from_attributes(data) in {"", "v5", "v6", "v7", "v8", "microcontroller"}
    from_attributes(b"A\0\0\0\0aeabi\0\1\0\0\0\0" + data)


@given(st.sampled_from(sorted({*MAGICS, b"MZ"})), st.binary(max_size=300))
def test_any_bytes_behind_a_magic(magic, rest):
    program = read(magic + rest)
    assert program is None or program.what.isprintable()


@given(
    st.sampled_from(sorted(MACHINES)),
    st.lists(st.tuples(st.integers(4, 400), st.binary(min_size=1, max_size=8)), max_size=6),
    st.integers(0, 600),
)
def test_a_changed_program_is_read_or_told_as_damaged(name, changes, end):
    data = bytearray(elf(name, kind=SHARED, needed=("liba.so",), interpreter="/ld", cpu=10))
    for at, new in changes:
        data[at : at + len(new)] = new
    program = read(bytes(data[:end] if end > 4 else data))
    assert program is not None
    assert program.what.isprintable()
    assert len(program.needed) < 100


@given(st.binary(max_size=200), st.sampled_from([pe("amd64"), macho("arm64"), macho_fat("386")]))
def test_changed_foreign_programs(change, data):
    read(data[:60] + change + data[60 + len(change) :])


def test_a_claim_of_much_takes_no_memory():
    data = bytearray(elf("amd64", needed=("a",)))
    data[96:104] = b"\xff" * 6 + b"\0\0"
    tracemalloc.start()
    read(bytes(data))
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 1_000_000
