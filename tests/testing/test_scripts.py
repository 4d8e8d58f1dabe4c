"""Scripted servers: real clients connect to them, and what does not go by the script fails."""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable

import pytest
from websockets.exceptions import ConnectionClosedError, ConnectionClosedOK
from websockets.sync.client import connect as other_connect

from wskit import Client, ConnectionClosed, HandshakeError, connect
from wskit.testing import ScriptedServer, ServerPeer, scripts, ws_script


def open_client(url: str, **options: object) -> Client:
    return connect(url, proxy=None, close_timeout=1.0, **options)  # type: ignore[arg-type]


def subscribe(url: str, wanted: int) -> list[str]:
    """Be a client that reconnects until it has what it wants."""
    seen: list[str] = []
    while len(seen) < wanted:
        with open_client(url) as client:
            client.write("subscribe")
            try:
                message = client.read(1.0)
            except ConnectionClosed:
                continue
            if message is not None:
                seen.append(str(message.data))
    return seen


def tick(peer: ServerPeer) -> None:
    peer.expect_text("subscribe")
    peer.send("tick")


def crash(peer: ServerPeer) -> None:
    peer.expect_text("subscribe")
    peer.abort()


def silent(peer: ServerPeer) -> None:
    """Accept and wait for the client's end."""


def busy(peer: ServerPeer) -> None:
    peer.reject(503)


def patient(peer: ServerPeer) -> None:
    peer.expect_text(timeout=30)


def test_each_connection_runs_the_next_script() -> None:
    with ws_script(tick, crash, tick) as server:
        assert subscribe(server.url, 2) == ["tick", "tick"]
        assert server.connections == 3


def test_another_library_is_served_too() -> None:
    with ws_script(tick) as server, other_connect(server.url, proxy=None) as client:
        client.send("subscribe")
        assert client.recv() == "tick"


def test_a_failed_handshake_that_a_script_expects_is_over() -> None:
    def expects_no_trust(peer: ServerPeer) -> None:
        with pytest.raises(AssertionError, match="the TLS handshake failed"):
            peer.accept()

    with ws_script(expects_no_trust, tls=True) as server:
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(server.url)
        authority = ssl.create_default_context(cadata=server.ca_pem.decode())
        assert authority.get_ca_certs()
    with ws_script() as server, pytest.raises(RuntimeError, match="ca_pem"):
        server.ca_pem  # noqa: B018


def test_tls_has_a_context_for_clients() -> None:
    with (
        ws_script(tick, tls=True) as server,
        open_client(server.url, ssl_context=server.ssl_context) as client,
    ):
        assert server.url.startswith("wss://localhost:")
        client.write("subscribe")
        assert client.read(1.0) == (1, "tick")


def test_a_script_can_refuse() -> None:
    with ws_script(busy) as server, pytest.raises(HandshakeError) as caught:
        open_client(server.url)
    assert caught.value.status == 503


def test_a_missed_expectation_fails_the_test_with_the_line_of_the_script() -> None:
    server = ws_script(tick)
    with open_client(server.url) as client:
        client.write("unsubscribe")
        with pytest.raises(ConnectionClosed) as closed:
            client.read(1.0)
    assert closed.value.code == 1011
    with pytest.raises(AssertionError, match="expected text 'subscribe'") as caught:
        server.end()
    assert caught.value.__notes__ == ["connection 1 (script 'tick')"]
    assert "tick" in [entry.name for entry in caught.traceback]
    server.end()


def test_any_other_error_of_a_script_is_raised_as_well() -> None:
    def broken(peer: ServerPeer) -> None:
        raise LookupError("no such thing")

    server = ws_script(broken)
    with pytest.raises(HandshakeError):
        open_client(server.url)
    with pytest.raises(LookupError, match="no such thing"):
        server.end()


def test_a_connection_that_never_came_is_named() -> None:
    with pytest.raises(AssertionError, match=r"^connection 2 \(script 'crash'\) never came$"):  # noqa: SIM117
        with ws_script(silent, crash, timeout=0.05) as server:
            open_client(server.url).close()


def test_a_connection_too_many_is_refused_and_reported() -> None:
    server = ws_script(silent)
    open_client(server.url).close()
    for _ in range(2):
        with pytest.raises(HandshakeError) as caught:
            open_client(server.url)
        assert caught.value.status == 503
    with pytest.raises(AssertionError, match=r"^connections 2 to 3 were not expected$"):
        server.end()


def test_a_message_after_the_end_of_the_script_is_reported() -> None:
    server = ws_script(silent)
    with open_client(server.url) as client:
        client.write("x")
    with pytest.raises(AssertionError, match=r"^after the script's end: text 'x'"):
        server.end()


