"""Which certificates are trusted, once for all connections that trust the same."""

import functools
import ssl
from pathlib import Path

from polyarch.errors import Exchange, TlsError
from polyarch.net.endpoint import Endpoint


def trust_of(endpoint: Endpoint, exchange: Exchange) -> ssl.SSLContext:
    """What connections to an endpoint are checked against.

    Raises:
        TlsError: the file of its certificate authority cannot be used.
    """
    try:
        return ssl_context(endpoint.ca_file, insecure=endpoint.insecure)
    except (OSError, ssl.SSLError) as error:
        raise TlsError(exchange, f"`{endpoint.ca_file}` cannot be used: {error}") from error


@functools.cache
def ssl_context(ca_file: Path | None, *, insecure: bool) -> ssl.SSLContext:
    """One context for all connections that are trusted in the same way.

    Raises:
        OSError, ssl.SSLError: `ca_file` cannot be read or holds no certificate.
    """
    context = ssl.create_default_context(cafile=ca_file)
    if insecure:
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
    return context
