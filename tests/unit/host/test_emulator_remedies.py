"""What would be done about emulators, to the exact commands, and to what the kernel is given."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from polyarch.errors import MachineRefusedError, ProcessFailedError
from polyarch.host.binfmt import BinfmtEntry
from polyarch.host.binfmt_rule import rule
from polyarch.host.emulation import Machine
from polyarch.host.emulator_remedies import CONTAINER, by_hand, emulator_remedies, is_mended
from polyarch.host.remedy import Command, Remedy, Write
from polyarch.host.tools import Tools
from polyarch.host.trial import Outcome, Trial
from polyarch.oci.platform import Platform

ARM64, S390X = Platform.parse("linux/arm64"), Platform.parse("linux/s390x")
MACHINE = Machine(native=(Platform.parse("linux/amd64"),), binfmt=True)
NOTHING = Tools(is_root=True, kernel="6.8.0-generic")
EVERYTHING = replace(
    NOTHING,
    systemd_binfmt="/usr/lib/systemd/systemd-binfmt",
    update_binfmts="/usr/sbin/update-binfmts",
    apt_get="/usr/bin/apt-get",
    has_docker=True,
    rules={"arm64": Path("/usr/lib/binfmt.d/qemu-aarch64.conf")},
    formats={"arm64": "qemu-aarch64"},
)
REGISTER = "/proc/sys/fs/binfmt_misc/register"
INSTALL = (
    "/usr/bin/apt-get update && DEBIAN_FRONTEND=noninteractive /usr/bin/apt-get install --yes"
    " --no-install-recommends qemu-user-static binfmt-support"
)


@pytest.fixture
def qemu(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A QEMU on PATH that may be registered."""
    path = tmp_path / "qemu-aarch64-static"
    path.write_bytes(b"\x7fELF")
    for name in ("is_static", "is_roots_own"):
        monkeypatch.setattr(f"polyarch.host.emulator_remedies.{name}", path.__eq__)
    return path


def lost(*platforms: Platform) -> list[Trial]:
    return [Trial(platform=platform, outcome=Outcome.ABSENT) for platform in platforms]


def shown(machine: Machine, trials: Sequence[Trial], tools: Tools) -> list[str]:
    found = emulator_remedies(machine, trials, tools)
    return [each.shown(is_root=tools.is_root) for each in found]


def with_qemu(path: Path, version: str = "7.2.22") -> Machine:
    return replace(MACHINE, programs={"arm64": str(path)}, versions={str(path): version})


def test_nothing_is_done_where_nothing_is_wrong() -> None:
    works = Trial(platform=ARM64, outcome=Outcome.WORKS, in_containers=True)
    native = Trial(platform=MACHINE.platform, outcome=Outcome.NATIVE, in_containers=True)
    assert is_mended(works)
    assert shown(MACHINE, [works, native], EVERYTHING) == []


def test_everything_in_its_order(qemu: Path) -> None:
    found = shown(replace(with_qemu(qemu), binfmt=False), lost(ARM64, S390X), EVERYTHING)
    assert found[:3] == [
        "printf %s 1 | tee /proc/sys/fs/binfmt_misc/status",
        "/usr/lib/systemd/systemd-binfmt /usr/lib/binfmt.d/qemu-aarch64.conf",
        "/usr/sbin/update-binfmts --enable qemu-aarch64",
    ]
    assert found[3].endswith(f":{qemu}:PF' | tee {REGISTER}")
    container = f"docker run --privileged --rm {CONTAINER} --install arm64,s390x"
    assert found[4:] == [INSTALL, container]


def test_the_list_of_a_kernel_is_mounted_first() -> None:
    bare = replace(MACHINE, binfmt=False)
    tools = replace(NOTHING, is_mounted=False)
    mount = "mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc"
    assert shown(bare, lost(ARM64), tools) == [mount]
    module = replace(tools, has_kernel_part=False)
    assert shown(bare, lost(ARM64), module) == [f"modprobe binfmt_misc && {mount}"]


