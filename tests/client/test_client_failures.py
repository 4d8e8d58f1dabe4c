"""Clients when the server breaks the protocol or goes away."""

from __future__ import annotations

import threading

import pytest

from tests.client.limits import within
from tests.client.raw import Peer, raw_server
from tests.deadlines import scaled, wait_for
from tests.protocol.wire import PING, SERVER, TEXT
from wskit import (
    ConnectionClosed,
    InvalidPayload,
    MessageTooBig,
    MessageType,
    ProtocolError,
    connect,
)


class TestProtocolErrors:
    @pytest.mark.parametrize(
        ("data", "error", "code"),
        [
            (bytes.fromhex("8181 01020304 00"), ProtocolError, 1002),
            (SERVER.frame(3, b"x"), ProtocolError, 1002),
            (SERVER.frame(TEXT, b"x", rsv=4), ProtocolError, 1002),
            (SERVER.frame(PING, b"x", fin=False), ProtocolError, 1002),
            (SERVER.more(b"of nothing"), ProtocolError, 1002),
            (SERVER.close(1006), ProtocolError, 1002),
            (SERVER.text(b"\xff"), InvalidPayload, 1007),
            (SERVER.text(b"bad from \xc0 on", fin=False)[:14], InvalidPayload, 1007),
            (SERVER.frame(TEXT, b"", size=1001), MessageTooBig, 1009),
            (SERVER.binary(bytes(600), fin=False) + SERVER.last(bytes(401)), MessageTooBig, 1009),
            (SERVER.binary(fin=False) + SERVER.more() * 9, MessageTooBig, 1009),
        ],
    )
    def test_is_raised_once_and_the_server_is_told(
        self, data: bytes, error: type[ProtocolError], code: int
    ) -> None:
        codes: list[int | None] = []

        def script(peer: Peer) -> None:
            peer.accept()
            peer.send(SERVER.text("good") + data)
            codes.append(peer.close_code())
            assert peer.rest() == b"", "nothing may follow a close frame"

        with raw_server(script) as url:
            client = connect(url, max_size=1000, max_fragments=9)
            assert client.read() == (MessageType.TEXT, "good")
            with pytest.raises(error) as broken:
                client.read(timeout=scaled(5))
            assert type(broken.value) is error
            for _ in range(2):
                with pytest.raises(ConnectionClosed) as closed:
                    client.read(timeout=scaled(5))
                assert (closed.value.code, closed.value.reason) == (code, str(broken.value))
            client.close()
        assert codes == [code]

    def test_the_end_is_not_awaited_for_long(self) -> None:
        done = threading.Event()

        def script(peer: Peer) -> None:
            peer.accept(after=SERVER.frame(3))
            done.wait(scaled(5))

        with raw_server(script) as url, connect(url) as client:
            with within(3.0), pytest.raises(ProtocolError):
                client.read()
            done.set()


class TestServerGone:
    @pytest.mark.parametrize("part", [b"", SERVER.text("whole")[:3]])
    def test_an_end_without_close_is_1006(self, part: bytes) -> None:
        def script(peer: Peer) -> None:
            peer.accept(after=part)

        with raw_server(script) as url, connect(url) as client:
            for _ in range(2):
                with pytest.raises(ConnectionClosed, match=r"^closed with 1006$"):
                    client.read(timeout=scaled(5))
            assert client.is_closed
            with pytest.raises(ConnectionClosed):
                client.write("x")

    def test_a_reset_is_1006(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            peer.frame()
            peer.reset()

        with raw_server(script) as url, connect(url) as client:
            client.write("now")
            with pytest.raises(ConnectionClosed, match=r"^closed with 1006$"):
                client.read(timeout=scaled(5))

    def test_what_came_before_is_still_read_after_a_write_failed(self) -> None:
        def script(peer: Peer) -> None:
            peer.accept()
            peer.frame()
            peer.send(SERVER.text("one") + SERVER.text("two") + SERVER.close(1001))

        with raw_server(script) as url, connect(url) as client:
            client.write("go")
            assert client.read(timeout=scaled(5)) == (MessageType.TEXT, "one")
            with pytest.raises(ConnectionClosed):
                wait_for(lambda: client.write("into the void"))
            assert client.read(timeout=scaled(5)) == (MessageType.TEXT, "two")
            with pytest.raises(ConnectionClosed, match="1001"):
                client.read(timeout=scaled(5))
