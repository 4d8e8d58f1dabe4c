"""Proxies: which one is taken, and the tunnel through it."""

from __future__ import annotations

import base64
import ssl
import sys

import pytest

from tests.client.conftest import Serve
from tests.client.limits import within
from tests.client.proxy_servers import connect_proxy, socks5_proxy
from tests.client.raw import listener
from wskit import ClientConfig, HandshakeError, MessageType, connect
from wskit.client.proxies import choose_proxy


def config(host: str = "server.example", tls: bool = False, **options: object) -> ClientConfig:
    return ClientConfig(host=host, port=443 if tls else 80, tls=tls, **options)  # type: ignore[arg-type]


class TestChoice:
    @pytest.mark.parametrize(
        ("tls", "order"),
        [
            (False, ["ws", "socks", "https", "http", "all"]),
            (True, ["wss", "socks", "https", "all"]),
        ],
    )
    def test_the_environments_first_in_order_wins(
        self, monkeypatch: pytest.MonkeyPatch, tls: bool, order: list[str]
    ) -> None:
        for name in ("ws", "wss", "socks", "https", "http", "all"):
            monkeypatch.setenv(f"{name}_proxy", f"http://{name}.example:1")
        for name in order:
            assert choose_proxy(config(tls=tls)) == f"http://{name}.example:1"
            monkeypatch.delenv(f"{name}_proxy")
        assert choose_proxy(config(tls=tls)) is None

    def test_capital_letters_do_as_well(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("HTTPS_PROXY", "http://p:1")
        assert choose_proxy(config()) == "http://p:1"

    @pytest.mark.parametrize(
        ("no_proxy", "used"),
        [
            ("server.example", False),
            (".example", False),
            ("server.example:80", False),
            ("server.example:81", True),
            ("other.example", True),
            ("*", False),
        ],
    )
    def test_no_proxy_is_honoured(
        self, monkeypatch: pytest.MonkeyPatch, no_proxy: str, used: bool
    ) -> None:
        monkeypatch.setenv("http_proxy", "http://p:1")
        monkeypatch.setenv("no_proxy", no_proxy)
        assert choose_proxy(config()) == ("http://p:1" if used else None)

    @pytest.mark.parametrize("proxy", [False, None])
    def test_none_is_asked_for(self, monkeypatch: pytest.MonkeyPatch, proxy: bool | None) -> None:
        monkeypatch.setenv("http_proxy", "http://p:1")
        assert choose_proxy(config(proxy=proxy)) is None

    def test_the_argument_beats_the_environment(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", "http://p:1")
        monkeypatch.setenv("no_proxy", "*")
        assert choose_proxy(config(proxy="socks5://mine:2")) == "socks5://mine:2"

    def test_a_unix_socket_needs_none(self, serve: Serve, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setenv("http_proxy", "http://no-such-host.invalid:1")
        monkeypatch.setenv("no_proxy", "127.0.0.1")
        connect(f"ws://127.0.0.1:{serve().port}/").close()


class TestHTTP:
    def test_a_tunnel_carries_the_connection(self, serve: Serve) -> None:
        server = serve()
        url = f"ws://127.0.0.1:{server.port}/"
        with connect_proxy() as (proxy, seen), connect(url, proxy=f"http://{proxy}") as client:
            client.write("through the tunnel")
            assert client.read() == (MessageType.TEXT, "through the tunnel")
        lines = seen[0].split("\r\n")
        assert lines[0] == f"CONNECT 127.0.0.1:{server.port} HTTP/1.1"
        assert f"Host: 127.0.0.1:{server.port}" in lines
        assert "Proxy-Authorization" not in seen[0]

    def test_one_of_the_environment_is_used_without_being_asked_for(
        self, serve: Serve, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        with connect_proxy() as (proxy, seen):
            monkeypatch.setenv("HTTP_PROXY", proxy)  # without a scheme, as many write it
            with connect(f"ws://127.0.0.1:{serve().port}/") as client:
                client.write("x")
                assert client.read() == (MessageType.TEXT, "x")
        assert len(seen) == 1

    def test_credentials_are_sent_to_the_proxy_only(self, serve: Serve) -> None:
        url = f"ws://127.0.0.1:{serve().port}/"
        with connect_proxy() as (proxy, seen):
            connect(url, proxy=f"http://us%65r:p%40ss@{proxy}").close()
        value = base64.b64encode(b"user:p@ss").decode()
        assert f"\r\nProxy-Authorization: Basic {value}\r\n" in seen[0]

    def test_tls_goes_through_it_end_to_end(
        self, serve: Serve, server_tls: ssl.SSLContext, client_tls: ssl.SSLContext
    ) -> None:
        server = serve(ssl_context=server_tls)
        with (
            connect_proxy() as (proxy, seen),
            connect(
                f"wss://localhost:{server.port}/", proxy=f"http://{proxy}", ssl_context=client_tls
            ) as client,
        ):
            client.write("secret")
            assert client.read() == (MessageType.TEXT, "secret")
        assert seen[0].startswith(f"CONNECT localhost:{server.port} ")

    def test_an_ipv6_address_gets_its_brackets(self) -> None:
        with (
            connect_proxy(b"HTTP/1.1 502 No way\r\n\r\n") as (proxy, seen),
            pytest.raises(HandshakeError),
        ):
            connect("ws://[::1]:9/", proxy=f"http://{proxy}")
        assert seen[0].startswith("CONNECT [::1]:9 HTTP/1.1\r\nHost: [::1]:9\r\n")

    def test_a_refusal_is_told(self) -> None:
        answer = b"HTTP/1.1 407 Who?\r\nProxy-Authenticate: Basic\r\nContent-Length: 0\r\n\r\n"
        with (
            connect_proxy(answer) as (proxy, _),
            pytest.raises(HandshakeError, match=r"^proxy: refused with status 407") as caught,
        ):
            connect("ws://server.example/", proxy=f"http://{proxy}")
        assert caught.value.status == 407
        assert dict(caught.value.headers)["proxy-authenticate"] == "Basic"

    @pytest.mark.parametrize("answer", [b"\x05\x00 what?\r\n\r\n", b"HTTP/1.1 2"])
    def test_an_answer_that_is_no_http_is_told(self, answer: bytes) -> None:
        with (
            connect_proxy(answer) as (proxy, _),
            pytest.raises((HandshakeError, TimeoutError)) as caught,
        ):
            connect("ws://server.example/", proxy=f"http://{proxy}", connect_timeout=0.2)
        if isinstance(caught.value, HandshakeError):
            assert caught.value.status == 0

    def test_silence_has_a_deadline(self) -> None:
        with (
            connect_proxy(None) as (proxy, _),
            within(2.0),
            pytest.raises(TimeoutError, match="the proxy took too long"),
        ):
            connect("ws://server.example/", proxy=f"http://{proxy}", connect_timeout=0.2)

    def test_nobody_there_is_refused(self) -> None:
        with listener() as sock:
            port = sock.getsockname()[1]
        with pytest.raises(ConnectionRefusedError):
            connect("ws://server.example/", proxy=f"http://127.0.0.1:{port}")

    @pytest.mark.parametrize(
        ("proxy", "message"),
        [
            ("https://user:secret@p:1", "the scheme must be http or socks5, not 'https'"),
            ("ftp://p", "the scheme must be http or socks5, not 'ftp'"),
            ("http://", "the URL has no host"),
            ("http://p:99999", "Port out of range"),
            ("http://p:x", "Port could not be cast"),
        ],
    )
    def test_a_wrong_url_is_an_error_that_keeps_the_password(
        self, proxy: str, message: str
    ) -> None:
        with pytest.raises(ValueError, match=f"^proxy: {message}") as caught:
            connect("ws://server.example/", proxy=proxy)
        assert "secret" not in str(caught.value)


class TestSOCKS:
    @pytest.mark.parametrize("scheme", ["socks", "socks5", "socks5h"])
    def test_a_tunnel_carries_the_connection_and_the_proxy_resolves(
        self, serve: Serve, scheme: str
    ) -> None:
        port = serve().port
        with (
            socks5_proxy() as (proxy, seen),
            connect(f"ws://only-it.knows:{port}/", proxy=f"{scheme}://{proxy}") as client,
        ):
            client.write("through the tunnel")
            assert client.read() == (MessageType.TEXT, "through the tunnel")
        assert seen == [f"only-it.knows:{port}"]

    def test_credentials_are_sent(self, serve: Serve) -> None:
        url = f"ws://127.0.0.1:{serve().port}/"
        with socks5_proxy(("user", "p@ss")) as (proxy, seen):
            connect(url, proxy=f"socks5://user:p%40ss@{proxy}").close()
        assert len(seen) == 1

    @pytest.mark.parametrize("user", ["", "user:wrong@"])
    def test_wrong_credentials_are_refused(self, user: str) -> None:
        with (
            socks5_proxy(("user", "pass")) as (proxy, _),
            pytest.raises(ConnectionRefusedError, match=r"^proxy: "),
        ):
            connect("ws://server.example/", proxy=f"socks5://{user}{proxy}")

    def test_a_refusal_is_told(self) -> None:
        with (
            socks5_proxy(reply=5) as (proxy, _),
            pytest.raises(ConnectionRefusedError, match=r"^proxy: "),
        ):
            connect("ws://server.example/", proxy=f"socks5://{proxy}")

    def test_silence_has_a_deadline(self) -> None:
        with (
            socks5_proxy(reply=None) as (proxy, _),
            within(2.0),
            pytest.raises(TimeoutError, match=r"^proxy: "),
        ):
            connect("ws://server.example/", proxy=f"socks5://{proxy}", connect_timeout=0.2)

    def test_nobody_there_is_an_oserror(self) -> None:
        with listener() as sock:
            port = sock.getsockname()[1]
        with pytest.raises(OSError, match="Could not connect to proxy"):
            connect("ws://server.example/", proxy=f"socks5://127.0.0.1:{port}")

    def test_without_the_extra_it_says_what_to_install(
        self, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setitem(sys.modules, "python_socks", None)
        with pytest.raises(ImportError, match=r"needs python-socks, install wskit\[proxy\]"):
            connect("ws://server.example/", proxy="socks5://127.0.0.1:1")