def test_others_than_root_are_told_what_to_type(qemu: Path) -> None:
    user = replace(NOTHING, is_root=False, is_mounted=False, apt_get="/usr/bin/apt-get")
    bare = replace(with_qemu(qemu), binfmt=False)
    told = by_hand(bare, lost(ARM64), user)
    assert told.startswith("sudo mount -t binfmt_misc binfmt_misc")
    assert told.endswith(f" | sudo tee {REGISTER}")
    assert by_hand(MACHINE, lost(ARM64), user) == (
        "sudo /usr/bin/apt-get update && sudo DEBIAN_FRONTEND=noninteractive /usr/bin/apt-get"
        " install --yes --no-install-recommends qemu-user-static binfmt-support"
    )
    assert by_hand(MACHINE, lost(ARM64), replace(NOTHING, is_root=False)) == ""


def test_a_container_needs_a_docker_engine_and_no_root() -> None:
    [remedy] = emulator_remedies(MACHINE, lost(ARM64), replace(NOTHING, has_docker=True))
    assert not remedy.needs_root
    assert remedy.shown(is_root=False).startswith("docker run --privileged --rm tonistiigi/binfmt")
    assert "@sha256:" in CONTAINER


def test_an_entry_of_no_use_is_replaced_and_one_that_sleeps_is_woken(qemu: Path) -> None:
    old = BinfmtEntry(
        name="mine", architecture="arm64", interpreter="/x", enabled=True, fixed=False
    )
    machine = replace(with_qemu(qemu), entries=(old,))
    [remedy] = emulator_remedies(machine, lost(ARM64), NOTHING)
    assert remedy.steps[0] == Write(path=Path("/proc/sys/fs/binfmt_misc/mine"), text="-1")
    assert "in place of `mine`" in remedy.says
    asleep = replace(machine, entries=(replace(old, enabled=False, fixed=True),))
    first = next(emulator_remedies(asleep, lost(ARM64), NOTHING))
    assert first.steps == (Write(path=Path("/proc/sys/fs/binfmt_misc/mine"), text="1"),)


def test_a_program_that_others_can_change_or_that_needs_libraries_is_not_registered(
    tmp_path: Path,
) -> None:
    path = tmp_path / "qemu-aarch64"
    path.write_text("#!/bin/sh\n")
    assert shown(with_qemu(path), lost(ARM64), NOTHING) == []


@pytest.mark.parametrize(
    ("qemu_version", "kernel", "flags"),
    [
        ("7.2.22", "6.8.0-generic", "PF"),
        ("5.2.0", "6.8.0", "F"),
        ("7.2.22", "5.10.0-21-amd64", "F"),
        ("", "strange", "F"),
    ],
)
def test_names_are_kept_where_both_sides_know_how(
    qemu_version: str, kernel: str, flags: str
) -> None:
    line = rule("arm64", Path("/q"), qemu=qemu_version, kernel=kernel)
    assert line.endswith(f":/q:{flags}")


def test_the_line_is_the_one_of_distributions() -> None:
    # As Debian 12 writes them into /usr/lib/binfmt.d.
    little = (
        r":qemu-aarch64:M::\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00"
        r"\xb7\x00:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"
        r":/usr/bin/qemu-aarch64-static:PF"
    )
    big = (
        r":qemu-s390x:M::\x7f\x45\x4c\x46\x02\x02\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02"
        r"\x00\x16:\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff"
        r":/usr/bin/qemu-s390x-static:PF"
    )
    for architecture, line in {"arm64": little, "s390x": big}.items():
        interpreter = Path(line.split(":")[-2])
        assert rule(architecture, interpreter, qemu="7.2", kernel="6.1") == line


def test_there_is_no_line_for_what_nobody_knows() -> None:
    with pytest.raises(ValueError, match="sparc"):
        rule("sparc", Path("/q"), qemu="", kernel="")


def test_steps_are_done_in_order_and_the_first_that_fails_ends_it(tmp_path: Path) -> None:
    first, second = tmp_path / "first", tmp_path / "second"
    remedy = Remedy(
        says="try",
        steps=(
            Write(path=first, text="1"),
            Command(words=("sh", "-c", "exit $WITH"), variables=(("WITH", "3"),)),
            Write(path=second, text="2"),
        ),
    )
    with pytest.raises(ProcessFailedError, match="status 3"):
        remedy.apply({"PATH": "/usr/bin:/bin"})
    assert (first.read_text(), second.exists()) == ("1", False)
    with pytest.raises(MachineRefusedError):
        Write(path=tmp_path / "no" / "such", text="").do({})
