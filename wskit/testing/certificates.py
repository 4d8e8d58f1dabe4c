"""TLS for tests: one authority for the process, trusted by nobody else (trustme)."""

from __future__ import annotations

import functools
import ssl
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import trustme

__all__ = ["authority_pem", "contexts"]


@functools.cache
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a context for servers on localhost and one for clients that trusts them.

    Raises RuntimeError where trustme is not installed.
    """
    authority = _authority()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1", "::1").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client


def authority_pem(client: ssl.SSLContext | None) -> bytes:
    """Return the certificate that ``client`` trusts, in PEM, for clients that read a file.

    RuntimeError for None: without TLS there is nobody to trust.
    """
    if client is None:
        raise RuntimeError("ca_pem: there is no TLS")
    return _authority().cert_pem.bytes()


@functools.cache
def _authority() -> trustme.CA:
    try:
        import trustme
    except ImportError:
        raise RuntimeError("tls: needs trustme; pip install 'wskit[testing]'") from None
    return trustme.CA()
