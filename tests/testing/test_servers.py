"""A live server for a test: on a port of its own, configured but for its address, TLS included."""

from __future__ import annotations

import contextlib
import dataclasses
import ssl
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

import wskit
from tests.deadlines import scaled, wait_for
from tests.testing.faults.echoes import Echo
from wskit import Compression, Conn, Handshake, Server, ServerConfig, watching
from wskit.server import HandshakeConfig
from wskit.testing import ManualClock, certificates, ws_client, ws_server

# What of a configuration is not used.
PLACE = {"port", "address", "unix_path", "unix_mode"}
OWN = ServerConfig(
    blocking=True,
    worker_count=2,
    max_conn=3,
    max_message_size=100,
    origins=[None, "https://here"],
    subprotocols=["chat"],
    ping_interval=None,
    close_timeout=3,
    compression=Compression(),
    handshake=HandshakeConfig(max_headers=20),
)


class Greeting(Echo):
    """Sends its app first."""

    def __init__(self, handshake: Handshake, conn: Conn, app: object) -> None:
        super().__init__(handshake, conn)
        conn.write(repr(app))


class Speechless:
    """Is no handler."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None: ...


def rest(config: ServerConfig, *others: str) -> dict[str, object]:
    """Give what is not about the place, and not one of ``others``."""
    names = {field.name for field in dataclasses.fields(config)} - PLACE - set(others)
    return {name: getattr(config, name) for name in names}


class TestAddress:
    def test_the_port_is_what_the_system_chose(self) -> None:
        with ws_server(Echo) as server:
            assert isinstance(server.server, Server)
            assert server.server.address == ("127.0.0.1", server.port)
            assert server.port > 0

    def test_many_at_once_have_different_ports(self) -> None:
        with contextlib.ExitStack() as stack:
            servers = [stack.enter_context(ws_server(Greeting, app=n)) for n in range(5)]
            assert len({server.port for server in servers}) == 5
            for number, server in enumerate(servers):
                server.connect().expect_text(str(number))

    def test_that_of_the_configuration_is_not_used(self, tmp_path: Path) -> None:
        path = tmp_path / "socket"
        configs = [
            ServerConfig(),
            ServerConfig(port=None),
            ServerConfig(port=1, address="203.0.113.1"),
            ServerConfig(unix_path=str(path), unix_mode=0o600),
        ]
        for config in configs:
            with ws_server(Echo, config=config) as server:
                assert server.server.address == ("127.0.0.1", server.port)
                peer = server.connect()
                peer.send("here")
                peer.expect_text("here")
                assert not path.exists()

    def test_one_that_cannot_be_had_leaves_nothing_behind(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def unable(config: ServerConfig) -> None:
            raise OSError("no port is free")

        monkeypatch.setattr("wskit.server.engine.listen_on", unable)
        # As without the plugin, which collects errors of handlers all the time.
        monkeypatch.setattr(watching, "_watchers", ())
        monkeypatch.setattr("wskit.testing.failures._current", None)
        monkeypatch.setattr("wskit.testing.failures._users", 0)
        with pytest.raises(OSError, match="no port is free") as caught:
            ws_server(Echo)
        assert watching._watchers == ()
        assert caught.traceback, "it holds what was made, which does not end by being forgotten"


class TestConfiguration:
    def test_without_one_there_are_the_defaults(self) -> None:
        with ws_server(Echo) as server:
            assert rest(server.server.config) == rest(ServerConfig())

    def test_everything_but_the_address_is_used(self) -> None:
        with ws_server(Echo, config=OWN) as server:
            assert rest(server.server.config) == rest(OWN)
            server.connect(origin="https://there").expect_rejected(403)
            peer = server.connect(subprotocols=["talk", "chat"], origin="https://here")
            assert peer.subprotocol == "chat"
            peer.send("x" * 101)
            peer.expect_close(1009)

    def test_tls_adds_a_certificate(self) -> None:
        with ws_server(Echo, config=OWN, tls=True) as server:
            assert server.server.config.ssl_context is not None
            assert rest(server.server.config, "ssl_context") == rest(OWN, "ssl_context")
            server.connect(origin="https://there").expect_rejected(403)
        assert OWN.ssl_context is None

    def test_the_handler_is_given_the_app(self) -> None:
        app = {"token": "secret"}
        with ws_server(Greeting, app=app) as server, ws_server(Greeting) as without:
            server.connect().expect_text("{'token': 'secret'}")
            without.connect().expect_text("None")

    def test_the_clock_is_the_servers(self) -> None:
        clock = ManualClock()
        with ws_server(Echo, clock=clock, config=ServerConfig(ping_interval=3600)) as server:
            peer = server.connect()
            clock.advance(3599)
            peer.expect_nothing(within=0)
            clock.advance(1)
            peer.expect_ping(timeout=0)

    def test_wrong_arguments_leave_nothing_behind(self) -> None:
        watchers, threads = watching._watchers, set(threading.enumerate())
        with pytest.raises(TypeError, match="Speechless: must have a method client_message"):
            ws_server(Speechless)
        with pytest.raises(TypeError, match="Handler: must be a class"):
            ws_server("Echo")  # type: ignore[arg-type]
        with pytest.raises(TypeError, match=r"^config: must be a ServerConfig, not dict"):
            ws_server(Echo, config={"blocking": True})  # type: ignore[arg-type]
        with pytest.raises(TypeError, match="clock: must be callable"):
            ws_server(Echo, clock=5.0)  # type: ignore[arg-type]
        assert watching._watchers == watchers
        assert set(threading.enumerate()) <= threads


class TestTls:
    def test_clients_reach_it_with_its_context(self) -> None:
        with ws_server(Echo, tls=True) as server:
            assert server.url == f"wss://localhost:{server.port}"
            context = server.ssl_context
            peers = [
                server.connect(),
                ws_client(server.url, ssl_context=context),
                ws_client(f"wss://127.0.0.1:{server.port}", ssl_context=context),
            ]
            for peer in peers:
                with peer:
                    peer.send("secret")
                    peer.expect_text("secret")
            with wskit.connect(server.url, ssl_context=context) as client:
                client.write("secret")
                assert client.read(scaled(5)) is not None

    def test_its_authority_is_at_hand_for_clients_that_read_a_file(self, tmp_path: Path) -> None:
        path = tmp_path / "ca.pem"
        with ws_server(Echo, tls=True) as server:
            path.write_bytes(server.ca_pem)
            context = ssl.create_default_context(cafile=str(path))
            with ws_client(server.url, ssl_context=context) as peer:
                peer.send("trusted")
                peer.expect_text("trusted")
        with (
            ws_server(Echo) as server,
            pytest.raises(RuntimeError, match=r"^ca_pem: there is no TLS"),
        ):
            server.ca_pem  # noqa: B018

    def test_a_test_may_bring_its_own_certificate(self) -> None:
        server_context, client_context = certificates.contexts()
        with ws_server(Echo, config=ServerConfig(ssl_context=server_context)) as server:
            assert (server.url, server.ssl_context) == (f"wss://localhost:{server.port}", None)
            peer = server.connect(ssl_context=client_context)
            peer.send("secret")
            peer.expect_text("secret")

    def test_nobody_else_trusts_it(self) -> None:
        with ws_server(Echo, tls=True) as server:
            with pytest.raises(ssl.SSLCertVerificationError):
                ws_client(server.url)
            with pytest.raises(ssl.SSLCertVerificationError):
                wskit.connect(server.url, ssl_context=ssl.create_default_context())

    def test_without_trustme_it_says_what_to_install(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "trustme", None)
        monkeypatch.setattr(certificates, "contexts", certificates.contexts.__wrapped__)
        monkeypatch.setattr(certificates, "_authority", certificates._authority.__wrapped__)
        watchers = watching._watchers
        with pytest.raises(RuntimeError, match=r"needs trustme; pip install 'wskit\[testing\]'"):
            ws_server(Echo, tls=True)
        assert watching._watchers == watchers
        with ws_server(Echo) as server:
            server.connect()


class TestRunning:
    def test_the_open_connections_are_at_hand(self) -> None:
        with ws_server(Echo) as server:
            assert server.connections == []
            peers = [server.connect(), server.connect()]
            for conn in server.connections:
                conn.write("to each")
            for peer in peers:
                peer.expect_text("to each")
            peers[0].end()
            wait_for(lambda: len(server.connections) == 1)

    def test_the_counters_are_at_hand(self) -> None:
        with ws_server(Echo) as server:
            assert server.stats().connections == 0
            peer = server.connect()
            peer.send("hello")
            wait_for(lambda: server.stats().messages_out == 1)
            assert (server.stats().connections, server.stats().messages_in) == (1, 1)
            peer.end()
            wait_for(lambda: server.stats().connections == 0)
            assert server.stats().connections_total == 1


class TestStopping:
    def test_peers_can_expect_what_came_when_it_is_over(self) -> None:
        with ws_server(Echo) as server:
            peer = server.connect()
            peer.send("before")
            wait_for(lambda: server.stats().messages_out == 1)
            # It takes the second that peers have to answer, since this one answers afterwards.
            server.stop(4001, "that is all")
            assert server.connections == []
            with pytest.raises(ConnectionRefusedError):
                server.connect()
            peer.expect_text("before")
            peer.expect_close(4001, "that is all", initiated_by="server")

    def test_by_default_it_goes_away(self) -> None:
        with ws_server(Echo) as server:
            peer = server.connect()
            with ThreadPoolExecutor(1) as pool:
                stopped = pool.submit(server.stop)
                peer.expect_close(1001, "", initiated_by="server", clean=True)
                stopped.result(scaled(5))

    def test_once_is_enough(self) -> None:
        with ws_server(Echo) as server:
            server.stop()
            server.stop()
            assert server.stats().connections_total == 0

    def test_a_code_that_may_not_be_sent_stops_nothing(self) -> None:
        with ws_server(Echo) as server:
            peer = server.connect()
            with pytest.raises(ValueError, match="code: 1005 may not be sent"):
                server.stop(1005)
            peer.send("still there")
            peer.expect_text("still there")
