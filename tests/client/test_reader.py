"""The reading half: events by a deadline, answers that wait for nobody, an orderly end."""

from __future__ import annotations

import threading

import pytest

from tests.client.limits import within
from tests.client.raw import Peer, raw_server
from tests.client.test_client_closing import in_thread
from tests.deadlines import scaled, wait_for
from tests.protocol.wire import PONG, SERVER, TEXT, Frame
from wskit import ConnectionClosed, MessageType, Opcode, ProtocolError, connect
from wskit.deadlines import Deadline


class TestEvents:
    def test_come_in_order_then_none(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept(after=SERVER.text("a") + SERVER.ping(b"b"))
            peer.finish()

        with raw_server(script) as url, connect(url) as client:
            reader = client._reader
            assert reader.event(Deadline(scaled(5))) == (Opcode.TEXT, "a")
            assert reader.event(Deadline(scaled(5))) == (Opcode.PING, b"b")
            assert reader.parsed() is None
            assert reader.event(Deadline(0)) is None

    def test_a_deadline_that_has_passed_allows_one_look(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            peer.send(SERVER.text("x" * 9000))
            sent.set()
            peer.finish()

        sent = threading.Event()
        with raw_server(script) as url, connect(url) as client:
            assert sent.wait(scaled(5))
            looks = 0
            while client._reader.event(Deadline(0)) is None:
                looks += 1
            assert looks >= 1, "9000 bytes do not fit the buffer that is looked into"

    def test_nothing_comes_after_the_end(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept(after=SERVER.close(1001) + SERVER.text("late"))
            peer.close_code()

        with raw_server(script) as url, connect(url) as client:
            reader = client._reader
            assert not reader.over
            assert reader.event(Deadline(scaled(5))) == (Opcode.CLOSE, b"\x03\xe9")
            assert reader.over
            for _ in range(2):
                with pytest.raises(ConnectionClosed, match="1001"):
                    reader.event(Deadline(scaled(5)))


class TestAnswers:
    def test_a_pong_waits_neither_for_a_writer_nor_for_room(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            peer.send(SERVER.ping(b"1"))
            go.wait(scaled(5))
            peer.send(SERVER.ping(b"2"))
            frames.append(peer.frame())
            peer.send(SERVER.text("got it"))
            peer.finish()

        go, frames = threading.Event(), list[Frame]()
        with raw_server(script) as url, connect(url) as client:
            with client._outbound.lock, within(1.0):
                assert client.read(timeout=0.1) is None
            with client._outbound.lock:
                go.set()
                assert client.read(timeout=0.1) is None
            assert client.read(timeout=scaled(5)) == (MessageType.TEXT, "got it")
        assert frames[0][:2] in ((PONG, b"1"), (PONG, b"2"))

    def test_a_pong_that_is_owed_on_a_lost_connection_is_forgotten(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            peer.send(SERVER.ping(b"1"))
            peer.rest()

        with raw_server(script) as url, connect(url, close_timeout=0.1) as client:
            with client._outbound.lock:
                assert client.read(timeout=0.05) is None
                assert client._reader._owed is not None
                client._outbound.fail()
            client.read(timeout=0.05)
            assert client._reader._owed is None

    def test_a_close_is_answered_though_a_writer_is_busy_for_a_moment(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            peer.send(SERVER.close(4000))
            codes.append(peer.close_code())

        codes: list[int | None] = []
        with raw_server(script) as url, connect(url) as client:
            lock = client._outbound.lock
            lock.acquire()
            with in_thread(lambda: client.read(timeout=scaled(5))) as outcome:
                wait_for(lambda: client._reader.over)
                lock.release()
            assert isinstance(outcome[0], ConnectionClosed)
        assert codes == [4000]

    def test_a_protocol_error_is_told_though_a_writer_is_stuck(self) -> None:
        """The connection is cut then, in a second."""

        def script(peer: Peer) -> None:
            peer.accept()
            stuck.wait(scaled(5))
            peer.send(SERVER.frame(3))
            done.wait(scaled(10))

        stuck, done = threading.Event(), threading.Event()
        with (
            raw_server(script, receive_buffer=8192) as url,
            connect(url, write_timeout=None) as client,
            in_thread(lambda: client.write(bytes(8_000_000))) as outcome,
        ):
            wait_for(lambda: client.stats().queued)
            stuck.set()
            with within(4.0), pytest.raises(ProtocolError):
                client.read()
            done.set()
        assert isinstance(outcome[0], ConnectionClosed)


class TestEnd:
    def test_after_a_protocol_error_our_fin_tells_the_server(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            peer.send(SERVER.frame(3))
            assert peer.close_code() == 1002
            assert peer.rest() == b""
            peer.send(SERVER.text("too late") * 100)

        with raw_server(script) as url, connect(url) as client:
            with within(1.0), pytest.raises(ProtocolError):
                client.read()
            assert client._reader.ended.is_set()

    def test_it_comes_once(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            frame = peer.frame()
            assert (frame.opcode, frame.payload) == (TEXT, b"x")

        with raw_server(script) as url, connect(url) as client:
            client.write("x")
            with client._reader.lock:
                client._reader.end()
                client._reader.end()
            client._reader.shut_down()
            assert client.close_code == 1006
            with pytest.raises(ConnectionClosed):
                client.read()

    def test_an_error_while_the_rest_is_read_is_no_error(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            peer.close_code()
            peer.send(SERVER.frame(3) + SERVER.text("x"))
            peer.rest()

        with raw_server(script) as url:
            client = connect(url)
            with within(2.0):
                client.close(1001)
            assert client.close_code == 1001
