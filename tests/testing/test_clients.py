"""The client's end to any server: what it asks, what refuses it, and nothing left of a failure."""

from __future__ import annotations

import base64
import socket
import ssl
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from tests.client.proxy_servers import connect_proxy
from tests.client.raw import Peer as Server
from tests.client.raw import Script, listener, raw_server, unix_server
from tests.deadlines import scaled
from tests.protocol.wire import SERVER
from tests.testing.conversing import Echo, Refusing, their_server
from tests.testing.ends import failing
from wskit import Compression, HandshakeError, ServerConfig
from wskit.errors import HeaderFields
from wskit.testing import Peer, clients, ws_client, ws_server
from wskit.testing.faults import Cut, Delay, Dribble, Duplicate, Stall

pytestmark = pytest.mark.wskit(timeout=scaled(5))


def asked(url: str = "ws://{}/", **options: object) -> list[str]:
    """Connect to a server whose address replaces ``{}``; give the lines of the request."""
    requests: list[str] = []

    def script(server: Server) -> None:
        requests.append(server.accept())
        server.finish()

    with raw_server(script) as address, ws_client(url.format(address[5:-1]), **options):  # type: ignore[arg-type]
        pass
    return requests[0].split("\r\n")


def answering(answer: bytes, *, ends: bool = True) -> Script:
    """Make a server that answers each request with ``answer``, and reads on until the client ends.

    With ``ends`` it has ended its own direction then.
    """

    def script(server: Server) -> None:
        server.request()
        server.send(answer)
        if ends:
            server.finish_sending()
        assert server.rest() == b""

    return script


def refusal(status: str, *headers: str, body: bytes = b"") -> bytes:
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers]
    return "\r\n".join([*lines, "", ""]).encode() + body


