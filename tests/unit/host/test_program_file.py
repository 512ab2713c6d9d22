"""What programs' files say of themselves, hostile ones too."""

import struct
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.host.program_file import is_roots_own, is_static
from polyarch.host.tiny_programs import ARCHITECTURES, tiny_program


def with_interpreter(program: bytes) -> bytes:
    """The same, its one segment now naming an interpreter."""
    wide, order = program[4] == 2, ">" if program[5] == 2 else "<"
    at = 64 if wide else 52
    return program[:at] + struct.pack(f"{order}I", 3) + program[at + 4 :]


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_static_and_not(tmp_path: Path, architecture: str) -> None:
    program = tiny_program(architecture)
    assert program
    path = tmp_path / "program"
    path.write_bytes(program)
    assert is_static(path)
    path.write_bytes(with_interpreter(program))
    assert not is_static(path)


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("program") / "file"


@given(head=st.sampled_from([b"", b"\x7fELF", b"\x7fELF\x02\x01", b"\x7fELF\x01\x02"]), rest=...)
def test_hostile_files(place: Path, head: bytes, rest: bytes) -> None:
    place.write_bytes(head + rest)
    assert is_static(place) in {True, False}


def test_files_that_are_not_there_or_anybodys(tmp_path: Path) -> None:
    path = tmp_path / "program"
    assert not is_static(path)
    assert not is_roots_own(path)
    path.write_bytes(b"x")
    path.chmod(0o777)
    assert not is_roots_own(path)
