"""Names of files as git prints them.

Source: git-config(1), core.quotePath.
"""

import re

_ESCAPE = re.compile(rb"\\([0-7]{3}|.)")
_LETTERS = {
    b"a": b"\a", b"b": b"\b", b"f": b"\f", b"n": b"\n", b"r": b"\r", b"t": b"\t", b"v": b"\v",
}  # fmt: skip


def unquoted(name: str) -> str:
    """Undo git's C-style quotes.

    They carry every byte of a name through a pipe that is decoded as UTF-8, which `-z` does not.
    Bytes that are no UTF-8 become what `os.fsdecode` makes of them, so the name opens the file.
    """
    if not (len(name) > 1 and name.startswith('"') and name.endswith('"')):
        return name

    def byte(match: re.Match[bytes]) -> bytes:
        code = match[1]
        return bytes([int(code, 8)]) if len(code) > 1 else _LETTERS.get(code, code)

    return _ESCAPE.sub(byte, name[1:-1].encode()).decode("utf-8", "surrogateescape")
