"""What commands fetch: the words of a script that name something on the network."""

import re
from collections.abc import Iterator

from polyarch.dockerfile.shell.script import Command
from polyarch.dockerfile.shell.word import ShellWord

_FETCHERS = frozenset({"curl", "wget", "wget2", "aria2c", "axel", "lftp", "http", "https", "xh"})
_PRINTERS = frozenset(
    {
        "", ":", "true", "echo", "printf", "sed", "grep", "egrep", "fgrep", "awk", "perl", "test",
        "[", "[[", "tee", "cat", "export", "local", "declare", "readonly", "git", "label",
        "find", "rm",
    }
)  # fmt: skip
"""Programs to which an address is a text; what `git clone` takes are sources, for all platforms."""
_VALUED = frozenset(
    {
        "-o", "--output", "--output-dir", "-O", "--output-document", "-P", "--directory-prefix",
        "-d", "--dir", "--out", "-H", "--header", "-A", "--user-agent", "-u", "--user", "-e",
        "--referer",
        "--data", "-w", "--write-out", "--retry", "--retry-delay",
        "--connect-timeout", "-m",
        "--max-time", "--cacert", "--tries", "--timeout",
    }
)  # fmt: skip
"""Options whose value is no address."""
_SOURCE_LINE = re.compile(r"[\"']?deb(?:-src)?\s")
_ADDRESS = re.compile(r"(?:https?|ftp)://", re.IGNORECASE)
_DIGESTS = re.compile(
    r"(?:(?:sha|b2|md5|g?sha)\d*sum|shasum|openssl|gpgv?\d?|cosign|minisign|signify|slsa-verifier)"
)
_BARE = {"curl": frozenset({"-O"})}
"""Options of one program that take no value, other than elsewhere."""


def is_address(text: str) -> bool:
    """Whether a text holds the address of something on the network."""
    return _ADDRESS.search(text) is not None


def fetched(command: Command) -> Iterator[ShellWord]:
    """The words of a command that say what is fetched, whatever follows their options."""
    if command.name in _FETCHERS:
        yield from _arguments(command)
    elif command.name in {"echo", "printf"}:
        yield from (word for word in command.words[1:] if _is_source_line(word))
    elif command.name not in _PRINTERS:
        yield from (word for word in command.words[1:] if is_address(word.text))
    elif command.name == "git" and "archive" in command.arguments:
        yield from command.words[1:]


def takes_addresses(command: Command) -> bool:
    """Whether an address among a command's words is something that it fetches."""
    return command.name not in _PRINTERS


def is_check(command: Command) -> bool:
    """Whether a command holds a file against a digest or a signature."""
    return _DIGESTS.fullmatch(command.name) is not None


def _arguments(command: Command) -> Iterator[ShellWord]:
    bare = _BARE.get(command.name, frozenset())
    skips = False
    for word in command.words[1:]:
        text = str(word)
        if skips:
            skips = False
        elif text in _VALUED and text not in bare:
            skips = True
        elif not text.startswith("-") or is_address(text):
            yield word


def _is_source_line(word: ShellWord) -> bool:
    return _SOURCE_LINE.match(word.text) is not None
