"""What tools in the same process are told of errors in handlers, which nobody else would see."""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Iterator
from dataclasses import dataclass

import pytest

from tests.client.raw import raw_server
from tests.client.recording import ALL, sending
from tests.deadlines import scaled
from tests.protocol.wire import SERVER
from tests.server.adopting import upgraded
from tests.server.peer import CLOSE, PING, PONG, TEXT, Peer, frame
from wskit import (
    Conn,
    Handshake,
    HandshakeError,
    HandshakeRejected,
    Server,
    ServerConfig,
    connect,
    watching,
)
from wskit.protocol.opcodes import Side
from wskit.protocol.response import ClientHandshakeResult

MODES = pytest.mark.parametrize("blocking", [False, True], ids=["event", "blocking"])
ERRORS = pytest.mark.parametrize("error", [LookupError("x"), SystemExit(1)], ids=repr)


class Listening(watching.Watcher):
    """Remembers connections, refusals and failures."""

    def __init__(self) -> None:
        self.conns: list[Conn] = []
        self.statuses: list[int] = []
        self.failures: list[tuple[Conn | None, str, BaseException]] = []

    def opened(self, side: Side, conn: Conn, opening: Handshake | ClientHandshakeResult) -> None:
        self.conns.append(conn)

    def refused(self, address: object, error: HandshakeError) -> None:
        self.statuses.append(error.status)

    def failed(self, conn: Conn | None, where: str, error: BaseException) -> None:
        self.failures.append((conn, where, error))


@dataclass(frozen=True)
class Plan:
    """Says in which callback which error is raised."""

    where: str
    error: BaseException

    def at(self, here: str) -> None:
        if here == self.where:
            raise self.error


class Fragile:
    """Follows a plan on a server."""

    def __init__(self, handshake: Handshake, conn: Conn, app: Plan) -> None:
        self.conn, self.plan = conn, app
        app.at("__init__")

    def after_init(self) -> None:
        self.plan.at("after_init")

    def client_message(self, data: str | bytes) -> None:
        self.plan.at("client_message")

    def client_ping(self, data: bytes) -> None:
        self.plan.at("client_ping")

    def client_pong(self, data: bytes) -> None:
        self.plan.at("client_pong")

    def client_close(self, data: bytes) -> None:
        self.plan.at("client_close")

    def close(self) -> None:
        self.plan.at("close")


class FragileReader:
    """Follows a plan in the read loop of a client."""

    def __init__(self, plan: Plan) -> None:
        self.plan = plan

    def server_message(self, data: str | bytes) -> None:
        self.plan.at("server_message")

    def server_ping(self, data: bytes) -> None:
        self.plan.at("server_ping")

    def server_pong(self, data: bytes) -> None:
        self.plan.at("server_pong")

    def server_close(self, data: bytes) -> None:
        self.plan.at("server_close")

    def close(self) -> None:
        self.plan.at("close")


@pytest.fixture
def heard(monkeypatch: pytest.MonkeyPatch) -> Listening:
    """Give the only watcher; not even the plugin hears of these errors."""
    heard = Listening()
    monkeypatch.setattr(watching, "_watchers", (heard,))
    return heard


@contextlib.contextmanager
def serving(plan: Plan, blocking: bool, handler: type = Fragile) -> Iterator[Server]:
    """Run a server; when it is over, whatever there is to tell of it has been told."""
    with Server(handler, ServerConfig(port=0, blocking=blocking)) as server:
        server.listen_in_new_thread(plan)
        yield server


def refused(server: Server) -> int:
    """Give the status with which a client is refused."""
    with pytest.raises(HandshakeError) as caught:
        connect(f"ws://127.0.0.1:{server.port}/")
    return caught.value.status