def test_a_violation_after_the_end_of_the_script_is_reported() -> None:
    server = ws_script(silent)
    with open_client(server.url) as client:
        client._outbound.transport.send(b"\x81\x00")
        with pytest.raises(ConnectionClosed):
            client.read(1.0)
    with pytest.raises(AssertionError, match="a violation of the protocol by the client"):
        server.end()


def test_a_script_that_still_waits_is_shown_with_its_line() -> None:
    server = ws_script(patient, timeout=0.05)
    with open_client(server.url):
        words = r"connection 1 \(script 'patient'\) still waits in line \d+: peer.expect_text"
        with pytest.raises(AssertionError, match=words):
            server.verify()
        server.end()


def test_a_failing_block_keeps_its_error_and_learns_of_the_scripts() -> None:
    with pytest.raises(KeyError) as caught, ws_script(patient) as server:  # noqa: PT012
        client = open_client(server.url)
        raise KeyError("mine")
    client.close()
    assert "still waits" in caught.value.__notes__[0]


def test_a_client_that_stays_is_closed_at_the_end() -> None:
    server = ws_script(silent, timeout=0.05)
    with other_connect(server.url, proxy=None) as client:
        server.end()
        with pytest.raises(ConnectionClosedOK, match="1000"):
            client.recv(1.0)


@pytest.mark.parametrize("shares", [True, False])
def test_stopped_it_refuses_and_restarted_it_has_the_same_address(
    shares: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not shares:
        monkeypatch.setattr(scripts, "_SHARES", False)
    with ws_script(silent, tick) as server:
        url, client = server.url, open_client(server.url)
        server.stop()
        with pytest.raises(ConnectionClosed) as closed:
            client.read(1.0)
        assert closed.value.code == 1006
        with pytest.raises(ConnectionRefusedError):
            open_client(url)
        server.restart()
        assert server.url == url
        assert subscribe(url, 1) == ["tick"]


def test_a_restart_can_close_with_a_code() -> None:
    with ws_script(silent, silent) as server:
        with other_connect(server.url, proxy=None) as first:
            server.restart(1012)
            with pytest.raises(ConnectionClosedError, match="1012"):
                first.recv(1.0)
        open_client(server.url).close()


def test_nobody_else_is_given_the_port_while_it_is_stopped() -> None:
    with ws_script() as server:
        server.stop()
        with socket.socket() as other, pytest.raises(OSError, match="in use"):
            other.bind(("127.0.0.1", server._port.address[1]))


def test_without_scripts_the_test_takes_the_connections() -> None:
    with ws_script() as server:
        seen: list[str] = []
        thread = threading.Thread(target=lambda: seen.extend(subscribe(server.url, 1)))
        thread.start()
        crash(server.accept())
        second = server.accept()
        tick(second)
        second.expect_close(1000, initiated_by="client")
        thread.join()
    assert seen == ["tick"]


def test_a_connection_that_the_test_does_not_take_is_reported() -> None:
    server = ws_script()
    host, port = server._port.address
    client = socket.create_connection((host, port))
    with client, pytest.raises(AssertionError, match=r"^connection 1 was not expected$"):
        server.end()


def test_accept_says_that_nobody_came() -> None:
    with ws_script(timeout=0.01) as server:
        with pytest.raises(AssertionError, match=r"expected connection 1 within 0.01 s, none"):
            server.accept()
        server.stop()
        with pytest.raises(RuntimeError, match="accept: the server is stopped"):
            server.accept()
    with pytest.raises(RuntimeError, match="restart: the server has ended"):
        server.restart()


def test_wrong_arguments_are_named() -> None:
    with pytest.raises(TypeError, match=r"scripts: must be functions"):
        ws_script("first")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="tls: must be True or False"):
        ws_script(tls=1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="timeout: must be"):
        ws_script(timeout=0)


def test_the_fixture_starts_a_server(ws_script: Callable[..., ScriptedServer]) -> None:
    assert subscribe(ws_script(tick).url, 1) == ["tick"]


def test_a_script_may_drop_the_connection_and_verify_may_come_early() -> None:
    with ws_script(crash, tick) as server:
        assert subscribe(server.url, 1) == ["tick"]
        server.verify()
        with pytest.raises(RuntimeError, match="accept: the connections are given to scripts"):
            server.accept()


def test_connections_that_the_test_took_are_closed_with_the_code_of_a_stop() -> None:
    with ws_script() as server:
        seen: list[BaseException] = []
        listens = threading.Semaphore(1)

        def run() -> None:
            for _ in range(2):
                listens.acquire()
                with other_connect(server.url, proxy=None) as client:
                    try:
                        client.recv(5.0)
                    except ConnectionClosedError as error:
                        seen.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        server.accept().accept()
        server.stop(1012)
        server.restart()
        listens.release()
        server.accept().accept()
        server.stop()
        thread.join()
    assert ["1012" in str(error) for error in seen] == [True, False]
