"""The user of an image's programs, from the `User` of its config and the image's own files.

Source: image-spec v1.1 config.md, "User"; moby's and runc's reading of it: `user`, `uid`,
`user:group`, `uid:gid`, `uid:group`, `user:gid`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

from polyarch.runtimes.laying import Rights
from polyarch.runtimes.root import Root

_MOST = 1 << 20
_MAX_ID = (1 << 32) - 2


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """Who runs the programs; `home` is empty where nobody says it."""

    uid: int = 0
    gid: int = 0
    groups: tuple[int, ...] = ()
    home: str = ""

    def may(self, rights: Rights, bit: int) -> bool:
        """Whether the bit of others, shifted to whoever this is, is set."""
        if self.uid == rights.uid:
            return bool(rights.mode & (bit << 6))
        if rights.gid in {self.gid, *self.groups}:
            return bool(rights.mode & (bit << 3))
        return bool(rights.mode & bit)


def account_of(user: str, root: Root) -> Account | None:
    """The account that a config's `User` names; None where the image does not know it."""
    name, _, group = user.partition(":")
    uid, gid, home, known = _user(name or "0", root)
    if uid is None:
        return None
    if group:
        found = _group(group, root)
        if found is None:
            return None
        gid = found
    groups = () if group or not known else tuple(_memberships(known, root))
    return Account(uid=uid, gid=gid, groups=groups, home=home)


def _user(name: str, root: Root) -> tuple[int | None, int, str, str]:
    for fields in _lines(root, "/etc/passwd", 7):
        uid, gid = _number(fields[2]), _number(fields[3])
        if uid is not None and gid is not None and name in {fields[0], fields[2]}:
            return uid, gid, fields[5], fields[0]
    return _number(name), 0, "/root" if name == "0" else "", ""


def _group(name: str, root: Root) -> int | None:
    for fields in _lines(root, "/etc/group", 4):
        if name in {fields[0], fields[2]}:
            return _number(fields[2])
    return _number(name)


def _memberships(name: str, root: Root) -> Iterator[int]:
    for fields in _lines(root, "/etc/group", 4):
        gid = _number(fields[2])
        if gid is not None and name in fields[3].split(","):
            yield gid


def _lines(root: Root, path: str, width: int) -> Iterator[list[str]]:
    found = root.find(path)
    text = root.read(found, _MOST).decode("utf-8", "replace") if found and found.is_file else ""
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) >= width and not line.startswith("#"):
            yield fields


def _number(text: str) -> int | None:
    fits = text.isascii() and text.isdecimal() and len(text) <= 10  # noqa: PLR2004 - digits of 32 bits
    return int(text) if fits and int(text) <= _MAX_ID else None
