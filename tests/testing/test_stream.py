"""The test's end of a connection: read when asked, nothing lost at its edges."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
import time

import pytest

from tests.deadlines import scaled
from tests.protocol.wire import SERVER
from tests.testing.ends import linked
from wskit import ConnectionClosed
from wskit.protocol.opcodes import Side
from wskit.testing.certificates import contexts
from wskit.testing.peer import Peer
from wskit.testing.sockets import socket_pair
from wskit.testing.stream import Stream
from wskit.testing.timeouts import Patience, defaults
from wskit.testing.wires import new_wire
from wskit.tls import TLSSocket


def test_nothing_is_read_until_the_test_asks() -> None:
    with linked() as ends:
        ends.come(SERVER.ping(b"p"))
        assert ends.peer._stream.wire.captures == []
        ends.peer.drain()
        assert len(ends.peer._stream.wire.captures) == 2


def test_what_came_behind_the_handshake_is_the_first() -> None:
    with linked() as ends:
        stream = ends.peer._stream
        stream.open(None, None, SERVER.text("a") + SERVER.text("b" * 5000) + b"\x81\x03c")
        ends.peer.expect_text("a")
        ends.peer.expect_text("b" * 5000)
        ends.come(b"de")
        ends.peer.expect_text("cde")


def test_what_came_behind_a_close_is_dropped() -> None:
    with linked() as ends:
        ends.peer._stream.open(None, None, SERVER.close(1000) + SERVER.text("x"))
        ends.peer.expect_close(1000)
        assert ends.peer.drain() == []
        assert not ends.peer._stream.receive(Patience(0))


def test_every_byte_is_a_boundary() -> None:
    data = SERVER.text("a", fin=False) + SERVER.ping(b"p") + SERVER.last(b"b") + SERVER.close(1000)
    with linked() as ends:
        for at in range(len(data)):
            ends.come(data[at : at + 1])
            ends.peer._stream.receive(Patience(scaled(1)))
        ends.peer.expect_fragments(["a", "b"])
        ends.peer.expect_ping(b"p")
        ends.peer.expect_close(1000)


def test_a_violation_is_answered_with_its_code() -> None:
    with linked() as ends:
        ends.come(SERVER.frame(3))
        with pytest.raises(AssertionError, match="violation of the protocol by the server"):
            ends.peer.expect_text()
        (frame,) = ends.frames()
        assert (frame.opcode, frame.payload[:2]) == (8, b"\x03\xea")
        assert ends.peer._stream.wire.ending is not None
        assert ends.peer._stream.wire.ending.startswith("the server broke the protocol: ")


def test_the_end_of_the_stream_can_be_waited_for() -> None:
    with linked() as ends:
        stream = ends.peer._stream
        ends.come(SERVER.text("dropped"))
        assert not stream.end_of_stream(Patience(0))
        ends.sock.close()
        assert stream.end_of_stream(Patience(scaled(1)))
        assert stream.lost == "end of stream"
    with linked(tcp=True) as ends:
        ends.sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
        ends.sock.close()
        assert ends.peer._stream.end_of_stream(Patience(scaled(1)))
        assert ends.peer._stream.lost == "reset"


def test_an_answer_that_nobody_takes_is_no_error() -> None:
    with linked() as ends:
        ends.come(SERVER.ping(), SERVER.text("x"), SERVER.close(1000))
        ends.sock.close()
        ends.peer.expect_text("x")
        ends.peer.expect_close(1000, clean=True)


def test_what_was_said_before_is_read_though_an_answer_cannot_be_sent() -> None:
    with linked() as ends:
        ends.peer.half_close()
        ends.come(SERVER.ping(), SERVER.text("still here"))
        ends.peer.expect_text("still here")
    with linked() as ends:
        ends.come(SERVER.ping(), SERVER.text("x" * 100_000), SERVER.close(1000))
        ends.sock.close()
        ends.peer.expect_text("x" * 100_000)
        ends.peer.expect_close(1000)


def send_many(peer: Peer, text: str, count: int) -> None:
    for _ in range(count):
        peer.send(text)


def test_any_thread_may_send() -> None:
    with linked() as ends:
        threads = [
            threading.Thread(target=lambda: send_many(ends.peer, "x" * 50, 50)) for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [frame.payload for frame in ends.frames()] == [b"x" * 50] * 200


def test_a_close_of_1005_by_either_end_is_on_record() -> None:
    with linked() as ends:
        ends.peer.close(None)
        assert ends.peer._stream.wire.ending == "closed by the client with 1005"
        ends.come(SERVER.close(4000, b"x"))
        assert ends.peer.expect_close(4000).initiated_by == "client"


def test_it_ends_once() -> None:
    with linked() as ends:
        stream = ends.peer._stream
        stream.finish()
        assert stream.wire.ending == "dropped by the client"
        stream.finish()
        stream.reset()
        stream.shut_down_writing()
        assert stream.wire.ending == "dropped by the client"
        with pytest.raises(ConnectionClosed):
            ends.peer.send_raw(b"x")


@pytest.fixture
def tls_pair() -> tuple[TLSSocket, TLSSocket]:
    server_context, client_context = contexts()
    ours, theirs = socket_pair()
    server = TLSSocket(theirs, server_context, server_side=True)
    client = TLSSocket(ours, client_context, server_side=False, server_hostname="localhost")
    waiting = [client, server]
    while waiting:
        for each in list(waiting):
            try:
                each.do_handshake()
                waiting.remove(each)
            except BlockingIOError:
                pass
    return client, server


def test_tls_that_holds_bytes_back_is_asked_before_waiting(
    tls_pair: tuple[TLSSocket, TLSSocket],
) -> None:
    client, server = tls_pair
    peer = Peer(Stream(client, Side.CLIENT, new_wire("raw", Side.CLIENT)))
    server.send(SERVER.text("a" * 3000) + SERVER.text("b" * 3000) + SERVER.text("c"))
    for text in ("a" * 3000, "b" * 3000, "c"):
        peer.expect_text(text, timeout=scaled(1))
    client.wants_write = True  # as if it had to write before it can read
    server.send(SERVER.text("d"))
    peer.expect_text("d")
    peer.abort()
    with pytest.raises((ssl.SSLError, ConnectionError)):
        send_for_ever(server)
    server.close()


def send_for_ever(sock: TLSSocket) -> None:
    """Send until it raises, within a second."""
    start = time.monotonic()
    while time.monotonic() - start < scaled(1):
        with contextlib.suppress(BlockingIOError):
            sock.send(b"x" * 100)


def test_waiting_is_not_cut_short_under_a_debugger(monkeypatch: pytest.MonkeyPatch) -> None:
    """The message comes long after the time of the expectation is over."""
    monkeypatch.setattr(defaults, "debugging", True)
    with linked() as ends:
        timer = threading.Timer(0.05, lambda: ends.come(SERVER.text("late")))
        timer.start()
        assert ends.peer.expect_text(timeout=0.001) == "late"
        timer.join()
        ends.peer.expect_nothing(0.01)
        assert ends.peer.drain() == []
