"""The server reading requests: whole, in any pieces, wrong in every way, too large."""

from __future__ import annotations

import time
from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st
from websockets.client import ClientProtocol
from websockets.extensions.permessage_deflate import ClientPerMessageDeflateFactory
from websockets.protocol import State
from websockets.typing import Origin, Subprotocol
from websockets.uri import parse_uri

from tests.deadlines import scaled
from wskit.errors import HandshakeError
from wskit.protocol.extensions import Compression
from wskit.protocol.handshake import Handshake, accept_response, error_response, negotiate
from wskit.protocol.request import RequestReader

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
FRAME = b"\x81\x82\x01\x02\x03\x04ij"  # "hi", masked

# Header lines by name, so that a case can say which one it changes.
LINES = {
    "Host": "Host: h",
    "Upgrade": "Upgrade: websocket",
    "Connection": "Connection: Upgrade",
    "Version": "Sec-WebSocket-Version: 13",
    "Key": f"Sec-WebSocket-Key: {KEY}",
}


def request(
    line: str = "GET / HTTP/1.1", *more: str, changed: Mapping[str, str | None] | None = None
) -> bytes:
    """Write a request with ``more`` lines; ``changed`` replaces lines, or removes them by None."""
    kept = (text for text in {**LINES, **(changed or {})}.values() if text is not None)
    lines = [line, *kept, *more]
    return "\r\n".join((*lines, "", "")).encode("latin-1")


def read(data: bytes, **limits: int) -> Handshake:
    handshake = RequestReader(**limits).feed(data)
    assert handshake is not None
    return handshake


def dribble(reader: RequestReader, data: bytes) -> None:
    for byte in data:
        assert reader.feed(bytes([byte])) is None


def refusal(data: bytes, **limits: int) -> HandshakeError:
    """Give the error for ``data``, after checking that cutting it anywhere changes nothing."""
    with pytest.raises(HandshakeError) as caught:
        RequestReader(**limits).feed(data)
    error = caught.value
    reader = RequestReader(**limits)
    with pytest.raises(HandshakeError) as dribbled:
        dribble(reader, data)
    assert (str(dribbled.value), dribbled.value.status) == (str(error), error.status)
    assert dribbled.value.headers == error.headers
    assert error_response(error)
    return error


def error_text(error: HandshakeError) -> str:
    return dict(error.headers)["Error"]


class TestGoodRequests:
    def test_is_read_whole(self) -> None:
        handshake = read(request("GET /chat?x=1 HTTP/1.1", "Origin: o", "Cookie: a=b"))
        assert handshake.method == "GET"
        assert handshake.url == "/chat?x=1"
        assert (handshake.path, handshake.query) == ("/chat", {"x": ["1"]})
        assert handshake.key == KEY
        assert handshake.origin == "o"
        assert handshake.cookies == {"a": "b"}
        assert handshake.raw_headers == (
            "host: h\r\nupgrade: websocket\r\nconnection: Upgrade\r\n"
            f"sec-websocket-version: 13\r\nsec-websocket-key: {KEY}\r\norigin: o\r\ncookie: a=b\r\n"
        )

    @pytest.mark.parametrize("rest", [b"", FRAME])
    def test_bug_28_cut_at_every_byte_nothing_is_lost(self, rest: bytes) -> None:
        """A first frame may come in the same segment, in part or whole."""
        head = request("GET /a HTTP/1.1", "X: y")
        data = head + rest
        for cut in range(len(data) + 1):
            reader = RequestReader()
            handshake = reader.feed(data[:cut])
            assert (handshake is None) == (cut < len(head))
            after = b""
            if handshake is None:
                handshake = reader.feed(data[cut:])
            else:
                after = data[cut:]
            assert handshake is not None
            assert handshake.url == "/a"
            assert reader.leftover + after == rest

    def test_byte_by_byte(self) -> None:
        reader = RequestReader()
        *most, last = request()
        dribble(reader, bytes(most))
        assert reader.feed(bytes([last])) is not None
        assert reader.leftover == b""

    def test_nothing_more_is_nothing_new(self) -> None:
        reader = RequestReader()
        assert reader.feed(b"") is None
        assert reader.feed(request()[:9]) is None
        assert reader.feed(b"") is None
        assert reader.feed(request()[9:]) is not None

    @pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
    def test_any_bytes(self, kind: type) -> None:
        reader = RequestReader()
        assert reader.feed(kind(request() + FRAME)) is not None
        assert reader.leftover == FRAME
        assert type(reader.leftover) is bytes

    def test_lines_may_end_in_lf(self) -> None:
        """RFC 9112 §2.2 allows it; the reference library waits for more until its timeout."""
        data = request().replace(b"\r\n", b"\n")
        assert read(data).key == KEY

    @pytest.mark.parametrize(
        "changed",
        [
            {"Upgrade": "upgrade: WebSocket"},
            {"Upgrade": "Upgrade: websocket, foo"},
            {"Upgrade": "Upgrade: h2c,\tWEBSOCKET"},
            {"Upgrade": "Upgrade: h2c\r\nUpgrade: websocket"},
            {"Connection": "CONNECTION: keep-alive, Upgrade"},
            {"Connection": "Connection: UPGRADE"},
            {"Connection": "Connection: keep-alive\r\nConnection: upgrade"},
            {"Connection": "Connection: , upgrade ,"},
            {"Version": "sec-websocket-version:13"},
            {"Key": f"SEC-WEBSOCKET-KEY:   {KEY}  "},
            {"Host": "Host: h\r\nContent-Length: 0"},
            {"Host": "Host:"},
            {"Host": "Host: h\r\nX: folded\r\n line"},
        ],
    )
    def test_headers_may_be_said_in_other_words(self, changed: dict[str, str]) -> None:
        assert read(request(changed=changed)).key == KEY

    @pytest.mark.parametrize(
        "target", ["/", "/a/b?c=d", "//", "/%00", "http://h/p", "ws://h", "HTTPS://h?x"]
    )
    def test_target_is_a_path_or_a_url(self, target: str) -> None:
        assert read(request(f"GET {target} HTTP/1.1")).url == target

    def test_offers_are_understood(self) -> None:
        handshake = read(request("GET / HTTP/1.1", "Sec-WebSocket-Protocol: a, b , c"))
        assert handshake.subprotocols == ("a", "b", "c")

    def test_res_headers_have_their_limit(self) -> None:
        handshake = read(request(), max_res_headers=0)
        with pytest.raises(ValueError, match=r"^max_res_headers: "):
            handshake.res_headers.add("A", "b")


