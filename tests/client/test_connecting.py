"""From a URL to an open connection: Host, credentials, arguments, and what an error leaves."""

from __future__ import annotations

import base64
import inspect
from pathlib import Path

import pytest

from tests.client.raw import Peer, listener, raw_server, unix_server
from wskit import ClientConfig, HandshakeError, connect


def request_to(url: str, **options: object) -> str:
    """Connect to a server that replaces ``{}`` in ``url`` by its address; give the request."""
    requests: list[str] = []

    def script(peer: Peer) -> None:
        requests.append(peer.accept())
        peer.finish()

    with raw_server(script) as address:
        connect(url.format(address[5:-1]), **options).close()  # type: ignore[arg-type]
    return requests[0]


class TestRequest:
    @pytest.mark.parametrize(
        ("path", "target"),
        [
            ("", "/"),
            ("/", "/"),
            ("/chat?room=1&x=a%20b", "/chat?room=1&x=a%20b"),
            ("/grüße?ö=ü", "/gr%C3%BC%C3%9Fe?%C3%B6=%C3%BC"),
            ("?q", "/?q"),
        ],
    )
    def test_has_path_and_query(self, path: str, target: str) -> None:
        assert request_to("ws://{}" + path).startswith(f"GET {target} HTTP/1.1\r\n")

    def test_has_a_host_header_with_the_port(self) -> None:
        request = request_to("ws://{}/")
        assert "\r\nHost: 127.0.0.1:" in request

    def test_has_the_hosts_name_not_its_address(self) -> None:
        requests: list[str] = []

        def script(peer: Peer) -> None:
            requests.append(peer.accept())
            peer.finish()

        with raw_server(script) as url:
            connect(url.replace("127.0.0.1", "LocalHost")).close()
        assert "\r\nHost: localhost:" in requests[0]

    def test_has_the_users_own_host_instead(self) -> None:
        request = request_to("ws://{}/", headers={"host": "other.example"})
        assert request.lower().count("\r\nhost:") == 1
        assert "\r\nhost: other.example\r\n" in request + "\r\n"

    @pytest.mark.parametrize(
        ("url", "host"),
        [
            ("ws://server.example/", "server.example"),
            ("ws://server.example:80/", "server.example"),
            ("ws://server.example:443/", "server.example:443"),
            ("ws://[::1]/", "[::1]"),
            ("ws://[::1]:8080/", "[::1]:8080"),
            ("ws://Bücher.example:1/", "xn--bcher-kva.example:1"),
        ],
    )
    def test_has_the_port_only_where_it_is_not_the_default(
        self, tmp_path: Path, url: str, host: str
    ) -> None:
        """Over a Unix socket, where the URL may say what it likes."""
        requests: list[str] = []

        def script(peer: Peer) -> None:
            requests.append(peer.accept())
            peer.finish()

        path = tmp_path / "s"
        with unix_server(path, script), connect(url, unix_path=str(path)) as client:
            assert client.address == str(path)
        assert f"\r\nHost: {host}\r\n" in requests[0]

    def test_has_the_urls_credentials(self) -> None:
        request = request_to("ws://us%65r:p%40ss@{}/")
        value = base64.b64encode(b"user:p@ss").decode()
        assert f"\r\nAuthorization: Basic {value}" in request
        assert "@" not in request

    def test_has_the_users_own_authorization_instead(self) -> None:
        request = request_to("ws://u:p@{}/", headers=[("authorization", "Bearer x")])
        assert request.lower().count("\r\nauthorization:") == 1
        assert "authorization: Bearer x" in request

    def test_has_the_origin(self) -> None:
        assert "\r\nOrigin: https://a.example" in request_to("ws://{}/", origin="https://a.example")


class TestErrors:
    @pytest.mark.parametrize(
        ("options", "message"),
        [
            ({"max_size": 0}, "max_size"),
            ({"handshake_timeout": 0}, "handshake_timeout"),
            ({"handshake_timeout": "1"}, "handshake_timeout"),
            ({"headers": {"X": "1\r\nY: 2"}}, "headers"),
            ({"headers": "no colon"}, "headers"),
            ({"subprotocols": ["a b"]}, "subprotocols"),
            ({"ssl_context": object()}, "ssl_context"),
            ({"proxy": 1}, "proxy"),
        ],
    )
    def test_wrong_arguments_come_before_any_connection(
        self, options: dict[str, object], message: str
    ) -> None:
        with listener() as sock:
            port = sock.getsockname()[1]
            with pytest.raises((ValueError, TypeError), match=f"^{message}: "):
                connect(f"ws://127.0.0.1:{port}/", **options)  # type: ignore[arg-type]
            sock.settimeout(0)
            with pytest.raises(BlockingIOError):
                sock.accept()

    @pytest.mark.parametrize(
        "url", ["http://h/", "ws://", "ws://h/#f", "ws://h:0/", "ws://h/\r\nX: 1", "h:80"]
    )
    def test_wrong_urls_too(self, url: str) -> None:
        with pytest.raises(ValueError, match=r"^(url|port): "):
            connect(url)

    def test_an_origin_twice_is_an_error_and_leaves_nothing_open(self) -> None:
        def script(peer: Peer) -> None:
            assert peer.rest() == b""

        with raw_server(script) as url, pytest.raises(ValueError, match=r"^origin: "):
            connect(url, origin="https://a", headers={"Origin": "https://b"})

    def test_a_refused_connection_is_an_oserror(self) -> None:
        with listener() as sock:
            port = sock.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            connect(f"ws://127.0.0.1:{port}/")

    def test_a_refused_handshake_leaves_nothing_open(self) -> None:
        def script(peer: Peer) -> None:
            peer.request()
            peer.send(b"HTTP/1.1 403 No\r\nContent-Length: 0\r\n\r\n")
            assert peer.rest() == b""

        with raw_server(script) as url, pytest.raises(HandshakeError):
            connect(url)


def test_its_arguments_are_the_fields_of_the_configuration_with_the_same_defaults() -> None:
    fields = dict(inspect.signature(ClientConfig).parameters)
    arguments = dict(inspect.signature(connect).parameters)
    for name in ("url", "headers", "handshake_timeout", "clock"):
        del arguments[name]
    for name in ("host", "port", "tls"):
        del fields[name]
    assert {n: (p.default, p.annotation) for n, p in arguments.items()} == {
        n: (p.default, p.annotation) for n, p in fields.items()
    }
