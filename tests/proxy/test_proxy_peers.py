"""The proxy between whole implementations: wskit and websockets, with TLS and compression."""

from __future__ import annotations

import threading
import tracemalloc
from collections.abc import Iterator

import pytest
from websockets.sync.client import connect as their_connect
from websockets.sync.server import ServerConnection, serve

from tests.certificates import client_context, server_context
from tests.deadlines import scaled
from tests.proxy.ends import Taker, ends, exactly
from tests.testing.conversing import Echo
from wskit import connect
from wskit.errors import HandshakeError
from wskit.events import Ended
from wskit.protocol.frames import Direction, header
from wskit.protocol.opcodes import Opcode, Side
from wskit.proxy import Proxy, ProxyConfig
from wskit.server import ServerConfig
from wskit.testing import ws_server


@pytest.fixture(scope="module")
def their_url() -> Iterator[str]:
    """An echo server by websockets, which compresses."""

    def echo(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(message)

    with serve(echo, "127.0.0.1", 0, ping_interval=None, max_size=None) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


def test_their_client_and_server_with_compression(their_url: str) -> None:
    texts = ["x" * size for size in (10, 1000, 100_000)] + ["héllo " * 1000]
    with Proxy(ProxyConfig(url=their_url)) as proxy:
        taker = Taker(proxy)
        with their_connect(proxy.url, ping_interval=None, proxy=None) as client:
            for text in texts:
                client.send(text)
                assert client.recv(timeout=scaled(5)) == text
            client.send(["frag", "ment"])
            assert client.recv(timeout=scaled(5)) == "fragment"
            proxy.inject(taker.opened().connection, 0x81, b"mine", masked=None, to=Side.SERVER)
            assert client.recv(timeout=scaled(5)) == "mine"
            proxy.inject(taker.opened().connection, 0x81, b"mine", masked=None, to=Side.CLIENT)
            assert client.recv(timeout=scaled(5)) == "mine"
        ended = taker.first(Ended)
        assert isinstance(ended, Ended)
        assert ended.how == ""
        told = taker.frames(1)
        inbound = [each for each in told if each.direction is Direction.IN]
        assert [each.length for each in inbound[:4]] == [len(text.encode()) for text in texts]
        assert inbound[2].wire_length < 1000
        assert all(each.rsv == 4 for each in inbound[:4])
        assert inbound[3].payload == texts[3].encode()
        assert sum(each.opcode == Opcode.CLOSE for each in told) == 2


def test_tls_on_either_side() -> None:
    with ws_server(Echo, tls=True) as server:
        config = ProxyConfig(
            url=server.url,
            ssl_context=server.ssl_context,
            host="localhost",
            listen_ssl_context=server_context(),
        )
        with Proxy(config) as proxy:
            assert proxy.url.startswith("wss://127.0.0.1:")
            url = f"wss://localhost:{proxy.address[1]}/"
            with connect(url, ssl_context=client_context()) as client:
                for text in ("sealed", "x" * 300_000):
                    client.write(text)
                    message = client.read(scaled(5))
                    assert message is not None
                    assert message.data == text
            taker = Taker(proxy)
            ended = taker.first(Ended)
            assert isinstance(ended, Ended)
            assert ended.how == ""
            assert taker.opened().url.startswith("wss://")
            assert len(taker.frames(6)) == 6


def test_a_client_that_speaks_no_tls_is_dropped() -> None:
    config = ProxyConfig(url="ws://127.0.0.1:9", listen_ssl_context=server_context())
    with Proxy(config) as proxy, pytest.raises((HandshakeError, OSError)):
        connect(f"ws://127.0.0.1:{proxy.address[1]}", connect_timeout=scaled(5))


def test_a_refusal_of_a_real_server() -> None:
    with (
        ws_server(Echo, config=ServerConfig(origins=["https://here"])) as server,
        Proxy(ProxyConfig(url=server.url)) as proxy,
    ):
        with pytest.raises(HandshakeError) as caught:
            connect(proxy.url, origin="https://there")
        assert caught.value.status == 403
        opened = Taker(proxy).opened()
        assert (opened.status, opened.body) == (403, caught.value.body)


def test_fifty_connections_at_once(their_url: str) -> None:
    with Proxy(ProxyConfig(url=their_url)) as proxy:
        clients = [connect(proxy.url) for _ in range(50)]
        for number, client in enumerate(clients):
            client.write(str(number))
        for number, client in enumerate(clients):
            message = client.read(scaled(10))
            assert message is not None
            assert message.data == str(number)
        for client in clients:
            client.close()
        taker = Taker(proxy)
        taker.until(lambda events: sum(isinstance(each, Ended) for each in events) == 50)
        assert len(taker.frames(200)) == 200


def test_a_long_message_takes_no_memory() -> None:
    size = 64 << 20
    with ends() as both:

        def send() -> None:
            both.server.sendall(header(0x82, size))
            for _ in range(size >> 16):
                both.server.sendall(piece)

        piece = bytes(1 << 16)
        sender = threading.Thread(target=send)
        tracemalloc.start()
        try:
            sender.start()
            left = size + 10
            while left:
                left -= len(both.client.recv(1 << 16))
            peak = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
        sender.join()
        assert peak < 4 << 20
        (told,) = both.taker.frames(1)
        assert (told.length, len(told.payload)) == (size, 1 << 20)
        assert exactly(both.client, 0) == b""
