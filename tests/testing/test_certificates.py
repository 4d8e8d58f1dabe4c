"""Contexts for TLS: made once, and trusted by the client's alone."""

from __future__ import annotations

import ssl
import sys

import pytest

from wskit.testing import certificates
from wskit.testing.certificates import authority_pem, contexts


def test_are_made_once_for_the_process() -> None:
    server, client = contexts()
    assert contexts() == (server, client)
    assert client.verify_mode is ssl.CERT_REQUIRED
    assert client.check_hostname
    assert len(client.get_ca_certs()) >= 1


def test_without_trustme_they_say_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "trustme", None)
    monkeypatch.setattr(certificates, "_authority", certificates._authority.__wrapped__)
    with pytest.raises(RuntimeError, match=r"^tls: needs trustme; pip install 'wskit\[testing\]'$"):
        contexts.__wrapped__()


def test_the_authority_is_the_one_that_clients_trust() -> None:
    _, client = contexts()
    der = ssl.PEM_cert_to_DER_cert(authority_pem(client).decode())
    assert der in client.get_ca_certs(binary_form=True)