@pytest.fixture
def environment(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    """Give an environment that excepts no host from its proxies."""
    for name in ("no_proxy", "NO_PROXY"):
        monkeypatch.delenv(name, raising=False)
    return monkeypatch


class TestRequest:
    def test_asks_for_what_the_url_says(self) -> None:
        first, *fields = asked("ws://{}/rooms/7?x=%C3%A9&y=ö")
        assert first == "GET /rooms/7?x=%C3%A9&y=%C3%B6 HTTP/1.1"
        assert next(field for field in fields if field.startswith("Host: 127.0.0.1:"))

    def test_says_no_more_than_it_is_told(self) -> None:
        names = {line.partition(":")[0] for line in asked()[1:]}
        usual = {"Host", "Upgrade", "Connection", "Sec-WebSocket-Key", "Sec-WebSocket-Version"}
        assert names == usual

    @pytest.mark.parametrize("headers", [dict, list])
    def test_has_what_it_is_told(self, headers: Callable[[object], object]) -> None:
        lines = asked(
            headers=headers([("X-One", "1"), ("X-Two", "2")]),
            origin="https://here",
            subprotocols=["a", "b"],
            compression=Compression(),
        )
        assert [line for line in lines if line.startswith("X-")] == ["X-One: 1", "X-Two: 2"]
        assert "Origin: https://here" in lines
        assert "Sec-WebSocket-Protocol: a, b" in lines
        assert [line for line in lines if line.startswith("Sec-WebSocket-Extensions: permessage")]

    def test_has_the_credentials_of_the_url(self) -> None:
        value = base64.b64encode(b"user:p@ss").decode()
        assert f"Authorization: Basic {value}" in asked("ws://us%65r:p%40ss@{}/")
        fields = asked("ws://user:pass@{}/", headers={"authorization": "Bearer mine"})
        found = [field for field in fields if field.lower().startswith("authorization")]
        assert found == ["authorization: Bearer mine"]

    def test_is_on_record_with_its_answer(self) -> None:
        with ws_server(Echo) as server, ws_client(server.url + "/room") as peer:
            exchange = peer._stream.wire.exchange
            assert exchange is not None
            assert (exchange.url, exchange.status) == (f"{server.url}/room", 101)
            assert ("Host", f"127.0.0.1:{server.port}") in exchange.request
            assert ("upgrade", "websocket") in exchange.response


class TestConnection:
    def test_to_a_server_of_others(self) -> None:
        with their_server() as url, ws_client(url) as peer:
            peer.send("short")
            peer.expect_text("short")
            peer.send(b"longer")
            peer.expect_fragments([b"lo", b"nger", b""])
            peer.close(4000, "bye")
            peer.expect_close(4000, "bye", initiated_by="client", clean=True)

    def test_agrees_on_subprotocol_and_compression(self) -> None:
        config = ServerConfig(subprotocols=["b"], compression=Compression(write_threshold=0))
        compression = Compression(write_threshold=50)
        with ws_server(Echo, config=config) as server:
            with ws_client(server.url, subprotocols=["a", "b"], compression=compression) as peer:
                assert peer.subprotocol == "b"
                for size in (10, 100):
                    peer.send("x" * size)
                assert [each.frame.rsv for each in peer._stream.wire.captures] == [0, 4]
                peer.expect_frame(1, "x" * 10, rsv1=True)
            with ws_client(server.url) as peer:
                assert peer.response is not None
                assert (peer.subprotocol, peer.response.extensions) == (None, None)

    def test_takes_frames_that_come_with_the_response(self) -> None:
        def script(server: Server) -> None:
            server.accept(after=SERVER.text("at once") + SERVER.ping(b"p") + b"\x81")
            server.frame()
            server.send(b"\x05later")
            server.finish()

        with raw_server(script) as url, ws_client(url) as peer:
            peer.expect_text("at once")
            peer.expect_ping(b"p")
            peer.expect_text("later")

    def test_is_closed_at_the_end_and_ended_after_the_answer(self) -> None:
        codes: list[int | None] = []

        def script(server: Server) -> None:
            server.accept()
            codes.append(server.close_code())
            server.sock.settimeout(0.02)
            with pytest.raises(TimeoutError):
                server.sock.recv(1)
            server.sock.settimeout(scaled(5))
            server.send(SERVER.close(1000))
            assert server.rest() == b""

        with raw_server(script) as url, ws_client(url):
            assert codes == []
        assert codes == [1000]

    def test_through_tls(self) -> None:
        with ws_server(Echo, tls=True) as server:
            with ws_client(server.url, ssl_context=server.ssl_context) as peer:
                peer.send("sealed")
                peer.expect_text("sealed")
            with pytest.raises(ssl.SSLCertVerificationError):
                ws_client(server.url)

    def test_over_a_unix_socket(self, tmp_path: Path) -> None:
        requests: list[str] = []

        def script(server: Server) -> None:
            requests.append(server.accept(after=SERVER.text("hello")))
            server.finish()

        path = tmp_path / "s"
        url = "ws://somewhere.example/x"
        with unix_server(path, script), ws_client(url, unix_path=str(path)) as peer:
            peer.expect_text("hello")
        assert "\r\nHost: somewhere.example\r\n" in requests[0]

    @pytest.mark.parametrize("named", [True, False])
    def test_through_a_proxy(self, environment: pytest.MonkeyPatch, named: bool) -> None:
        with ws_server(Echo) as server, connect_proxy() as (address, seen):
            if not named:
                environment.setenv("ws_proxy", f"http://{address}")
            with ws_client(server.url, proxy=f"http://{address}" if named else True) as peer:
                peer.send("hello")
                peer.expect_text("hello")
            assert seen[0].startswith(f"CONNECT 127.0.0.1:{server.port} HTTP/1.1\r\n")

    @pytest.mark.parametrize(
        "connect", [ws_client, partial(ws_client, proxy=False), partial(ws_client, proxy=None)]
    )
    def test_through_no_proxy_unless_asked_for(
        self, environment: pytest.MonkeyPatch, connect: Callable[[str], Peer]
    ) -> None:
        environment.setenv("ws_proxy", "http://proxy.invalid:1")
        with ws_server(Echo) as server, connect(server.url) as peer:
            peer.send("hello")
            peer.expect_text("hello")


def request_to(sock: socket.socket) -> bytes:
    """Read what the next client of a listener sends, until it ends its connection."""
    sock.settimeout(scaled(5))
    client, _ = sock.accept()
    with client:
        client.settimeout(scaled(5))
        return b"".join(iter(lambda: client.recv(4096), b""))


REFUSALS: list[tuple[int, bytes, HeaderFields, bytes]] = [
    (403, refusal("403 Forbidden", "X-Why: no", "X-Why: never"), (("x-why", "never"),), b""),
    (404, refusal("404 Not Found", body=b"no such room"), (), b"no such room"),
    (500, refusal("500 Oh", "Content-Type: text/plain", body=b"\xff"), (), b"\xff"),
    (302, refusal("302 Found", "Location: ws://127.0.0.1/"), {"Location": "ws://127.0.0.1/"}, b""),
    (200, b"HTTP/1.1 200 OK\r\n\r\n<html>", (), b"<html>"),
]


class TestRefusal:
    @pytest.mark.parametrize(
        ("status", "answer", "headers", "body"), REFUSALS, ids=[str(each[0]) for each in REFUSALS]
    )
    def test_is_expected_with_status_headers_and_body(
        self, status: int, answer: bytes, headers: HeaderFields, body: bytes
    ) -> None:
        with raw_server(answering(answer)) as url, ws_client(url) as peer:
            found = peer.expect_rejected(status, headers, body)
            assert found is peer.rejection
            assert (found.status, found.body) == (status, body)
            assert (peer.response, peer.subprotocol) == (None, None)
            words = f"the handshake was rejected with HTTP status {status}"
            assert repr(peer).endswith(f": {words}>")
            assert f"{url} -> {status}\n   ended: {words}" in peer._stream.wire.report()

    @pytest.mark.parametrize(
        "call",
        [
            Peer.expect_message,
            lambda peer: peer.expect_close(1006),
            Peer.expect_nothing,
            lambda peer: peer.send("hello"),
        ],
    )
    def test_fails_everything_else_naming_the_status(self, call: Callable[[Peer], object]) -> None:
        with raw_server(answering(refusal("403 No"))) as url, ws_client(url) as peer:
            assert failing(lambda: call(peer)).endswith(
                "got a rejected handshake with HTTP status 403"
            )

    def test_closes_the_connection_at_once(self) -> None:
        with raw_server(answering(refusal("403 No"), ends=False)) as url:
            peer = ws_client(url)
        peer.expect_rejected(403)

    def test_by_a_handler_of_wskit_and_through_faults(self) -> None:
        with ws_server(Refusing) as server, ws_client(server.url, faults=[Dribble()]) as peer:
            peer.expect_rejected(401, {"X-Why": "no token"}, "log in")

    def test_whose_body_does_not_end_is_one_when_the_time_is_up(self) -> None:
        answer = b"HTTP/1.1 503 Busy\r\nContent-Length: 100\r\n\r\nplease"
        with raw_server(answering(answer, ends=False)) as url:
            peer = ws_client(url, handshake_timeout=0.1)
        peer.expect_rejected(503, body="please")


class TestFailure:
    def test_to_connect_is_an_oserror(self, tmp_path: Path) -> None:
        with listener() as sock:
            port = sock.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            ws_client(f"ws://127.0.0.1:{port}/")
        with pytest.raises(FileNotFoundError):
            ws_client("ws://localhost/", unix_path=str(tmp_path / "nothing"))

    @pytest.mark.parametrize("faults", [[], [Delay(30)]], ids=["plain", "faults"])
    def test_to_be_answered_in_time_is_a_timeout(self, faults: list[Delay]) -> None:
        began = time.monotonic()
        with listener() as sock:
            url = f"ws://127.0.0.1:{sock.getsockname()[1]}/"
            with pytest.raises(TimeoutError, match="the handshake took too long"):
                ws_client(url, handshake_timeout=0.03, faults=faults)
            assert 0.03 <= time.monotonic() - began < scaled(2)
            assert b"GET / ".startswith(request_to(sock)[:6])

    @pytest.mark.parametrize(
        ("answer", "words"),
        [
            (b"garbage\r\n\r\n", "no valid HTTP response"),
            (b"HTTP/1.1 10", "the connection ended before the server's response"),
            (b"", "the connection ended before the server's response"),
        ],
        ids=["garbage", "half", "nothing"],
    )
    def test_to_answer_with_http_is_an_error(self, answer: bytes, words: str) -> None:
        with raw_server(answering(answer)) as url:
            with pytest.raises(HandshakeError, match=words) as caught:
                ws_client(url)
            assert caught.value.status == 0

    def test_to_accept_properly_is_no_refusal(self) -> None:
        answer = b"HTTP/1.1 101 Fine\r\nUpgrade: websocket\r\nConnection: upgrade\r\n\r\n"
        with raw_server(answering(answer)) as url, pytest.raises(HandshakeError, match="Accept"):
            ws_client(url)

    def test_through_faults_is_one_too(self) -> None:
        with ws_server(Echo) as server:
            with pytest.raises(HandshakeError, match="the connection ended"):
                ws_client(server.url, faults=[Cut(10, handshake=True)])
            assert server.connections == []

    @pytest.mark.parametrize("faults", [[], [Dribble()]], ids=["plain", "faults"])
    def test_of_the_user_to_wait_closes_the_socket(
        self, monkeypatch: pytest.MonkeyPatch, faults: list[Dribble]
    ) -> None:
        def interrupted(*args: object) -> bool:
            raise KeyboardInterrupt

        monkeypatch.setattr(clients, "wait_readable", interrupted)
        with listener() as sock:
            with pytest.raises(KeyboardInterrupt):
                ws_client(f"ws://127.0.0.1:{sock.getsockname()[1]}/", faults=faults)
            assert b"GET / ".startswith(request_to(sock)[:6])

    def test_may_have_nothing_else_to_end(self) -> None:
        ours, theirs = socket.socketpair()
        ours.setblocking(False)
        theirs.close()
        opening = clients.pair_opening("/", (), (), None, None)
        with pytest.raises((HandshakeError, ConnectionError)):
            clients.open_peer(ours, opening, "ws://localhost/", None)
        assert ours.fileno() == -1


class TestFaults:
    def test_lie_between_the_peer_and_the_network(self) -> None:
        def script(server: Server) -> None:
            server.accept()
            texts.extend(server.frame().payload for _ in range(3))
            server.finish()

        texts: list[bytes] = []
        with raw_server(script) as url, ws_client(url, faults=[Duplicate(1), Dribble()]) as peer:
            peer.send("one")
            peer.send("two")
        assert texts == [b"one", b"one", b"two"]

    def test_let_a_reset_through(self) -> None:
        def script(server: Server) -> None:
            server.accept()
            with pytest.raises(ConnectionResetError):
                server.frame()
            heard.set()

        heard = threading.Event()
        with raw_server(script) as url, ws_client(url, faults=[Dribble()]) as peer:
            peer.abort()
            assert heard.wait(scaled(5))

    def test_do_not_hold_up_the_end(self) -> None:
        def script(server: Server) -> None:
            server.accept(after=SERVER.text("held, too"))
            assert server.frame().payload == b"held"
            server.finish()

        began, stall = time.monotonic(), Stall(direction="both")
        with raw_server(script) as url, ws_client(url, faults=[stall]) as peer:
            peer.send("held")
            stall.wait(scaled(5))
        peer.expect_text("held, too")
        peer.expect_close(1000, initiated_by="client", clean=True)
        assert time.monotonic() - began < scaled(2)


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"url": "http://127.0.0.1:1/"}, "url: the scheme must be ws or wss"),
        ({"url": "ws://"}, "url: has no host"),
        ({"url": 5}, "url: must be a str"),
        ({"headers": {"Bad Name": "x"}}, "headers: "),
        ({"headers": {"Sec-WebSocket-Key": "x"}}, "headers: Sec-WebSocket-Key is the handshake's"),
        ({"subprotocols": "chat"}, "subprotocols: "),
        ({"subprotocols": ["a b"]}, "subprotocols: "),
        ({"origin": "a b"}, "origin: "),
        ({"origin": "x", "headers": {"Origin": "y"}}, "origin: "),
        ({"compression": True}, "compression: "),
        ({"ssl_context": ssl.create_default_context()}, "ssl_context: needs tls"),
        ({"url": "wss://127.0.0.1:1/", "ssl_context": 5}, "ssl_context: "),
        ({"unix_path": ""}, "unix_path: "),
        ({"proxy": 5}, "proxy: "),
        ({"proxy": "ftp://127.0.0.1"}, "proxy: "),
        ({"faults": [Cut]}, "faults: "),
        ({"handshake_timeout": 0}, "handshake_timeout: "),
        ({"handshake_timeout": float("nan")}, "handshake_timeout: "),
        ({"handshake_timeout": "1"}, "handshake_timeout: "),
    ],
)
def test_wrong_arguments_are_named_before_anything_is_done(
    options: dict[str, object], words: str
) -> None:
    with pytest.raises((TypeError, ValueError), match=f"^{words}"):
        ws_client(**{"url": "ws://127.0.0.1:1/", **options})  # type: ignore[arg-type]
