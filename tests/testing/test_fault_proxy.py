"""The proxy, between wskit and websockets, either way round."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from websockets.exceptions import ConnectionClosedError
from websockets.sync.client import connect as their_connect
from websockets.sync.server import ServerConnection, serve

from tests.deadlines import scaled, wait_for
from tests.testing.faults.echoes import Echo
from wskit.testing import fault_proxy, ws_client, ws_server
from wskit.testing.faults import Corrupt, Cut, Dribble, Duplicate, HalfClose, Reset, Stall, Throttle


@pytest.fixture(scope="module")
def their_url() -> Iterator[str]:
    """An echo server by websockets."""

    def echo(connection: ServerConnection) -> None:
        for message in connection:
            connection.send(message)

    with serve(echo, "127.0.0.1", 0, ping_interval=None, close_timeout=0.5) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"ws://127.0.0.1:{server.socket.getsockname()[1]}"
        server.shutdown()
        thread.join()


def test_their_server_behind_faults(their_url: str) -> None:
    with fault_proxy(their_url, [Duplicate(2), Dribble()]) as proxy, ws_client(proxy.url) as peer:
        peer.send("one")
        peer.send("two")
        for text in ("one", "two", "two"):
            peer.expect_text(text)
        assert proxy.errors == []


def test_every_connection_counts_for_itself(their_url: str) -> None:
    with fault_proxy(their_url, [Duplicate(1)]) as proxy:
        peers = [ws_client(proxy.url) for _ in range(3)]
        for number, peer in enumerate(peers):
            with peer:
                peer.send(str(number))
                peer.expect_text(str(number))
                peer.expect_text(str(number))
                peer.expect_nothing(within=0.005)


def test_their_server_judges_a_corrupt_header(their_url: str) -> None:
    # RSV1 in the first byte; without an extension that is an error (RFC 6455 §5.2).
    with (
        fault_proxy(their_url, [Corrupt(0, flip=0x40)]) as proxy,
        ws_client(proxy.url) as peer,
    ):
        peer.send("bad")
        peer.expect_close(1002)


def test_their_client_is_cut_off() -> None:
    with ws_server(Echo) as server:
        faults = [HalfClose(frames=1, direction="to_client")]
        with (
            fault_proxy(server.url, faults) as proxy,
            their_connect(proxy.url, ping_interval=None, close_timeout=0.2, proxy=None) as client,
        ):
            client.send("one")
            assert client.recv(timeout=scaled(2)) == "one"
            with pytest.raises(ConnectionClosedError):
                client.recv(timeout=scaled(2))


def test_a_stall_is_released_on_every_connection(their_url: str) -> None:
    stall = Stall(1, direction="to_client")
    with fault_proxy(their_url, [stall]) as proxy:
        with ws_client(proxy.url) as one, ws_client(proxy.url) as other:
            for peer in (one, other):
                peer.send("held")
                stall.wait()
            one.expect_nothing(within=0.01)
            stall.release()
            one.expect_text("held")
            other.expect_text("held")
        with ws_client(proxy.url) as later:
            later.send("free")
            later.expect_text("free")


def test_a_reset_in_front_of_a_live_server() -> None:
    with ws_server(Echo) as server, fault_proxy(server.url, [Reset(frames=1)]) as proxy:
        with ws_client(proxy.url) as peer:
            peer.send("boom")
            peer.expect_close(1006)
        wait_for(lambda: not server.connections)


def test_tls_ends_at_the_proxy() -> None:
    with ws_server(Echo, tls=True) as server:
        context = server.ssl_context
        with fault_proxy(server.url, [Duplicate(1)], ssl_context=context) as proxy:
            assert proxy.url.startswith("ws://127.0.0.1:")
            with ws_client(proxy.url) as peer:
                peer.send("sealed")
                peer.expect_text("sealed")
                peer.expect_text("sealed")


def test_the_path_of_the_server_is_kept() -> None:
    with ws_server(Echo) as server, fault_proxy(server.url + "/chat?x=1") as proxy:
        assert proxy.url == f"ws://127.0.0.1:{proxy.port}/chat?x=1"
        assert repr(proxy).startswith(f"<FaultProxy {proxy.url} -> 127.0.0.1:")


def test_a_server_that_is_not_there_is_an_error_of_the_proxy() -> None:
    with ws_server(Echo) as server:
        url = server.url
    with fault_proxy(url) as proxy:
        with pytest.raises((OSError, Exception), match=r".") as caught:
            ws_client(proxy.url)
        assert not isinstance(caught.value, AssertionError)
        (error,) = proxy.errors
        assert isinstance(error, ConnectionRefusedError)


def test_an_end_in_the_middle_drops_what_there_is(their_url: str) -> None:
    proxy = fault_proxy(their_url, [Throttle(1_000_000), Stall(2)])
    peer = ws_client(proxy.url)
    peer.send("one")
    peer.expect_text("one")
    peer.send("two")
    proxy.end()
    proxy.end()
    peer.expect_close(1006)
    peer.end()


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(ValueError, match="http"):
        fault_proxy("http://example.org")
    with pytest.raises(TypeError, match="faults: "):
        fault_proxy("ws://127.0.0.1:1", Cut(1))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="connect_timeout: "):
        fault_proxy("ws://127.0.0.1:1", connect_timeout=0)
