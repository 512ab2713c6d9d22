"""How a program is called: its subcommand, its plain words, and whether it is only asked something.

Programs that are started through another one (`python -m pip`, `npx vite`, `php composer.phar`)
count as themselves.
"""

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from polyarch.dockerfile.lint.tools import TOOLS, Work
from polyarch.dockerfile.shell.script import Command

_QUESTIONS = frozenset(
    {"--version", "-version", "-V", "-v", "version", "--help", "-h", "help", "--info", "-vV",
     "-dumpmachine", "-dumpversion", "--list-sdks", "--list-runtimes"}
)  # fmt: skip
_PLAIN_QUESTIONS = frozenset({"--version", "-version", "--help"})
"""Those that mean nothing else: with one of them, and without a subcommand, nothing is done."""
_QUESTION = re.compile(r"-{1,2}(?:print|dump)-?.*|-X?showversion")
_PYTHON = re.compile(r"python(?:\d(?:\.\d+)?)?|pypy\d?")
_PIP = re.compile(r"pip(?:\d(?:\.\d+)?)?")
_MODULES = {"build": "pyproject-build"}
"""Python modules whose programs are called otherwise."""
_RUNNERS = frozenset({"npx", "bunx", "pnpx"})
_VALUED = frozenset(
    {
        "-C", "-F", "--prefix", "--cwd", "--dir", "--filter", "--loglevel", "--registry",
        "--cache", "--cache-folder", "-w", "--workspace", "--manifest-path", "--directory",
        "--project", "-f", "--file", "--userconfig", "--cache-dir", "--working-dir", "-d", "-s",
        "--settings", "--mutex",
    }
)  # fmt: skip
"""Options whose value may stand before a subcommand."""

_WITH_VERB = {
    *(name for name, tool in TOOLS.items() if tool.work is not Work.C),
    *("apk", "apt", "apt-get", "bundle", "cargo", "cmake", "git", "go", "just", "make", "mix"),
    *("task", "xx-cargo"),
} - {"rustc", "javac", "tsc"}
"""Programs whose first word says what they do."""

_TWO_WORDS = frozenset({"cargo", "npm", "uv", "dotnet", "conda", "pnpm", "yarn", "bun"})
_SHORT = 30


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """A program by its name without folder, and its words."""

    program: str
    words: tuple[str, ...]
    is_path: bool = False

    @property
    def plain(self) -> tuple[str, ...]:
        """The words that are neither options nor the values of those that stand in front."""
        return tuple(self._plain())

    @property
    def verb(self) -> str:
        """The subcommand; empty where there is none."""
        return next(self._plain(), "")

    @property
    def is_question(self) -> bool:
        """Whether it only tells of itself, as `--version` does, whatever options stand beside."""
        if any(word in _PLAIN_QUESTIONS for word in self.words) and not self.verb:
            return True
        return bool(self.words) and all(
            word in _QUESTIONS or _QUESTION.fullmatch(word) for word in self.words
        )

    def has(self, *flags: str) -> bool:
        """Whether one of the options is there, with or without `=value`."""
        return any(word.partition("=")[0] in flags for word in self.words)

    def values(self, *flags: str) -> Iterator[str]:
        """What options are given, as the next word or behind `=`."""
        for index, word in enumerate(self.words):
            flag, equals, value = word.partition("=")
            if flag in flags and equals:
                yield value
            elif word in flags and index + 1 < len(self.words):
                yield self.words[index + 1]

    def _plain(self) -> Iterator[str]:
        skips = False
        for word in self.words:
            if skips:
                skips = False
            elif word.startswith("-"):
                skips = word in _VALUED
            elif not word.startswith("+"):
                yield word

    def __str__(self) -> str:
        """The program with what it is asked to do, short."""
        if self.program not in _WITH_VERB:
            return self.program
        words = [word for word in self.plain[:2] if _short(word)]
        return " ".join([self.program, *words[: 2 if self.program in _TWO_WORDS else 1]])


def call(command: Command) -> Call:
    """How a command is called."""
    first = command.words[0].value or "" if command.words else ""
    found = Call(program=command.name, words=command.arguments, is_path="/" in first)
    return _inner(found)


def _inner(found: Call) -> Call:
    """The program that another one only starts; a module or a script that it runs."""
    plain = found.plain
    if _PYTHON.fullmatch(found.program) and "-m" in found.words[:4]:
        at = found.words.index("-m")
        words = found.words[at + 1 :]
        module = _named(words) if words else found
        return replace(module, program=_MODULES.get(module.program, module.program))
    if found.program in _RUNNERS and plain:
        at = found.words.index(plain[0])
        return _named(found.words[at:])
    if found.program == "php" and plain:
        name = plain[0].rpartition("/")[2].removesuffix(".phar")
        if name == "composer":
            return Call(program=name, words=found.words[found.words.index(plain[0]) + 1 :])
    if _PIP.fullmatch(found.program):
        return Call(program="pip", words=found.words)
    return found


def _named(words: Collection[str]) -> Call:
    first, *rest = words
    name = first.rpartition("/")[2] if not first.startswith("@") else first
    if _PIP.fullmatch(name):
        name = "pip"
    return Call(program=re.sub(r"(?<=.)@.*", "", name), words=tuple(rest))


def _short(word: str) -> bool:
    return len(word) <= _SHORT and re.fullmatch(r"[A-Za-z][\w:+-]*", word) is not None
