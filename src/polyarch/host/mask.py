"""Keeping secrets out of what others say: build output, words of registries, lines of programs.

Whoever was handed a secret may say it back, and not always as it was: quoted for a URL, escaped for
JSON, in base64 within something longer.
"""

import base64
import json
import re
import threading
from collections.abc import Collection, Iterable, Iterator, Mapping
from urllib.parse import quote, quote_plus

HIDDEN = "***"
SHORTEST = 4
"""Shorter texts are no secrets, and hiding them would hide everything else."""
_SHORTEST_LINE = 16
"""Of a secret of many lines, such as a key file, whose short lines are braces and the like."""
_SHORTEST_CORE = 8
_SECRET = re.compile(r"(?:^|_)(?:TOKEN|PASSWORD|PASSWD|SECRET)$")
"""Names of variables that hold secrets, whoever put them there."""
_SHORTEST_FOUND = 8
_ANY = "surrogatepass"
_URL_SAFE = str.maketrans("+/", "-_")


class Mask:
    """Hides the secrets that it has learnt; may be called and taught from any thread."""

    def __init__(self, secrets: Iterable[str] = ()) -> None:
        self._lock = threading.Lock()
        self._forms: set[str] = set()
        self._pattern: re.Pattern[str] | None = None
        self.learn(*secrets)

    def learn(self, *secrets: str) -> None:
        """Hide these too, from here on."""
        fresh = {form for secret in secrets for form in forms_of(secret)}
        with self._lock:
            if fresh <= self._forms:
                return
            self._forms |= fresh
            # The longest first: one secret may be the beginning of another.
            ordered = sorted(self._forms, key=len, reverse=True)
            self._pattern = re.compile("|".join(map(re.escape, ordered)), re.IGNORECASE)

    def __call__(self, text: str) -> str:
        """The text without them, in any case of letters."""
        return text if self._pattern is None else self._pattern.sub(HIDDEN, text)


def secrets_in(environment: Mapping[str, str], named: Collection[str] = ()) -> list[str]:
    """The values of the variables `named`, and of those that are called as secrets are."""
    return [
        value
        for name, value in environment.items()
        if name in named or (_SECRET.search(name) and len(value) >= _SHORTEST_FOUND)
    ]


def forms_of(secret: str) -> frozenset[str]:
    """A secret as it may be said back; nothing where it is too short to be one."""
    if len(secret) < SHORTEST:
        return frozenset()
    return frozenset(form for form in _forms(secret) if len(form) >= SHORTEST)


def _forms(secret: str) -> Iterator[str]:
    yield secret
    yield quote(secret, safe="", errors=_ANY)
    yield quote_plus(secret, errors=_ANY)
    yield " ".join(secret.split())
    for escaped in (json.dumps(secret)[1:-1], json.dumps(secret, ensure_ascii=False)[1:-1]):
        yield escaped
        yield escaped.replace("/", "\\/")
    raw = secret.encode("utf-8", _ANY)
    yield raw.hex()
    for core in _within_base64(raw):
        yield core
        yield core.translate(_URL_SAFE)
        yield quote(core, safe="")
    lines = (line.strip() for line in secret.splitlines())
    yield from (line for line in lines if len(line) >= _SHORTEST_LINE)


def _within_base64(raw: bytes) -> Iterator[str]:
    """What of it stays the same in base64, whatever stands before and after it there.

    Three bytes become four characters, so there are three ways in which it may lie.
    """
    for before in range(3):
        encoded = base64.b64encode(b"\0" * before + raw).decode("ascii")
        first = -(-before * 8 // 6)
        whole = (before + len(raw)) * 8 // 6
        if whole - first >= _SHORTEST_CORE:
            yield encoded[first:whole]
