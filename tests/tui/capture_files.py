"""An independent reader of pcapng and TCP, as far as the tests need it."""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

__all__ = ["Flow", "Frame", "Packet", "frames", "packets", "section", "streams"]


@dataclass(frozen=True)
class Packet:
    time: float
    data: bytes
    comment: str


def blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    while data:
        kind, length = struct.unpack_from("<II", data)
        assert length % 4 == 0
        assert struct.unpack_from("<I", data, length - 4) == (length,)
        yield kind, data[8 : length - 4]
        data = data[length:]


def options(data: bytes) -> dict[int, str]:
    found = {}
    while data:
        code, length = struct.unpack_from("<HH", data)
        if code == 0:
            break
        found[code] = data[4 : 4 + length].decode()
        data = data[4 + length + -length % 4 :]
    return found


def section(data: bytes) -> tuple[dict[int, str], int]:
    """Give the options of the section and the link type of the interface."""
    (first, header), (second, interface) = list(blocks(data))[:2]
    assert (first, second) == (0x0A0D0D0A, 1)
    assert struct.unpack_from("<IHHq", header) == (0x1A2B3C4D, 1, 0, -1)
    return options(header[16:]), struct.unpack_from("<H", interface)[0]


def packets(data: bytes) -> list[Packet]:
    found = []
    for kind, body in list(blocks(data))[2:]:
        assert kind == 6
        interface, high, low, here, then = struct.unpack_from("<IIIII", body)
        assert (interface, here) == (0, then)
        more = options(body[20 + here + -here % 4 :])
        time = (high << 32 | low) / 1_000_000
        found.append(Packet(time, body[20 : 20 + here], more.get(1, "")))
    return found


@dataclass
class Flow:
    """One direction of a connection."""

    data: bytearray = field(default_factory=bytearray)
    next: int | None = None
    begun: bool = False
    ended: bool = False


def ones_sum(data: bytes) -> int:
    total: int = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + bytes(len(data) % 2)))
    while total > 0xFFFF:
        total = (total & 0xFFFF) + (total >> 16)
    return total


def streams(found: list[Packet]) -> dict[tuple[str, str], Flow]:
    """Follow the TCP connections, checking all that can be; by addresses of source and target."""
    flows: dict[tuple[str, str], Flow] = {}
    for packet in found:
        data = packet.data
        assert data[0] == 0x45
        assert data[9] == 6
        assert len(data) == struct.unpack_from("!H", data, 2)[0] <= 0xFFFF
        assert ones_sum(data[:20]) == 0xFFFF
        segment = data[20:]
        assert ones_sum(data[12:20] + struct.pack("!HH", 6, len(segment)) + segment) == 0xFFFF
        source, target = (".".join(map(str, data[at : at + 4])) for at in (12, 16))
        sequence, answered, offset, flags = struct.unpack_from("!IIBB", segment, 4)
        flow = flows.setdefault((source, target), Flow())
        other = flows.setdefault((target, source), Flow())
        if flags & 2:
            assert not flow.begun
            flow.begun, flow.next = True, (sequence + 1) % 2**32
            continue
        assert flow.begun
        assert (flow.next, other.next) == (sequence, answered)
        payload = segment[(offset >> 4) * 4 :]
        assert not (payload and flow.ended)
        flow.data += payload
        flow.ended = flow.ended or bool(flags & 1)
        flow.next = (sequence + len(payload) + (flags & 1)) % 2**32
    return flows


@dataclass(frozen=True)
class Frame:
    first: int
    masked: bool
    payload: bytes


def frames(data: bytes) -> list[Frame]:
    """Take frames of RFC 6455 apart; masks must have the key 0."""
    found, at = [], 0
    while at < len(data):
        first, size = data[at], data[at + 1] & 0x7F
        masked = bool(data[at + 1] & 0x80)
        at += 2
        for code, wide in ((126, 2), (127, 8)):
            if size == code:
                size = int.from_bytes(data[at : at + wide], "big")
                at += wide
                break
        if masked:
            assert data[at : at + 4] == bytes(4)
            at += 4
        assert at + size <= len(data)
        found.append(Frame(first, masked, bytes(data[at : at + size])))
        at += size
    return found
