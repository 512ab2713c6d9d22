"""A throw-away certificate for servers on loopback, made by the openssl of this machine."""

import ssl
from dataclasses import dataclass
from pathlib import Path

from tests.lab.commands import run


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


def make_certificate(folder: Path) -> Certificate:
    """Make a certificate for 127.0.0.1 and localhost in `folder`.

    Raises:
        CommandFailedError: There is no openssl here.
    """
    made = Certificate(file=folder / "tls.crt", key=folder / "tls.key")
    curve = ("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2")
    names = ("-subj", "/CN=lab", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost")
    run("openssl", "req", "-x509", *curve, *names, "-keyout", made.key, "-out", made.file)
    return made
