"""Golden files: what a command says, word by word, but for what differs from run to run.

`POLYARCH_WRITE_GOLDEN=1 pytest tests/cli` writes them anew; read the difference before you commit.
"""

import os
import re
from collections.abc import Sequence
from pathlib import Path

from tests.support.tiny_project import Said, TinyProject

WRITE = "POLYARCH_WRITE_GOLDEN"

_VOLATILE: Sequence[tuple[re.Pattern[str], str]] = (
    (re.compile(r"sha256:[0-9a-f]{64}"), f"sha256:{'d' * 64}"),
    (re.compile(r"sha256:[0-9a-f]{12}\b"), f"sha256:{'d' * 12}"),
    (re.compile(r"(?<=[ ,])[0-9a-f]{12}$", re.MULTILINE), "d" * 12),
    (re.compile(r"(?<=sha-)[0-9a-f]{7}\b|(?<= at )[0-9a-f]{7}\b"), "c" * 7),
    (re.compile(r"\b[0-9a-f]{40}\b"), "c" * 40),
    (re.compile(r"\d{8}T\d{6}\.\d{3}Z-[0-9a-f]{6}"), "RUN"),
    (re.compile(r"(?<= )\d\d\d B\b"), "999 B"),  # of a compressed layer: zlib-ng packs otherwise
    (re.compile(r'(?<=": )[1-9]\d*(?=,?\n)'), "999"),  # counts of bytes and requests
    (re.compile(r"\.build-[a-z0-9_]{8}\b"), ".build-TEMPORARY"),
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"'127\.0\.0\.1', \d+"), "'127.0.0.1', PORT"),
)
"""A digest's length is kept, for the sake of tables."""

_RULED = re.compile(r"─+")
_GAPS = re.compile(r" {2,}")


def session(project: TinyProject, command: str, said: Said, *, squeeze: bool = False) -> str:
    """A call as a person would see it; `squeeze` where ports make columns wider or narrower."""
    text = f"$ polyarch {command}".rstrip() + "\n"
    for name, stream in (("stdout", said.stdout), ("stderr", said.stderr)):
        if stream:
            text += f"--- {name}\n{stream}"
    text = f"{text}--- exit {said.code}\n"
    text = text.replace(str(project.root), "PROJECT").replace(str(project.root.parent), "BESIDE")
    for pattern, steady in _VOLATILE:
        text = pattern.sub(steady, text)
    if squeeze:
        text = _GAPS.sub("  ", text)
        text = _RULED.sub("─", text)
    return "".join(f"{line.rstrip()}\n" for line in text.splitlines())


def compare(path: Path, found: str) -> None:
    """Compare with a golden file, or write it."""
    if os.environ.get(WRITE):
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(found, encoding="utf-8")
    assert path.is_file(), f"there is no {path.name}; {WRITE}=1 writes it"
    assert found == path.read_text(encoding="utf-8")
