"""The tree of errors: what each says to a person, and what to the peer."""

from __future__ import annotations

import pytest

from wskit import errors
from wskit.errors import (
    ConnectionClosed,
    HandshakeError,
    HandshakeRejected,
    InvalidPayload,
    MessageTooBig,
    ProtocolError,
    WebSocketError,
    WriteTimeout,
)


def test_every_error_can_be_caught_as_one() -> None:
    tree = [getattr(errors, name) for name in errors.__all__]
    assert all(issubclass(error, WebSocketError) for error in tree)


@pytest.mark.parametrize(
    ("error", "code"), [(ProtocolError, 1002), (InvalidPayload, 1007), (MessageTooBig, 1009)]
)
def test_what_the_peer_did_wrong_has_its_close_code(error: type[ProtocolError], code: int) -> None:
    assert error("text").close_code == code
    assert issubclass(error, ProtocolError)


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (ConnectionClosed(), "closed with 1006"),
        (ConnectionClosed(1000), "closed with 1000"),
        (ConnectionClosed(1001, "going away"), "closed with 1001: going away"),
        (WriteTimeout(1006, "no reader"), "closed with 1006: no reader"),
    ],
)
def test_a_closed_connection_says_code_and_reason(error: ConnectionClosed, text: str) -> None:
    assert str(error) == text


def test_a_write_timeout_is_a_timeout_and_a_closed_connection() -> None:
    assert issubclass(WriteTimeout, TimeoutError)
    assert issubclass(WriteTimeout, ConnectionClosed)


class TestHandshakeError:
    def test_keeps_the_whole_answer(self) -> None:
        error = HandshakeError(405, "take GET", headers={"Allow": "GET"}, body=b"x")
        assert (error.status, error.headers, error.body) == (405, [("Allow", "GET")], b"x")
        assert str(error) == "take GET"

    def test_without_a_message_says_the_status(self) -> None:
        assert str(HandshakeError(503)) == "handshake answered with status 503"

    @pytest.mark.parametrize("headers", ["no token", [("a", "b", "c")], [1], ["ab"]])
    def test_refuses_what_are_no_headers(self, headers: object) -> None:
        with pytest.raises(TypeError, match=r"^headers: "):
            HandshakeError(401, headers=headers)  # type: ignore[arg-type]

    def test_keeps_repeated_headers(self) -> None:
        cookies = [("Set-Cookie", "a=1"), ("Set-Cookie", "b=2")]
        assert HandshakeError(401, headers=cookies).headers == cookies


class TestHandshakeRejected:
    def test_is_403_without_body_by_default(self) -> None:
        error = HandshakeRejected()
        assert (error.status, error.headers, error.body) == (403, [], b"")

    @pytest.mark.parametrize("body", ["é", "é".encode()])
    def test_sends_text_as_utf_8(self, body: str | bytes) -> None:
        assert HandshakeRejected(401, body=body).body == b"\xc3\xa9"

    @pytest.mark.parametrize("status", [300, 599])
    def test_takes_every_status_that_refuses(self, status: int) -> None:
        assert HandshakeRejected(status).status == status

    @pytest.mark.parametrize("status", [101, 200, 299, 600])
    def test_refuses_a_status_that_does_not_refuse(self, status: int) -> None:
        with pytest.raises(ValueError, match=r"^status: .*not"):
            HandshakeRejected(status)
