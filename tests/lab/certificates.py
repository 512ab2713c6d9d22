"""A throw-away certificate for servers on loopback, made by the openssl of this machine."""

import shutil
import ssl
from dataclasses import dataclass
from pathlib import Path

from tests.lab.commands import run

_CURVE = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")


@dataclass(frozen=True, slots=True, kw_only=True)
class Certificate:
    """PEM files of a certificate, which is its own authority, and of its key."""

    file: Path
    key: Path

    def server_context(self) -> ssl.SSLContext:
        """Return the context of a server that shows it."""
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(self.file, self.key)
        return context


def make_certificate(folder: Path, *others: str) -> Certificate:
    """Make a certificate for 127.0.0.1, localhost and other hosts in `folder`.

    Raises:
        CommandFailedError: There is no openssl here.
    """
    made = Certificate(file=folder / "tls.crt", key=folder / "tls.key")
    hosts = ",".join(("IP:127.0.0.1", "DNS:localhost", *(f"DNS:{host}" for host in others)))
    names = ("-subj", "/CN=lab", "-addext", f"subjectAltName={hosts}")
    run("openssl", "req", "-x509", *_CURVE, *names, "-keyout", made.key, "-out", made.file)
    return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Mutual:
    """An authority with a server and a client that know each other by it.

    Each folder has ca.pem, cert.pem and key.pem, as docker names them.
    """

    server: Path
    client: Path


def make_mutual(folder: Path) -> Mutual:
    """Make them in `folder`; the server is 127.0.0.1 and localhost.

    Raises:
        CommandFailedError: There is no openssl here.
    """
    authority = ("-subj", "/CN=lab authority", "-keyout", folder / "ca.key")
    run("openssl", "req", "-x509", *_CURVE, *authority, "-out", folder / "ca.pem")
    made = Mutual(server=folder / "server", client=folder / "client")
    _sign(folder, made.server, "subjectAltName=IP:127.0.0.1,DNS:localhost", "serverAuth")
    _sign(folder, made.client, "subjectAltName=DNS:client", "clientAuth")
    return made


def _sign(authority: Path, folder: Path, names: str, usage: str) -> None:
    folder.mkdir()
    request, extensions = folder / "request.pem", folder / "extensions"
    key = ("-keyout", folder / "key.pem", "-out", request)
    run("openssl", "req", *_CURVE[:-2], "-subj", f"/CN={folder.name}", *key)
    extensions.write_text(f"{names}\nextendedKeyUsage={usage}\n")
    by = ("-CA", authority / "ca.pem", "-CAkey", authority / "ca.key", "-CAcreateserial")
    what = ("-in", request, "-extfile", extensions, "-days", "2", "-out", folder / "cert.pem")
    run("openssl", "x509", "-req", *by, *what)
    shutil.copy(authority / "ca.pem", folder / "ca.pem")
