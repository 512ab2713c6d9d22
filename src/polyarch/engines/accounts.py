"""The user of an image: by number, by a name of its base, or with an account made for it.

Names become numbers, because runtimes that refuse to run as root (Kubernetes with `runAsNonRoot`)
cannot tell that a name is not root's. Sources: image-spec v1.1 config.md, `User`; passwd(5),
group(5).
"""

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath

from polyarch.engines.laid import SystemFile
from polyarch.errors import UserUnknownError, shorten

PASSWD, GROUP = PurePosixPath("/etc/passwd"), PurePosixPath("/etc/group")

_KNOWN: Mapping[str, int] = {"root": 0, "nobody": 65534}
_OWN_ID = 65532
"""Of any other name, as `nonroot` has it in Google's distroless images."""
_LIMIT = 1 << 32


@dataclass(frozen=True, slots=True, kw_only=True)
class Account:
    """`user` is for the image's config; `files` make the name known where the base knows none."""

    user: str
    files: tuple[SystemFile, ...] = ()


def account_of(user: str, passwd: str | None, group: str | None, *, where: str) -> Account:
    """Find a user as `user[:group]`; the texts are the base's, None where it lacks the file.

    Raises:
        UserUnknownError: the base has a list of its users, and this one is not in it.
    """
    name, _, group_name = user.partition(":")
    if not user or (name.isdigit() and (not group_name or group_name.isdigit())):
        return Account(user=user)
    if passwd is None:
        return _made(name, group_name)
    uid, gid = _found(name, passwd, PASSWD, where) if not name.isdigit() else (name, "0")
    if group_name:
        known = group_name.isdigit()
        gid = group_name if known else _found(group_name, group or "", GROUP, where)[0]
    return Account(user=f"{uid}:{gid}")


def _made(name: str, group_name: str) -> Account:
    uid = int(name) if name.isdigit() else _KNOWN.get(name, _OWN_ID)
    gid = int(group_name) if group_name.isdigit() else _KNOWN.get(group_name or name, uid)
    called = "user" if name.isdigit() else name
    grouped = called if not group_name or group_name.isdigit() else group_name
    users, groups = {"root": (0, 0)}, {"root": 0}
    users[called], groups[grouped] = (uid, gid), gid
    passwd = (f"{each}:x:{u}:{g}:{each}:/:/sbin/nologin\n" for each, (u, g) in users.items())
    group = (f"{each}:x:{g}:\n" for each, g in groups.items())
    return Account(
        user=f"{uid}:{gid}",
        files=(
            SystemFile(path=PASSWD, content="".join(passwd).encode()),
            SystemFile(path=GROUP, content="".join(group).encode()),
        ),
    )


def _found(name: str, text: str, file: PurePosixPath, where: str) -> tuple[str, str]:
    """The third and fourth field of a name's line; of several the first counts, as in libc."""
    names: list[str] = []
    for line in text.splitlines():
        fields = line.split(":")
        if len(fields) < 4 or not _is_number(fields[2]):  # noqa: PLR2004 - name, x, number, more
            continue
        if fields[0] == name:
            return fields[2], fields[3] if _is_number(fields[3]) else "0"
        names.append(fields[0])
    near = difflib.get_close_matches(name, names, n=1)
    raise UserUnknownError(
        shorten(name), str(file), nearest=shorten(near[0]) if near else None, where=where
    )


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) <= 10 and int(text) < _LIMIT  # noqa: PLR2004 - digits of the limit
