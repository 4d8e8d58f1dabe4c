"""The options of ``wskit connect``: wrong ones, and what they have the client do."""

from __future__ import annotations

import socket
import ssl
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.cli.conftest import Call
from tests.deadlines import scaled
from wskit import Compression
from wskit.testing import ScriptedServer, ServerPeer

pytestmark = pytest.mark.wskit(timeout=scaled(5))

Failed = Callable[..., str]
Told = Callable[..., str]
Scripted = Callable[..., ScriptedServer]


@pytest.fixture(autouse=True)
def no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pass by the proxies of the environment."""
    monkeypatch.setenv("no_proxy", "*")


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
        self, failed: Failed, ws_script: Scripted
    ) -> None:
        def script(peer: ServerPeer) -> None:
            with pytest.raises(AssertionError, match="the TLS handshake failed"):
                peer.accept()
            peer.abort()

        assert "CERTIFICATE_VERIFY_FAILED" in failed(ws_script(script, tls=True).url, code=3)

    def test_a_server_that_says_nothing_is_3(self, failed: Failed) -> None:
        with socket.create_server(("127.0.0.1", 0)) as silent:
            port = silent.getsockname()[1]
            line = failed(f"ws://127.0.0.1:{port}/", "--timeout", "0.2", code=3)
        assert line.startswith(f"wskit: cannot connect to 127.0.0.1:{port}: ")


class TestRejected:
    def test_shows_status_and_first_line_and_is_4(
        self, failed: Failed, ws_script: Scripted
    ) -> None:
        def script(peer: ServerPeer) -> None:
            peer.reject(403, body="\n  first \x1b[31mline\nsecond\n")

        line = failed(ws_script(script).url, code=4)
        assert line == r"wskit: refused with 403: first \x1b[31mline"

    def test_what_is_no_websocket_server_is_4(self, failed: Failed, ws_script: Scripted) -> None:
        def script(peer: ServerPeer) -> None:
            peer.send_raw(b"SSH-2.0-OpenSSH\r\n\r\n")

        line = failed(ws_script(script).url, code=4)
        assert line.startswith("wskit: no WebSocket there: ")


class TestAsking:
    """What the server is asked for, and what is said of its answer."""

    @pytest.fixture
    def told(self, call: Call, monkeypatch: pytest.MonkeyPatch) -> Told:
        """Give ``told(url, *args)``: connect, have nothing to send; the line that says how."""
        monkeypatch.setattr(sys, "stdin", None)

        def run(url: str, *args: str) -> str:
            status, out, err = call("connect", url, "--linger", "0", *args)
            assert (status, out) == (0, ""), err
            first, last = err.splitlines()
            assert last == "closed with 1000"
            return first

        return run

    def test_for_nothing(self, told: Told, ws_script: Scripted) -> None:
        def script(peer: ServerPeer) -> None:
            fields = peer.accept(compression=Compression()).headers
            for name in ("origin", "cookie", "authorization", "sec-websocket-protocol"):
                assert name not in fields
            assert "sec-websocket-extensions" not in fields

        url = ws_script(script).url
        assert told(url) == f"connected to {url.removeprefix('ws://')}"

    def test_for_everything(self, told: Told, ws_script: Scripted) -> None:
        def script(peer: ServerPeer) -> None:
            request = peer.accept("v2", compression=Compression())
            assert request.origin == "https://a.example"
            assert request.headers.get_all("cookie") == ["a=1"]
            assert request.headers.get("authorization") == "Bearer x"
            assert request.subprotocols == ("v1", "v2")

        headers = ("-H", "Cookie: a=1", "--header", "Authorization: Bearer x")
        asked = ("-o", "https://a.example", "-s", "v1", "--subprotocol", "v2", "--compress")
        line = told(ws_script(script).url, *headers, *asked)
        assert line.endswith(", permessage-deflate, subprotocol v2")

    def test_a_password_of_the_url_is_sent(self, told: Told, ws_script: Scripted) -> None:
        def script(peer: ServerPeer) -> None:
            assert peer.request.headers.get("authorization") == "Basic dXNlcjpwYXNz"

        told(ws_script(script).url.replace("//", "//user:pass@"))

    @pytest.mark.parametrize("insecure", [True, False])
    def test_wss(self, told: Told, ws_script: Scripted, tmp_path: Path, insecure: bool) -> None:
        server = ws_script(lambda peer: peer.accept(), tls=True)
        assert server.ssl_context is not None
        trusted = server.ssl_context.get_ca_certs(binary_form=True)
        authorities = tmp_path / "authorities.pem"
        authorities.write_text("".join(map(ssl.DER_cert_to_PEM_cert, trusted)))
        told(server.url, *(["-k"] if insecure else ["--cacert", str(authorities)]))
