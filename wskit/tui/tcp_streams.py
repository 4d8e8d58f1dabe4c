"""TCP connections made up around bytes that two ends said to each other, as packets of IPv4.

The law of this file: what is made up must look right to who takes it apart: sequence numbers,
lengths and checksums are true (RFC 791, RFC 9293).
"""

from __future__ import annotations

from collections.abc import Iterator
from struct import Struct

__all__ = ["SERVER", "TCPStream", "client_address"]

SERVER = bytes((192, 0, 2, 1))
"""The server's address, one for documentation (RFC 5737)."""

_SERVER_PORT = 80  # by which Wireshark knows HTTP
_CLIENT_PORT = 50_000
_SEGMENT = 60_000  # bytes; with its headers a packet has less than 64 KiB

_IP = Struct("!BBHHHBBH4s4s").pack
_TCP = Struct("!HHIIBBHHH").pack
_PSEUDO = Struct("!4s4sBBH").pack
_TCP_NUMBER = 6
_FIN, _SYN, _PSH, _ACK = 1, 2, 8, 16
# Maximum segment size, and windows of 1 GiB: nobody has to acknowledge what has come.
_SYN_OPTIONS = bytes((2, 4)) + _SEGMENT.to_bytes(2, "big") + bytes((3, 3, 14, 1))


def client_address(number: int) -> bytes:
    """Return the address of the client of connection ``number``: 10.0.0.7 for 7."""
    return bytes((10,)) + (number & 0xFFFFFF).to_bytes(3, "big")


class TCPStream:
    """The packets of one connection, from its opening to its end."""

    def __init__(self, number: int) -> None:
        """``number`` makes the address of the client."""
        self._addresses = {True: client_address(number), False: SERVER}
        self._next = {True: 0, False: 0}  # sequence numbers, by whether it is the client's
        self._sent = 0  # packets

    def open(self) -> Iterator[bytes]:
        """Yield the three packets by which it begins."""
        yield self._packet(True, _SYN, options=_SYN_OPTIONS)
        self._next[True] += 1
        yield self._packet(False, _SYN | _ACK, options=_SYN_OPTIONS)
        self._next[False] += 1
        yield self._packet(True, _ACK)

    def say(self, by_client: bool, data: bytes) -> Iterator[bytes]:
        """Yield the packets that take ``data`` to the other end."""
        for start in range(0, len(data), _SEGMENT):
            part = data[start : start + _SEGMENT]
            last = start + _SEGMENT >= len(data)
            yield self._packet(by_client, _ACK | (_PSH if last else 0), part)
            self._next[by_client] += len(part)

    def close(self) -> Iterator[bytes]:
        """Yield the packets by which it ends."""
        for by_client in (True, False):
            yield self._packet(by_client, _FIN | _ACK)
            self._next[by_client] += 1
        yield self._packet(True, _ACK)

    def _packet(
        self, by_client: bool, flags: int, data: bytes = b"", options: bytes = b""
    ) -> bytes:
        source, target = self._addresses[by_client], self._addresses[not by_client]
        ports = (_CLIENT_PORT, _SERVER_PORT) if by_client else (_SERVER_PORT, _CLIENT_PORT)
        sequence = self._next[by_client] & 0xFFFFFFFF
        answered = self._next[not by_client] & 0xFFFFFFFF if flags & _ACK else 0
        words = 5 + len(options) // 4

        def segment(checksum: int) -> bytes:
            numbers = (sequence, answered, words << 4, flags, 0xFFFF, checksum, 0)
            return _TCP(*ports, *numbers) + options + data

        pseudo = _PSEUDO(source, target, 0, _TCP_NUMBER, words * 4 + len(data))
        return self._addressed(source, target, segment(_checksum(pseudo + segment(0))))

    def _addressed(self, source: bytes, target: bytes, segment: bytes) -> bytes:
        self._sent += 1

        def header(checksum: int) -> bytes:
            size, name = 20 + len(segment), self._sent & 0xFFFF
            return _IP(0x45, 0, size, name, 0x4000, 64, _TCP_NUMBER, checksum, source, target)

        return header(_checksum(header(0))) + segment


def _checksum(data: bytes) -> int:
    """Return the complement of the ones' complement sum (RFC 1071)."""
    # 2**16 is 1 modulo 2**16 - 1, so the remainder of the whole number is the sum of its words.
    number = int.from_bytes(data + bytes(len(data) % 2), "big")
    return 0xFFFF - (number % 0xFFFF or 0xFFFF)
