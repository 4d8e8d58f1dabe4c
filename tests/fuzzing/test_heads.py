"""The other side's part of an opening handshake."""

from __future__ import annotations

import pytest

from wskit.errors import HandshakeError
from wskit.fuzzing.heads import parsed
from wskit.protocol.extensions import DeflateParameters

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
RIGHT = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n"
)


def test_a_right_101() -> None:
    head = parsed(RIGHT + b"\r\n\x81\x00")
    assert (head.status, head.line) == (101, "HTTP/1.1 101 Switching Protocols")
    assert head.faults(KEY) == []
    assert head.agreed() is None


def test_what_is_wrong_with_one() -> None:
    head = parsed(RIGHT.replace(b"websocket", b"h2c").replace(b": Upgrade", b": close") + b"\r\n")
    assert head.faults("x") == [
        "Upgrade does not name websocket",
        "Connection does not name upgrade",
        "Sec-WebSocket-Accept does not belong to the key",
    ]


def test_extensions() -> None:
    field = b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=%s\r\n\r\n"
    good, bad = parsed(RIGHT + field % b"10"), parsed(RIGHT + field % b"99")
    assert good.agreed() == good.deflates() == DeflateParameters(server_max_window_bits=10)
    with pytest.raises(HandshakeError):
        bad.agreed()
    assert bad.deflates() == DeflateParameters()


@pytest.mark.parametrize(
    "data", [b"", b"\xff\xfe", b"GET / HTTP/1.1\r\nA: b\r\n\r\n", b"HTTP/1.1 abc", b"HTTP/1.1"]
)
def test_what_is_no_response_has_no_status(data: bytes) -> None:
    assert parsed(data).status == 0
