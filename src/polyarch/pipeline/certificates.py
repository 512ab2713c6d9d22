"""The certificates of authorities that this machine trusts, as one file."""

from pathlib import Path

from polyarch.content.files import open_regular
from polyarch.errors import CertificatesNotFoundError

PLACES = (
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/pki/tls/cacert.pem",
    "/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem",
    "/etc/ssl/cert.pem",
)
"""Where Debian, Fedora, openSUSE, older RHEL, RHEL and Alpine have it: the places in which Go's
crypto/x509 looks, in its order (go.dev/src/crypto/x509/root_linux.go)."""

_MARK = b"-----BEGIN CERTIFICATE-----"
_MOST_BYTES = 16 * 1024 * 1024


def machine_certificates() -> bytes:
    """The bundle of this machine, the first there is.

    Raises:
        CertificatesNotFoundError: there is none.
    """
    for place in PLACES:
        try:
            return read_certificates(Path(place))
        except CertificatesNotFoundError:
            continue
    raise CertificatesNotFoundError("this machine", "it has no file of CA certificates")


def read_certificates(path: Path) -> bytes:
    """A file of certificates in PEM form.

    Raises:
        CertificatesNotFoundError: it cannot be read, or holds none.
    """
    try:
        with open_regular(path) as file:
            found = file.read(_MOST_BYTES + 1)
    except OSError as error:
        raise CertificatesNotFoundError(str(path), error.strerror or str(error)) from error
    if len(found) > _MOST_BYTES or _MARK not in found:
        raise CertificatesNotFoundError(str(path), "it holds no certificates in PEM form")
    return found
