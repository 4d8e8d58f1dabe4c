"""The known protocol faults of the reference library, 23 to 30, each shown not to be in wskit.

The numbers are those of the list in its behavioural specification (section 10.3).
"""

from __future__ import annotations

import re
import struct
import threading
import zlib

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect as websockets_connect
from websockets.typing import Origin, Subprotocol

from tests.deadlines import scaled
from tests.server.conftest import Connect, Serve
from tests.server.peer import BINARY, CLOSE, CONTINUATION, MASK, PING, PONG, TEXT, Peer, frame
from tests.server.recording import Book, Recorded
from wskit import Compression, HandshakeConfig


class Raises(Recorded):
    def on_message(self, data: str | bytes) -> None:
        raise LookupError("a fault of the handler")


class RaisesAfterInit(Recorded):
    def on_after_init(self) -> None:
        raise LookupError("a fault of the handler")


class TestBug23:
    """No UTF-8 validation, unmasked frames accepted, lengths that are not minimal."""

    @pytest.mark.parametrize(
        "payload",
        [b"\xff", b"\xc0\x80", b"\xed\xa0\x80", b"\xf4\x90\x80\x80", b"ok\xc3"],
        ids=["never", "overlong", "surrogate", "too high", "cut off"],
    )
    def test_text_that_is_not_utf_8_closes_with_1007(
        self, serve: Serve, connect: Connect, book: Book, payload: bytes
    ) -> None:
        peer = connect(serve(Recorded, book))
        peer.send(frame(TEXT, payload))
        assert peer.read_close() == 1007
        assert book.handlers[0].messages == []

    def test_bad_text_is_found_at_its_first_bad_byte(
        self, serve: Serve, connect: Connect, book: Book
    ) -> None:
        peer = connect(serve(Recorded, book))
        peer.send(frame(TEXT, b"good \xff" + b"a" * 1000)[:20])
        assert peer.read_close() == 1007

    @pytest.mark.parametrize("opcode", [TEXT, BINARY, PING, CLOSE])
    def test_an_unmasked_frame_closes_with_1002(
        self, serve: Serve, connect: Connect, book: Book, opcode: int
    ) -> None:
        peer = connect(serve(Recorded, book))
        peer.send(frame(opcode, mask=None))
        assert peer.read_close() == 1002

    @pytest.mark.parametrize(
        "length",
        [b"\xfe\x00\x02", b"\xfe\x00\x7d", b"\xff" + struct.pack("!Q", 65535)],
        ids=["2 as 16 bits", "125 as 16 bits", "65535 as 64 bits"],
    )
    def test_a_length_that_is_not_minimal_closes_with_1002(
        self, serve: Serve, connect: Connect, book: Book, length: bytes
    ) -> None:
        peer = connect(serve(Recorded, book))
        peer.send(b"\x81" + length + MASK)
        assert peer.read_close() == 1002


class TestBug24:
    """No close frame where there should be one: the peer saw the connection end, not why."""

    @pytest.mark.parametrize(
        ("data", "code"),
        [
            (frame(TEXT, b"a" * 2000), 1009),
            (frame(5), 1002),
            (frame(CONTINUATION), 1002),
            (frame(TEXT, fin=False) + frame(TEXT), 1002),
            (frame(PING, fin=False), 1002),
        ],
        ids=["too large", "opcode", "continuation", "nested", "fragmented ping"],
    )
    def test_a_violation(
        self, serve: Serve, connect: Connect, book: Book, data: bytes, code: int
    ) -> None:
        peer = connect(serve(Recorded, book, max_message_size=1000))
        peer.send(data)
        assert peer.read_close() == code
        peer.read_end()

    @pytest.mark.parametrize("handler", [Raises, RaisesAfterInit])
    def test_a_handler_that_raises(
        self, serve: Serve, connect: Connect, book: Book, handler: type
    ) -> None:
        peer = connect(serve(handler, book))
        peer.text("hi")
        assert peer.read_close() == 1011
        peer.close_frame(1011)
        peer.read_end()
        book.closed()

    def test_a_server_that_stops(self, serve: Serve, connect: Connect, book: Book) -> None:
        server = serve(Recorded, book)
        peers = [connect(server) for _ in range(3)]
        stopping = threading.Thread(target=server.stop)
        stopping.start()
        for peer in peers:
            assert peer.read_close() == 1001
            peer.close_frame(1001)
            peer.read_end()
        stopping.join(scaled(5))
        book.closed(3)


