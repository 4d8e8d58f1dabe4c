"""The opening handshake on the wire: requests, refusals however they are cut, deadlines."""

from __future__ import annotations

import base64
import contextlib
import socket
import threading

import pytest

from tests.client.conftest import Serve
from tests.client.limits import within
from tests.client.raw import Peer, Script, raw_server, response
from tests.deadlines import scaled
from tests.protocol.wire import SERVER
from wskit import (
    Client,
    ClientConfig,
    ConnectionClosed,
    HandshakeError,
    HandshakeRejected,
    MessageType,
    connect,
)


def client_of(url: str, **options: object) -> Client:
    """Connect to a test server; the handshake is still to be done."""
    port = int(url.rstrip("/").rpartition(":")[2])
    return Client(ClientConfig(host="127.0.0.1", port=port, **options))  # type: ignore[arg-type]


def answering(data: bytes, *, then: str = "close") -> Script:
    """Give a script that answers every request with ``data``."""

    def script(peer: Peer) -> None:
        peer.request()
        peer.send(data)
        if then == "hold":
            peer.rest()
        elif then == "reset":
            peer.reset()

    return script


class TestRequest:
    def test_is_what_the_rfc_asks_for(self) -> None:
        requests: list[str] = []

        def script(peer: Peer) -> None:
            requests.append(peer.accept())
            peer.finish()

        with raw_server(script) as url, client_of(url, origin="http://o", subprotocols=["a"]) as c:
            result = c.handshake("/path?q=1", {"X-One": "1"}, timeout=scaled(5))
            assert result.status == 101
            assert result.headers.get("upgrade") == "websocket"
            assert c.response is result
        lines = requests[0].split("\r\n")
        assert lines[0] == "GET /path?q=1 HTTP/1.1"
        fields = dict(line.split(": ", 1) for line in lines[1:])
        key = fields.pop("Sec-WebSocket-Key")
        assert len(base64.b64decode(key)) == 16
        assert fields == {
            "Host": url[5:-1],
            "Upgrade": "websocket",
            "Connection": "Upgrade",
            "Sec-WebSocket-Version": "13",
            "Sec-WebSocket-Protocol": "a",
            "Origin": "http://o",
            "X-One": "1",
        }

    @pytest.mark.parametrize(
        "headers",
        [
            "X-A: 1\r\nCookie: a=b\r\n",
            "X-A: 1\r\nCookie: a=b",
            {"X-A": "1", "Cookie": "a=b"},
            [("X-A", "1"), ("Cookie", "a=b")],
        ],
    )
    def test_takes_headers_as_lines_dict_or_pairs(self, headers: str) -> None:
        requests: list[str] = []

        def script(peer: Peer) -> None:
            requests.append(peer.accept())
            peer.finish()

        with raw_server(script) as url, connect(url, headers=headers):
            pass
        assert "\r\nX-A: 1\r\nCookie: a=b" in requests[0]

    def test_uses_a_new_key_each_time(self) -> None:
        requests: list[str] = []

        def script(peer: Peer) -> None:
            requests.append(peer.accept())
            peer.finish()

        with raw_server(script, clients=2) as url:
            for _ in range(2):
                connect(url).close()
        keys = {r.partition("Sec-WebSocket-Key: ")[2].partition("\r\n")[0] for r in requests}
        assert len(keys) == 2

    def test_may_be_larger_than_the_read_buffer(self, echo: str) -> None:
        """Bug 15; here it is the server that has a limit, 8192 bytes."""
        with connect(echo, headers={"X-Long": "x" * 5000}, buffer_size=256) as client:
            client.write("x")
            assert client.read() == (MessageType.TEXT, "x")
        with pytest.raises(HandshakeError) as caught:
            connect(echo, headers={"X-Long": "x" * 9000}, buffer_size=256)
        assert caught.value.status == 431

    def test_fits_through_a_narrow_way(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            peer.finish()

        with raw_server(script, receive_buffer=4096) as url, client_of(url) as client:
            client._transport.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            client.handshake(headers={f"X-{n}": "x" * 8000 for n in range(60)})
            assert not client.is_closed

    @pytest.mark.parametrize(
        ("path", "headers", "message"),
        [
            ("/a\r\nX-Evil: 1", {}, "target"),
            ("/a b", {}, "target"),
            ("no-slash", {}, "target"),
            ("/", {"X": "1\r\nX-Evil: 1"}, "headers"),
            ("/", {"X\r\nX-Evil": "1"}, "headers"),
            ("/", "X: 1\r\n\r\nGET / HTTP/1.1", "headers"),
            ("/", "X: 1\nX-Evil: 1", "headers"),
            ("/", {"Upgrade": "h2c"}, "headers"),
            ("/", {"Sec-WebSocket-Key": "mine"}, "headers"),
        ],
    )
    def test_cannot_be_injected_into(
        self, path: str, headers: str | dict[str, str], message: str
    ) -> None:
        def script(peer: Peer) -> None:
            received.append(peer.rest())

        received: list[bytes] = []
        with raw_server(script) as url:
            client = client_of(url)
            with pytest.raises(ValueError, match=f"^{message}: "):
                client.handshake(path, headers)
            with pytest.raises(ConnectionClosed):
                client.handshake()
        assert received == [b""], "not a byte of it was sent, and the connection is closed"

    @pytest.mark.parametrize("wrong", [0, -1.0, "1"])
    def test_a_wrong_timeout_is_an_error_that_closes_nothing(self, echo: str, wrong: float) -> None:
        with client_of(echo) as client:
            with pytest.raises((ValueError, TypeError), match=r"^timeout: "):
                client.handshake(timeout=wrong)
            client.handshake()
            assert not client.is_closed


class TestRefusal:
    @pytest.mark.parametrize(
        ("answer", "then", "body"),
        [
            (b"Content-Length: 6\r\n\r\nsecret", "hold", b"secret"),
            (
                b"Transfer-Encoding: chunked\r\n\r\n3\r\nsec\r\n3\r\nret\r\n0\r\n\r\n",
                "hold",
                b"secret",
            ),
            (b"\r\nsecret", "close", b"secret"),
            (b"Content-Length: 0\r\n\r\n", "hold", b""),
            (b"Content-Length: 60\r\n\r\nsecret", "close", b"secret"),
            (b"Content-Length: 60\r\n\r\nsecret", "reset", b"secret"),
        ],
        ids=["length", "chunked", "until the end", "none", "cut", "reset"],
    )
    def test_is_told_with_status_headers_and_body(
        self, answer: bytes, then: str, body: bytes
    ) -> None:
        data = b"HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic\r\n" + answer
        with (
            raw_server(answering(data, then=then)) as url,
            within(2.0),
            pytest.raises(HandshakeError) as caught,
        ):
            connect(url)
        assert caught.value.status == 401
        assert dict(caught.value.headers)["www-authenticate"] == "Basic"
        # A reset may overtake what was sent before it.
        assert caught.value.body == body or (then == "reset" and caught.value.body == b"")

    @pytest.mark.parametrize("head", [b"\r\nsec", b"Content-Length: 60\r\n\r\nsec"])
    def test_whose_body_never_ends_is_told_when_the_time_is_up(self, head: bytes) -> None:
        data = b"HTTP/1.1 403 Forbidden\r\n" + head
        with (
            raw_server(answering(data, then="hold")) as url,
            within(2.0),
            pytest.raises(HandshakeError) as caught,
        ):
            connect(url, handshake_timeout=0.2)
        assert (caught.value.status, caught.value.body) == (403, b"sec")

    def test_by_a_handler_of_wskit(self, serve: Serve) -> None:
        class No:
            def __init__(self, handshake: object, conn: object) -> None:
                raise HandshakeRejected(418, {"X-Why": "teapot"}, "short and stout")

            def client_message(self, data: str | bytes) -> None: ...

        with pytest.raises(HandshakeError) as caught:
            connect(f"ws://127.0.0.1:{serve(No).port}/")
        assert caught.value.status == 418
        assert caught.value.body == b"short and stout"
        assert dict(caught.value.headers)["x-why"] == "teapot"

    @pytest.mark.parametrize(
        ("data", "status"),
        [
            (b"", 0),
            (b"HTTP/1.1 101 Switching Protocols\r\nUpg", 0),
            (b"SSH-2.0-OpenSSH_9.6\r\n", 0),
            (b"\x15\x03\x01\0\2\2\x16" * 3, 0),
            (b"HTTP/1.1 301 Moved\r\nLocation: /\r\nContent-Length: 0\r\n\r\n", 301),
            (b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok", 200),
        ],
    )
    def test_may_be_any_answer_but_101(self, data: bytes, status: int) -> None:
        with raw_server(answering(data)) as url, pytest.raises(HandshakeError) as caught:
            connect(url)
        assert caught.value.status == status

    @pytest.mark.parametrize(
        ("wrong", "message"),
        [
            ("Sec-WebSocket-Accept: AAAAAAAAAAAAAAAAAAAAAAAAAAA=", "Sec-WebSocket-Accept"),
            ("Sec-WebSocket-Protocol: unasked", "Sec-WebSocket-Protocol"),
            ("Sec-WebSocket-Extensions: permessage-deflate", "Sec-WebSocket-Extensions"),
            ("Sec-WebSocket-Extensions: x-unknown", "Sec-WebSocket-Extensions"),
        ],
    )
    def test_a_wrong_101_is_none_of_ours(self, wrong: str, message: str) -> None:
        def script(peer: Peer) -> None:
            request = peer.request()
            head = response(request, wrong).decode()
            if "Accept" in wrong:
                lines = head.split("\r\n")
                head = "\r\n".join(line for line in lines if line == wrong or "Accept" not in line)
            peer.send(head.encode())
            assert peer.rest() == b""

        with raw_server(script) as url, pytest.raises(HandshakeError, match=message) as caught:
            connect(url)
        assert caught.value.status == 101


class TestResponse:
    def test_may_be_cut_anywhere(self) -> None:
        """Between CR and LF above all, which crashed the original (bug 3)."""
        cuts = range(1, 131)

        def script(peer: Peer) -> None:
            data = response(peer.request(), "X-Server: raw") + SERVER.text("first")
            assert len(data) > len(cuts)
            with lock:
                cut = next(places)
            peer.send(data[:cut])
            go.wait(0.002)
            peer.send(data[cut:])
            peer.finish()

        places, lock, go = iter(cuts), threading.Lock(), threading.Event()
        with raw_server(script, clients=len(cuts)) as url:
            for _ in cuts:
                with connect(url) as client:
                    assert client.read(timeout=scaled(5)) == (MessageType.TEXT, "first")

    def test_may_come_byte_by_byte_within_the_time(self) -> None:
        def script(peer: Peer) -> None:
            for byte in response(peer.request()) + SERVER.text("x"):
                peer.send(bytes([byte]))
            peer.finish()

        with raw_server(script) as url, connect(url) as client:
            assert client.read() == (MessageType.TEXT, "x")

    def test_may_follow_an_informational_one(self) -> None:
        def script(peer: Peer) -> None:
            request = peer.request()
            peer.send(b"HTTP/1.1 103 Early Hints\r\nLink: <x>\r\n\r\n" + response(request))
            peer.finish()

        with raw_server(script) as url, connect(url) as client:
            assert client.subprotocol is None

    def test_chooses_the_subprotocol(self, serve: Serve) -> None:
        url = f"ws://127.0.0.1:{serve(subprotocols=['v2', 'v1']).port}/"
        with connect(url, subprotocols=["v1", "v2"]) as client:
            assert client.subprotocol in ("v1", "v2")
        with connect(url, subprotocols=["v3"]) as client:
            assert client.subprotocol is None


class TestDeadline:
    def test_a_silent_server(self) -> None:
        with (
            raw_server(Peer.rest) as url,
            within(2.0),
            pytest.raises(TimeoutError, match="the handshake took too long"),
        ):
            connect(url, handshake_timeout=0.2)

    @pytest.mark.parametrize("data", [b"HTTP/1.1 101 Switching Protocols\r\n", b"X: y\r\n"])
    def test_a_server_that_dribbles(self, data: bytes) -> None:
        def script(peer: Peer) -> None:
            peer.request()
            with contextlib.suppress(OSError):
                peer.send(b"HTTP/1.1 101 Switching Protocols\r\n")
                while not done.wait(0.02):
                    peer.send(data[:1])

        done = threading.Event()
        with raw_server(script) as url, within(2.0):
            with pytest.raises(TimeoutError):
                connect(url, handshake_timeout=0.2)
            done.set()

    def test_a_server_that_sends_an_endless_refusal(self) -> None:
        def script(peer: Peer) -> None:
            peer.request()
            head = b"HTTP/1.1 500 Oops\r\nTransfer-Encoding: chunked\r\n\r\n"
            with contextlib.suppress(OSError):
                peer.send(head)
                while not done.is_set():
                    peer.send(b"1;" + b"x" * 3000 + b"\r\ny\r\n")

        done = threading.Event()
        with raw_server(script) as url, within(3.0):
            with pytest.raises(HandshakeError) as caught:
                connect(url, handshake_timeout=0.2)
            done.set()
        assert caught.value.status == 500
        assert len(caught.value.body) <= 65536

    def test_a_server_that_does_not_read(self) -> None:
        done = threading.Event()
        script: Script = lambda peer: done.wait(scaled(5))  # noqa: E731
        with raw_server(script, receive_buffer=4096) as url, client_of(url) as client:
            client._transport.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 4096)
            with within(2.0), pytest.raises(TimeoutError):
                client.handshake(
                    headers={f"X-{n}": "x" * 8000 for n in range(60)}, timeout=scaled(0.2)
                )
            done.set()
