"""Observing servers and clients of this process by a feed."""

from __future__ import annotations

import contextlib
import gc
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.deadlines import scaled, wait_for
from tests.inspection.homes import Echo, captured, counted, payloads
from tests.server.adopting import upgraded
from wskit import (
    Conn,
    ConnectionClosed,
    Handshake,
    HandshakeError,
    HandshakeRejected,
    Server,
    ServerConfig,
    connect,
    watching,
)
from wskit.events import Ended, Event, Lost, Opened, Sample
from wskit.feeds import Feed
from wskit.inspection import Observation
from wskit.inspection.roll import Roll
from wskit.protocol.frames import Direction
from wskit.protocol.gates import Budget
from wskit.protocol.opcodes import CLOSE, Side

MODES = pytest.mark.parametrize("blocking", [False, True], ids=["event", "blocking"])


@contextlib.contextmanager
def serving(
    handler: type = Echo, app: object = None, *, blocking: bool = False
) -> Iterator[Server]:
    with Server(handler, ServerConfig(port=0, blocking=blocking)) as server:
        server.listen_in_new_thread(app)
        yield server


@contextlib.contextmanager
def observing(feed: Feed, *servers: Server) -> Iterator[Observation]:
    observation = Observation(feed, servers or None)
    observation.start()
    try:
        yield observation
    finally:
        observation.end()


def url(server: Server, path: str = "/") -> str:
    return f"ws://127.0.0.1:{server.port}{path}"


def echo(server: Server, *messages: str) -> None:
    with connect(url(server)) as client:
        for message in messages:
            client.write(message)
            assert client.read(scaled(5)) is not None


def opened(events: list[Event]) -> list[Opened]:
    return [event for event in events if isinstance(event, Opened)]


