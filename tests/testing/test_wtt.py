"""Handlers of servers, called by the test, on a real connection without a server."""

from __future__ import annotations

import pytest

from wskit import Conn, ConnectionClosed, Handshake, MessageType, ProtocolError
from wskit.testing import WebSocketTest


class Recorder:
    """Answers messages and keeps what it was told."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        self.handshake = handshake
        self.conn = conn
        self.seen: list[object] = []

    def client_message(self, data: str | bytes) -> None:
        self.seen.append(data)
        if data == "leave":
            self.conn.close(4000, "bye")
        elif data == "fail":
            raise LookupError("no such thing")
        else:
            self.conn.write(data)

    def close(self) -> None:
        self.seen.append("closed")


class Attentive(Recorder):
    """Has every callback there is."""

    def client_ping(self, data: bytes) -> None:
        self.seen.append(("ping", data))

    def client_pong(self, data: bytes) -> None:
        self.seen.append(("pong", data))

    def client_close(self, data: bytes) -> None:
        self.seen.append(("close", data))


class Elaborate:
    """Takes messages in their longest shape."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        self.conn = conn

    def client_message(self, allocator: object, data: str | bytes, type: MessageType) -> None:
        self.conn.write(f"{type.name} {data!r}")


def made(wtt: WebSocketTest) -> Recorder:
    return Recorder(wtt.handshake(), wtt.conn)


def test_a_handler_is_called_by_the_test(wtt: WebSocketTest) -> None:
    handler = made(wtt)
    handler.client_message("hello world")
    handler.client_message(b"\x00")
    assert wtt.expect_message("hello world") == (MessageType.TEXT, "hello world")
    wtt.expect_message(MessageType.BINARY, b"\x00")


def test_the_handshake_is_what_the_test_says(wtt: WebSocketTest) -> None:
    handshake = wtt.handshake(
        url="/chat?x=1", headers={"Authorization": "t", "Cookie": "a=b"}, subprotocol="v2"
    )
    assert (handshake.path, handshake.query) == ("/chat", {"x": ["1"]})
    assert handshake.headers.get("authorization") == "t"
    assert handshake.cookies == {"a": "b"}
    assert handshake.remote_address == wtt.conn.address
    assert handshake.subprotocol == wtt.conn.subprotocol == "v2"


def test_messages_are_delivered_in_this_thread(wtt: WebSocketTest) -> None:
    handler = made(wtt)
    assert wtt.deliver(handler) == 0
    wtt.send("one")
    wtt.send_fragments(["t", "wo"])
    assert wtt.deliver(handler) == 2
    wtt.expect_text("one")
    wtt.expect_text("two")
    assert handler.seen == ["one", "two"]


def test_messages_come_in_the_shape_that_the_handler_has(wtt: WebSocketTest) -> None:
    handler = Elaborate(wtt.handshake(), wtt.conn)
    wtt.send("a")
    wtt.send(b"b")
    wtt.deliver(handler)
    wtt.expect_text("TEXT 'a'")
    wtt.expect_text("BINARY b'b'")


def test_what_no_callback_takes_is_answered(wtt: WebSocketTest) -> None:
    wtt.ping(b"1")
    wtt.pong(b"2")
    wtt.close(1001, "going")
    handler = made(wtt)
    assert wtt.deliver(handler) == 3
    wtt.expect_pong(b"1")
    wtt.expect_close(1001, initiated_by="client", clean=True)
    assert handler.seen == ["closed"]


def test_callbacks_take_control_frames(wtt: WebSocketTest) -> None:
    handler = Attentive(wtt.handshake(), wtt.conn)
    wtt.ping(b"1")
    wtt.pong(b"2")
    wtt.close(1001)
    wtt.deliver(handler)
    assert handler.seen == [("ping", b"1"), ("pong", b"2"), ("close", b"\x03\xe9"), "closed"]
    assert [message.type for message in wtt.drain()] == [MessageType.CLOSE]


def test_after_its_close_a_handler_gets_no_more(wtt: WebSocketTest) -> None:
    handler = made(wtt)
    wtt.send("leave")
    wtt.send("never seen")
    assert wtt.deliver(handler) == 1
    assert wtt.deliver(handler) == 0
    wtt.expect_close(4000, "bye", initiated_by="server")
    assert handler.seen == ["leave", "closed"]


def test_what_the_handler_raises_comes_out_and_closes(wtt: WebSocketTest) -> None:
    handler = made(wtt)
    wtt.send("fail")
    with pytest.raises(LookupError, match="no such thing"):
        wtt.deliver(handler)
    wtt.expect_close(1011, "handler failed", initiated_by="server")
    assert handler.seen == ["fail", "closed"]


def test_a_violation_of_the_protocol_comes_out_and_closes(wtt: WebSocketTest) -> None:
    handler = made(wtt)
    wtt.send("good")
    wtt.send_frame(1, "bad", mask=False)
    with pytest.raises(ProtocolError):
        wtt.deliver(handler)
    wtt.expect_text("good")
    wtt.expect_close(1002, initiated_by="server")
    assert handler.seen == ["good", "closed"]


def test_a_handler_with_wrong_methods_is_refused(wtt: WebSocketTest) -> None:
    class Wrong:
        def __init__(self, handshake: Handshake, conn: Conn) -> None: ...

        def client_message(self) -> None: ...

    with pytest.raises(TypeError, match=r"Wrong\.client_message"):
        wtt.deliver(Wrong(wtt.handshake(), wtt.conn))


@pytest.mark.parametrize("tcp", [False, True])
def test_a_lost_client_ends_the_handler(tcp: bool) -> None:
    with WebSocketTest(tcp=tcp) as wtt:
        handler = made(wtt)
        wtt.abort()
        assert wtt.deliver(handler) == 0
        assert handler.seen == ["closed"]
        with pytest.raises(ConnectionClosed):
            wtt.conn.write("too late")


def test_a_write_to_a_lost_client_is_no_fault_of_the_handler(wtt: WebSocketTest) -> None:
    handler = made(wtt)
    wtt.send("anybody there?")
    wtt._stream.finish()
    wtt.deliver(handler)
    assert handler.seen[-1] == "closed"


@pytest.mark.parametrize("tcp", [False, True])
def test_large_messages_pass_both_ways(tcp: bool) -> None:
    """Larger than what the kernel holds, though one thread has both ends."""
    with WebSocketTest(tcp=tcp) as wtt:
        handler = made(wtt)
        handler.client_message(b"x" * 5_000_000)
        assert len(wtt.expect_binary()) == 5_000_000
        wtt.send("y" * 5_000_000)
        assert wtt.deliver(handler) == 1
        assert handler.seen[-1] == "y" * 5_000_000


def test_the_end_may_be_called_again(wtt: WebSocketTest) -> None:
    wtt.end()
    wtt.end()
    assert wtt.conn.is_closed
