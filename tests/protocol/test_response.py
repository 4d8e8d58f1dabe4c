"""The client judging responses: in any pieces, and wrong in every way."""

from __future__ import annotations

from typing import NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.extensions.permessage_deflate import ServerPerMessageDeflateFactory
from websockets.http11 import Request
from websockets.server import ServerProtocol
from websockets.typing import Subprotocol

from wskit.errors import HandshakeError
from wskit.protocol.extensions import Compression, DeflateParameters
from wskit.protocol.handshake import accept_response, negotiate
from wskit.protocol.request import RequestReader
from wskit.protocol.response import ClientHandshake

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
FRAME = b"\x81\x02hi"

LINES = {
    "Upgrade": "Upgrade: websocket",
    "Connection": "Connection: Upgrade",
    "Accept": "Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=",
}


def response(
    line: str = "HTTP/1.1 101 Switching Protocols", *more: str, **changed: str | None
) -> bytes:
    """Write a response with ``more`` lines; a keyword replaces a line, or removes it with None."""
    lines = [line, *(text for text in (LINES | changed).values() if text is not None), *more]
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def client(
    *,
    subprotocols: tuple[str, ...] = (),
    compression: Compression | None = None,
    max_size: int = 65536,
    max_body: int = 65536,
) -> ClientHandshake:
    return ClientHandshake(
        "h",
        "/",
        KEY,
        subprotocols=subprotocols,
        compression=compression,
        max_size=max_size,
        max_body=max_body,
    )


def run(handshake: ClientHandshake, data: bytes, size: int) -> HandshakeError:
    """Feed ``data`` in pieces of ``size`` bytes, then the end, and give the error."""
    with pytest.raises(HandshakeError) as caught:
        feed_all(handshake, data, size)
    return caught.value


def feed_all(handshake: ClientHandshake, data: bytes, size: int) -> NoReturn:
    for start in range(0, len(data), size):
        assert handshake.feed(data[start : start + size]) is None
    handshake.eof()


def refused(
    data: bytes,
    *,
    compression: Compression | None = None,
    max_size: int = 65536,
    max_body: int = 65536,
) -> HandshakeError:
    """Give the error for ``data``, after checking that cutting it anywhere changes nothing."""
    errors = [
        run(client(compression=compression, max_size=max_size, max_body=max_body), data, size)
        for size in (len(data) or 1, 1, 2, 7)
    ]
    assert len({(e.status, str(e), tuple(e.headers), e.body) for e in errors}) == 1
    return errors[0]


