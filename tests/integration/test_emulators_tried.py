"""Emulators tried with real programs on the real kernel, also where it knows none of them."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

from polyarch.host.emulation import Machine, read_machine
from polyarch.host.qemu import QEMU_NAMES
from polyarch.host.trial import Outcome, try_platforms
from polyarch.oci.platform import Platform
from tests.lab.absence import require
from tests.support.own_binfmt import PLACE, python, why_not

ENVIRONMENT = {"PATH": os.environ["PATH"]}
# The others are QEMU's as well, and the lab only promises these.
PLATFORMS = [
    "linux/386", "linux/amd64", "linux/arm/v6", "linux/arm64", "linux/ppc64le", "linux/riscv64",
    "linux/s390x",
]  # fmt: skip
ARM64_MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"


@pytest.fixture(autouse=True)
def _qemu() -> None:
    require("qemu")


@pytest.fixture
def own_list() -> None:
    """Only where the kernel has lists of emulators of one's own."""
    if reason := why_not():
        pytest.skip(reason)


def tried(*platforms: str, mounted: bool = True, first: str = "") -> dict[str, Any]:
    said = python("tests.support.trial_report", *platforms, mounted=mounted, first=first)
    report: dict[str, Any] = json.loads(said)
    return report


def registered(interpreter: str, flags: str = "") -> str:
    line = rf":own:M::{ARM64_MAGIC}::{interpreter}:{flags}"
    return f"printf '%s' '{line}' > {PLACE}/register"


def test_all_that_are_registered_here_work() -> None:
    platforms = tuple(map(Platform.parse, PLATFORMS))
    machine = read_machine(ENVIRONMENT).with_versions(ENVIRONMENT, platforms)
    for trial in try_platforms(machine, platforms, ENVIRONMENT):
        assert trial.runs, trial
        native = machine.runs_natively(trial.platform)
        assert trial.outcome is (Outcome.NATIVE if native else Outcome.WORKS)
        assert native or (trial.emulator and trial.emulator.version[:1].isdigit())


@pytest.mark.parametrize("architecture", ["arm", "mips64le", "loong64", "ppc64", "mips"])
def test_programs_by_name_too(architecture: str) -> None:
    qemu = shutil.which(f"qemu-{QEMU_NAMES[architecture]}-static")
    if qemu is None:
        pytest.skip("this QEMU is not installed")
    machine = Machine(native=(Platform.parse("linux/amd64"),), programs={architecture: qemu})
    platform = Platform.of("linux", architecture)
    [trial] = try_platforms(machine.with_versions(ENVIRONMENT, [platform]), [platform], ENVIRONMENT)
    assert trial.outcome is Outcome.WORKS, trial
    assert trial.emulator
    assert (trial.emulator.kind, trial.emulator.version[:1].isdigit()) == ("program", True)


@pytest.mark.usefixtures("own_list")
class TestOwnList:
    def test_nothing_is_registered_and_a_program_on_path_works_by_name(self) -> None:
        found = tried("linux/arm64", "linux/amd64")
        assert found["binfmt"] is True
        arm64 = found["trials"]["linux/arm64"]
        assert (arm64["outcome"], arm64["problem"]) == ("works", "")
        assert "the kernel does not start it" in arm64["title"]
        assert found["trials"]["linux/amd64"]["outcome"] == "native"

    def test_not_mounted(self) -> None:
        assert tried("linux/arm64", mounted=False)["binfmt"] is False

    def test_registered_with_and_without_flag_f(self) -> None:
        qemu = str(shutil.which("qemu-aarch64-static"))
        fixed = tried("linux/arm64", first=registered(qemu, "F"))["trials"]["linux/arm64"]
        assert (fixed["outcome"], fixed["problem"]) == ("works", "")
        assert "with flag F" in fixed["title"]
        plain = tried("linux/arm64", first=registered(qemu))["trials"]["linux/arm64"]
        assert plain["outcome"] == "works"
        assert "not inside containers" in plain["title"]

    def test_an_interpreter_that_is_gone(self) -> None:
        first = registered("/nowhere/qemu-aarch64")
        found = tried("linux/arm64", first=first)["trials"]["linux/arm64"]
        assert found["outcome"] == "broken"
        assert "`/nowhere/qemu-aarch64` is gone" in found["problem"]

    def test_an_interpreter_for_other_programs(self) -> None:
        first = registered(str(shutil.which("qemu-s390x-static")), "F")
        found = tried("linux/arm64", first=first)["trials"]["linux/arm64"]
        assert found["outcome"] == "broken"
        assert "status" in found["problem"]

    def test_an_interpreter_that_hangs_up_or_is_no_program(self, tmp_path: Path) -> None:
        text = tmp_path / "text"
        text.write_text("no program")
        text.chmod(0o755)
        found = tried("linux/arm64", first=registered(str(text)))["trials"]["linux/arm64"]
        assert found["outcome"] == "broken"
        assert "exec format error" in found["problem"]


def test_nothing_at_all() -> None:
    machine = Machine(native=(Platform.parse("linux/amd64"),))
    sparc = Platform.of("linux", "sparc")
    [trial] = try_platforms(machine, [sparc], ENVIRONMENT)
    assert (trial.outcome, trial.runs) == (Outcome.UNTRIED, False)


def test_only_folders_that_let_programs_start_are_used(tmp_path: Path) -> None:
    mounted = tmp_path / "noexec"
    mounted.mkdir()
    words = ["mount", "-t", "tmpfs", "-o", "noexec", "none", str(mounted)]
    if subprocess.run(words, check=False, capture_output=True).returncode:
        pytest.skip("nothing can be mounted here")
    try:
        machine = read_machine(ENVIRONMENT)
        [trial] = try_platforms(machine, [machine.platform], ENVIRONMENT, folders=[mounted])
        assert trial.runs
        assert list(mounted.iterdir()) == []
    finally:
        subprocess.run(["umount", str(mounted)], check=True)