class TestBug25:
    """Close reply always 1000, codes above 4999 accepted, 1014 refused, own codes not checked."""

    @pytest.mark.parametrize("code", [1001, 1014, 3000, 4999])
    def test_the_reply_has_the_code_of_the_peer(
        self, serve: Serve, connect: Connect, book: Book, code: int
    ) -> None:
        peer = connect(serve(Recorded, book))
        peer.close_frame(code, b"reason")
        assert peer.read() == (CLOSE, code.to_bytes(2, "big"), True, 0)

    @pytest.mark.parametrize("code", [5000, 65535, 1005, 1006, 1015, 2999, 0])
    def test_a_code_that_means_nothing_is_a_violation(
        self, serve: Serve, connect: Connect, book: Book, code: int
    ) -> None:
        peer = connect(serve(Recorded, book))
        peer.close_frame(code)
        assert peer.read_close() == 1002

    @pytest.mark.parametrize("code", [0, 999, 1004, 1005, 1006, 1015, 2999, 5000])
    def test_what_the_handler_may_not_send_is_an_error_and_sends_nothing(
        self, serve: Serve, connect: Connect, book: Book, code: int
    ) -> None:
        peer = connect(serve(Recorded, book))
        conn = book.handler().conn
        with pytest.raises(ValueError, match=r"^code: "):
            conn.close(code)
        with pytest.raises(ValueError, match=r"^reason: "):
            conn.close(1000, "é" * 62)
        assert not conn.is_closed
        peer.text("still open")
        assert peer.read_text() == "still open"


class TestBug26:
    """Close handshake not awaited; closing with input unread turned into a reset."""

    def test_the_answer_of_the_peer_is_awaited(
        self, serve: Serve, connect: Connect, book: Book
    ) -> None:
        peer = connect(serve(Recorded, book))
        book.handler().conn.close(4000, "bye")
        assert peer.read().code == 4000
        assert peer.nothing_arrives(0.05), "the server waits for our half"
        peer.close_frame(4000)
        peer.read_end()

    def test_unread_input_does_not_destroy_the_close_frame(
        self, serve: Serve, connect: Connect, book: Book
    ) -> None:
        class Closes(Recorded):
            def on_message(self, data: str | bytes) -> None:
                self.conn.close(4001)

        peer = connect(serve(Closes, book))
        peer.send(frame(BINARY, bytes(1000)) * 200)
        assert peer.read().code == 4001
        peer.close_frame(4001)
        peer.read_end()
        assert len(book.handlers[0].messages) == 1

    def test_nor_after_a_violation(self, serve: Serve, connect: Connect, book: Book) -> None:
        peer = connect(serve(Recorded, book))
        peer.send(frame(5) + bytes(200_000))
        assert peer.read().code == 1002
        peer.read_end()

    def test_a_peer_that_never_answers_is_not_awaited_for_ever(
        self, serve: Serve, connect: Connect, book: Book
    ) -> None:
        server = serve(Recorded, book, close_timeout=0.1)
        peer = connect(server)
        book.handler().conn.close(4000)
        assert peer.read().code == 4000
        assert peer.ended()
        book.closed()


class TestBug27:
    """POST accepted, the key not checked, 400 for everything, Connection found by substring."""

    def status(self, peer: Peer, *lines: str) -> tuple[str, str]:
        peer.send("\r\n".join((*lines, "", "")).encode())
        first, _, rest = peer.read_head().partition("\r\n")
        return first, rest

    LINES = (
        "GET / HTTP/1.1",
        "Host: h",
        "Upgrade: websocket",
        "Connection: Upgrade",
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==",
        "Sec-WebSocket-Version: 13",
    )

    @pytest.mark.parametrize(
        ("old", "new", "status", "header"),
        [
            ("GET / HTTP/1.1", "POST / HTTP/1.1", 405, "Allow: GET"),
            ("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version: 12", 426, "Version: 13"),
            ("Sec-WebSocket-Version: 13", "X: 1", 426, "Sec-WebSocket-Version: 13"),
            ("Connection: Upgrade", "Connection: notupgradex", 400, "invalid connection"),
            ("dGhlIHNhbXBsZSBub25jZQ==", "", 400, "invalid key"),
            ("dGhlIHNhbXBsZSBub25jZQ==", "dG9vIHNob3J0", 400, "invalid key"),
            ("Host: h", "X: " + "x" * 9000, 431, "too large"),
        ],
    )
    def test_a_bad_request_is_refused_for_its_own_reason(
        self,
        serve: Serve,
        connect: Connect,
        book: Book,
        old: str,
        new: str,
        status: int,
        header: str,
    ) -> None:
        peer = connect(serve(Recorded, book), opened=False)
        lines = [line.replace(old, new) for line in self.LINES]
        first, rest = self.status(peer, *lines)
        assert re.match(rf"HTTP/1\.1 {status} \w", first), "with a reason phrase"
        assert header in rest
        assert not book.handlers

    def test_a_peer_that_says_nothing_is_told_408(
        self, serve: Serve, connect: Connect, book: Book
    ) -> None:
        server = serve(Recorded, book, handshake=HandshakeConfig(timeout=0.05))
        peer = connect(server, opened=False)
        assert peer.read_head().startswith("HTTP/1.1 408 Request Timeout\r\n")

    @pytest.mark.parametrize(
        ("old", "new"),
        [
            ("Connection: Upgrade", "Connection: keep-alive, Upgrade"),
            ("Connection: Upgrade", "Connection: keep-alive\r\nConnection: upgrade"),
            ("Upgrade: websocket", "Upgrade: h2c, WebSocket"),
        ],
    )
    def test_lists_as_browsers_and_proxies_send_them_are_understood(
        self, serve: Serve, connect: Connect, book: Book, old: str, new: str
    ) -> None:
        peer = connect(serve(Recorded, book), opened=False)
        first, _ = self.status(peer, *[line.replace(old, new) for line in self.LINES])
        assert first == "HTTP/1.1 101 Switching Protocols"


