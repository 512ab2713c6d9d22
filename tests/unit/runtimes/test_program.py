"""What a command starts, seen before it starts: PATH, links, `#!`, loaders, rights, headers."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from polyarch.oci.platform import Platform
from polyarch.runtimes.accounts import Account, account_of
from polyarch.runtimes.laying import LayingBounds
from polyarch.runtimes.outcome import Reason
from polyarch.runtimes.program import Command, Obstacle, ProgramCheck, interpreter_of
from polyarch.runtimes.root import Root
from polyarch.runtimes.unpack import unpack
from tests.support.running import File, Recipe, elf, image

AMD64 = "linux/amd64"
OWN, OTHER, OLD = elf(62), elf(183), elf(3, bits=32)
LOADER = "/lib/ld-musl-x86_64.so.1"


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Root]:
    with Root(tmp_path) as root:
        yield root


def looked_at(
    root: Root,
    files: Sequence[File],
    *words: str,
    path: str = "/bin:/usr/bin",
    working_dir: str = "/",
    account: Account | None = None,
) -> Command | Obstacle:
    made = image(Recipe(layers=[files]))
    unpacked = unpack(made.store, made.manifest, made.platform, root, LayingBounds())
    check = ProgramCheck(
        root=root,
        platform=Platform.parse(AMD64),
        account=account or Account(),
        working_dir=working_dir,
        variables={"PATH": path},
        rights=unpacked.rights,
    )
    return check.look_at(words)


def reason(found: Command | Obstacle) -> Reason | None:
    return found.reason if isinstance(found, Obstacle) else None


def script(name: str, line: str) -> File:
    return File(name=name, content=f"{line}\nexit 0\n".encode())


def link(name: str, target: str) -> File:
    return File(name=name, link=target)


class TestFound:
    def test_through_links(self, root: Root) -> None:
        files = [
            File(name="opt/app/run", content=OWN),
            link("usr/bin/app", "/etc/alternatives/app"),
            link("etc/alternatives/app", "../../opt/current/run"),
            link("opt/current", "app"),
        ]
        found = looked_at(root, files, "app")
        assert found == Command(path="/opt/app/run", chain=("/opt/app/run",))

    def test_from_the_working_directory(self, root: Root) -> None:
        found = looked_at(root, [File(name="srv/app", content=OWN)], "./app", working_dir="/srv")
        assert isinstance(found, Command)

    def test_past_what_is_not_executable(self, root: Root) -> None:
        files = [
            File(name="bin/app", content=OWN, mode=0o644),
            File(name="usr/bin/app", content=OWN),
        ]
        found = looked_at(root, files, "app")
        assert isinstance(found, Command)
        assert found.path == "/usr/bin/app"

    def test_scripts_of_scripts(self, root: Root) -> None:
        files = [
            script("bin/app", "#!/bin/first -x"),
            script("bin/first", "#! /usr/bin/env sh"),
            File(name="usr/bin/env", content=OWN),
            link("bin/sh", "busybox"),
            File(name="bin/busybox", content=OWN),
        ]
        found = looked_at(root, files, "app")
        assert isinstance(found, Command)
        assert found.chain == ("/bin/app", "/bin/first", "/usr/bin/env")

    def test_old_programs_on_their_successor(self, root: Root) -> None:
        found = looked_at(root, [File(name="app", content=OLD)], "/app")
        assert isinstance(found, Command)

    @pytest.mark.parametrize("bits", [32, 64])
    def test_a_loader(self, root: Root, bits: int) -> None:
        linked = elf(62 if bits == 64 else 3, bits=bits, loader=LOADER)
        files = [File(name="app", content=linked), File(name=LOADER[1:], content=OWN)]
        found = looked_at(root, files, "/app")
        assert isinstance(found, Command)
        assert found.interpreter == LOADER


class TestNotFound:
    @pytest.mark.parametrize(
        ("files", "word", "expected", "told"),
        [
            ([], "app", Reason.COMMAND_NOT_FOUND, "`app` is in no folder of PATH"),
            ([], "/app", Reason.COMMAND_NOT_FOUND, "`/app` is not in the image"),
            ([link("app", "gone")], "/app", Reason.COMMAND_NOT_FOUND, "not in the image"),
            ([link("app", "app")], "/app", Reason.COMMAND_NOT_FOUND, "not in the image"),
            ([File(name="app/")], "/app", Reason.PERMISSION_DENIED, "no file"),
            ([File(name="app", content=OWN, mode=0o644)], "/app", Reason.PERMISSION_DENIED,
             "`/app`"),
            ([File(name="app")], "/app", Reason.EXEC_FORMAT, "empty"),
            ([File(name="app", content=b"text")], "/app", Reason.EXEC_FORMAT, "another kind"),
            ([File(name="app", content=b"MZ")], "/app", Reason.EXEC_FORMAT, "Windows"),
            ([File(name="app", content=OTHER)], "/app", Reason.WRONG_ARCHITECTURE, "for arm64"),
            ([script("app", "#!/bin/sh")], "/app", Reason.COMMAND_NOT_FOUND, "`/app` is started"),
            ([script("app", "#!")], "/app", Reason.EXEC_FORMAT, "no interpreter"),
            ([script("app", "#!/app")], "/app", Reason.EXEC_FORMAT, "without end"),
        ],
    )  # fmt: skip
    def test_and_told_why(
        self, root: Root, files: list[File], word: str, expected: Reason, told: str
    ) -> None:
        found = looked_at(root, files, word)
        assert isinstance(found, Obstacle)
        assert found.reason is expected
        assert told in found.message

    def test_the_interpreter_of_another_machine(self, root: Root) -> None:
        files = [script("app", "#!/bin/sh"), File(name="bin/sh", content=OTHER)]
        assert reason(looked_at(root, files, "/app")) is Reason.WRONG_ARCHITECTURE

    def test_what_env_starts(self, root: Root) -> None:
        env = File(name="usr/bin/env", content=OWN)
        files = [script("app", "#!/usr/bin/env -S python3 -u"), env]
        assert reason(looked_at(root, files, "/app")) is Reason.COMMAND_NOT_FOUND
        files = [script("app", "#!/usr/bin/env sh"), env, File(name="bin/sh", content=OTHER)]
        assert reason(looked_at(root, files, "/app")) is Reason.WRONG_ARCHITECTURE

    def test_a_loader_that_is_missing(self, root: Root) -> None:
        app = File(name="app", content=elf(62, loader=LOADER))
        found = looked_at(root, [app], "/app")
        assert isinstance(found, Obstacle)
        assert found.reason is Reason.MISSING_LOADER
        assert LOADER in found.message
        foreign = File(name=LOADER[1:], content=OTHER)
        assert reason(looked_at(root, [app, foreign], "/app")) is Reason.WRONG_ARCHITECTURE


class TestRights:
    APP = Account(uid=1000, gid=50, groups=(7,))

    @pytest.mark.parametrize(
        ("mode", "uid", "gid", "may"),
        [
            (0o700, 0, 0, False),
            (0o700, 1000, 0, True),
            (0o750, 0, 50, True),
            (0o750, 0, 7, True),
            (0o750, 0, 8, False),
            (0o705, 0, 0, True),
            (0o055, 1000, 0, False),
        ],
    )
    def test_of_the_program_and_its_folders(
        self, root: Root, mode: int, uid: int, gid: int, *, may: bool
    ) -> None:
        app = File(name="app", content=OWN, mode=mode, uid=uid, gid=gid)
        inner = File(name="srv/app", content=OWN)
        folder = File(name="srv/", mode=mode, uid=uid, gid=gid)
        for files, word in (([app], "/app"), ([folder, inner], "/srv/app")):
            found = looked_at(root, files, word, account=self.APP)
            assert isinstance(found, Command) == may, found
            assert may or reason(found) is Reason.PERMISSION_DENIED
            assert isinstance(looked_at(root, files, word, account=Account()), Command)


class TestAccounts:
    PASSWD = (
        b"# x\nroot:x:0:0::/root:/bin/sh\napp:x:1000:50::/srv:/bin/sh\nbroken:x\n7up:x:8:8::/:\n"
    )
    GROUP = b"root:x:0:\nstaff:x:50:\nmore:x:7:other,app\n"

    @pytest.mark.parametrize(
        ("user", "expected"),
        [
            ("", Account(home="/root")),
            ("root", Account(home="/root")),
            ("app", Account(uid=1000, gid=50, groups=(7,), home="/srv")),
            ("1000", Account(uid=1000, gid=50, groups=(7,), home="/srv")),
            ("app:more", Account(uid=1000, gid=7, home="/srv")),
            ("4711", Account(uid=4711)),
            ("4711:4712", Account(uid=4711, gid=4712)),
            ("nobody", None),
            ("app:nobodies", None),
            ("-1", None),
            ("99999999999", None),
        ],
    )
    def test_as_the_image_knows_them(self, root: Root, user: str, expected: Account | None) -> None:
        files = [
            File(name="etc/passwd", content=self.PASSWD),
            File(name="etc/group", content=self.GROUP),
        ]
        made = image(Recipe(layers=[files]))
        unpack(made.store, made.manifest, made.platform, root, LayingBounds())
        assert account_of(user, root) == expected

    def test_in_an_image_without_names(self, root: Root) -> None:
        assert account_of("", root) == Account(home="/root")
        assert account_of("app", root) is None


@given(st.binary(max_size=200))
def test_any_header(data: bytes) -> None:
    assert isinstance(interpreter_of(b"\x7fELF" + data), str)
