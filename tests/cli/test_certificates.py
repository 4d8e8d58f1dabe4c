"""Contexts of TLS from options; that they are used is seen in the tests of each command."""

from __future__ import annotations

import ssl

import pytest

from tests.cli.conftest import Certificates
from wskit.cli.certificates import client_context, server_context
from wskit.cli.exits import Failure


def test_without_options_there_is_none() -> None:
    assert server_context(None, None) is None
    assert client_context(None, insecure=False) is None


def test_a_server_has_its_certificate(certificates: Certificates) -> None:
    for context in (
        server_context(certificates.certificate, certificates.key),
        server_context(certificates.both, None),
    ):
        assert context is not None
        assert context.verify_mode is ssl.CERT_NONE, "clients need none"


def test_a_client_trusts_one_authority_or_everybody(certificates: Certificates) -> None:
    strict = client_context(certificates.authority, insecure=False)
    assert strict is not None
    assert (strict.verify_mode, strict.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(strict.get_ca_certs()) == 1
    lax = client_context(None, insecure=True)
    assert lax is not None
    assert lax.verify_mode is ssl.CERT_NONE


def test_what_cannot_be_used_is_named(certificates: Certificates) -> None:
    with pytest.raises(Failure, match="--tls-key: needs a --tls-cert"):
        server_context(None, certificates.key)
    with pytest.raises(Failure, match=r"--tls-cert .*authority\.pem: "):
        server_context(certificates.authority, None)
    with pytest.raises(Failure, match="--cacert /no/such: No such file"):
        client_context("/no/such", insecure=False)
