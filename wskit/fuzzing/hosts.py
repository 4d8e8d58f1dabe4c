"""Who may be attacked: loopback, and what its owner says is theirs."""

from __future__ import annotations

import ipaddress
import socket

from .conducting import CannotProbe

__all__ = ["check_host"]


def check_host(host: str, port: int, *, mine: bool) -> str:
    """Return the address to connect to: the first of ``host``.

    Raises CannotProbe where one of its addresses is not of loopback and ``mine`` is False, and
    where it has none.
    """
    try:
        infos = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except OSError as error:
        raise CannotProbe(f"url: {host}: {error.strerror}") from None
    addresses = [str(info[4][0]) for info in infos]
    strange = [address for address in addresses if not _is_loopback(address)]
    if strange and not mine:
        raise CannotProbe(
            f"url: {host} is {strange[0]}, which is not loopback; "
            "--i-own-this-host says that you may attack it"
        )
    return addresses[0]


def _is_loopback(address: str) -> bool:
    found = ipaddress.ip_address(address.partition("%")[0])
    mapped = getattr(found, "ipv4_mapped", None)
    return (mapped or found).is_loopback
