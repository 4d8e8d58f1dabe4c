"""Heads judged by RFC 6455 §4 alone."""

from __future__ import annotations

import pytest

from wskit.errors import HandshakeError
from wskit.fuzzing.seeds import seeds
from wskit.fuzzing.upgrades import problem_of_answer, problem_of_request, problem_of_response
from wskit.protocol.handshake import error_response

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
REQUEST = seeds("handshake")["request"][2:]
RESPONSE = seeds("handshake")["response"][2:]


def test_right_ones_have_no_problem() -> None:
    assert problem_of_request(REQUEST) == ""
    assert problem_of_response(RESPONSE, KEY) == ""
    assert problem_of_response(b"HTTP/1.1 100 x\r\n\r\n" + RESPONSE, KEY, ()) == ""
    assert problem_of_answer(error_response(HandshakeError(400, "no")), 400) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"GET", b"PUT"),
        (b"HTTP/1.1", b"HTTP/1.0"),
        (b"Host: example.com\r\n", b""),
        (b"Upgrade: websocket", b"Upgrade: h2c"),
        (b"Connection: Upgrade", b"Connection: close"),
        (b"Version: 13", b"Version: 8"),
        (b"jZQ==", b"jZ"),
        (b"jZQ==", b"==="),
    ],
)
def test_a_wrong_request(old: bytes, new: bytes) -> None:
    assert problem_of_request(REQUEST.replace(old, new))


@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b"101", b"200"),
        (b"HTTP/1.1 101", b"HTTP/1.1 100"),
        (b"Upgrade: websocket", b"Upgrade: websocket, h2c"),
        (b"Connection: Upgrade", b"Connection: close"),
        (b"s3pP", b"xxxx"),
        (b"\r\n\r\n", b"\r\nA B: c\r\n\r\n"),
    ],
)
def test_a_wrong_response(old: bytes, new: bytes) -> None:
    assert problem_of_response(RESPONSE.replace(old, new), KEY)


def test_a_response_to_others() -> None:
    chosen = RESPONSE.replace(b"\r\n\r\n", b"\r\nSec-WebSocket-Protocol: chat\r\n\r\n")
    assert problem_of_response(chosen, KEY, ("chat",)) == ""
    assert problem_of_response(chosen, KEY, ()) != ""
    folded = RESPONSE.replace(b"Upgrade: websocket", b"Upgrade:\r\n websocket")
    assert problem_of_response(folded, KEY, ()) == ""


@pytest.mark.parametrize(
    ("old", "new"),
    [(b"400", b"500"), (b"close", b"open"), (b"Content-Length: 3", b"Content-Length: 4")],
)
def test_a_wrong_refusal(old: bytes, new: bytes) -> None:
    assert problem_of_answer(error_response(HandshakeError(400, "no")).replace(old, new), 400)
    assert problem_of_answer(b"HTTP/1.1 400 x\r\nA B: c\r\n\r\n", 400)
