"""A token server as the distribution registry wants it: RS256 tokens for who knows the password."""

import base64
import json
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.lab.certificates import Certificate
from tests.lab.commands import run, run_bytes

ISSUER = "lab"
SERVICE = "lab-registry"
LIFE_S = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class TokenServer:
    """A running token server.

    Attributes:
        host: `127.0.0.1:PORT`.
        scheme: How it is reached.
        certificate: PEM file of the key that signs, for `auth.token.rootcertbundle`.
    """

    host: str
    scheme: str
    certificate: Path

    def realm_at(self, host: str) -> str:
        """Return the URL that a registry's challenge names, for a way that leads here."""
        return f"{self.scheme}://{host}/token"


class Signer:
    """Signs tokens with a key made for one test session."""

    def __init__(self, folder: Path) -> None:
        self._key = folder / "key.pem"
        self.certificate = folder / "certificate.pem"
        make = ["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=lab"]
        run("openssl", *make, "-keyout", self._key, "-out", self.certificate)
        der = run_bytes("openssl", "x509", "-in", self.certificate, "-outform", "DER")
        self._head = {"typ": "JWT", "alg": "RS256", "x5c": [base64.b64encode(der).decode()]}

    def sign(self, claims: Mapping[str, Any]) -> str:
        """Return the claims as a signed JSON web token."""
        body = ".".join(_encode(json.dumps(part).encode()) for part in (self._head, claims))
        sign = ("openssl", "dgst", "-sha256", "-sign", self._key)
        return f"{body}.{_encode(run_bytes(*sign, stdin=body.encode()))}"


@contextmanager
def token_server(
    folder: Path, users: Mapping[str, str], tls: Certificate | None = None
) -> Iterator[TokenServer]:
    """Run a token server on a free loopback port, for users by name with their passwords."""
    signer = Signer(folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            """The token request of docker's and skopeo's kind."""
            user = _basic_user(self.headers.get("Authorization", ""), users)
            self._grant(user, parse_qs(urlsplit(self.path).query))

        def do_POST(self) -> None:
            """The OAuth2 request of containerd's and BuildKit's kind."""
            length = int(self.headers.get("Content-Length", "0"))
            form = parse_qs(self.rfile.read(length).decode())
            self._grant(_form_user(form, users), form)

        def _grant(self, user: str | None, asked: Mapping[str, list[str]]) -> None:
            if user is None:
                self._answer(401, {"errors": [{"code": "UNAUTHORIZED", "message": "who are you"}]})
                return
            token = signer.sign(_claims(user, asked.get("scope", [])))
            self._answer(200, {"token": token, "access_token": token, "expires_in": LIFE_S})

        def _answer(self, status: int, document: Mapping[str, Any]) -> None:
            raw = json.dumps(document).encode()
            self.send_response(status)
            if status == 401:
                self.send_header("WWW-Authenticate", f'Basic realm="{ISSUER}"')
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(raw)))
            self.end_headers()
            self.wfile.write(raw)

        def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - its name above
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        if tls:
            # Hands are shaken in the thread of each connection.
            server.socket = tls.server_context().wrap_socket(
                server.socket, server_side=True, do_handshake_on_connect=False
            )
        thread = Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        try:
            yield TokenServer(
                host=f"127.0.0.1:{server.server_port}",
                scheme="https" if tls else "http",
                certificate=signer.certificate,
            )
        finally:
            server.shutdown()
            thread.join()


def _basic_user(authorization: str, users: Mapping[str, str]) -> str | None:
    """Return who a Basic header proves to be, if anyone."""
    kind, _, packed = authorization.partition(" ")
    if kind.lower() != "basic":
        return None
    name, _, password = base64.b64decode(packed).decode().partition(":")
    return name if users.get(name) == password else None


def _form_user(form: Mapping[str, list[str]], users: Mapping[str, str]) -> str | None:
    """Return who a password form proves to be, if anyone."""
    if form.get("grant_type") != ["password"]:
        return None
    name, password = form.get("username", [""])[0], form.get("password", [""])[0]
    return name if users.get(name) == password else None


def _claims(user: str, scopes: list[str]) -> dict[str, Any]:
    """Grant what is asked: whoever knows the password may do everything."""
    now = int(time.time())
    access = []
    for scope in " ".join(scopes).split():
        kind, _, rest = scope.partition(":")
        name, _, actions = rest.rpartition(":")
        access.append({"type": kind, "name": name, "actions": actions.split(",")})
    return {
        "iss": ISSUER,
        "sub": user,
        "aud": SERVICE,
        "iat": now,
        "nbf": now - 10,
        "exp": now + LIFE_S,
        "jti": f"{user}-{now}",
        "access": access,
    }


def _encode(raw: bytes) -> str:
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()