class TestBug27BadRequests:
    """Section 10.3-27 of the reference: one status for each kind of mistake, and its old text."""

    @pytest.mark.parametrize("method", ["POST", "HEAD", "OPTIONS", "get", "CONNECT"])
    def test_other_methods_are_405(self, method: str) -> None:
        error = refusal(request(f"{method} / HTTP/1.1"))
        assert error.status == 405
        assert ("Allow", "GET") in error.headers

    @pytest.mark.parametrize("version", ["1.0", "2.0", "1.2", "0.9"])
    def test_other_versions_are_505(self, version: str) -> None:
        error = refusal(request(f"GET / HTTP/{version}"))
        assert (error.status, error_text(error)) == (505, "invalid protocol")

    def test_http_2_with_prior_knowledge_is_505(self) -> None:
        assert refusal(b"PRI * HTTP/2.0\r\n\r\n").status == 505

    @pytest.mark.parametrize(
        "changed",
        [
            {"Version": None},
            {"Version": "Sec-WebSocket-Version: 8"},
            {"Version": "Sec-WebSocket-Version: 013"},
            {"Version": "Sec-WebSocket-Version:"},
            {"Version": "Sec-WebSocket-Version: 13, 8"},
            {"Version": "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Version: 13"},
            {"Upgrade": None, "Connection": None},
            {"Upgrade": None, "Connection": "Connection: keep-alive"},
        ],
    )
    def test_other_websocket_versions_and_plain_gets_are_426(
        self, changed: dict[str, str | None]
    ) -> None:
        error = refusal(request(changed=changed))
        assert error.status == 426
        assert ("Sec-WebSocket-Version", "13") in error.headers
        assert ("Upgrade", "websocket") in error.headers

    @pytest.mark.parametrize(
        ("changed", "text"),
        [
            ({"Upgrade": None}, "missingheaders"),
            ({"Upgrade": "Upgrade:"}, "missingheaders"),
            ({"Upgrade": "Upgrade: h2c"}, "invalid upgrade"),
            ({"Upgrade": "Upgrade: websockets"}, "invalid upgrade"),
            ({"Upgrade": "Upgrade: web socket"}, "invalid upgrade"),
            ({"Connection": None}, "missingheaders"),
            ({"Connection": "Connection: ,"}, "missingheaders"),
            ({"Connection": "Connection: keep-alive"}, "invalid connection"),
            ({"Connection": "Connection: notupgradex"}, "invalid connection"),
            ({"Connection": "Connection: keep-alive upgrade"}, "invalid connection"),
            ({"Key": None}, "missingheaders"),
            ({"Key": "Sec-WebSocket-Key:"}, "invalid key"),
            ({"Key": "Sec-WebSocket-Key: my-key"}, "invalid key"),
            ({"Key": "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA="}, "invalid key"),
            ({"Key": "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAAA="}, "invalid key"),
            ({"Key": "Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAA_=="}, "invalid key"),
            ({"Key": "\r\n".join([LINES["Key"]] * 2)}, "invalid key"),
            ({"Host": None}, "invalid header"),
            ({"Host": "Host: a\r\nHost: a"}, "invalid header"),
            ({"Host": "Host: a\r\nContent-Length: 1"}, "invalid header"),
            ({"Host": "Host: a\r\nContent-Length: 0, 1"}, "invalid header"),
            ({"Host": "Host: a\r\nContent-Length: -1"}, "invalid header"),
            ({"Host": "Host: a\r\nContent-Length:"}, "invalid header"),
            ({"Host": "Host: a\r\nTransfer-Encoding: chunked"}, "invalid header"),
            ({"Host": "Host: a\r\nTransfer-Encoding: gzip"}, "invalid header"),
            ({"Host": "Host : a"}, "invalid header"),
            ({"Host": " Host: a"}, "invalid header"),
            ({"Host": "Host: a\r\nno colon"}, "invalid header"),
            ({"Host": "Host: a\r\n: b"}, "invalid header"),
            ({"Host": "Host: a\r\nX: a\x00b"}, "invalid header"),
            ({"Host": "Host: a\r\nX: a\rb"}, "invalid header"),
            ({"Host": "Host: a\r\nSec-WebSocket-Protocol:"}, "invalid header"),
            ({"Host": "Host: a\r\nSec-WebSocket-Protocol: a b"}, "invalid header"),
            ({"Host": "Host: a\r\nSec-WebSocket-Protocol: caf\xe9"}, "invalid header"),
        ],
    )
    def test_bad_headers_are_400(self, changed: dict[str, str | None], text: str) -> None:
        error = refusal(request(changed=changed))
        assert (error.status, error_text(error)) == (400, text)
        assert str(error)

    @pytest.mark.parametrize(
        "line",
        [
            *("GET HTTP/1.1", "GET  HTTP/1.1", "GET  / HTTP/1.1", "GET / HTTP/1.1 ", "GET /"),
            *(
                "GET / HTTP/1",
                "GET / HTTP/3",
                "GET / http/1.1",
                "GET /a b HTTP/1.1",
                "GET\t/ HTTP/1.1",
            ),
            *("GET", "GET / HTTP/11.1", "GET /\xe9 HTTP/1.1", "G\x01T / HTTP/1.1", "GET / ICY/1.1"),
            *("GET * HTTP/1.1", "GET h HTTP/1.1", "GET h:80 HTTP/1.1", "GET /a#b HTTP/1.1"),
            *("GET http:///p HTTP/1.1", "GET ftp://h/ HTTP/1.1", "GET ?a HTTP/1.1"),
        ],
    )
    def test_bad_request_lines_are_400(self, line: str) -> None:
        """The first of them took the reference library down (section 10.1-2)."""
        error = refusal(request(line))
        assert (error.status, error_text(error)) == (400, "invalid requestline")

    @pytest.mark.parametrize(
        "data",
        [
            b"\x16\x03\x01\x02\x00",
            b"\r\n",
            b"\n",
            b" GET / HTTP/1.1\r\n",
            b"\x00",
            b"\x81\x00",
            b"\xff",
        ],
    )
    def test_what_cannot_be_http_is_told_at_its_first_byte(self, data: bytes) -> None:
        """TLS on a plain port, above all."""
        with pytest.raises(HandshakeError, match="does not begin with a method") as caught:
            RequestReader().feed(data[:1])
        assert caught.value.status == 400
        assert refusal(data).status == 400

    def test_an_answer_does_not_repeat_what_was_wrong(self) -> None:
        assert b"evil" not in error_response(refusal(request("GET evil evil HTTP/1.1")))

    @given(st.binary(max_size=300) | st.binary(max_size=60).map(lambda junk: request()[:50] + junk))
    def test_any_bytes_give_a_handshake_or_a_documented_error(self, data: bytes) -> None:
        try:
            handshake = RequestReader(200).feed(data)
        except HandshakeError:
            assert refusal(data, max_size=200).status in (400, 405, 426, 431, 505)
        else:
            assert handshake is None or handshake.key


