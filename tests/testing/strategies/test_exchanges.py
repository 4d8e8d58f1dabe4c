"""Handshakes and conversations as values: what they mean and what they are as bytes."""

from __future__ import annotations

from wskit.testing.strategies import (
    Agreement,
    Conversation,
    Frame,
    HandshakeRequest,
    HandshakeResponse,
    Stream,
)
from wskit.testing.strategies.exchanges import accept_for, values_of

REQUEST = HandshakeRequest(
    (
        ("host", "a"),
        ("sec-websocket-KEY", " dGhlIHNhbXBsZSBub25jZQ== "),
        ("Sec-WebSocket-Protocol", "a, b"),
        ("Sec-WebSocket-Protocol", "c,"),
    ),
    target="/x",
)
RESPONSE = HandshakeResponse((("Sec-WebSocket-Protocol", "b"),))


def test_a_request_says_its_key_and_subprotocols() -> None:
    assert REQUEST.key == "dGhlIHNhbXBsZSBub25jZQ=="
    assert REQUEST.subprotocols == ("a", "b", "c")
    assert HandshakeRequest(()).key == ""


def test_heads_are_bytes() -> None:
    short = HandshakeRequest((("X-Latin", "\xe9"),), method="HEAD", version="HTTP/1.0")
    assert bytes(short) == b"HEAD / HTTP/1.0\r\nX-Latin: \xe9\r\n\r\n"
    assert bytes(RESPONSE).startswith(b"HTTP/1.1 101 Switching Protocols\r\nSec-WebSocket-Protocol")


def test_a_response_says_its_subprotocol() -> None:
    assert RESPONSE.subprotocol == "b"
    assert HandshakeResponse(()).subprotocol is None


def test_the_accept_of_the_rfc() -> None:
    assert accept_for(REQUEST.key) == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_names_are_found_in_any_case() -> None:
    assert values_of(REQUEST.headers, "host") == ["a"]


def test_a_conversation_has_a_stream_of_each_end() -> None:
    frames = (("client", Frame(9, mask=bytes(4))), ("server", Frame(10)))
    conversation = Conversation(REQUEST, RESPONSE, frames, agreement=Agreement())
    assert conversation.stream("server") == Stream("server", (Frame(10),), agreement=Agreement())
    assert conversation.events("client") == [(9, b"")]
    assert conversation.encode("client") == bytes(REQUEST) + b"\x89\x80\0\0\0\0"
    assert conversation.encode("server") == bytes(RESPONSE) + b"\x8a\0"
