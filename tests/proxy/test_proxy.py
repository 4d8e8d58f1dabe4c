"""The proxy between raw peers: not a byte is changed, and every frame is told."""

from __future__ import annotations

import contextlib
import select
import socket
import struct
import threading

import pytest

from tests.deadlines import scaled, wait_for
from tests.protocol import wire
from tests.proxy.ends import REQUEST, RESPONSE, Taker, connected, ends, exactly, head, pair, passes
from tests.proxy.test_dissecting import MALFORMED
from wskit.events import Ended, Opened
from wskit.protocol.deflate import Deflater
from wskit.protocol.frames import Direction, encode
from wskit.protocol.opcodes import Side
from wskit.proxy import Proxy, ProxyConfig

KEY = 0x9A1B2C3D
DEFLATE = b"Sec-WebSocket-Extensions: permessage-deflate"
FRESH = b"; server_no_context_takeover; client_no_context_takeover"


def answer(line: bytes) -> bytes:
    return RESPONSE[:-2] + line + b"\r\n\r\n"


def conversation(key: int | None) -> list[bytes]:
    """Give frames of many kinds."""
    return [
        encode(0x81, "héllo".encode(), key),
        encode(0x82, bytes(range(256)) * 300, key),
        encode(0x01, b"frag", key),
        encode(0x89, b"ping", key),
        encode(0x00, b"", key),
        encode(0x80, b"ments", key),
        encode(0x8A, b"ping", key),
        *(data for data, _ in MALFORMED.values()),
        encode(0x82, bytes(1 << 20), key),
        encode(0x88, b"\x03\xe8bye", key),
    ]


def test_heads_pass_but_for_the_host() -> None:
    with ends(path="/base") as both:
        port = both.server.getsockname()[1]
        expected = REQUEST.replace(b"/chat?x=1", b"/base/chat?x=1")
        assert both.request == expected.replace(b"HOST: here", b"HOST: 127.0.0.1:%d" % port)
        assert both.response == RESPONSE
        opened = both.taker.opened()
        assert opened.url == f"ws://127.0.0.1:{port}/base/chat?x=1"
        assert opened.peer == "{}:{}".format(*both.client.getsockname())
    with ends(keep_host=True) as both:
        assert both.request == REQUEST


def test_all_frames_pass_both_ways_and_are_told() -> None:
    with ends() as both:
        to_server, to_client = conversation(KEY), conversation(None)
        there = threading.Thread(
            target=passes, args=(both.client, both.server, b"".join(to_server))
        )
        there.start()
        passes(both.server, both.client, b"".join(to_client))
        there.join()
        told = both.taker.frames(len(to_server) + len(to_client))
        for direction, sent in ((Direction.IN, to_server), (Direction.OUT, to_client)):
            mine = [each for each in told if each.direction is direction]
            read = [_frame(data) for data in sent]
            assert [(f.opcode, f.fin, f.rsv, f.masked, f.wire_length) for f in mine] == [
                (f.opcode, f.fin, f.rsv, f.key is not None, len(f.payload)) for f in read
            ]
            assert [f.payload for f in mine] == [f.payload for f in read]
        for one, other in ((both.client, both.server), (both.server, both.client)):
            one.shutdown(socket.SHUT_WR)
            assert other.recv(1) == b""
        ended = both.taker.first(Ended)
        assert isinstance(ended, Ended)
        assert ended.how == ""


def _frame(data: bytes) -> wire.Frame:
    (frame,) = wire.frames(data)
    return frame


def test_bytes_cut_anywhere() -> None:
    with ends() as both:
        for data in conversation(KEY)[:7]:
            for at in range(0, min(len(data), 400)):
                passes(both.client, both.server, data[at : at + 1])
            passes(both.client, both.server, data[400:])
        assert len(both.taker.frames(7)) == 7


@pytest.mark.parametrize("fresh", [False, True])
def test_compressed_messages_are_told_inflated(fresh: bool) -> None:
    with ends(response=answer(DEFLATE + (FRESH if fresh else b""))) as both:
        texts = [b"again and again " * count for count in (1, 500, 3)]
        for source, target, key in (
            (both.client, both.server, KEY),
            (both.server, both.client, None),
        ):
            deflater = Deflater(15, no_context_takeover=fresh)
            for text in texts:
                passes(source, target, encode(0xC1, deflater.compress(text), key))
        told = both.taker.frames(6)
        assert [each.length for each in told] == [len(text) for text in texts * 2]
        assert [each.payload for each in told] == list(texts * 2)


def test_a_frame_without_an_end_passes() -> None:
    with ends() as both:
        data = b"\x82\xff" + b"\x7f" * 8 + b"abcd" + bytes(200_000)
        passes(both.client, both.server, data)
        assert both.taker.frames(1)[0].wire_length == 0x7F7F7F7F7F7F7F7F
        passes(both.client, both.server, encode(0x81, b"x", KEY))
        assert len(both.taker.events) == 2


