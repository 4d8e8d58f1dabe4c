"""What runs for a test: how clients reach it, how it ends, and what its handlers raised."""

from __future__ import annotations

import json
from concurrent.futures import ThreadPoolExecutor

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import wskit
from tests.deadlines import wait_for
from tests.testing.faults.echoes import Echo
from wskit import Compression, Conn, Handshake, HandshakeRejected, ServerConfig, watching
from wskit.protocol.opcodes import TEXT
from wskit.testing import Peer, ws_client, ws_server
from wskit.testing.faults import Duplicate
from wskit.testing.live import Live


class Reporting(Echo):
    """Tells its client what was asked for."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        if handshake.url == "/no":
            raise HandshakeRejected(404)
        super().__init__(handshake, conn)
        fields = {name: handshake.headers.get(name) for name in ("host", "origin", "x-mine")}
        conn.write(json.dumps({"url": handshake.url, **fields}))


class Fragile(Echo):
    """Raises a LookupError with each message that it gets."""

    def client_message(self, data: str | bytes) -> None:
        raise LookupError(data)


class Closing(Echo):
    """Adds the close frames it gets to the list that is its app, and "close" at its end."""

    def __init__(self, handshake: Handshake, conn: Conn, app: list[object]) -> None:
        super().__init__(handshake, conn)
        self.app = app

    def client_close(self, data: bytes) -> None:
        self.app.append(data)

    def close(self) -> None:
        self.app.append("close")


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do without the plugin, which collects errors of handlers, too."""
    monkeypatch.setattr(watching, "_watchers", ())
    monkeypatch.setattr("wskit.testing.failures._current", None)
    monkeypatch.setattr("wskit.testing.failures._users", 0)


def watchers() -> int:
    return len(watching._watchers)


def failed(peer: Peer, text: str) -> Peer:
    """Have the handler of ``peer`` raise a LookupError of ``text``."""
    peer.send(text)
    peer.expect_close(1011)
    return peer


class TestConnecting:
    def test_every_client_can_use_the_url(self) -> None:
        with ws_server(Reporting) as server:
            assert server.url == f"ws://127.0.0.1:{server.port}"
            assert server.ssl_context is None
            with ws_client(server.url) as peer, wskit.connect(server.url + "/room") as client:
                peer.expect_json({"url": "/", "host": f"127.0.0.1:{server.port}"})
                message = client.read(5)
                assert message is not None
                assert json.loads(message.data)["url"] == "/room"

    def test_the_request_is_as_it_was_asked_for(self) -> None:
        with ws_server(Reporting) as server:
            nothing = {"host": f"127.0.0.1:{server.port}", "origin": None, "x-mine": None}
            server.connect().expect_json({"url": "/", **nothing})
            server.connect("/room?x=1").expect_json({"url": "/room?x=1", **nothing})
            server.connect(headers={"X-Mine": "1"}).expect_json({"x-mine": "1"})
            server.connect(headers=[("X-Mine", "2")]).expect_json({"x-mine": "2"})
            server.connect(origin="https://here").expect_json({"origin": "https://here"})

    def test_subprotocols_and_compression_are_offered(self) -> None:
        config = ServerConfig(subprotocols=["b", "c"], compression=Compression())
        with ws_server(Echo, config=config) as server:
            plain = server.connect()
            assert plain.subprotocol is None
            plain.send("x" * 1000)
            plain.expect_frame(TEXT, rsv1=False)
            peer = server.connect(subprotocols=["a", "b"], compression=Compression())
            assert peer.subprotocol == "b"
            peer.send("x" * 1000, compress=True)
            peer.expect_text("x" * 1000)
            assert [conn.stats().bytes_in < 100 for conn in server.connections] == [False, True]

    def test_faults_lie_on_the_way(self) -> None:
        with ws_server(Echo) as server:
            peer = server.connect(faults=[Duplicate(1)])
            peer.send("twice")
            peer.expect_text("twice")
            peer.expect_text("twice")

    def test_a_refusal_is_returned(self) -> None:
        with ws_server(Reporting) as server:
            server.connect("/no").expect_rejected(404)

    def test_wrong_arguments_are_refused_and_nothing_comes_of_them(self) -> None:
        with ws_server(Echo) as server:
            with pytest.raises(TypeError, match="faults: "):
                server.connect(faults=["cut"])  # type: ignore[list-item]
            with pytest.raises(ValueError, match="subprotocols: "):
                server.connect(subprotocols=["a b"])
            assert server.stats().connections_total == 0
            peer = server.connect()
            peer.send("still there")
            peer.expect_text("still there")

    def test_several_threads_may_connect(self) -> None:
        with ws_server(Echo) as server:

            def talk(number: int) -> Peer:
                peer = server.connect()
                peer.send(f"number {number}")
                peer.expect_text(f"number {number}")
                return peer

            with ThreadPoolExecutor(8) as pool:
                peers = list(pool.map(talk, range(16)))
            assert len(server.connections) == 16
        assert all("closed by the client" in repr(peer) for peer in peers)

    def test_a_kind_of_its_own_must_say_its_port(self) -> None:
        with Live(None) as live, pytest.raises(AssertionError, match="port belongs to the sub"):
            live.connect()


