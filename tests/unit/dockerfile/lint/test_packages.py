"""What commands install."""

import pytest

from polyarch.dockerfile.lint.packages import (
    compilers,
    embeds_runtime,
    fills_another_root,
    installed,
    is_linked_with,
)
from polyarch.dockerfile.shell.script import Command
from tests.support.emulated_work import laid_out


def command(text: str) -> Command:
    view = laid_out(f"FROM alpine\nRUN {text}\n")
    return next(found for _, found in view.final.commands)


@pytest.mark.parametrize(
    ("text", "packages"),
    [
        ("apk add --no-cache curl git", ("curl", "git")),
        ("apk add -q --virtual .deps 'gcc>12' musl-dev", ("gcc", "musl-dev")),
        ("apk --update add x=1.2-r0", ("x",)),
        ("apt-get install -y -t stable curl=1.2 libc6:any", ("curl", "libc6")),
        ("apt-get update", ()),
        ("dnf install -y gcc-c++ --setopt=x=y", ("gcc-c++",)),
        ("pacman -Sy --noconfirm gcc", ("gcc",)),
        ("pacman -R gcc", ()),
        ("apt-get install $PACKAGES make", ("make",)),
        ("echo apk add x", ()),
    ],
)
def test_installed(text: str, packages: tuple[str, ...]) -> None:
    assert installed(command(text)) == packages


def test_kinds_of_packages() -> None:
    assert compilers([command("apk add build-base curl clang18 gcc-13")]) == (
        "build-base", "clang18", "gcc-13"
    )  # fmt: skip
    assert is_linked_with("libssl-dev")
    assert is_linked_with("openssl-devel")
    assert not is_linked_with("musl-dev")
    assert embeds_runtime("python3-dev")


def test_another_root() -> None:
    assert fills_another_root(command("apk add --root /out busybox"))
    assert fills_another_root(command("dnf install --installroot=/out bash"))
    assert fills_another_root(command("debootstrap bookworm /out"))
    assert not fills_another_root(command("apk add busybox"))
