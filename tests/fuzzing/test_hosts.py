"""Whom a probe may attack."""

from __future__ import annotations

import socket

import pytest

from wskit.fuzzing.conducting import CannotProbe
from wskit.fuzzing.hosts import check_host


@pytest.mark.parametrize("host", ["127.0.0.1", "127.8.9.10", "::1", "::ffff:127.0.0.1"])
def test_loopback(host: str) -> None:
    assert check_host(host, 80, mine=False) == host


@pytest.mark.parametrize("host", ["192.0.2.1", "10.0.0.1", "0.0.0.0", "2001:db8::1", "fe80::1"])
def test_others_are_refused_unless_they_are_mine(host: str) -> None:
    with pytest.raises(CannotProbe, match=f"^url: .*{host}, which is not loopback"):
        check_host(host, 80, mine=False)
    assert check_host(host, 80, mine=True) == host


def test_every_address_of_a_name_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*_: object, **__: object) -> list[object]:
        kind = (socket.AF_INET, socket.SOCK_STREAM, 6, "")
        return [(*kind, ("127.0.0.1", 80)), (*kind, ("192.0.2.1", 80))]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(CannotProbe, match=r"sneaky\.example is 192\.0\.2\.1"):
        check_host("sneaky.example", 80, mine=False)
    assert check_host("sneaky.example", 80, mine=True) == "127.0.0.1"


def test_a_name_that_is_none(monkeypatch: pytest.MonkeyPatch) -> None:
    def unknown(*_: object, **__: object) -> list[object]:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(CannotProbe, match=r"^url: nobody\.example: Name or service not known$"):
        check_host("nobody.example", 80, mine=True)