class TestBug28:
    """A first frame in the segment of the request made the handshake hang."""

    @pytest.mark.parametrize("size", [1, 3000, 50_000])
    def test_pipelined_frames_are_answered(
        self, serve: Serve, connect: Connect, book: Book, size: int
    ) -> None:
        after = frame(TEXT, b"a" * size) + frame(PING, b"p") + frame(CLOSE)
        peer = connect(serve(Recorded, book), opened=False).open(after=after)
        assert peer.read_text() == "a" * size
        assert peer.read() == (PONG, b"p", True, 0)
        assert peer.read() == (CLOSE, b"", True, 0)
        peer.read_end()


class TestBug29:
    """Compressed control frames sent and accepted; offers with commas answered with 400."""

    OFFER = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits"

    def test_control_frames_are_never_compressed(
        self, serve: Serve, connect: Connect, book: Book
    ) -> None:
        server = serve(Recorded, book, compression=Compression(write_threshold=0))
        peer = connect(server, opened=False).open("/", self.OFFER)
        book.handler().conn.write_ping(b"a" * 100)
        assert peer.read() == (PING, b"a" * 100, True, 0)
        peer.send(frame(PING, b"b" * 100))
        assert peer.read() == (PONG, b"b" * 100, True, 0)
        book.handlers[0].conn.write("a" * 100)
        got = peer.read()
        assert got.rsv == 4, "while data is"
        inflated = zlib.decompressobj(-15).decompress(got.payload + b"\0\0\xff\xff")
        assert inflated == b"a" * 100
        peer.close_frame(1000)
        assert peer.read() == (CLOSE, b"\x03\xe8", True, 0)

    @pytest.mark.parametrize("opcode", [PING, PONG, CLOSE])
    def test_a_compressed_control_frame_closes_with_1002(
        self, serve: Serve, connect: Connect, book: Book, opcode: int
    ) -> None:
        server = serve(Recorded, book, compression=Compression())
        peer = connect(server, opened=False).open("/", self.OFFER)
        peer.send(frame(opcode, rsv=4))
        assert peer.read_close() == 1002

    @pytest.mark.parametrize(
        "offer",
        [
            "x-other, permessage-deflate",
            "permessage-deflate; client_max_window_bits, permessage-deflate",
            "permessage-deflate; server_max_window_bits=99, permessage-deflate",
            'permessage-deflate; server_max_window_bits="10"',
        ],
    )
    def test_every_offer_that_the_grammar_allows_is_understood(
        self, serve: Serve, connect: Connect, book: Book, offer: str
    ) -> None:
        server = serve(Recorded, book, compression=Compression())
        peer = connect(server, opened=False)
        peer.send(peer.request("/", f"Sec-WebSocket-Extensions: {offer}"))
        head = peer.read_head()
        assert head.startswith("HTTP/1.1 101 ")
        assert "Sec-WebSocket-Extensions: permessage-deflate" in head

    def test_an_offer_that_is_not_wanted_is_declined(
        self, serve: Serve, connect: Connect, book: Book
    ) -> None:
        peer = connect(serve(Recorded, book), opened=False)
        peer.send(peer.request("/", self.OFFER))
        head = peer.read_head()
        assert head.startswith("HTTP/1.1 101 ")
        assert "Extensions" not in head


class TestBug30:
    """No negotiation of subprotocols, no check of the origin; here with an independent client."""

    def test_the_first_subprotocol_of_the_server_that_is_offered_wins(
        self, serve: Serve, book: Book
    ) -> None:
        uri = f"ws://127.0.0.1:{serve(Recorded, book, subprotocols=['b', 'a']).port}/"
        offer = [Subprotocol("a"), Subprotocol("b"), Subprotocol("c")]
        with websockets_connect(uri, subprotocols=offer, proxy=None) as client:
            assert client.subprotocol == "b"
            assert book.handler().conn.subprotocol == "b"

    def test_an_origin_that_is_not_allowed_is_refused(self, serve: Serve, book: Book) -> None:
        server = serve(Recorded, book, origins=["https://good.example"])
        uri = f"ws://127.0.0.1:{server.port}/"
        with websockets_connect(uri, origin=Origin("https://good.example"), proxy=None):
            pass
        with pytest.raises(InvalidStatus) as refused:
            websockets_connect(uri, origin=Origin("https://evil.example"), proxy=None)
        assert refused.value.response.status_code == 403
        assert len(book.handlers) == 1
