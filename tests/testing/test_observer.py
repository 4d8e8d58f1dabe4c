"""Connections of wskit's own servers and clients, on record."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

import wskit
from tests.deadlines import wait_for
from wskit import watching
from wskit.protocol.handshake import Handshake
from wskit.protocol.opcodes import Side
from wskit.testing import ws_server
from wskit.testing.observer import Observer
from wskit.testing.transcripts import Transcript, transcribing


class Echo:
    def __init__(self, handshake: Handshake, conn: wskit.Conn) -> None:
        if handshake.url == "/no":
            raise wskit.HandshakeRejected(403, body="no")
        handshake.res_headers.add("X-Mine", "yes")
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        self.conn.write(data)


@pytest.fixture
def transcript() -> Iterator[Transcript]:
    with transcribing(Transcript()) as transcript:
        yield transcript


@pytest.fixture
def observer(transcript: Transcript, monkeypatch: pytest.MonkeyPatch) -> Iterator[Observer]:
    monkeypatch.setattr(watching, "_watchers", ())  # the plugin records these tests, too
    observer = Observer()
    watching.watch(observer)
    yield observer
    watching.unwatch(observer)


def test_both_ends_of_a_connection_are_shown_once(
    observer: Observer, transcript: Transcript
) -> None:
    with ws_server(Echo) as server, wskit.connect(server.url + "/room") as client:
        client.write("hello")
        assert client.read(5) is not None
    observer.settle()
    assert sorted(wire.name for wire in transcript.wires) == ["client 1", "server 1"]
    [wire] = transcript.distinct()
    assert (wire.side, wire.ending) == (Side.CLIENT, "closed by the client with 1000")
    assert wire.exchange is not None
    assert wire.exchange.url == server.url + "/room"
    assert dict(wire.exchange.request)["host"] == server.url.removeprefix("ws://")
    [other] = [wire for wire in transcript.wires if wire.side is Side.SERVER]
    assert other.key == wire.key != ""
    assert other.ending == wire.ending
    assert other.exchange is not None
    assert ("X-Mine", "yes") in other.exchange.response


def test_refusal_of_a_handler_and_one_before_there_was_a_handler(
    observer: Observer, transcript: Transcript
) -> None:
    with ws_server(Echo) as server:
        with pytest.raises(wskit.HandshakeError):
            wskit.connect(server.url + "/no")
        with socket.create_connection(("127.0.0.1", server.server.port)) as sock:
            sock.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
            status = sock.recv(1000).split()[1].decode()
    observer.settle()
    refused, bad = transcript.distinct()
    assert refused.exchange is not None
    assert (refused.exchange.url, refused.exchange.status) == ("/no", 403)
    assert refused.ending == "the handshake was rejected with HTTP status 403"
    assert bad.ending is not None
    assert bad.ending.startswith(f"the handshake was rejected with HTTP status {status}: ")


def test_refusal_is_shown_once_where_the_client_is_here_too(
    observer: Observer, transcript: Transcript
) -> None:
    with ws_server(Echo) as server, server.connect("/no") as peer:
        peer.expect_rejected(403)
    observer.settle()
    [wire] = transcript.distinct()
    assert wire.side is Side.CLIENT


def test_ends_without_a_close_frame_and_broken_protocols(
    observer: Observer, transcript: Transcript
) -> None:
    with ws_server(Echo) as server:
        with server.connect() as peer:
            observer.settle()
            assert [w.ending for w in transcript.wires if w.side is Side.SERVER] == [None]
            peer.abort()
        with server.connect() as peer:
            peer.send_raw(b"\x83\x80aaaa")
            peer.expect_close(1002)
        wait_for(lambda: not server.connections)
    observer.settle()
    first, second = [wire.ending for wire in transcript.wires if wire.side is Side.SERVER]
    assert first == "ended without a close frame"
    assert second is not None
    assert second.startswith("the client broke the protocol: ")


def test_a_wrong_close_frame_of_a_client_is_told(
    observer: Observer, transcript: Transcript
) -> None:
    with ws_server(Echo) as server, wskit.connect(server.url) as client:
        client._send_unchecked(0x88, (1005).to_bytes(2), masked=True)
        with pytest.raises(wskit.ConnectionClosed):
            client.read(5)
    observer.settle()
    [ending] = [wire.ending for wire in transcript.wires if wire.side is Side.CLIENT]
    words = "closed by the client with a wrong close frame: close code 1005 may not appear"
    assert ending is not None
    assert ending.startswith(words)


def test_payloads_are_whole_where_everything_is_kept(observer: Observer) -> None:
    transcript = Transcript(keep_all=True)
    with (
        transcribing(transcript),
        ws_server(Echo) as server,
        wskit.connect(server.url) as client,
    ):
        client.write("x" * 10_000)
        assert client.read(5) is not None
    sizes = {len(wire.captures[0].frame.payload) for wire in transcript.wires}
    assert sizes == {10_000}


def test_nothing_is_kept_without_a_transcript_or_after_the_test(observer: Observer) -> None:
    with ws_server(Echo) as server, wskit.connect(server.url), wskit.connect(server.url):
        assert len(observer.wires) == 4
        observer.keep(observer.wires[:1])
        assert len(observer.wires) == 1


def test_wire_that_another_test_goes_on_with_begins_anew(
    observer: Observer, transcript: Transcript
) -> None:
    with ws_server(Echo) as server, wskit.connect(server.url) as client:
        client.write("hello")
        assert client.read(5) is not None
        [wire] = [wire for wire in transcript.wires if wire.side is Side.CLIENT]
        wire.restart()
        assert (wire.count, wire.captures) == (0, [])
        client.write("again")
        assert client.read(5) is not None
        assert [capture.frame.payload for capture in wire.captures] == [b"again", b"again"]
