"""From the options about certificates to the contexts of TLS, or to what is wrong with them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from .exits import Failure

if TYPE_CHECKING:
    import ssl

__all__ = ["client_context", "server_context"]


def server_context(certificate: str | None, key: str | None) -> ssl.SSLContext | None:
    """Return the context of ``--tls-cert`` and ``--tls-key``, None without; raises Failure."""
    if certificate is None:
        if key is not None:
            raise Failure("--tls-key: needs a --tls-cert")
        return None
    import ssl

    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    try:
        context.load_cert_chain(certificate, key)
    except OSError as error:  # SSLError is one
        raise Failure(f"--tls-cert {certificate}: {error.strerror or error}") from None
    return context


def client_context(authorities: str | None, *, insecure: bool) -> ssl.SSLContext | None:
    """Return the context of ``--cacert`` and ``--insecure``, None without; raises Failure."""
    if authorities is None and not insecure:
        return None
    from .. import tls

    try:
        return tls.client_context(authorities, insecure=insecure)
    except OSError as error:  # SSLError is one
        raise Failure(f"--cacert {authorities}: {error.strerror or error}") from None
