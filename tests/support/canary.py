"""A password that must be nowhere but on its way to a registry, and where it is looked for."""

import base64
import gzip
import json
import stat
import threading
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Self
from urllib.parse import quote, quote_plus

from polyarch.sandbox.auth import Account, Auth
from polyarch.sandbox.server import SandboxRegistry
from polyarch.sandbox.target import Kind
from polyarch.sandbox.wire import Answer, Call, json_answer
from tests.support.tiny_project import Said, TinyProject

USERNAME, PASSWORD = "robot-4711", "c4n4ry/+ s3cr3t&x"
VARIABLES = {"CANARY_USER": USERNAME, "CANARY_PASSWORD": PASSWORD}
LOGIN = f"{USERNAME}:{PASSWORD}"
LOOK_S = 0.002


def _base64(text: str) -> str:
    return base64.b64encode(text.encode()).decode()


SPELLED: dict[str, str] = {
    "as it is": PASSWORD,
    "in a URL": quote(PASSWORD, safe=""),
    "in a form": quote_plus(PASSWORD),
    "in base64": _base64(PASSWORD),
    "in base64 with its user": _base64(LOGIN),
    "in base64 with another user": _base64(f"somebody1:{PASSWORD}"),
    "in base64 for URLs": base64.urlsafe_b64encode(PASSWORD.encode()).decode().rstrip("="),
    "in hex": PASSWORD.encode().hex(),
    "in JSON": json.dumps(PASSWORD)[1:-1].replace("/", "\\/"),
}
"""The ways in which it is looked for, and echoed."""

FORMS = tuple(SPELLED.values())


ACCOUNT = Account(username=USERNAME, password=PASSWORD)
PRINTS_ITS_ENVIRONMENT = 'export -p > "$1"\nexport -p\n'


def guard(
    project: TinyProject,
    registries: Sequence[SandboxRegistry],
    auth: Callable[[Account], Auth],
    *,
    make: str = PRINTS_ITS_ENVIRONMENT,
) -> TinyProject:
    """Let registries want the canary, and the project name the variables that hold it."""
    tables = ""
    for registry in registries:
        registry.auth = auth(ACCOUNT)
        tables += (
            f'[registries."{registry.host}"]\n'
            'username-env = "CANARY_USER"\npassword-env = "CANARY_PASSWORD"\n'
        )
    project.toml(f"+{tables}")
    project.write({"make.sh": make})
    project.commit()
    return project


def places(project: TinyProject, said: Said) -> Iterator[tuple[str, bytes]]:
    """Everything that a run leaves for others to read."""
    yield "stdout", said.stdout.encode()
    yield "stderr", said.stderr.encode()
    state = Path(project.environment["HOME"]) / ".local" / "state"
    for path in (*project.files(), *(each for each in state.rglob("*") if each.is_file())):
        content = path.read_bytes()
        packed = content.startswith(b"\x1f\x8b")
        yield str(path), gzip.decompress(content) if packed else content


def find_canary(project: TinyProject, said: Said, *more: str) -> list[str]:
    """Where it is, in which form; `more` are other secrets to be looked for."""
    return [
        f"{form!r} in {name}: {_around(content, form.encode())!r}"
        for name, content in places(project, said)
        for form in (*FORMS, *more)
        if form.encode() in content
    ]


def _around(content: bytes, form: bytes) -> bytes:
    at = content.index(form)
    return content[max(0, at - 60) : at + len(form) + 20]


def spied(project: TinyProject) -> Path:
    """Let every program that a project's command starts write down its arguments; gives where."""
    told = project.root.parent / "started"
    told.touch()
    for link in sorted(Path(project.environment["PATH"]).iterdir()):
        real = link.with_name(f".{link.name}")
        link.rename(real)
        link.write_text(
            f'#!/bin/sh\nprintf "%s\\n" "{link.name}" "$@" >> "{told}"\nexec "{real}" "$@"\n'
        )
        link.chmod(link.stat().st_mode | stat.S_IXUSR)
    return told


class ProcessList:
    """What the list of processes shows below one of them, looked at again and again."""

    def __init__(self, root: int) -> None:
        self._family = {root}
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._look, daemon=True)
        self.seen: set[bytes] = set()

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def _look(self) -> None:
        while not self._done.wait(LOOK_S):
            for place in Path("/proc").glob("[0-9]*"):
                self._look_at(place)

    def _look_at(self, place: Path) -> None:
        process = int(place.name)
        try:
            parent = int((place / "stat").read_text().rpartition(")")[2].split()[1])
            if process in self._family or parent in self._family:
                self._family.add(process)
                self.seen.add((place / "cmdline").read_bytes())
        except (OSError, IndexError, ValueError):
            return  # it has ended


class Echo:
    """A registry that says back what it was sent, wherever that may end in a message.

    With `kinds` only in answer to those. `sent` are the logins that came.
    """

    def __init__(self, status: int, *kinds: Kind) -> None:
        self._status = status
        self._kinds = kinds
        self.sent: set[str] = set()

    def __str__(self) -> str:
        return "-".join((str(self._status), *(kind.name.lower() for kind in self._kinds)))

    async def __call__(self, call: Call) -> Answer | None:
        """The hook."""
        login = call.headers.get("Authorization")
        if login is None or (self._kinds and call.target.kind not in self._kinds):
            return None
        self.sent.add(login.partition(" ")[2])
        said = f"you sent {login}, that is {'; '.join(FORMS)}"
        code = "".join(filter(str.isalnum, _base64(PASSWORD).upper()))
        errors = [{"code": code, "message": said, "detail": said}]
        body = {"errors": errors, "message": said, "details": said, "token": f"{said}\n"}
        located = f"{call.base_url}.invalid/{quote(PASSWORD, safe='')}?again={quote_plus(PASSWORD)}"
        headers = (("Warning", f'299 - "{said}"'), ("Location", located), ("Link", f"<{located}>"))
        return json_answer(body, *headers, status=self._status)
