"""Emulators registered for real, in lists of emulators that nobody else sees."""

import json
import os
from pathlib import Path
from typing import Any

import pytest

from tests.lab.absence import require
from tests.support.own_binfmt import PLACE, python, why_not

ARM64_MAGIC = r"\x7fELF\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
# Folders in which distributions keep what registers emulators, as a machine without has them.
NO_SYSTEMD = "mount -t tmpfs none /usr/lib/systemd"
NO_BINFMTS = "mount -t tmpfs none /usr/share/binfmts"


@pytest.fixture(autouse=True)
def _own_list() -> None:
    require("qemu")
    if os.geteuid() != 0:
        pytest.skip("only root's own QEMU is registered, and here it would not look like root's")
    if reason := why_not():
        pytest.skip(reason)


def mended(*platforms: str, first: str = "", mounted: bool = True) -> Any:
    said = python("tests.support.mending_report", *platforms, first=first, mounted=mounted)
    return json.loads(said)


def entry(flags: str, interpreter: str = "/usr/bin/qemu-aarch64-static") -> str:
    return f"printf '%s' ':mine:M::{ARM64_MAGIC}::{interpreter}:{flags}' > {PLACE}/register"


def test_lost_after_a_reboot_as_the_distribution_registers() -> None:
    found = mended("linux/arm64", "linux/s390x", "linux/arm/v7", "linux/arm/v6")
    assert found["problems"] == [""] * 3
    assert all(trial == ["works", "", True] for trial in found["trials"].values()), found


def test_not_even_mounted() -> None:
    found = mended("linux/arm64", mounted=False)
    assert "mount -t binfmt_misc binfmt_misc" in found["told"][0]
    assert found["trials"]["linux/arm64"] == ["works", "", True]


def test_without_systemd_s_help() -> None:
    found = mended("linux/riscv64", first=NO_SYSTEMD)
    assert "update-binfmts --enable qemu-riscv64" in found["told"][0]
    assert found["trials"]["linux/riscv64"] == ["works", "", True]


def test_written_to_the_kernel_itself_and_the_list_switched_on() -> None:
    bare = f"{NO_SYSTEMD} && {NO_BINFMTS} && echo 0 > {PLACE}/status"
    found = mended("linux/arm64", "linux/ppc64le", "linux/s390x", first=bare)
    assert [text.partition(":")[0] for text in found["told"]] == [
        "switch the kernel's list of emulators on",
        *(
            f"register QEMU for {name} with flag F (`/usr/bin/qemu-{qemu}-static`)"
            " until the next reboot"
            for name, qemu in (("arm64", "aarch64"), ("ppc64le", "ppc64le"), ("s390x", "s390x"))
        ),
    ]
    assert all(trial == ["works", "", True] for trial in found["trials"].values()), found


@pytest.mark.parametrize(
    "old",
    [
        entry(""),
        entry("", "/nowhere/qemu"),
        entry("F", "/usr/bin/qemu-s390x-static"),
        f"{entry('F')} && echo 0 > {PLACE}/mine",
    ],
    ids=["without flag F", "its file gone", "for other programs", "switched off"],
)
def test_entries_of_no_use(old: str) -> None:
    found = mended("linux/arm64", first=old)
    assert found["problems"] == [""]
    assert found["trials"]["linux/arm64"] == ["works", "", True]


def test_an_interpreter_that_needs_what_a_container_lacks_is_found_out(tmp_path: Path) -> None:
    # Flag F holds it open, and yet it starts only where a shell is, as a QEMU with libraries does.
    script = tmp_path / "qemu"
    script.write_text("#!/bin/sh\nexit 42\n")
    script.chmod(0o755)
    found = mended("linux/arm64", first=entry("F", str(script)))
    assert "in place of `mine`" in found["told"][0]
    assert found["trials"]["linux/arm64"] == ["works", "", True]


def test_what_cannot_be_mended_is_told(tmp_path: Path) -> None:
    said = python("tests.support.mending_report", "linux/arm64", first=f"export PATH={tmp_path}")
    found = json.loads(said)
    assert found["trials"]["linux/arm64"][0] == "absent"
    assert len(found["told"]) == len(found["problems"])
