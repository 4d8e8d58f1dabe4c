"""The options of ``wskit connect``: wrong ones, and what they have the client do."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Callable, Iterator

import pytest

from tests.cli.conftest import Call, Certificates
from tests.cli.processes import Command, ran
from wskit import Compression, Conn, Handshake, HandshakeRejected, Server, ServerConfig

Failed = Callable[..., str]


class Reporter:
    """Says what the handshake asked for and closes; refuses where the path says so."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        status = handshake.path.removeprefix("/")
        if status:
            raise HandshakeRejected(int(status), body="\n  first \x1b[31mline\nsecond\n")
        self._handshake = handshake
        self._conn = conn

    def after_init(self) -> None:
        handshake = self._handshake
        self._conn.write(f"origin {handshake.origin}")
        self._conn.write(f"cookie {handshake.headers.get_all('cookie')}")
        self._conn.write(f"authorization {handshake.headers.get('authorization')}")
        self._conn.write(f"subprotocol {handshake.subprotocol}")
        self._conn.write(f"deflate {handshake.extensions is not None}")
        self._conn.close()

    def client_message(self, data: str | bytes) -> None:
        pass


@pytest.fixture
def server() -> Iterator[Server]:
    config = ServerConfig(port=0, subprotocols=["chat", "v2"], compression=Compression())
    with Server(Reporter, config) as server:
        server.listen_in_new_thread()
        yield server


@pytest.fixture
def url(server: Server) -> str:
    return f"ws://127.0.0.1:{server.port}/"


@contextlib.contextmanager
def tls_server(certificates: Certificates) -> Iterator[str]:
    """Serve wss and give the URL."""
    context = ssl.create_default_context(ssl.Purpose.CLIENT_AUTH)
    context.load_cert_chain(certificates.both)
    with Server(Reporter, ServerConfig(port=0, ssl_context=context)) as server:
        server.listen_in_new_thread()
        yield f"wss://127.0.0.1:{server.port}/"


@pytest.fixture
def failed(call: Call) -> Failed:
    """Give ``failed(*args, code=)``: it must fail at once with that code; the line that it says."""

    def run(*args: str, code: int) -> str:
        status, out, err = call("connect", *args)
        assert (status, out) == (code, ""), err
        (line,) = err.splitlines()
        return line

    return run


class TestWrongUsage:
    @pytest.mark.parametrize(
        ("args", "start"),
        [
            ("http://x/", "wskit: url: "),
            ("ws://", "wskit: url: "),
            ("ws://x/#y", "wskit: url: "),
            ("ws://x/ --cacert no.pem", "wskit: --cacert no.pem: No such file or directory"),
            ("ws://x/ --proxy ftp://y", "wskit: proxy: "),
            ("ws://x/ -s a,b", "wskit: subprotocols: "),
            ("ws://127.0.0.1:9/ -H Upgrade:x", "wskit: headers: "),
            ("ws://x/ --max-size 0", "wskit: max_size: "),
            ("ws://x/ --ping inf", "wskit: ping_interval: "),
            ("ws://x/ -H Host", "wskit connect: Invalid value for '-H' / '--header': 'Host' is no"),
            (
                "ws://x/ --max-size big",
                "wskit connect: Invalid value for '--max-size': 'big' is no",
            ),
            ("ws://x/ --ping 0", "wskit connect: Invalid value for '--ping': "),
            ("ws://x/ --timeout -1", "wskit connect: Invalid value for '--timeout': "),
            ("ws://x/ --linger -1", "wskit connect: Invalid value for '--linger': "),
            ("ws://x/ --nonsense", "wskit connect: No such option"),
            ("", "wskit connect: Missing argument 'URL'. (see wskit connect --help)"),
        ],
    )
    def test_is_one_line_and_2(self, failed: Failed, args: str, start: str) -> None:
        assert failed(*args.split(), code=2).startswith(start)

    def test_a_header_cannot_smuggle_another_one(self, failed: Failed) -> None:
        assert failed("ws://127.0.0.1:9/", "-H", "A: b\r\nC: d", code=2).startswith("wskit: ")


class TestUnreachable:
    def test_a_port_where_nobody_listens_is_3(self, failed: Failed) -> None:
        with socket.socket() as unheard:
            unheard.bind(("127.0.0.1", 0))  # and so nobody else's
            port = unheard.getsockname()[1]
            line = failed(f"ws://user:secret@127.0.0.1:{port}/", code=3)
        assert line == f"wskit: cannot connect to 127.0.0.1:{port}: Connection refused"

    def test_a_name_that_is_none_is_3(self, failed: Failed) -> None:
        line = failed("ws://no.such.name.invalid/", code=3)
        assert line.startswith("wskit: cannot connect to no.such.name.invalid: ")

    def test_a_certificate_of_unknown_authority_is_3(
        self, failed: Failed, certificates: Certificates
    ) -> None:
        with tls_server(certificates) as url:
            assert "CERTIFICATE_VERIFY_FAILED" in failed(url, code=3)

    def test_a_server_that_says_nothing_is_3(self, failed: Failed) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            line = failed(f"ws://127.0.0.1:{port}/", "--timeout", "0.2", code=3)
        assert line.startswith(f"wskit: cannot connect to 127.0.0.1:{port}: ")


class TestRejected:
    def test_shows_status_and_first_line_and_is_4(self, failed: Failed, url: str) -> None:
        line = failed(f"{url}403", code=4)
        assert line == r"wskit: refused with 403: first \x1b[31mline"

    def test_what_is_no_websocket_server_is_4(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as server:
            port = server.getsockname()[1]
            with Command("connect", f"ws://127.0.0.1:{port}/") as command:
                peer, _ = server.accept()
                with peer:
                    peer.recv(4096)
                    peer.sendall(b"SSH-2.0-OpenSSH\r\n\r\n")
                    status, out, err = command.ended()
        assert (status, out) == (4, "")
        assert re.fullmatch("wskit: no WebSocket there: .+\n", err)


class TestAsking:
    def said(self, url: str, *args: str) -> dict[str, str]:
        ended = ran("connect", url, "--linger", "inf", *args)
        assert ended.returncode == 0, ended.stderr
        lines = ended.stdout.decode().splitlines()
        return dict(re.split(" ", line, maxsplit=1) for line in lines)

    def test_for_nothing(self, url: str) -> None:
        assert self.said(url) == {
            "origin": "None",
            "cookie": "[]",
            "authorization": "None",
            "subprotocol": "None",
            "deflate": "False",
        }

    def test_for_everything(self, url: str) -> None:
        headers = ("-H", "Cookie: a=1", "--header", "Authorization: Bearer x")
        asked = ("-o", "https://a.example", "-s", "v1", "--subprotocol", "v2", "--compress")
        assert self.said(url, *headers, *asked) == {
            "origin": "https://a.example",
            "cookie": "['a=1']",
            "authorization": "Bearer x",
            "subprotocol": "v2",
            "deflate": "True",
        }

    def test_a_password_of_the_url_is_sent(self, url: str) -> None:
        said = self.said(url.replace("//", "//user:pass@"))
        assert said["authorization"] == "Basic dXNlcjpwYXNz"

    @pytest.mark.parametrize("insecure", [True, False])
    def test_wss(self, certificates: Certificates, insecure: bool) -> None:
        trust = ["-k"] if insecure else ["--cacert", certificates.authority]
        with tls_server(certificates) as url:
            assert self.said(url, *trust)["origin"] == "None"
