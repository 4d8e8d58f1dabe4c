"""The options of ``wskit connect``: wrong ones, and what they have the client do."""

from __future__ import annotations

import contextlib
import re
import socket
import ssl
from collections.abc import Iterator

import pytest

from tests.cli.conftest import Certificates
from tests.cli.processes import Command, ran
from wskit import Compression, Conn, Handshake, HandshakeRejected, Server, ServerConfig


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


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    config = ServerConfig(port=0, subprotocols=["chat", "v2"], compression=Compression())
    with Server(Reporter, config) as server:
        server.listen_in_new_thread()
        yield server


@pytest.fixture(scope="module")
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


def failed(*args: str, code: int) -> str:
    """Run ``wskit connect``, which must fail at once with that code, and give its one line."""
    said = ran("connect", *args)
    assert (said.returncode, said.stdout) == (code, b""), said.stderr
    (line,) = said.stderr.decode().splitlines()
    return line


class TestWrongUsage:
    @pytest.mark.parametrize(
        ("args", "line"),
        [
            ("http://x/", "wskit: url: must begin with ws:// or wss://, not 'http://x/'"),
            ("ws://", "wskit: url: has no host: 'ws://'"),
            ("ws://x/#y", "wskit: url: must not have a fragment (RFC 6455 §3)"),
            ("ws://x/ --cacert no.pem", "wskit: --cacert no.pem: No such file or directory"),
            ("ws://x/ --proxy ftp://y", None),
            ("ws://x/ -s a,b", None),
            ("ws://x/ -H Sec-WebSocket-Key:x", None),
            ("ws://x/ -H Host", None),
            ("ws://x/ --max-size 0", None),
            ("ws://x/ --max-size big", None),
            ("ws://x/ --ping 0", None),
            ("ws://x/ --timeout -1", None),
            ("ws://x/ --linger -1", None),
            ("ws://x/ --nonsense", None),
            ("", "wskit connect: Missing argument 'URL'. (see wskit connect --help)"),
        ],
    )
    def test_is_one_line_and_2(self, args: str, line: str | None) -> None:
        said = failed(*args.split(), code=2)
        assert said.startswith("wskit")
        assert line is None or said == line

    def test_a_header_cannot_smuggle_another_one(self) -> None:
        assert failed("ws://127.0.0.1:9/", "-H", "A: b\r\nC: d", code=2).startswith("wskit: ")


class TestUnreachable:
    def test_a_port_where_nobody_listens_is_3(self) -> None:
        with socket.socket() as unheard:
            unheard.bind(("127.0.0.1", 0))  # and so nobody else's
            port = unheard.getsockname()[1]
            line = failed(f"ws://user:secret@127.0.0.1:{port}/", code=3)
        assert line == f"wskit: cannot connect to 127.0.0.1:{port}: Connection refused"

    def test_a_name_that_is_none_is_3(self) -> None:
        line = failed("ws://no.such.name.invalid/", code=3)
        assert line.startswith("wskit: cannot connect to no.such.name.invalid: ")

    def test_a_certificate_of_unknown_authority_is_3(self, certificates: Certificates) -> None:
        with tls_server(certificates) as url:
            assert "CERTIFICATE_VERIFY_FAILED" in failed(url, code=3)

    def test_a_server_that_says_nothing_is_3(self) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            line = failed(f"ws://127.0.0.1:{port}/", "--timeout", "0.2", code=3)
        assert line.startswith(f"wskit: cannot connect to 127.0.0.1:{port}: ")


class TestRejected:
    def test_shows_status_and_first_line_and_is_4(self, url: str) -> None:
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
