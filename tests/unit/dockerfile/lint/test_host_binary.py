"""PA307: programs that come out of the context."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.dockerfile.lint.finding import LintFinding
from polyarch.dockerfile.lint.firstbytes import FileType, judge
from polyarch.dockerfile.lint.folder import ContextFolder
from polyarch.findings import Severity
from polyarch.oci.platform import Platform
from tests.support.linted import AMD64, ARM64, ARM_V6, ARM_V7, EIGHT, linted, told

PROGRAMS = [
    'FROM a\nCOPY app /app\nENTRYPOINT ["/app"]',
    "FROM a\nADD app /srv/\nENTRYPOINT exec /srv/app --port 80",
    'FROM a\nWORKDIR /srv\nCOPY app .\nCMD ["./app"]',
    'FROM a\nCOPY out/app /usr/local/bin/\nCMD ["app"]',
    'FROM a\nCOPY app /app\nENTRYPOINT ["/sbin/tini", "--", "/app"]',
    'FROM a\nCOPY app /app\nENTRYPOINT ["gosu", "me", "/app"]',
    "FROM a\nCOPY tool /usr/local/bin/tool",
    "FROM a\nCOPY tool /usr/bin",
    "FROM a\nCOPY tool.bin /usr/bin/tool",
    (
        "FROM --platform=$BUILDPLATFORM a AS x\nCOPY app /app\nRUN setcap c /app\nFROM b\n"
        'COPY --from=x /app /app\nENTRYPOINT ["/app"]'
    ),
    'ARG X\nFROM a\nARG NAME=app\nCOPY ${NAME} /app\nENTRYPOINT ["/app"]',
]


@pytest.mark.parametrize("text", PROGRAMS)
def test_a_program_of_the_context_is_found_by_its_name_and_place(text: str):
    (found,) = told(text, "PA307")
    assert found.endswith("warning none")


NO_PROGRAMS = [
    # The platform is in the path, or the name says what it is.
    'FROM a\nARG TARGETARCH\nCOPY dist/$TARGETARCH/app /app\nENTRYPOINT ["/app"]',
    'FROM a\nCOPY app-amd64 /app\nENTRYPOINT ["/app"]',
    'FROM a\nCOPY app.py /app.py\nENTRYPOINT ["/app.py"]',
    'FROM a\nCOPY docker-entrypoint /entrypoint\nENTRYPOINT ["/entrypoint"]',
    "FROM a\nCOPY start-notebook fix-permissions /usr/local/bin/",
    "FROM a\nCOPY generate_config /usr/bin/",
    # Folders, patterns, the whole context.
    "FROM a\nCOPY bin /usr/local/bin",
    "FROM a\nCOPY bin/ /usr/local/bin/",
    "FROM a\nCOPY bin/* /usr/local/bin/",
    'FROM a\nCOPY . /app\nENTRYPOINT ["/app"]',
    'FROM a\nCOPY app src/app\nENTRYPOINT ["app"]',
    # It is only data for what is started.
    'FROM a\nCOPY app /app\nENTRYPOINT ["python", "/app"]',
    "FROM a\nCOPY passwd /etc/passwd",
    "FROM a\nCOPY .bashrc /root/bin/.bashrc",
    # The file compiles its programs itself.
    "FROM go AS b\nRUN go build -o /x .\nFROM a\nCOPY --from=b /x /x\nCOPY tool /usr/bin/tool",
    "FROM a\nCOPY --from=b /tool /usr/bin/tool",
    "FROM a\nCOPY <<EOF /usr/bin/tool\nEOF",
    # A tool of the builder, which nothing starts.
    "FROM --platform=$BUILDPLATFORM a AS x\nCOPY tool /usr/bin/tool\nFROM b\nCOPY --from=x /o /",
    "FROM a AS unused\nCOPY tool /usr/bin/tool\nFROM b",
]


@pytest.mark.parametrize("text", NO_PROGRAMS)
def test_what_is_no_program_of_the_context_is_not_found(text: str):
    assert told(text, "PA307") == []


def test_one_platform_alone_may_have_one_program():
    assert linted('FROM a\nCOPY app /app\nENTRYPOINT ["/app"]', ARM64) == ()


# --- with the context at hand --------------------------------------------------------------------

TEXT = 'FROM a\nCOPY app /app\nENTRYPOINT ["/app"]'


def elf(machine: int, *, size: int = 2, order: int = 1) -> bytes:
    number = machine.to_bytes(2, "big" if order == 2 else "little")
    return b"\x7fELF" + bytes([size, order, 1]) + bytes(11) + number + bytes(44)


def found(tmp_path: Path, content: bytes, *platforms: Platform) -> list[LintFinding]:
    (tmp_path / "app").write_bytes(content)
    folder = ContextFolder(root=tmp_path)
    return [one for one in linted(TEXT, *platforms, folder=folder) if one.rule == "PA307"]


def test_first_bytes_tell_the_machine(tmp_path: Path):
    (one,) = found(tmp_path, elf(183))
    assert one.severity is Severity.ERROR
    assert one.platforms == tuple(each for each in EIGHT if each != ARM64)
    assert "arm64" in one.message
    assert found(tmp_path, elf(183), ARM64) == []
    assert found(tmp_path, elf(40, size=1), ARM_V6, ARM_V7) == []


@pytest.mark.parametrize("content", [b"#!/bin/sh\nexec x\n", b"", b"\x7fELF", b"text", b"PK\x03"])
def test_a_script_is_no_finding_whatever_its_name(tmp_path: Path, content: bytes):
    assert found(tmp_path, content) == []


@pytest.mark.parametrize("content", [b"MZ" + bytes(60), b"\xcf\xfa\xed\xfe" + bytes(60)])
def test_a_program_of_another_system_starts_nowhere(tmp_path: Path, content: bytes):
    (one,) = found(tmp_path, content)
    assert one.platforms == EIGHT


def test_without_the_file_the_name_decides(tmp_path: Path):
    folder = ContextFolder(root=tmp_path)
    assert told(TEXT, "PA307", folder=folder) == ["PA307:2 warning none"]
    (tmp_path / "app").mkdir()
    assert told(TEXT, "PA307", folder=folder) == []


def test_nothing_outside_the_context_is_read(tmp_path: Path):
    inside = tmp_path / "context"
    inside.mkdir()
    (tmp_path / "secret").write_bytes(elf(62))
    (inside / "link").symlink_to("../secret")
    (inside / "own").write_bytes(elf(62))
    (inside / "inner").symlink_to("own")
    folder = ContextFolder(root=inside)
    assert folder.head("../secret") is None
    assert folder.head("link") is None
    assert folder.head("a\0b") is None
    assert folder.head("/own") == folder.head("inner") == elf(62)
    assert folder.text("own") is not None
    assert folder.text("absent") is None
    assert folder.mode("own") == 0o644
    assert folder.mode("absent") is None
    assert not folder.is_folder("own")
    assert ContextFolder(root=tmp_path / "absent").head("x") is None


@pytest.mark.parametrize(
    ("machine", "size", "order", "architecture"),
    [
        (62, 2, 1, "amd64"),
        (3, 1, 1, "386"),
        (40, 1, 1, "arm"),
        (21, 2, 1, "ppc64le"),
        (22, 2, 2, "s390x"),
        (243, 2, 1, "riscv64"),
        (243, 1, 1, "other"),
    ],
)
def test_machines_of_elf_files(machine: int, size: int, order: int, architecture: str):
    assert judge(elf(machine, size=size, order=order)).architecture == architecture


def test_a_java_class_is_no_program_of_a_mac():
    assert judge(b"\xca\xfe\xba\xbe\x00\x00\x00\x41" + bytes(40)).type is FileType.OTHER
    assert judge(b"\xca\xfe\xba\xbe\x00\x00\x00\x02" + bytes(40)).type is FileType.FOREIGN


@given(st.binary(max_size=64))
def test_any_bytes_are_judged(content: bytes):
    assert judge(content).type in FileType
    assert judge(content).runs_on(AMD64) in {True, False}