@MODES
class TestServers:
    def test_a_connection_is_told_from_its_beginning_to_its_end(self, blocking: bool) -> None:
        feed = Feed()
        with serving(blocking=blocking) as server, observing(feed, server):
            with connect(url(server, "/a?b=c"), headers={"X-Who": "me"}) as client:
                client.write("hello")
                client.read(scaled(5))
            server.stop()
        first, *frames, last = feed.take(0)
        assert isinstance(first, Opened)
        assert (first.side, first.url, first.status) == (Side.SERVER, "/a?b=c", 101)
        assert first.connection.startswith(f"{first.peer}#")
        assert ("x-who", "me") in first.request
        assert dict(first.response)["Upgrade"] == "websocket"
        assert "Sec-WebSocket-Accept" in dict(first.response)
        assert payloads(frames) == [b"hello", b"hello", b"\x03\xe8", b"\x03\xe8"]
        assert {each.connection for each in captured(frames)} == {first.connection}
        assert isinstance(last, Ended)
        assert (last.connection, last.how) == (first.connection, "")

    def test_one_that_was_there_before_is_told_as_far_as_it_is_known(self, blocking: bool) -> None:
        feed = Feed()
        with serving(blocking=blocking) as server, connect(url(server)) as client:
            client.write("before")
            client.read(scaled(5))
            with observing(feed, server):
                client.write("now")
                client.read(scaled(5))
            client.write("after")
            client.read(scaled(5))
            [conn] = server.connections
            assert conn._protocol.tap is None
        first, *frames = feed.take(0)
        assert isinstance(first, Opened)
        assert (first.url, first.request, first.status) == ("", (), 101)
        assert payloads(frames) == [b"now", b"now"]

    def test_a_refusal_is_told_with_its_request_and_no_end(self, blocking: bool) -> None:
        feed = Feed()
        with serving(blocking=blocking) as server, observing(feed, server):
            with pytest.raises(HandshakeError):
                connect(url(server, "/no"))
            server.stop()
        [refusal] = feed.take(0)
        assert isinstance(refusal, Opened)
        assert (refusal.status, refusal.url, refusal.body) == (403, "/no", b"not you")
        assert refusal.response == (("X-Why", "no"),)
        assert "sec-websocket-key" in dict(refusal.request)

    def test_a_request_that_is_none_is_told_without_one(self, blocking: bool) -> None:
        feed = Feed()
        with serving(blocking=blocking) as server, observing(feed, server):
            assert server.port is not None
            with socket.create_connection(("127.0.0.1", server.port)) as sock:
                sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
                assert sock.recv(100).startswith(b"HTTP/1.1 4")
            server.stop()
        [refusal] = feed.take(0)
        assert isinstance(refusal, Opened)
        assert (400 <= refusal.status < 500, refusal.request) == (True, ())

    def test_what_a_handler_writes_and_adds_while_it_is_made_is_told(self, blocking: bool) -> None:
        class Eager(Echo):
            def __init__(self, handshake: Handshake, conn: Conn) -> None:
                super().__init__(handshake, conn)
                handshake.res_headers.add("X-Early", "yes")
                conn.write("welcome")

        feed = Feed()
        with serving(Eager, blocking=blocking) as server, observing(feed, server):
            with connect(url(server)) as client:
                assert client.read(scaled(5)) is not None
            server.stop()
        first, second, *_ = feed.take(0)
        assert isinstance(first, Opened)
        assert dict(first.response)["X-Early"] == "yes"
        assert payloads([second]) == [b"welcome"]

    def test_what_a_handler_writes_before_it_refuses_is_told_in_order(self, blocking: bool) -> None:
        class Fickle(Echo):
            def __init__(self, handshake: Handshake, conn: Conn) -> None:
                conn.write("welcome")
                raise HandshakeRejected(403)

        feed = Feed()
        with serving(Fickle, blocking=blocking) as server, observing(feed, server):
            with pytest.raises(HandshakeError):
                connect(url(server))
            server.stop()
        first, frame, refusal = feed.take(0)
        assert isinstance(first, Opened)
        assert isinstance(refusal, Opened)
        assert (first.status, refusal.status) == (101, 403)
        assert first.connection == refusal.connection
        assert payloads([frame]) == [b"welcome"]

    def test_a_choice_that_cannot_be_answered_is_a_refusal(self, blocking: bool) -> None:
        class Wrong(Echo):
            def __init__(self, handshake: Handshake, conn: Conn) -> None:
                super().__init__(handshake, conn)
                handshake.subprotocol = "never offered"
                conn.write("x")

        feed = Feed()
        with serving(Wrong, blocking=blocking) as server, observing(feed, server):
            with pytest.raises(HandshakeError):
                connect(url(server))
            server.stop()
        assert [each.status for each in opened(feed.take(0))] == [101, 500]

    def test_an_adopted_one_is_told_with_the_handshake_that_came_with_it(
        self, blocking: bool
    ) -> None:
        feed = Feed()
        ours, theirs = socket.socketpair()
        with (
            ours,
            Server(Echo, ServerConfig(port=None, blocking=blocking)) as server,
            observing(feed, server) as observation,
        ):
            server.listen_in_new_thread()
            server.adopt(theirs, upgraded())
            observation.sample()
            ours.shutdown(socket.SHUT_WR)
            wait_for(lambda: not server.connections)
            server.stop()
        first, sample, last = feed.take(0)
        assert isinstance(first, Opened)
        assert first.url == upgraded().url
        assert isinstance(sample, Sample)
        assert sample.server.startswith("server ")
        assert isinstance(last, Ended)
        assert last.how == "the connection was lost"

    def test_a_sample_says_how_a_server_is(self, blocking: bool) -> None:
        feed = Feed()
        with serving(blocking=blocking) as server, observing(feed, server) as observation:
            echo(server, "a", "b")
            observation.sample()
            server.stop()
            observation.sample()
        [sample] = [event for event in feed.take(0) if isinstance(event, Sample)]
        assert sample.server == f"127.0.0.1:{server.port}"
        assert (sample.stats.messages_in, sample.stats.connections_total) == (2, 1)
        assert sample.queues == {}

    def test_attaching_amid_traffic_changes_nothing_for_the_peers(self, blocking: bool) -> None:
        done = threading.Event()

        def come_and_go(server: Server) -> None:
            while not done.is_set():
                with observing(Feed(50), server) as observation:
                    observation.sample()

        with serving(blocking=blocking) as server:
            watcher = threading.Thread(target=come_and_go, args=(server,))
            watcher.start()
            try:
                with connect(url(server)) as client:
                    for number in range(200):
                        client.write(str(number))
                        message = client.read(scaled(5))
                        assert message is not None
                        assert message.data == str(number)
                    [conn] = server.connections
            finally:
                done.set()
                watcher.join()
            assert conn._protocol.tap is None
            assert conn._protocol.gate is None


