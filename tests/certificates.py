"""Certificates for tests of TLS: one authority, which both ends know."""

from __future__ import annotations

import functools
import ssl

import trustme

__all__ = ["client_context", "server_context"]


@functools.cache
def authority() -> trustme.CA:
    return trustme.CA()


@functools.cache
def server_context() -> ssl.SSLContext:
    """Give the context of a server called localhost."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority().issue_cert("localhost").configure_cert(context)
    return context


@functools.cache
def client_context(version: ssl.TLSVersion | None = None) -> ssl.SSLContext:
    """Give the context of a client that trusts the authority, and speaks only ``version``."""
    context = ssl.create_default_context()
    authority().configure_trust(context)
    if version is not None:
        context.minimum_version = context.maximum_version = version
    return context
