"""One connection under attack, with a socket of the test at its other end."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator

import pytest

from tests.deadlines import scaled
from tests.protocol import wire
from wskit.fuzzing.links import Link
from wskit.fuzzing.scripts import Does, Step
from wskit.protocol.opcodes import Side
from wskit.testing.sockets import socket_pair

HEAD = b"HTTP/1.1 101 a\r\n\r\n"


@contextlib.contextmanager
def linked(patience: float = 5.0, side: Side = Side.CLIENT) -> Iterator[tuple[Link, socket.socket]]:
    ours, theirs = socket_pair(tcp=True)
    theirs.setblocking(True)
    theirs.settimeout(scaled(5))
    link = Link(ours, side, patience=scaled(patience))
    with theirs, contextlib.closing(link):
        yield link, theirs


@contextlib.contextmanager
def opened(patience: float = 5.0, side: Side = Side.CLIENT) -> Iterator[tuple[Link, socket.socket]]:
    with linked(patience, side) as (link, sock):
        sock.sendall(HEAD)
        assert link.wait_head()
        link.begin(None)
        yield link, sock


def test_frames_may_come_with_the_head() -> None:
    with linked() as (link, sock):
        sock.sendall(HEAD + wire.SERVER.text(b"a"))
        assert link.wait_head()
        assert not link.messages
        link.begin(None)
        assert (link.messages, link.head) == ([b"a"], HEAD)


def test_a_head_that_never_ends_is_not_kept_whole() -> None:
    with linked() as (link, sock):

        def send() -> None:
            sock.sendall(b"a" * (3 << 20))
            sock.shutdown(socket.SHUT_WR)

        thread = threading.Thread(target=send)
        thread.start()
        assert not link.wait_head()
        thread.join()
        assert link.ended == "end of stream"
        assert len(link.head) == 1 << 20


def test_messages_pongs_and_a_close() -> None:
    with opened() as (link, sock):
        sock.sendall(wire.SERVER.text("ä".encode()) + wire.SERVER.binary(b"b"))
        sock.sendall(
            wire.SERVER.frame(wire.PONG, b"p") + wire.SERVER.frame(wire.CLOSE, b"\x03\xe9")
        )
        assert link.wait(lambda: link.close_code is not None)
        assert (link.messages, link.pongs) == (["ä".encode(), b"b"], [b"p"])
        assert link.close_code == 1001
        (frame,) = wire.frames(sock.recv(100))
        assert (frame.opcode, frame.payload) == (wire.CLOSE, b"\x03\xe9")
        assert frame.key


def test_pings_are_answered() -> None:
    with opened(side=Side.SERVER) as (link, sock):
        sock.sendall(wire.CLIENT.ping(b"a"))
        link.wait(lambda: bool(link.events))
        assert wire.frames(sock.recv(100)) == [wire.Frame(wire.PONG, b"a")]


def test_what_is_illegal() -> None:
    with opened() as (link, sock):
        sock.sendall(wire.CLIENT.text(b"a"))
        assert not link.wait(lambda: bool(link.messages))
        assert link.silent
        assert link.illegal is not None


@pytest.mark.parametrize("how", ["end of stream", "reset"])
def test_how_it_ended(how: str) -> None:
    with opened() as (link, sock):
        if how == "reset":
            link.send(b"unread")
            assert sock.recv(1, socket.MSG_PEEK)
        sock.close()
        assert link.wait(lambda: bool(link.ended))
        assert link.ended == how


def test_a_wait_ends() -> None:
    with opened(patience=0.05) as (link, _):
        assert not link.wait(lambda: False)
        assert not link.ended


def test_steps() -> None:
    with opened() as (link, sock):
        for step in (
            Step(Does.SEND, b"ab", 3),
            Step(Does.SEND),
            Step(Does.DRIBBLE, b"cd"),
            Step(Does.STALL, seconds=0.01),
            Step(Does.SHUT),
        ):
            link.do(step)
        received = b""
        while data := sock.recv(100):
            received += data
        assert received == b"abababcd"
        assert link.sent == 8


def test_reading_as_a_step() -> None:
    with opened() as (link, sock):
        link.do(Step(Does.READ, seconds=0.01))
        sock.sendall(wire.SERVER.text(b"a"))
        link.do(Step(Does.READ, seconds=scaled(5)))
        assert link.messages == [b"a"]


def test_it_reads_while_it_sends() -> None:
    """The other end sends much before it reads anything, and neither gets stuck."""
    much = wire.SERVER.binary(b"a" * (4 << 20))
    with opened() as (link, sock):

        def send_then_read() -> None:
            sock.sendall(much)
            left = 4 << 20
            while left:
                left -= len(sock.recv(1 << 16))

        thread = threading.Thread(target=send_then_read)
        thread.start()
        link.send(b"b" * 1024, 4096)
        assert link.wait(lambda: bool(link.messages))
        thread.join()
        assert not link.unsent


def test_who_does_not_read_is_given_up() -> None:
    with opened(patience=0.05) as (link, _):
        link.send(b"a" * 65536, 1000)
        assert link.unsent
        assert link.sent < 65536 * 1000


def test_sending_stops_when_the_other_side_has_gone() -> None:
    with opened() as (link, sock):
        sock.sendall(wire.SERVER.frame(wire.CLOSE, b"\x03\xea"))
        sock.close()
        link.send(b"a" * 65536, 1000)
        assert link.ended
        assert link.close_code == 1002


def test_sending_stops_when_the_other_side_has_closed() -> None:
    with opened() as (link, sock):
        sock.sendall(wire.SERVER.frame(wire.CLOSE, b"\x03\xea"))
        link.send(b"a" * 65536, 1000)
        assert link.unsent
        assert link.close_code == 1002


@pytest.mark.parametrize("does", [Does.CUT, Does.RESET])
def test_its_own_end(does: Does) -> None:
    with opened() as (link, sock):
        link.do(Step(does))
        assert link.closed
        assert link.silent
        if does is Does.RESET:
            with pytest.raises(ConnectionResetError):
                sock.recv(1)
        else:
            assert sock.recv(1) == b""


def test_a_crowd_leaves_with_it() -> None:
    one, other = socket_pair()
    with linked() as (link, _):
        link.join_crowd(one)
    with other:
        assert other.recv(1) == b""
