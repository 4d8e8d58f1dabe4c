"""Connecting: addresses, Unix sockets and TLS, all under one deadline, nothing left open."""

from __future__ import annotations

import contextlib
import socket
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.client.conftest import Serve
from tests.client.limits import within
from tests.client.raw import Peer, listener, raw_server
from tests.deadlines import scaled
from wskit import ClientConfig, MessageType, connect
from wskit.client import dial as dialling
from wskit.client.dial import connect_tcp, dial
from wskit.deadlines import Deadline


@contextlib.contextmanager
def full(family: int, address: object) -> Iterator[socket.socket]:
    """Give a listener that answers no connection any more, for its backlog is full."""
    with contextlib.ExitStack() as sockets:
        sock = sockets.enter_context(socket.socket(family))
        sock.bind(address)  # type: ignore[arg-type]
        sock.listen(0)
        while True:
            client = sockets.enter_context(socket.socket(family))
            client.settimeout(0.05)
            try:
                client.connect(sock.getsockname())
            except (TimeoutError, BlockingIOError):
                break
        yield sock


def config(port: int, **options: object) -> ClientConfig:
    return ClientConfig(host="127.0.0.1", port=port, **options)  # type: ignore[arg-type]


class TestTCP:
    def test_the_socket_is_ready_for_use(self) -> None:
        with listener() as sock:
            made = dial(config(sock.getsockname()[1]))
            assert isinstance(made, socket.socket)
            with made:
                assert made.gettimeout() == 0
                assert made.getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY)

    def test_an_address_that_does_not_answer_has_a_deadline(self) -> None:
        with (
            full(socket.AF_INET, ("127.0.0.1", 0)) as sock,
            within(2.0),
            pytest.raises(TimeoutError),
        ):
            dial(config(sock.getsockname()[1], connect_timeout=0.2))

    def test_without_a_deadline_it_waits(self) -> None:
        with listener() as sock:
            connect_tcp("127.0.0.1", sock.getsockname()[1], Deadline(None)).close()

    def test_a_time_that_is_over_is_over(self) -> None:
        with pytest.raises(TimeoutError, match=r"connecting to 127\.0\.0\.1:1 took too long"):
            connect_tcp("127.0.0.1", 1, Deadline(0))

    def test_every_address_of_a_name_gets_its_share(self, monkeypatch: pytest.MonkeyPatch) -> None:
        with (
            full(socket.AF_INET, ("127.0.0.1", 0)) as dead,
            listener() as alive,
            listener() as gone,
        ):
            refusing = gone.getsockname()
            gone.close()
            addresses = [dead.getsockname(), refusing, alive.getsockname()]
            infos = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", each) for each in addresses]
            monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: infos)
            with within(2.0), connect_tcp("name", 1, Deadline(scaled(0.6))) as sock:
                assert sock.getpeername() == alive.getsockname()

    def test_the_last_failure_is_the_one_that_is_told(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with listener() as gone:
            refusing = gone.getsockname()
        infos = [(socket.AF_INET, socket.SOCK_STREAM, 6, "", refusing)] * 2
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: infos)
        with pytest.raises(ConnectionRefusedError):
            connect_tcp("name", 1, Deadline(1))
        monkeypatch.setattr(socket, "getaddrinfo", lambda *args, **options: [])
        with pytest.raises(OSError, match="name has no address"):
            connect_tcp("name", 1, Deadline(1))

    def test_an_interrupt_leaves_nothing_open(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def interrupted(*args: object) -> bool:
            raise KeyboardInterrupt

        monkeypatch.setattr(dialling, "wait_writable", interrupted)
        with full(socket.AF_INET, ("127.0.0.1", 0)) as sock, pytest.raises(KeyboardInterrupt):
            dial(config(sock.getsockname()[1]))


class TestUnix:
    def test_a_path_takes_the_place_of_host_and_port(self, serve: Serve, tmp_path: Path) -> None:
        path = str(tmp_path / "s")
        serve(unix_path=path)
        with connect("ws://localhost/", unix_path=path) as client:
            client.write("x")
            assert client.read() == (MessageType.TEXT, "x")

    def test_nothing_there_is_an_oserror(self, tmp_path: Path) -> None:
        with pytest.raises(FileNotFoundError):
            connect("ws://localhost/", unix_path=str(tmp_path / "s"))

    def test_a_listener_that_is_busy_has_a_deadline(self, tmp_path: Path) -> None:
        path = str(tmp_path / "s")
        with full(socket.AF_UNIX, path), within(2.0), pytest.raises(TimeoutError):
            connect("ws://localhost/", unix_path=path, connect_timeout=0.2)

    def test_a_listener_that_is_busy_for_a_moment_is_waited_for(self, tmp_path: Path) -> None:
        path = str(tmp_path / "s")

        def make_room(sock: socket.socket) -> None:
            tried.wait(scaled(5))
            sock.accept()[0].close()

        tried = threading.Event()
        with full(socket.AF_UNIX, path) as sock:
            thread = threading.Thread(target=make_room, args=(sock,))
            thread.start()
            threading.Timer(0.03, tried.set).start()
            dial(config(0, unix_path=path, connect_timeout=scaled(5))).close()
            thread.join(scaled(5))

    def test_without_unix_sockets_it_says_so(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.delattr(socket, "AF_UNIX")
        with pytest.raises(OSError, match="unix_path: this system has no Unix sockets"):
            dial(config(0, unix_path="s"))

    def test_tls_works_over_it(
        self, tmp_path: Path, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext, serve: Serve
    ) -> None:
        path = str(tmp_path / "s")
        serve(unix_path=path, ssl_context=server_tls)
        with connect("wss://localhost/", unix_path=path, ssl_context=client_tls) as client:
            client.write("x")
            assert client.read() == (MessageType.TEXT, "x")


class TestTLS:
    def test_an_unknown_authority_is_refused_by_default(
        self, serve: Serve, server_tls: ssl.SSLContext
    ) -> None:
        port = serve(ssl_context=server_tls).port
        with pytest.raises(ssl.SSLCertVerificationError):
            connect(f"wss://localhost:{port}/")

    def test_an_own_context_decides(
        self, serve: Serve, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
    ) -> None:
        port = serve(ssl_context=server_tls).port
        with connect(f"wss://localhost:{port}/", ssl_context=client_tls) as client:
            client.write("x")
            assert client.read() == (MessageType.TEXT, "x")

    def test_the_certificate_must_be_for_the_host_or_the_given_name(
        self, serve: Serve, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
    ) -> None:
        url = f"wss://localhost:{serve(ssl_context=server_tls).port}/"
        with pytest.raises(ssl.SSLCertVerificationError, match="Hostname mismatch"):
            connect(url, ssl_context=client_tls, server_hostname="other.example")
        url = url.replace("localhost", "127.0.0.1")
        connect(url, ssl_context=client_tls, server_hostname="localhost").close()

    def test_a_silent_server_has_a_deadline(self, client_tls: ssl.SSLContext) -> None:
        """Bug 20."""
        with (
            raw_server(Peer.rest) as url,
            within(2.0),
            pytest.raises(TimeoutError, match="the TLS handshake took too long"),
        ):
            connect(url.replace("ws:", "wss:"), ssl_context=client_tls, connect_timeout=0.2)

    def test_the_deadline_is_one_for_tcp_and_tls(self, client_tls: ssl.SSLContext) -> None:
        def script(peer: Peer) -> None:
            peer.sock.recv(1)
            with contextlib.suppress(OSError):
                for byte in b"\x16\x03\x03\x40\x00" + bytes(1000):
                    peer.send(bytes([byte]))
                    if done.wait(0.02):
                        return

        done = threading.Event()
        with raw_server(script) as url, within(2.0):
            with pytest.raises(TimeoutError):
                connect(url.replace("ws:", "wss:"), ssl_context=client_tls, connect_timeout=0.2)
            done.set()

    @pytest.mark.parametrize("data", [b"", b"HTTP/1.1 400 This is no TLS\r\n\r\n"])
    def test_a_server_without_tls_is_an_oserror(
        self, data: bytes, client_tls: ssl.SSLContext
    ) -> None:
        def script(peer: Peer) -> None:
            peer.sock.recv(4096)
            peer.send(data)

        with raw_server(script) as url, pytest.raises(OSError, match=r"(?i)ssl|eof|reset"):
            connect(url.replace("ws:", "wss:"), ssl_context=client_tls)

    def test_a_handshake_that_needs_room_waits_for_it(
        self, monkeypatch: pytest.MonkeyPatch, serve: Serve, server_tls: ssl.SSLContext
    ) -> None:
        """A way too narrow for the handshake is rare, so the fault is made."""
        from wskit.tls import TLSSocket

        real, waits = TLSSocket.do_handshake, iter([True, True])

        def narrow(tls: TLSSocket) -> None:
            if next(waits, None):
                tls.wants_write = True
                raise BlockingIOError
            tls.wants_write = False
            real(tls)

        monkeypatch.setattr(TLSSocket, "do_handshake", narrow)
        context = ssl.create_default_context()
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        port = serve(ssl_context=server_tls).port
        connect(f"wss://localhost:{port}/", ssl_context=context).close()
