"""TLS for tests: one authority for the process, trusted by nobody else (trustme)."""

from __future__ import annotations

import functools
import ssl

__all__ = ["contexts"]


@functools.cache
def contexts() -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """Return a context for servers on localhost and one for clients that trusts them.

    Raises RuntimeError where trustme is not installed.
    """
    try:
        import trustme
    except ImportError:
        raise RuntimeError("tls: needs trustme; pip install 'wskit[testing]'") from None
    authority = trustme.CA()
    server = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    authority.issue_cert("localhost", "127.0.0.1", "::1").configure_cert(server)
    client = ssl.create_default_context()
    authority.configure_trust(client)
    return server, client