class TestEnding:
    def test_a_connection_that_comes_amid_the_end_is_ended_too(self) -> None:
        with ws_server(Echo) as server:
            server._over = True  # as end() says first
            with pytest.raises(RuntimeError, match=r"^connect: the server has ended"):
                server.connect()
            wait_for(lambda: not server.connections)

    def test_connections_are_closed_before_the_server_is(self) -> None:
        calls: list[object] = []
        with ws_server(Closing, app=calls) as server:
            one, other = server.connect(), server.connect()
            assert calls == []
        assert calls == [b"\x03\xe8", "close"] * 2  # 1000, not the 1001 of a server that stops
        for peer in (one, other):
            peer.expect_close(1000, initiated_by="client", clean=True)

    def test_the_block_gives_the_server(self) -> None:
        live = ws_server(Echo)
        with live as server:
            assert server is live

    def test_end_does_as_the_block_and_may_be_called_again(self) -> None:
        calls: list[object] = []
        with ws_server(Closing, app=calls) as server:
            server.connect()
            server.end()
            server.end()
            assert calls == [b"\x03\xe8", "close"]
            with pytest.raises(ConnectionRefusedError):
                server.connect()

    def test_connections_that_have_ended_are_left_alone(self) -> None:
        calls: list[object] = []
        with ws_server(Closing, app=calls) as server:
            server.connect("/gone").abort()
            with server.connect() as peer:
                peer.close(4000)
        assert b"\x0f\xa0" in calls
        assert calls.count("close") == 2
        assert "closed by the client with 4000" in repr(peer)

    def test_refused_ones_need_no_end(self) -> None:
        with ws_server(Reporting) as server:
            peer = server.connect("/no")
        assert "rejected with HTTP status 404" in repr(peer)

    @pytest.mark.usefixtures("alone")
    def test_nobody_watches_afterwards(self) -> None:
        server = ws_server(Echo)
        assert watchers() == 1
        server.end()
        assert watchers() == 0


class TestErrorsOfHandlers:
    def test_one_that_nobody_has_seen_is_raised_after_the_end(self) -> None:
        server = ws_server(Fragile)
        with pytest.raises(LookupError, match="unseen"), server:
            peer = failed(server.connect(), "unseen")
        assert peer._stream.finished
        with pytest.raises(ConnectionRefusedError):
            server.connect()

    def test_the_first_of_several_is_raised(self) -> None:
        server = ws_server(Fragile)
        for text in ("first", "second"):
            failed(server.connect(), text)
        with pytest.raises(LookupError, match="first"), server:
            pass

    def test_one_that_was_expected_is_not_raised(self) -> None:
        with ws_server(Fragile) as server:
            failed(server.connect(), "seen").expect_error(LookupError, matches="seen")

    def test_the_error_of_the_block_comes_first(self) -> None:
        server = ws_server(Fragile)
        peer = failed(server.connect(), "of the handler")
        with pytest.raises(KeyError, match="of the test"), server:
            raise KeyError("of the test")
        peer.expect_error(LookupError, matches="of the handler")

    def test_end_raises_none(self) -> None:
        server = ws_server(Fragile)
        failed(server.connect(), "later")
        server.end()
        server.end()
        with pytest.raises(LookupError, match="later"), server:
            pass

    @pytest.mark.usefixtures("alone")
    def test_those_of_the_end_itself_count(self) -> None:
        class Sticky(Echo):
            def close(self) -> None:
                raise LookupError("at the end")

        with pytest.raises(LookupError, match="at the end"), ws_server(Sticky) as server:
            server.connect()
        assert watchers() == 0

    @pytest.mark.usefixtures("alone")
    def test_those_of_before_do_not(self) -> None:
        server = ws_server(Fragile)
        failed(server.connect(), "before")
        server.end()
        with ws_server(Echo) as another:
            another.connect()


@settings(max_examples=15)
@given(st.lists(st.text() | st.binary(), max_size=3))
def test_it_works_in_each_example_of_hypothesis(messages: list[str | bytes]) -> None:
    with ws_server(Echo) as server:
        peer = server.connect()
        for message in messages:
            peer.send(message)
            peer.expect_message(message)