class TestAccepted:
    @pytest.mark.parametrize("rest", [b"", FRAME])
    def test_bug_3_cut_at_every_byte_nothing_is_lost(self, rest: bytes) -> None:
        """Between CR and LF as well, where the reference library's client dies."""
        head = response()
        data = head + rest
        for cut in range(len(data) + 1):
            handshake = client()
            result, after = handshake.feed(data[:cut]), b""
            assert (result is None) == (cut < len(head))
            if result is None:
                result = handshake.feed(data[cut:])
            else:
                after = data[cut:]
            assert result is not None
            assert handshake.leftover + after == rest

    def test_tells_what_came(self) -> None:
        result = client().feed(response("HTTP/1.1 101 Switching Protocols", "Set-Cookie: a=b"))
        assert result is not None
        assert result.status == 101
        assert result.headers.get("set-cookie") == "a=b"
        assert result.subprotocol is None
        assert result.extensions is None

    @pytest.mark.parametrize(
        "changed",
        [
            {"Upgrade": "UPGRADE: WebSocket"},
            {"Connection": "Connection: keep-alive, Upgrade"},
            {"Connection": "connection: upgrade"},
            {"Connection": "Connection: keep-alive\r\nConnection: UPGRADE"},
        ],
    )
    def test_headers_may_be_said_in_other_words(self, changed: dict[str, str]) -> None:
        assert client().feed(response(**changed)) is not None

    @pytest.mark.parametrize("line", ["HTTP/1.1 101", "HTTP/1.1 101 ", "HTTP/1.1 101 Moved \xe9"])
    def test_the_reason_does_not_matter(self, line: str) -> None:
        assert client().feed(response(line)) is not None

    def test_interim_responses_are_passed_over(self) -> None:
        interim = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n"
        data = interim + response() + FRAME
        for size in (1, 5, len(data)):
            handshake, result, position = client(), None, 0
            while result is None:
                result = handshake.feed(data[position : position + size])
                position += size
            assert handshake.leftover + data[position:] == FRAME

    def test_a_subprotocol_that_was_offered(self) -> None:
        line = "Sec-WebSocket-Protocol: b"
        result = client(subprotocols=("a", "b")).feed(response("HTTP/1.1 101 ", line))
        assert result is not None
        assert result.subprotocol == "b"

    def test_compression_that_was_offered(self) -> None:
        line = "Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=10"
        result = client(compression=Compression()).feed(response("HTTP/1.1 101 ", line))
        assert result is not None
        assert result.extensions == DeflateParameters(False, False, 10, 12)

    def test_the_size_counts_the_head_and_nothing_after_it(self) -> None:
        head = response()
        handshake = client(max_size=len(head))
        assert handshake.feed(memoryview(head + FRAME * 9)) is not None
        assert handshake.leftover == FRAME * 9

    def test_nothing_more_is_nothing_new(self) -> None:
        handshake = client()
        assert handshake.feed(b"") is None
        assert handshake.feed(response()[:20]) is None
        assert handshake.feed(b"") is None
        assert handshake.feed(response()[20:]) is not None


class TestWrongUpgrades:
    @pytest.mark.parametrize(
        ("changed", "reason"),
        [
            ({"Upgrade": None}, "Upgrade is not websocket"),
            ({"Upgrade": "Upgrade: h2c"}, "Upgrade is not websocket"),
            ({"Upgrade": "Upgrade: websocket, h2c"}, "Upgrade is not websocket"),
            ({"Upgrade": "Upgrade: websocket\r\nUpgrade: h2c"}, "Upgrade is not websocket"),
            ({"Connection": None}, "Connection does not name upgrade"),
            ({"Connection": "Connection: notupgradex"}, "Connection does not name upgrade"),
            ({"Accept": None}, "Sec-WebSocket-Accept"),
            ({"Accept": "Sec-WebSocket-Accept: S3pPLMBiTxaQ9kYGzzhZRbK+xOo="}, "Accept"),
            ({"Accept": "\r\n".join([LINES["Accept"]] * 2)}, "Sec-WebSocket-Accept"),
            ({"Accept": LINES["Accept"] + ", " + LINES["Accept"]}, "Sec-WebSocket-Accept"),
            ({"X": "Sec-WebSocket-Protocol: a"}, "Sec-WebSocket-Protocol"),
            ({"X": "Sec-WebSocket-Protocol:"}, "Sec-WebSocket-Protocol"),
            ({"X": "Sec-WebSocket-Extensions: permessage-deflate"}, "Sec-WebSocket-Extensions"),
            ({"X": "Sec-WebSocket-Extensions: mux"}, "Sec-WebSocket-Extensions"),
        ],
    )
    def test_are_refused_with_101_and_the_headers_that_came(
        self, changed: dict[str, str | None], reason: str
    ) -> None:
        error = refused(response("HTTP/1.1 101 ", "Z: z", **changed))
        assert error.status == 101
        assert reason in str(error)
        assert ("z", "z") in error.headers

    def test_http_1_0_cannot_upgrade(self) -> None:
        assert "HTTP/1.1" in str(refused(response("HTTP/1.0 101 Switching Protocols")))

    @pytest.mark.parametrize(
        "line",
        [
            "Sec-WebSocket-Protocol: a, b",
            "Sec-WebSocket-Protocol: A",
            "Sec-WebSocket-Protocol: c",
            "\r\n".join(["Sec-WebSocket-Protocol: a"] * 2),
        ],
    )
    def test_only_one_subprotocol_of_those_offered_will_do(self, line: str) -> None:
        error = run(client(subprotocols=("a", "b")), response("HTTP/1.1 101 ", line), 9)
        assert (error.status, "was offered" in str(error)) == (101, True)

    @pytest.mark.parametrize(
        "answer", ["permessage-deflate; x", "permessage-deflate, permessage-deflate", "x;"]
    )
    def test_a_bad_answer_to_compression_is_refused(self, answer: str) -> None:
        data = response("HTTP/1.1 101 ", f"Sec-WebSocket-Extensions: {answer}")
        assert refused(data, compression=Compression()).status == 101


