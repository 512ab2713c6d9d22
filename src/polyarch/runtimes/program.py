"""What a command of an image starts: found as a runtime finds it, and looked at before it runs.

Emulation hides what is wrong: a program for this machine runs in an image for any other. So the
header of whatever is to be run is read first, through links and `#!` lines. Sources: Linux,
fs/exec.c and fs/binfmt_script.c; runc's look-up of the program, which is that of Go's os/exec.
"""

import posixpath
import stat
import struct
from collections.abc import Mapping
from dataclasses import dataclass, field

from polyarch.host.binfmt import architecture_of
from polyarch.oci.platform import Platform
from polyarch.runtimes.accounts import Account
from polyarch.runtimes.laying import Rights
from polyarch.runtimes.outcome import Reason
from polyarch.runtimes.root import Found, Names, Root

DEFAULT_PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
_MAX_SCRIPTS = 5
_LINE = 256
_HEAD = 64 * 1024
_PT_INTERP = 3
_MAX_INTERPRETER = 4096
_ALSO_FITS = {"amd64": ("386",)}
"""Programs that every machine of an architecture runs beside its own."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Obstacle:
    """Why a command cannot be started, known without starting it."""

    reason: Reason
    message: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Command:
    """What starts: `path` of the first program, `interpreter` is the loader that it asks for."""

    path: str
    chain: tuple[str, ...]
    interpreter: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class ProgramCheck:
    """Looks for commands in a root, as one user of it; `rights` as `Laying` has them."""

    root: Root
    platform: Platform
    account: Account
    working_dir: str
    variables: Mapping[str, str]
    rights: Mapping[Names, Rights] = field(default_factory=dict)

    def look_at(self, arguments: tuple[str, ...]) -> Command | Obstacle:
        """Follow a command from its first word to the program of the machine that runs it."""
        word = arguments[0]
        chain: list[str] = []
        for _ in range(_MAX_SCRIPTS):
            found = self._locate(word)
            if isinstance(found, Obstacle):
                return _within(found, chain)
            chain.append(found.path)
            head = self.root.read(found, _HEAD)
            if not head.startswith(b"#!"):
                ended = self._machine_program(found, head, chain)
                return _within(ended, chain[:-1]) if isinstance(ended, Obstacle) else ended
            words = _script_words(head)
            if not words:
                return Obstacle(
                    reason=Reason.EXEC_FORMAT, message=f"`{found.path}` names no interpreter"
                )
            wrong = self._check_env(words)
            if wrong:
                return _within(wrong, chain)
            word = words[0]
        return Obstacle(
            reason=Reason.EXEC_FORMAT,
            message=f"`{arguments[0]}` is a script of a script, and so on without end",
        )

    def _check_env(self, words: tuple[str, ...]) -> Obstacle | None:
        """`#!/usr/bin/env NAME` starts what PATH has under that name."""
        if posixpath.basename(words[0]) != "env" or len(words) == 1:
            return None
        name = next((w for w in words[1].split() if not w.startswith("-") and "=" not in w), "")
        if not name:
            return None
        found = self._locate(name)
        if isinstance(found, Obstacle):
            return found
        head = self.root.read(found, _HEAD)
        if head.startswith(b"#!"):
            return None
        ended = self._machine_program(found, head, [])
        return ended if isinstance(ended, Obstacle) else None

    def _locate(self, word: str) -> Found | Obstacle:
        if "/" in word:
            return self._usable(word, posixpath.join(self.working_dir, word))
        refused: Obstacle | None = None
        for folder in self.variables.get("PATH", DEFAULT_PATH).split(":"):
            path = posixpath.join(self.working_dir, folder, word)
            found = self._usable(word, path)
            if isinstance(found, Found):
                return found
            if found.reason is Reason.PERMISSION_DENIED and refused is None:
                refused = found
        return refused or Obstacle(
            reason=Reason.COMMAND_NOT_FOUND, message=f"`{word}` is in no folder of PATH"
        )

    def _usable(self, word: str, path: str) -> Found | Obstacle:
        found = self.root.find(path)
        if found is None:
            message = f"`{word}` is not in the image"
            return Obstacle(reason=Reason.COMMAND_NOT_FOUND, message=message)
        if not found.is_file:
            message = f"`{word}` is no file"
            return Obstacle(reason=Reason.PERMISSION_DENIED, message=message)
        head = self.root.read(found, _HEAD)
        # Programs of other machines have lost the bit while they were unpacked.
        if not found.info.st_mode & 0o111 and not self._is_foreign(head):
            message = f"`{found.path}` is not executable"
            return Obstacle(reason=Reason.PERMISSION_DENIED, message=message)
        return self._forbidden(found) or found

    def _forbidden(self, found: Found) -> Obstacle | None:
        if self.account.uid == 0:
            return None
        for depth in range(1, len(found.names) + 1):
            names = found.names[:depth]
            rights = self.rights.get(names)
            if rights and not self.account.may(rights, stat.S_IXOTH):
                path = "/" + "/".join(names)
                message = (
                    f"user {self.account.uid} may not use `{path}`, which is of user {rights.uid} "
                    f"and has mode {rights.mode:04o}"
                )
                return Obstacle(reason=Reason.PERMISSION_DENIED, message=message)
        return None

    def _machine_program(self, found: Found, head: bytes, chain: list[str]) -> Command | Obstacle:
        if not head.startswith(b"\x7fELF"):
            return Obstacle(
                reason=Reason.EXEC_FORMAT,
                message=f"`{found.path}` is {_form(head)}, and no program or `#!` script",
            )
        architecture = architecture_of(head)
        if not self._fits(architecture):
            what = f"a program for {architecture}" if architecture else "for an unknown machine"
            return Obstacle(
                reason=Reason.WRONG_ARCHITECTURE,
                message=f"`{found.path}` is {what}, in an image for {self.platform}",
            )
        loader = interpreter_of(head)
        if loader:
            wrong = self._check_loader(found, loader)
            if wrong:
                return wrong
        return Command(
            path=chain[0] if chain else found.path, chain=tuple(chain), interpreter=loader
        )

    def _check_loader(self, found: Found, loader: str) -> Obstacle | None:
        there = self.root.find(posixpath.join(self.working_dir, loader))
        if there is None or not there.is_file:
            message = f"`{found.path}` needs the loader `{loader}`, which is not in the image"
            return Obstacle(reason=Reason.MISSING_LOADER, message=message)
        architecture = architecture_of(self.root.read(there, 64))
        if not self._fits(architecture):
            message = f"`{loader}`, the loader of `{found.path}`, is for {architecture}"
            return Obstacle(reason=Reason.WRONG_ARCHITECTURE, message=message)
        return None

    def _is_foreign(self, head: bytes) -> bool:
        return head.startswith(b"\x7fELF") and not self._fits(architecture_of(head))

    def _fits(self, architecture: str | None) -> bool:
        own = self.platform.architecture
        return architecture == own or architecture in _ALSO_FITS.get(own, ())


def interpreter_of(head: bytes) -> str:
    """The loader that an ELF program asks for, empty for a static one; `head` is its beginning."""
    try:
        mark = ">" if head[5] == 2 else "<"  # noqa: PLR2004 - ELFDATA2MSB
        wide = head[4] == 2  # noqa: PLR2004 - ELFCLASS64
        start = struct.unpack_from(f"{mark}Q" if wide else f"{mark}I", head, 32 if wide else 28)[0]
        size, count = struct.unpack_from(f"{mark}HH", head, 54 if wide else 42)
        form = f"{mark}IIQQQQ" if wide else f"{mark}IIIII"
        for number in range(min(count, 512)):
            fields = struct.unpack_from(form, head, start + number * size)
            offset, length = (fields[2], fields[5]) if wide else (fields[1], fields[4])
            if fields[0] == _PT_INTERP and length <= _MAX_INTERPRETER:
                text = head[offset : offset + length].partition(b"\0")[0]
                return text.decode("utf-8", "surrogateescape")
    except (struct.error, IndexError):
        pass
    return ""


def _script_words(head: bytes) -> tuple[str, ...]:
    """The interpreter and its one argument, as the kernel takes them from the first line."""
    line = head[2:_LINE].partition(b"\n")[0].strip(b" \t\r")
    return tuple(word.decode("utf-8", "surrogateescape") for word in line.split(None, 1))


def _within(obstacle: Command | Obstacle, chain: list[str]) -> Obstacle:
    assert isinstance(obstacle, Obstacle)  # noqa: S101 - callers have looked
    if not chain:
        return obstacle
    message = f"{obstacle.message}; `{chain[-1]}` is started with it"
    return Obstacle(reason=obstacle.reason, message=message)


def _form(head: bytes) -> str:
    if not head:
        return "empty"
    if head.startswith(b"MZ"):
        return "a Windows program"
    if head[:4] in {b"\xcf\xfa\xed\xfe", b"\xce\xfa\xed\xfe", b"\xca\xfe\xba\xbe"}:
        return "a macOS program"
    return "a file of another kind"
