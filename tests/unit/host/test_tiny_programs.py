"""The smallest programs: what their headers say, and that they run."""

import pytest

from polyarch.host.binfmt import architecture_of
from polyarch.host.qemu import QEMU_NAMES
from polyarch.host.tiny_programs import ARCHITECTURES, tiny_program
from tests.support.elf import Elf


@pytest.mark.parametrize("architecture", ARCHITECTURES)
def test_a_program_says_what_it_is_for(architecture: str) -> None:
    program = tiny_program(architecture)
    assert program is not None
    assert len(program) < 200
    assert architecture_of(program[:20]) == architecture


@pytest.mark.parametrize("architecture", ["386", "arm", "arm64", "ppc64le", "riscv64"])
def test_a_program_is_static_to_another_reader(architecture: str) -> None:
    program = tiny_program(architecture)
    assert program is not None
    elf = Elf.parse(program)
    assert (elf.static, elf.order) == (True, "little")


def test_there_is_one_for_every_emulator() -> None:
    assert set(ARCHITECTURES) == set(QEMU_NAMES)
    assert tiny_program("sparc") is None