class TestWhatIsObserved:
    def test_other_servers_are_not(self) -> None:
        feed = Feed()
        with serving() as chosen, serving() as other, observing(feed, chosen):
            echo(other, "no")
            with pytest.raises(HandshakeError):
                connect(url(other, "/no"))
            echo(chosen, "yes")
            chosen.stop()
            other.stop()
        assert b"no" not in payloads(feed.take(0))

    def test_without_a_choice_all_are_and_clients_too(self) -> None:
        feed = Feed()
        with observing(feed), serving() as server:
            with connect(url(server, "/x")) as client:
                client.write("a")
                client.read(scaled(5))
            server.stop()
        events = feed.take(0)
        ends = {each.side: each for each in opened(events)}
        assert ends[Side.CLIENT].url == url(server, "/x")
        assert ends[Side.CLIENT].peer == f"127.0.0.1:{server.port}"
        assert "sec-websocket-key" in dict(ends[Side.CLIENT].request)
        assert "sec-websocket-accept" in dict(ends[Side.CLIENT].response)
        for side in ("client", "server"):
            assert payloads(events, side) == [b"a", b"a", b"\x03\xe8", b"\x03\xe8"]
        assert len([event for event in events if isinstance(event, Ended)]) == 2

    def test_a_client_that_is_refused_is_told_with_the_answer(self) -> None:
        with serving() as server:
            feed = Feed()
            with observing(feed):
                with pytest.raises(HandshakeError):
                    connect(url(server, "/no"))
                server.stop()
        [client] = [each for each in opened(feed.take(0)) if each.side is Side.CLIENT]
        assert (client.status, client.url, client.body) == (403, url(server, "/no"), b"not you")
        assert dict(client.response)["x-why"] == "no"

    def test_a_client_without_an_answer_is_told(self) -> None:
        feed = Feed()
        with socket.create_server(("127.0.0.1", 0)) as silent, observing(feed):
            port = silent.getsockname()[1]
            with pytest.raises(TimeoutError):
                connect(f"ws://127.0.0.1:{port}", handshake_timeout=0.05)
        [client] = feed.take(0)
        assert isinstance(client, Opened)
        assert (client.status, client.response) == (0, ())

    def test_those_of_a_tool_are_not(self) -> None:
        feed = Feed()
        with observing(feed) as observation, Server(Echo, ServerConfig(port=0)) as server:
            watching.hide(server)
            server.listen_in_new_thread()
            observation.sample()
            with connect(url(server)):
                pass
            server.stop()
        assert {each.side for each in opened(feed.take(0))} == {Side.CLIENT}

    def test_one_that_the_application_forgot_is_over(self) -> None:
        feed = Feed()
        with serving() as server, observing(feed) as observation:
            client = connect(url(server), ping_interval=None)
            [side] = [each for each in opened(feed.take(0)) if each.side is Side.CLIENT]
            client._transport.close()
            del client
            gc.collect()
            observation.sample()
            ends = [event for event in feed.take(0) if isinstance(event, Ended)]
            assert side.connection in {each.connection for each in ends}
            server.stop(timeout=0)

    def test_a_server_that_has_stopped_is_not(self) -> None:
        feed = Feed()
        with serving() as server:
            server.stop()
        with observing(feed, server) as observation:
            observation.sample()
        assert feed.take(0) == []

    def test_what_waits_to_be_sent_is_told(self) -> None:
        feed = Feed()
        with serving() as server, observing(feed, server) as observation:
            client = connect(url(server))
            [conn] = server.connections
            while not conn.stats().queued:
                conn.write(bytes(1 << 16))
            observation.sample()
            events = feed.take(0)
            [sample] = [event for event in events if isinstance(event, Sample)]
            assert list(sample.queues) == [opened(events)[0].connection]
            assert all(size > 0 for size in sample.queues.values())
            server.stop(timeout=0)
            client.close()

    def test_names_are_never_used_again(self) -> None:
        feed = Feed()
        with serving() as server, observing(feed, server):
            for _ in range(3):
                echo(server, "x")
            server.stop()
        assert len({each.connection for each in opened(feed.take(0))}) == 3


class TestBudgets:
    def exchange(self, left: int, *, tapped: bool = False) -> tuple[list[Event], int]:
        """Exchange 25 messages with ``left`` of a budget, and say what came of it."""
        feed, roll = Feed(), Roll(lambda owner: True)
        roll.begin()
        observation = Observation(feed, roll=roll, budget=Budget(left))
        observation.start()
        try:
            with serving() as server:
                with connect(url(server)) as client:
                    if tapped:
                        client.set_tap(lambda frame: None)
                        server.connections[0].set_tap(lambda frame: None)
                    for number in range(25):
                        client.write(str(number))
                        client.read(scaled(5))
                    observation.collect()
                server.stop()
        finally:
            observation.end()
            roll.end()
        return feed.take(0), feed.lost

    @pytest.mark.parametrize("tapped", [False, True], ids=["alone", "beside another tap"])
    @pytest.mark.parametrize("left", [0, 1, 30, 1000])
    def test_every_frame_is_there_or_counted(self, left: int, tapped: bool) -> None:
        events, lost = self.exchange(left, tapped=tapped)
        assert counted(events) == 2 * (50 + 2)
        assert lost == max(0, 104 - left)
        assert len(captured(events)) == min(104, left)

    def test_what_was_lost_is_told_before_the_end(self) -> None:
        events, _ = self.exchange(0)
        assert isinstance(events[-1], Ended)
        assert isinstance(events[-2], Lost)

    def test_with_enough_the_order_is_kept(self) -> None:
        events, _ = self.exchange(1000)
        client = [e.connection for e in opened(events) if e.side is Side.CLIENT]
        sent = [
            each.frame.payload
            for each in captured(events)
            if each.connection in client and each.frame.direction is Direction.OUT
        ]
        assert sent == [*(b"%d" % number for number in range(25)), b"\x03\xe8"]


def test_a_handler_that_fails_is_not_disturbed() -> None:
    class Failing(Echo):
        def client_message(self, data: str | bytes) -> None:
            raise LookupError(data)

    feed = Feed()
    with serving(Failing) as server, observing(feed, server):
        with connect(url(server)) as client:
            client.write("x")
            with pytest.raises(ConnectionClosed, match="1011"):
                client.read(scaled(5))
        server.stop()
    assert [each.frame.opcode for each in captured(feed.take(0))] == [1, CLOSE, CLOSE]