@MODES
class TestOfServers:
    @ERRORS
    @pytest.mark.parametrize(
        "where",
        ["after_init", "client_message", "client_ping", "client_pong", "client_close", "close"],
    )
    def test_the_callback_is_named(
        self, heard: Listening, blocking: bool, where: str, error: BaseException
    ) -> None:
        with serving(Plan(where, error), blocking) as server:
            assert server.port is not None
            with Peer(server.port).open() as peer:
                peer.send(b"".join(frame(opcode) for opcode in (TEXT, PING, PONG, CLOSE)))
                assert peer.ended()
        [conn] = heard.conns
        assert heard.failures == [(conn, where, error)]

    @ERRORS
    def test_without_a_handler_there_is_no_connection(
        self, heard: Listening, blocking: bool, error: BaseException
    ) -> None:
        with serving(Plan("__init__", error), blocking) as server:
            assert refused(server) == 500
        assert heard.failures == [(None, "__init__", error)]
        assert heard.statuses == [500]

    def test_an_error_in_the_hook_for_errors_stands_for_the_first(
        self, heard: Listening, blocking: bool
    ) -> None:
        another = KeyError("in the hook")

        class Hooked(Fragile):
            @staticmethod
            def handshake_error_response(error: BaseException) -> None:
                raise another

        with serving(Plan("__init__", LookupError()), blocking, Hooked) as server:
            assert refused(server) == 500
        assert heard.failures == [(None, "handshake_error_response", another)]

    def test_a_refusal_that_cannot_be_sent_is_told_as_what_was_sent(
        self, heard: Listening, blocking: bool
    ) -> None:
        error = HandshakeRejected(403, [("x y", "\n")])
        with serving(Plan("__init__", error), blocking) as server:
            assert refused(server) == 500
            assert server.stats().handshake_failures == {500: 1}
        assert heard.statuses == [500]

    def test_what_the_peer_is_told_is_no_failure(self, heard: Listening, blocking: bool) -> None:
        class Hooked(Fragile):
            @staticmethod
            def handshake_error_response(error: BaseException) -> HandshakeRejected:
                return HandshakeRejected(409)

        with serving(Plan("__init__", HandshakeRejected(403)), blocking) as server:
            assert refused(server) == 403
        with serving(Plan("__init__", LookupError()), blocking, Hooked) as server:
            assert refused(server) == 409
        assert heard.statuses == [403, 409]
        assert heard.failures == []

    def test_what_the_caller_sees_is_not_told(self, heard: Listening, blocking: bool) -> None:
        ours, theirs = socket.socketpair()
        with (
            ours,
            serving(Plan("__init__", KeyError("x")), blocking) as server,
            pytest.raises(KeyError, match="x"),
        ):
            server.adopt(theirs, upgraded())
        assert len(heard.conns) == 1
        assert heard.failures == []

    def test_writing_to_a_closed_connection_is_none(self, heard: Listening, blocking: bool) -> None:
        class Leaving(Fragile):
            def client_message(self, data: str | bytes) -> None:
                self.conn.close(4000)
                self.conn.write("too late")

        with serving(Plan("nowhere", KeyError()), blocking, Leaving) as server:
            assert server.port is not None
            with Peer(server.port).open() as peer:
                peer.text("leave")
                assert peer.read_close() == 4000
        assert len(heard.conns) == 1
        assert heard.failures == []


class TestOfClients:
    @ERRORS
    @pytest.mark.parametrize(
        "where", ["server_message", "server_ping", "server_pong", "server_close", "close"]
    )
    def test_an_error_that_ends_the_thread_of_a_read_loop_is_told(
        self, heard: Listening, where: str, error: BaseException
    ) -> None:
        with raw_server(sending(*ALL, SERVER.close(1000))) as url, connect(url) as client:
            thread = client.read_loop_in_new_thread(FragileReader(Plan(where, error)))
            thread.join(scaled(5))
            assert not thread.is_alive()
            assert heard.failures == [(client, "read_loop", error)]

    def test_what_the_caller_of_the_read_loop_sees_is_not_told(self, heard: Listening) -> None:
        reader = FragileReader(Plan("server_ping", LookupError("x")))
        with (
            raw_server(sending(*ALL)) as url,
            connect(url) as client,
            pytest.raises(LookupError, match="x"),
        ):
            client.read_loop(reader)
        assert heard.conns == [client]
        assert heard.failures == []

    def test_a_read_loop_without_an_error_tells_of_none(self, heard: Listening) -> None:
        with raw_server(sending(*ALL, SERVER.close(1000))) as url, connect(url) as client:
            client.read_loop_in_new_thread(FragileReader(Plan("nowhere", KeyError()))).join(
                scaled(5)
            )
        assert heard.conns == [client]
        assert heard.failures == []
