"""What an image starts: its entrypoint through links, scripts and shells, the loader, libraries.

All of it must be there, be executable, and be of the image's platform: these files run, so what is
wrong with them is an error wherever they lie.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

from polyarch.checks.binary import Misfit, Program
from polyarch.checks.command import Located, NotLocated, at_path, locate
from polyarch.checks.filesystem import Filesystem
from polyarch.checks.libraries import Loader, Needed, libraries
from polyarch.checks.searchpath import glibc_folders, library_folders, musl_folders
from polyarch.checks.told import Teller, an
from polyarch.checks.windows import WINDOWS, windows_paths
from polyarch.checks.words import inner_command, script_command
from polyarch.errors import shorten
from polyarch.findings import Finding, Severity
from polyarch.oci.config import ImageConfig

_MAX_COMMANDS = 12
_MUSL, _GLIBC = "musl", "glibc"


@dataclass(slots=True)
class Chain:
    """`running` are the real paths of all that runs, filled while `findings` is read.

    With `whole` false a layer could not be read: then nothing is called missing.
    """

    files: Filesystem
    config: ImageConfig
    tell: Teller
    whole: bool = True
    running: set[str] = field(default_factory=set)

    def findings(self) -> Iterator[Finding]:
        """Follow the entrypoint with its command, and what these start."""
        words = self.config.entrypoint + self.config.command
        if self.tell.platform.os == WINDOWS:
            yield from self._on_windows(words)
            return
        todo = [(words, True)] if words else []
        for _ in range(_MAX_COMMANDS):
            if not todo:
                return
            words, certain = todo.pop(0)
            found = locate(self.files, self.config, words[0])
            if isinstance(found, NotLocated):
                if certain and self.whole:
                    yield self._missing(words[0], found)
                continue
            yield from self._started(words[0], found)
            todo += self._next(words, found)

    def _on_windows(self, words: tuple[str, ...]) -> Iterator[Finding]:
        """Judge the program that is named in full; Windows finds others by rules of its own."""
        for path in windows_paths(words[0]) if words else ():
            found = at_path(self.files, path)
            if isinstance(found, Located) and found.file.program:
                self.running.add(found.path)
                yield from self._judged(found.path, found.file.program, found.file.layer)
                return

    def _next(self, words: tuple[str, ...], found: Located) -> list[tuple[tuple[str, ...], bool]]:
        """The commands that this one starts, and whether that is certain."""
        if found.file.text.startswith("#!"):
            interpreter = script_command(found.file.text)
            # By custom an entrypoint that is a script ends with `exec "$@"`.
            handed = [(self.config.command, False)] if self.config.entrypoint else []
            given = [each for each in handed if each[0] and each[0] != words]
            return [*([(interpreter, True)] if interpreter[0].startswith("/") else []), *given]
        inner = inner_command(words)
        return [(inner.words, inner.certain)] if inner else []

    def _started(self, word: str, found: Located) -> Iterator[Finding]:
        """Judge one file that is executed."""
        if found.path in self.running:
            return
        self.running.add(found.path)
        file = found.file
        if not found.runnable and self.tell.platform.architecture != "wasm":
            text = f"`{shorten(word)}` is started, and the file may not be executed"
            hint = "give it the run bits: `COPY --chmod=755`, or `chmod +x` before the build"
            yield self._error("entrypoint-not-executable", found.path, text, file.layer, hint)
        if file.program:
            yield from self._program(found.path, file.program, file.layer)
        elif file.text.startswith("#!"):
            yield from self._script(found)
        elif self.whole:
            text = (
                f"`{shorten(word)}` is started, and it is neither a program nor a script with `#!`"
            )
            hint = (
                "give the script a first line such as `#!/bin/sh`, or start it with its interpreter"
            )
            yield self._error("entrypoint-no-program", found.path, text, file.layer, hint)

    def _script(self, found: Located) -> Iterator[Finding]:
        interpreter = script_command(found.file.text)[0]
        there = interpreter.startswith("/") and isinstance(
            at_path(self.files, interpreter), Located
        )
        if there or not self.whole:
            return
        hint = "install the interpreter, or name the one that the image has"
        if interpreter.endswith("\r"):
            hint = "the script has line ends of Windows: write it with `\\n`, or let git do so"
        text = f"its first line asks for `{shorten(interpreter)}`, which is not in the image"
        yield self._error("interpreter-missing", found.path, text, found.file.layer, hint)

    def _program(self, path: str, program: Program, layer: int) -> Iterator[Finding]:
        yield from self._judged(path, program, layer)
        if program.damage or program.device or not program.interpreter:
            return
        loader = at_path(self.files, program.interpreter)
        if isinstance(loader, NotLocated):
            if self.whole:
                yield self._no_loader(path, program, layer)
            return
        self.running.add(loader.path)
        if loader.file.program:
            yield from self._judged(loader.path, loader.file.program, loader.file.layer)
        for needed in libraries(self._loader(program, loader), path, program):
            yield from self._library(needed)

    def _judged(self, path: str, program: Program, layer: int) -> Iterator[Finding]:
        why = program.misfit(self.tell.platform)
        if program.damage:
            yield self.tell.damaged(path, program, Severity.ERROR, layer)
        elif why:
            yield self.tell.misfit(path, program, why, Severity.ERROR, layer)

    def _library(self, needed: Needed) -> Iterator[Finding]:
        if needed.found and needed.found.file.program:
            self.running.add(needed.found.path)
            binary, layer = needed.found.file.program, needed.found.file.layer
            # Libraries choose their code when they are loaded, so that a newer variant in their
            # attributes says little: Debian's libcrypto for ARMv7 says ARMv8.
            if binary.misfit(self.tell.platform) is not Misfit.VARIANT:
                yield from self._judged(needed.found.path, binary, layer)
        elif needed.others:
            yield from self._passed_over(needed)
        elif self.whole:
            text = f"it needs `{shorten(needed.name)}`, which is nowhere where its loader looks"
            hint = "install the library's package in the image's last stage, or link it statically"
            yield self._error("library-missing", needed.user, text, self._layer(needed.user), hint)

    def _passed_over(self, needed: Needed) -> Iterator[Finding]:
        """A library that is there, and of another machine than what needs it."""
        other = needed.others[0]
        self.running.add(other.path)
        program = other.file.program
        what = an(program) if program else "no library"
        code = "program-damaged" if program and program.damage else "wrong-architecture"
        text = f"{what}, and `{shorten(needed.user)}` needs it on {self.tell.platform}"
        hint = "install the library for this platform"
        yield self._error(code, other.path, text, other.file.layer, hint)

    def _loader(self, program: Program, loader: Located) -> Loader:
        is_musl = "musl" in loader.path.rpartition("/")[2]
        own = {program.interpreter.rpartition("/")[2]}
        if loader.file.program and loader.file.program.soname:
            own.add(loader.file.program.soname)
        if is_musl:
            last = musl_folders(self.files)
        else:
            beside = loader.path.rpartition("/")[0]
            last = (*glibc_folders(self.files, self.tell.platform), beside)
        return Loader(
            files=self.files,
            platform=self.tell.platform,
            is_musl=is_musl,
            own_names=frozenset(own),
            first=library_folders(self.config),
            last=last,
        )

    def _no_loader(self, path: str, program: Program, layer: int) -> Finding:
        name = program.interpreter.rpartition("/")[2]
        wanted = _MUSL if "musl" in name else _GLIBC
        there = musl_or_glibc(self.files)
        text = f"its loader `{shorten(program.interpreter)}` is not in the image"
        if there and there != wanted:
            text += f": it was linked with {wanted}, and the image has {there}"
        hint = f"build it for {there or 'the base of the image'}, or link it statically"
        return self._error("loader-missing", path, text, layer, hint)

    def _missing(self, word: str, found: NotLocated) -> Finding:
        removed = self.files.removed.get(found.path)
        text = f"`{shorten(word)}` is started, and {found.reason}"
        if removed is not None:
            text += f"; it was removed by {self.tell.origins.told(removed)}"
        hint = "see that the last stage copies it, to the path and name that the entrypoint has"
        return self._error("entrypoint-missing", found.path, text, None, hint)

    def _error(self, code: str, path: str, text: str, layer: int | None, hint: str) -> Finding:
        return self.tell.finding(code, Severity.ERROR, path, text, layer=layer, hint=hint)

    def _layer(self, path: str) -> int | None:
        found = at_path(self.files, path)
        return found.file.layer if isinstance(found, Located) else None


def musl_or_glibc(files: Filesystem) -> str:
    """Which C library the image has by the names of loaders in it, empty where it has none."""
    from polyarch.checks.tree import Folder

    for folder in ("/lib", "/lib64"):
        found = files.look(folder)
        node = getattr(found, "node", None)
        names = node.children if isinstance(node, Folder) else ()
        for name in names:
            if name.startswith("ld-musl-"):
                return _MUSL
            if name.startswith(("ld-linux", "ld64.so")):
                return _GLIBC
    return ""
