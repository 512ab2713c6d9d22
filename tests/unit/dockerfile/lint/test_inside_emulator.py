"""PA505, PA506: rights that an emulator loses, and emulators in images."""

import pytest

from tests.support.linted import linted, told

SUDO = [
    "FROM a\nRUN sudo -u me mkdir /x",
    "FROM a\nRUN true && sudo apt-get update",
    "FROM a AS x\nRUN sudo true\nFROM b\nCOPY --from=x /f /",
    'FROM a\nUSER me\nRUN su -c "true"',
    "FROM a AS x\nUSER me\nFROM x\nRUN su root -c true",
]


@pytest.mark.parametrize("text", SUDO)
def test_rights_that_come_from_a_files_bit_are_found(text: str):
    (found,) = told(text, "PA505")
    assert found.endswith("warning none")


NO_SUDO = [
    "FROM a\nRUN apt-get install -y sudo",
    "FROM a\nRUN echo '%sudo ALL' > /etc/sudoers",
    "FROM a\nRUN su nobody -s /bin/sh -c true",
    "FROM a AS x\nUSER me\nFROM x\nUSER root\nRUN su nobody -c true",
    "FROM a\nRUN gosu nobody true",
    "FROM --platform=$BUILDPLATFORM a AS x\nRUN sudo true\nFROM b\nCOPY --from=x /f /",
    "FROM a AS unused\nRUN sudo true\nFROM b",
]


@pytest.mark.parametrize("text", NO_SUDO)
def test_what_needs_no_such_bit_is_not(text: str):
    assert told(text, "PA505") == []


QEMU = [
    "FROM a\nCOPY qemu-aarch64-static /usr/bin/",
    "FROM a\nCOPY qemu-${QEMU_ARCH}-static /usr/bin/",
    "FROM a\nCOPY --from=x /usr/bin/qemu-arm-static /usr/bin/qemu-arm-static",
    "FROM a\nADD https://example.com/qemu-arm-static.tar.gz /usr/bin",
    "FROM a\nRUN apt-get install -y curl qemu-user-static",
]


@pytest.mark.parametrize("text", QEMU)
def test_an_emulator_in_the_image_is_found(text: str):
    assert told(text, "PA506") == ["PA506:2 warning review"]


NO_QEMU = [
    "FROM a\nCOPY qemu.conf /etc/",
    "FROM a\nRUN apt-get install -y qemu-system-x86",
    "FROM a\nRUN rm -f qemu-aarch64-static",
    "FROM a AS x\nRUN apt-get install -y qemu-user-static\nFROM b\nCOPY --from=x /f /",
]


@pytest.mark.parametrize("text", NO_QEMU)
def test_other_files_of_qemu_are_not(text: str):
    assert told(text, "PA506") == []


def test_the_caret_stands_under_the_package():
    text = "FROM a\nRUN apt-get install -y curl qemu-user-static"
    (found,) = [one for one in linted(text) if one.rule == "PA506"]
    assert found.span.of(text) == "qemu-user-static"