class TestBug27Limits:
    def test_the_size_counts_the_head_and_nothing_after_it(self) -> None:
        head = request()
        for rest in (b"", FRAME * 100):
            reader = RequestReader(len(head))
            assert reader.feed(head + rest) is not None
            assert reader.leftover == rest
        error = refusal(head, max_size=len(head) - 1)
        assert (error.status, error_text(error)) == (431, "too large")

    def test_too_large_is_431_even_when_all_came_at_once(self) -> None:
        head = request("GET / HTTP/1.1", "X: " + "a" * 9000)
        assert refusal(head).status == 431
        assert refusal(head + FRAME).status == 431

    def test_too_large_is_told_at_the_last_byte_allowed(self) -> None:
        reader = RequestReader(100)
        assert reader.feed(b"G" * 99) is None
        with pytest.raises(HandshakeError, match="more than 100 bytes before the blank line"):
            reader.feed(b"G")

    def test_headers_are_counted_exactly(self) -> None:
        limit = len(LINES) + 3
        good = request("GET / HTTP/1.1", *["X: y"] * 3)
        for cut in range(len(good)):
            reader = RequestReader(max_headers=limit)
            assert reader.feed(good[:cut]) is None
            handshake = reader.feed(good[cut:] + b"\n\n\n")
            assert handshake is not None
            assert len(handshake.headers) == limit
            assert reader.leftover == b"\n\n\n"
        error = refusal(good, max_headers=limit - 1)
        assert (error.status, error_text(error)) == (431, "too large")

    def test_too_many_headers_are_told_with_the_line_that_is_one_too_many(self) -> None:
        reader = RequestReader(max_headers=2)
        assert reader.feed(b"GET / HTTP/1.1\r\nA: a\r\nB: b\r\nC: c\r") is None
        with pytest.raises(HandshakeError, match="more than 2 header lines") as caught:
            reader.feed(b"\n")
        assert caught.value.status == 431

    def test_the_first_limit_that_is_passed_counts(self) -> None:
        """Whichever it is, it is the same for one piece and for many."""
        lines = b"GET / HTTP/1.1\r\n" + b"A: a\r\n" * 500
        assert "header lines" in str(refusal(lines, max_size=2000))
        assert "bytes" in str(refusal(lines, max_size=100))

    def test_dribbled_bytes_cost_linear_time(self) -> None:
        """A reader that starts over with each byte needs a minute for this; this one 0.5 s."""
        head = request("GET / HTTP/1.1", *["X: y"] * 20_000)
        reader = RequestReader(max_size=len(head), max_headers=30_000)
        start = time.process_time()
        *most, last = (head[i : i + 1] for i in range(len(head)))
        for byte in most:
            reader.feed(byte)
        assert reader.feed(last) is not None
        assert time.process_time() - start < scaled(10)

    def test_blank_lines_cut_into_bytes_are_found(self) -> None:
        for blank in (b"\r\n\r\n", b"\n\n", b"\n\r\n", b"\r\n\n"):
            data = request()[:-4] + blank + FRAME
            for size in (1, 2, 3, 5):
                reader, handshake, position = RequestReader(), None, 0
                while handshake is None:
                    handshake = reader.feed(data[position : position + size])
                    position += size
                assert reader.leftover + data[position:] == FRAME


@pytest.mark.parametrize("wish", [None, Compression()])
@pytest.mark.parametrize("supported", [None, ("b", "a")])
def test_an_independent_client_is_understood_and_understands(
    wish: Compression | None, supported: tuple[str, ...] | None
) -> None:
    client = ClientProtocol(
        parse_uri("ws://example.com:8080/chat?x=1"),
        origin=Origin("http://example.com"),
        subprotocols=[Subprotocol("a"), Subprotocol("b")],
        extensions=[ClientPerMessageDeflateFactory()],
    )
    client.send_request(client.connect())
    reader = RequestReader()
    handshake = reader.feed(b"".join(client.data_to_send()))
    assert handshake is not None
    negotiate(handshake, subprotocols=supported, compression=wish)
    handshake.res_headers.add("Set-Cookie", "a=b")
    client.receive_data(accept_response(handshake))
    client.events_received()
    assert client.handshake_exc is None
    assert client.state is State.OPEN
    assert client.subprotocol == (supported and "b")
    assert bool(client.extensions) == (wish is not None)
