"""A throw-away certificate for 127.0.0.1, made by the openssl of this machine."""

import ssl
import subprocess
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class TlsPair:
    """Contexts of a server and of a client that trusts it; `ca` is the certificate's file."""

    server: ssl.SSLContext
    client: ssl.SSLContext
    ca: Path


def self_signed(folder: Path) -> TlsPair:
    certificate, key = folder / "certificate.pem", folder / "key.pem"
    words = "openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2"
    subject = ["-subj", "/CN=sandbox", "-addext", "subjectAltName=IP:127.0.0.1,DNS:localhost"]
    files = ["-keyout", str(key), "-out", str(certificate)]
    subprocess.run([*words.split(), *subject, *files], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cafile=str(certificate))
    return TlsPair(server=server, client=client, ca=certificate)