class TestRefusals:
    BODY = b"who are you?"

    @pytest.mark.parametrize("status", [200, 301, 401, 403, 404, 426, 500, 503])
    def test_carry_status_headers_and_body(self, status: int) -> None:
        head = f"HTTP/1.1 {status} X\r\nWWW-Authenticate: Basic\r\nContent-Length: 12\r\n\r\n"
        error = refused(head.encode() + self.BODY)
        assert error.status == status
        assert ("www-authenticate", "Basic") in error.headers
        assert error.body == self.BODY
        assert str(status) in str(error)

    def test_end_without_waiting_for_the_connection_to_close(self) -> None:
        for tail in (b"Content-Length: 0\r\n\r\n", b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"):
            with pytest.raises(HandshakeError, match="403"):
                client().feed(b"HTTP/1.1 403 No\r\n" + tail)

    def test_may_be_chunked(self) -> None:
        head = b"HTTP/1.1 403 No\r\nTransfer-Encoding: chunked\r\n\r\n"
        assert refused(head + b"4\r\nwho \r\n8;x=y\r\nare you?\r\n0\r\n\r\n").body == self.BODY

    def test_may_end_with_the_connection(self) -> None:
        assert refused(b"HTTP/1.1 403 No\r\n\r\n" + self.BODY).body == self.BODY
        assert refused(b"HTTP/1.0 403 No\r\n\r\n" + self.BODY).body == self.BODY

    def test_keep_what_came_of_a_body_cut_short(self) -> None:
        head = b"HTTP/1.1 403 No\r\n"
        assert refused(head + b"Content-Length: 99\r\n\r\n" + self.BODY).body == self.BODY
        chunks = b"Transfer-Encoding: chunked\r\n\r\nc\r\n" + self.BODY
        assert refused(head + chunks).body == self.BODY

    def test_keep_what_came_before_a_broken_chunk(self) -> None:
        chunks = b"Transfer-Encoding: chunked\r\n\r\nc\r\n" + self.BODY + b"\r\nxyz\r\n"
        error = refused(b"HTTP/1.1 403 No\r\n" + chunks)
        assert (error.status, error.body) == (403, self.BODY)

    def test_keep_no_more_than_max_body(self) -> None:
        for head in (
            b"HTTP/1.1 403 No\r\n\r\n",
            b"HTTP/1.1 403 No\r\nContent-Length: 999999\r\n\r\n",
        ):
            assert refused(head + b"a" * 5000, max_body=1000).body == b"a" * 1000

    def test_stop_reading_at_max_body(self) -> None:
        handshake = client(max_body=10)
        assert handshake.feed(b"HTTP/1.1 403 No\r\n\r\n" + b"a" * 9) is None
        with pytest.raises(HandshakeError, match="403"):
            handshake.feed(b"a")

    def test_take_a_body_beyond_the_size_of_the_head(self) -> None:
        head = b"HTTP/1.1 403 No\r\nContent-Length: 500\r\n\r\n"
        assert refused(head + b"a" * 500, max_size=len(head)).body == b"a" * 500


class TestNoResponse:
    @pytest.mark.parametrize(
        "data",
        [
            *(b"", b"HTTP/1.1 101", response()[:-2], b"HTTP/1.1 100 Continue\r\n\r\n"),
        ],
    )
    def test_a_connection_that_ends_too_early_says_so(self, data: bytes) -> None:
        error = refused(data)
        assert (error.status, error.headers, error.body) == (0, [], b"")
        assert "ended" in str(error)

    @pytest.mark.parametrize(
        "data",
        [
            *(
                b"\x15\x03\x01",
                b"hello\r\n\r\n",
                b"\r\n\r\n",
                b"HTTP/2 101\r\n\r\n",
                FRAME + b"\r\n\r\n",
            ),
            *(b"HTTP/1.1 1x1 X\r\n\r\n", b"HTTP/1.1 099 X\r\n\r\n", b"SSH-2.0-x\r\n\r\n"),
            response(Upgrade="Upgrade : websocket"),
            response("HTTP/1.1 101 ", "no colon"),
            response("HTTP/1.1 101 ", "X: a\x00b"),
            response("HTTP/1.1 404 ", "Content-Length: x"),
        ],
    )
    def test_what_is_not_http_has_status_0(self, data: bytes) -> None:
        errors = [run(client(), data, size) for size in (len(data), 1)]
        assert [error.status for error in errors] == [0, 0]
        assert all("no valid HTTP response" in str(error) for error in errors)

    @pytest.mark.parametrize(
        "data",
        [
            response("HTTP/1.1 101 ", "X: " + "a" * 1000),
            b"HTTP/1.1 100 Continue\r\n\r\n" * 50 + response(),
            b"H" * 2000,
        ],
    )
    def test_a_head_that_is_too_large_is_refused_however_it_came(self, data: bytes) -> None:
        error = refused(data, max_size=500)
        assert (error.status, "more than 500 bytes" in str(error)) == (0, True)

    @given(
        st.binary(max_size=300) | st.binary(max_size=60).map(lambda junk: response()[:40] + junk)
    )
    def test_any_bytes_give_a_result_or_a_documented_error(self, data: bytes) -> None:
        handshake = client(max_size=200)
        try:
            result = handshake.feed(data)
        except HandshakeError:
            return
        if result is None:
            with pytest.raises(HandshakeError):
                handshake.eof()


class TestPeers:
    @pytest.mark.parametrize("wish", [None, Compression()])
    @pytest.mark.parametrize("subprotocols", [(), ("a", "b")])
    def test_our_own_server(self, wish: Compression | None, subprotocols: tuple[str, ...]) -> None:
        ours = client(subprotocols=subprotocols, compression=wish)
        handshake = RequestReader().feed(ours.request())
        assert handshake is not None
        negotiate(handshake, subprotocols=("b",), compression=Compression())
        result = ours.feed(accept_response(handshake))
        assert result is not None
        assert result.subprotocol == handshake.subprotocol
        assert result.extensions == handshake.extensions

    @pytest.mark.parametrize("wish", [None, Compression()])
    @pytest.mark.parametrize("subprotocols", [(), ("a", "b")])
    def test_an_independent_server(
        self, wish: Compression | None, subprotocols: tuple[str, ...]
    ) -> None:
        ours = client(subprotocols=subprotocols, compression=wish)
        server = ServerProtocol(
            subprotocols=[Subprotocol("b")],
            extensions=[ServerPerMessageDeflateFactory()],
            select_subprotocol=lambda _, offered: Subprotocol("b") if offered else None,
        )
        server.receive_data(ours.request())
        [request] = server.events_received()
        assert isinstance(request, Request)
        server.send_response(server.accept(request))
        result = ours.feed(b"".join(server.data_to_send()))
        assert result is not None
        assert result.subprotocol == ("b" if subprotocols else None)
        assert (result.extensions is None) == (wish is None)
