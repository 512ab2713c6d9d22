"""What a machine runs, read from folders that look like its /proc."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.host.binfmt import BinfmtEntry
from polyarch.host.emulation import Machine, read_machine
from polyarch.oci.platform import Platform

ARM64 = "7f454c460201010000000000000000000200b700"
ARM = "7f454c4601010100000000000000000002002800"
S390X = "7f454c4602020100000000000000000000020016"
PPC64LE = "7f454c4602010100000000000000000002001500"


def entry(magic: str, *, flags: str = "OCF", first: str = "enabled", offset: int = 0) -> str:
    return (
        f"{first}\ninterpreter /usr/bin/qemu-static\nflags: {flags}\noffset {offset}\n"
        f"magic {magic}\nmask ffffffffffffff00fffffffffffffffffeffffff\n"
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    folder = tmp_path / "proc/sys/fs/binfmt_misc"
    folder.mkdir(parents=True)
    (folder / "status").write_text("enabled\n")
    (folder / "register").write_text("")
    return tmp_path


def put(root: Path, name: str, text: str) -> None:
    (root / "proc/sys/fs/binfmt_misc" / name).write_text(text)


def look(root: Path, machine: str = "x86_64", system: str = "Linux", path: str = "") -> Machine:
    return read_machine({"PATH": path or str(root)}, root=root, system=system, machine=machine)


def platform(text: str) -> Platform:
    return Platform.parse(text)


def test_entries_are_known_by_what_they_take_not_by_name(root: Path) -> None:
    put(root, "anything", entry(ARM64))
    put(root, "qemu-s390x", entry(S390X))
    put(root, "python3.11", entry("a70d0d0a"))
    machine = look(root)
    assert [found.architecture for found in machine.entries] == ["arm64", "s390x"]
    emulator = machine.emulator_for(platform("linux/arm64"))
    assert emulator is not None
    assert (emulator.kind, emulator.interpreter) == ("binfmt", "/usr/bin/qemu-static")
    assert emulator.in_containers
    assert machine.emulator_for(platform("linux/ppc64le")) is None


def test_one_arm_entry_serves_all_variants(root: Path) -> None:
    put(root, "qemu-arm", entry(ARM))
    machine = look(root)
    for text in ("linux/arm/v7", "linux/arm/v6", "linux/arm/v5"):
        assert machine.emulator_for(platform(text)) is not None


def test_flag_f_is_the_better_one(root: Path) -> None:
    put(root, "a", entry(ARM64, flags="OC"))
    emulator = look(root).emulator_for(platform("linux/arm64"))
    assert emulator is not None
    assert not emulator.in_containers
    put(root, "b", entry(ARM64, flags="PF"))
    emulator = look(root).emulator_for(platform("linux/arm64"))
    assert emulator is not None
    assert emulator.in_containers


def test_what_is_switched_off_emulates_nothing(root: Path) -> None:
    put(root, "qemu-aarch64", entry(ARM64, first="disabled"))
    assert look(root).emulator_for(platform("linux/arm64")) is None
    put(root, "qemu-aarch64", entry(ARM64))
    put(root, "status", "disabled\n")
    machine = look(root)
    assert not machine.binfmt
    assert machine.emulator_for(platform("linux/arm64")) is None


def test_a_program_on_path_is_the_last_resort(root: Path) -> None:
    for name in ("qemu-aarch64-static", "qemu-ppc64le"):
        (root / name).write_text("#!/bin/sh\n")
        (root / name).chmod(0o755)
    put(root, "qemu-aarch64", entry(ARM64))
    machine = look(root)
    assert machine.programs["ppc64le"] == str(root / "qemu-ppc64le")
    first = machine.emulator_for(platform("linux/arm64"))
    second = machine.emulator_for(platform("linux/ppc64le"))
    assert first is not None
    assert second is not None
    assert (first.kind, second.kind, second.in_containers) == ("binfmt", "program", False)


def test_32_bit_is_claimed_only_where_the_kernel_tells(root: Path) -> None:
    assert look(root).native == (platform("linux/amd64"),)
    assert look(root).perhaps == (platform("linux/386"),)
    (root / "proc/sys/abi").mkdir()
    (root / "proc/sys/abi/vsyscall32").write_text("1\n")
    machine = look(root)
    assert machine.runs_natively(platform("linux/386"))
    assert (machine.perhaps, machine.emulator_for(platform("linux/386"))) == ((), None)


def test_arm64_may_run_arm_but_nothing_says_so(root: Path) -> None:
    machine = look(root, "aarch64")
    assert machine.native == (platform("linux/arm64"),)
    assert platform("linux/arm/v7") in machine.perhaps
    assert not machine.runs_natively(platform("linux/arm/v7"))


@pytest.mark.parametrize("name", ["armv7l", "armv8l"])
def test_an_arm_machine_runs_older_variants(root: Path, name: str) -> None:
    machine = look(root, name)
    assert machine.platform == platform("linux/arm/v7")
    assert machine.runs_natively(platform("linux/arm/v6"))
    assert not look(root, "armv6l").runs_natively(platform("linux/arm/v7"))


def test_an_unknown_machine_is_named_as_it_is(root: Path) -> None:
    assert str(look(root, "sparc64").platform) == "linux/sparc64"


def test_nothing_to_read_is_no_error(tmp_path: Path) -> None:
    machine = look(tmp_path)
    assert (machine.binfmt, machine.entries, dict(machine.programs)) == (False, (), {})


def test_other_systems_run_no_linux_by_themselves(root: Path) -> None:
    machine = look(root, "arm64", "Darwin")
    assert str(machine.platform) == "darwin/arm64"
    assert not machine.runs_natively(platform("linux/arm64"))


def test_windows_programs_are_nothing_for_qemu(root: Path) -> None:
    put(root, "qemu-aarch64", entry(ARM64))
    assert look(root).emulator_for(platform("windows/arm64")) is None


@pytest.mark.parametrize(
    "text",
    [
        "",
        "enabled",
        entry(""),
        entry("zz"),
        entry(ARM64[:20]),
        entry(ARM64, offset=4),
        entry("00" * 20),
    ],
)
def test_entries_of_no_machine_are_left_out(text: str) -> None:
    assert BinfmtEntry.parse("x", text) is None


def test_the_narrow_mips_is_left_out() -> None:
    mips = "7f454c4601020100000000000000000000020008"
    assert BinfmtEntry.parse("qemu-mips", entry(mips)) is not None
    assert BinfmtEntry.parse("qemu-mipsn32", entry(mips)) is None


@given(st.text(max_size=80))
def test_any_text_is_an_entry_or_none(text: str) -> None:
    BinfmtEntry.parse("x", text)
    BinfmtEntry.parse("x", f"enabled\nmagic {text}\noffset 0")