def test_frames_before_and_with_the_answer() -> None:
    frame = encode(0x81, b"early", KEY)
    with pair() as (listener, proxy), connected(proxy) as client:
        client.sendall(REQUEST + frame)
        with listener.accept()[0] as server:
            head(server)
            assert exactly(server, len(frame)) == frame
            server.sendall(RESPONSE + encode(0x81, b"late"))
            assert head(client) == RESPONSE
            assert exactly(client, 6) == encode(0x81, b"late")
            assert [f.payload for f in Taker(proxy).frames(2)] == [b"early", b"late"]


def test_a_refusal_passes_and_is_told() -> None:
    refusal = b"HTTP/1.1 403 Forbidden\r\nX-why: so\r\nContent-Length: 4\r\n\r\n"
    with ends(response=refusal + b"nope") as both:
        assert both.response == refusal
        assert exactly(both.client, 100) == b"nope"
        assert both.server.recv(1) == b""
        opened = both.taker.opened()
        assert (opened.status, opened.body) == (403, b"nope")


def test_a_server_that_is_not_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port = listener.getsockname()[1]
    with Proxy(ProxyConfig(url=f"ws://127.0.0.1:{port}")) as proxy, connected(proxy) as client:
        client.sendall(REQUEST)
        answer = exactly(client, 10_000)
        assert answer.startswith(b"HTTP/1.1 502 Bad Gateway\r\n")
        opened = Taker(proxy).opened()
        assert opened.status == 502
        assert opened.body == f"no connection to 127.0.0.1:{port}: Connection refused\n".encode()
        assert opened.url == f"ws://127.0.0.1:{port}/chat?x=1"


def test_what_is_no_request_is_refused_and_told() -> None:
    with pair(head_timeout=0.02) as (_, proxy):
        for data, status in ((b"hello\r\n", b"400"), (b"GET / HTTP/1.1\r\n", b"408")):
            with connected(proxy) as client:
                client.sendall(data)
                assert exactly(client, 12) == b"HTTP/1.1 " + status
        with connected(proxy) as client:
            assert client.recv(1) == b""
        events = Taker(proxy).until(lambda events: len(events) == 2)
        assert [each.status for each in events if isinstance(each, Opened)] == [400, 408]


def test_plain_requests_pass_one_for_each_connection() -> None:
    with pair(path="/base") as (listener, proxy):
        for number, body in enumerate((b"", b"x" * 300_000), 1):
            with connected(proxy) as client:
                request = b"POST /page HTTP/1.1\r\nHost: a\r\nConnection: keep-alive\r\n"
                client.sendall(request + b"Content-Length: %d\r\n\r\n" % len(body))
                with listener.accept()[0] as server:
                    server.settimeout(scaled(5))
                    asked = head(server)
                    assert asked.startswith(b"POST /base/page HTTP/1.1\r\nHost: 127.0.0.1:")
                    assert asked.endswith(b"\r\nConnection: close\r\n\r\n")
                    passes(client, server, body)
                    passes(server, client, b"HTTP/1.1 200 OK\r\n\r\n" + body)
                assert client.recv(1) == b""
            assert proxy.exchanges == number
        assert proxy.take(0) == []


def reset(sock: socket.socket) -> None:
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    sock.close()


@pytest.mark.parametrize("side", ["client", "server"])
def test_rst_passes_as_rst(side: str) -> None:
    with ends() as both:
        there, other = (both.client, both.server)[:: 1 if side == "client" else -1]
        passes(there, other, b"\x81\x05hel")
        reset(there)
        with pytest.raises(ConnectionResetError):
            other.recv(1)
        ended = both.taker.first(Ended)
        assert isinstance(ended, Ended)
        assert ended.how == f"reset by the {side} in the middle of a frame"


def test_fin_passes_as_fin_and_the_other_way_goes_on() -> None:
    with ends() as both:
        both.client.shutdown(socket.SHUT_WR)
        assert both.server.recv(1) == b""
        passes(both.server, both.client, encode(0x81, b"still here"))
        both.server.close()
        assert both.client.recv(1) == b""
        ended = both.taker.first(Ended)
        assert isinstance(ended, Ended)
        assert ended.how == "the client closed"


