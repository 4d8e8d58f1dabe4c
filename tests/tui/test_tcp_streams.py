"""TCP made up: every packet has true numbers, lengths and checksums."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.capture_files import Packet, streams
from wskit.tui.tcp_streams import TCPStream, _checksum, client_address


def packets(stream: TCPStream, said: list[tuple[bool, bytes]], *, end: bool) -> list[Packet]:
    found = list(stream.open())
    for by_client, data in said:
        found += stream.say(by_client, data)
    found += stream.close() if end else []
    return [Packet(0.0, data, "") for data in found]


@given(st.lists(st.tuples(st.booleans(), st.binary(max_size=200))), st.booleans())
def test_what_is_said_arrives(said: list[tuple[bool, bytes]], end: bool) -> None:
    flows = streams(packets(TCPStream(7), said, end=end))
    for by_client, way in ((True, ("10.0.0.7", "192.0.2.1")), (False, ("192.0.2.1", "10.0.0.7"))):
        assert flows[way].data == b"".join(data for who, data in said if who == by_client)
        assert flows[way].ended == end


def test_what_is_large_goes_in_several_packets() -> None:
    data = bytes(range(256)) * 1000
    found = packets(TCPStream(1), [(True, data)], end=False)
    assert [len(packet.data) for packet in found[3:]] == [60_040] * 4 + [16_040]
    assert streams(found)[("10.0.0.1", "192.0.2.1")].data == data
    assert [packet.data[33] & 8 for packet in found[3:]] == [0, 0, 0, 0, 8]


def test_sequence_numbers_begin_again_after_4_gib() -> None:
    stream = TCPStream(1)
    stream._next = {True: 2**32 - 3, False: 2**32 - 1}
    found = packets(stream, [(True, b"12345"), (False, b"6")], end=True)
    assert streams(found)[("10.0.0.1", "192.0.2.1")].data == b"12345"


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        (b"\xff\xff", 0),
        (b"\x80\x01\x7f\xfe", 0),
        (b"\x01", 0xFEFF),
        # The example of RFC 1071 §3.
        (bytes.fromhex("0001f203f4f5f6f7"), 0xFFFF - 0xDDF2),
    ],
)
def test_checksums_are_those_of_the_rfc(data: bytes, checksum: int) -> None:
    assert _checksum(data) == checksum


def test_each_connection_has_an_address() -> None:
    assert client_address(1) == bytes((10, 0, 0, 1))
    assert client_address(70_000) == bytes((10, 1, 17, 112))
    assert len(client_address(1 << 40)) == 4