def test_frames_are_let_in_amid_traffic() -> None:
    with ends() as both:
        name, count = both.taker.opened().connection, 200
        traffic = {
            both.client: b"".join(
                encode(first, b"x" * 50, KEY) for _ in range(count) for first in (0x01, 0x00, 0x80)
            ),
            both.server: encode(0x82, b"y" * 3000) * count,
        }
        got = {both.client: b"", both.server: b""}
        senders = [
            threading.Thread(target=_dribble, args=(sock, data)) for sock, data in traffic.items()
        ]
        readers = [threading.Thread(target=_read, args=(sock, got)) for sock in got]
        for thread in senders + readers:
            thread.start()
        for number in range(50):
            for to in Side:
                both.proxy.inject(name, 0x81, b"in %d" % number, masked=None, to=to)
                both.proxy.inject(name, 0x89, b"", masked=None, to=to)
        for thread in senders:
            thread.join()
        # What is let in last may be on its way still.
        wait_for(lambda: all(len(_injected(data)) == 50 for data in got.values()))
        both.client.shutdown(socket.SHUT_WR)
        both.server.shutdown(socket.SHUT_WR)
        for thread in readers:
            thread.join()
        for sock, masked in ((both.client, False), (both.server, True)):
            assert _valid(got[sock], masked)
            assert _injected(got[sock]) == [b"in %d" % number for number in range(50)]
        told = both.taker.frames(count * 4 + 200)
        assert len(told) == count * 4 + 200
        with pytest.raises(ValueError, match="over"):
            wait_for(lambda: both.proxy.inject(name, 0x81, b"", masked=None, to=Side.CLIENT))


def _dribble(sock: socket.socket, data: bytes) -> None:
    for at in range(0, len(data), 997):
        sock.sendall(data[at : at + 997])


def _read(sock: socket.socket, got: dict[socket.socket, bytes]) -> None:
    while received := sock.recv(65536):
        got[sock] += received


def _whole(data: bytes) -> list[wire.Frame]:
    with contextlib.suppress(Exception):
        return wire.frames(data)
    return []


def _injected(data: bytes) -> list[bytes]:
    return [frame.payload for frame in _whole(data) if frame.payload.startswith(b"in ")]


def _valid(data: bytes, masked: bool) -> bool:
    is_open = False
    for frame in wire.frames(data):
        if frame.opcode < 8:
            if (frame.opcode == 0) != is_open:
                return False
            is_open = not frame.fin
        if (frame.key is not None) != masked:
            return False
    return not is_open


def test_masks_and_bits_as_they_are_wanted() -> None:
    with ends() as both:
        name = both.taker.opened().connection
        both.proxy.inject(name, 0xF3, b"a", masked=False, to=Side.SERVER)
        assert exactly(both.server, 3) == b"\xf3\x01a"
        both.proxy.inject(name, 0x81, b"a", masked=True, to=Side.CLIENT)
        (frame,) = wire.frames(exactly(both.client, 7))
        assert (frame.payload, frame.key is not None) == (b"a", True)


def test_a_full_feed_counts_and_does_not_slow_down() -> None:
    with ends(feed_size=10) as both:
        passes(both.client, both.server, encode(0x81, b"x", KEY) * 5000)
        wait_for(lambda: both.proxy._feed.lost >= 4985)


def test_a_reader_that_is_slow_makes_the_sender_wait() -> None:
    with ends() as both:
        both.server.setblocking(False)
        # One frame, as zeros by themselves would be millions of them.
        sent = both.server.send(b"\x82\x7f" + (64 << 20).to_bytes(8))
        while select.select([], [both.server], [], 0.05)[1]:
            sent += both.server.send(bytes(65536))
            assert sent < 64 << 20
        reader = threading.Thread(target=exactly, args=(both.client, sent))
        reader.start()
        reader.join()


def test_the_end_is_prompt_whatever_is_under_way() -> None:
    with pair() as (listener, proxy):
        clients = [connected(proxy) for _ in range(3)]
        clients[0].sendall(b"GET / HT")
        clients[1].sendall(REQUEST)
        server = listener.accept()[0]
        head(server)
        proxy.end()
        proxy.end()
        assert proxy.ended
        events = proxy.take(0)
        assert [each.status for each in events if isinstance(each, Opened)] == [0]
        assert [each.how for each in events if isinstance(each, Ended)] == ["the proxy ended"]
        for sock in (*clients, server):
            with contextlib.suppress(ConnectionResetError):
                assert sock.recv(1) == b""
            sock.close()


def test_addresses() -> None:
    with Proxy(ProxyConfig(url="ws://127.0.0.1:9")) as proxy:
        assert proxy.address[0] == "127.0.0.1"
        assert proxy.url == f"ws://127.0.0.1:{proxy.address[1]}/"
        assert repr(proxy) == f"<Proxy {proxy.url} -> ws://127.0.0.1:9>"
        assert proxy.problem == ""
        assert not proxy.ended
        with pytest.raises(ValueError, match="over"):
            proxy.inject("nobody", 0x81, b"", masked=None, to=Side.CLIENT)
        with pytest.raises(OSError, match="in use"):
            Proxy(ProxyConfig(url="ws://127.0.0.1:9", port=proxy.address[1]))
