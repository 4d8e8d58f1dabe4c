"""The client writing its request: whole, and with nothing injected."""

from __future__ import annotations

import pytest

from wskit.protocol.extensions import Compression
from wskit.protocol.response import ClientHandshake

KEY = "dGhlIHNhbXBsZSBub25jZQ=="


class TestRequest:
    def test_is_what_rfc_6455_asks_for(self) -> None:
        assert ClientHandshake("h", "/", KEY).request() == (
            b"GET / HTTP/1.1\r\n"
            b"Host: h\r\n"
            b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Key: " + KEY.encode() + b"\r\n"
            b"Sec-WebSocket-Version: 13\r\n\r\n"
        )

    def test_has_everything_that_was_asked_for(self) -> None:
        handshake = ClientHandshake(
            "[::1]:8080",
            "/chat?x=1",
            KEY,
            headers={"Authorization": "Basic abc", "X-Latin": "caf\xe9"},
            subprotocols=["a", "b"],
            compression=Compression(),
            origin="https://example.com",
        )
        assert handshake.request().split(b"\r\n") == [
            b"GET /chat?x=1 HTTP/1.1",
            b"Host: [::1]:8080",
            b"Upgrade: websocket",
            b"Connection: Upgrade",
            b"Sec-WebSocket-Key: " + KEY.encode(),
            b"Sec-WebSocket-Version: 13",
            b"Origin: https://example.com",
            b"Sec-WebSocket-Protocol: a, b",
            b"Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=12; "
            b"client_max_window_bits=12",
            b"Authorization: Basic abc",
            b"X-Latin: caf\xe9",
            b"",
            b"",
        ]

    def test_a_host_of_the_users_own_comes_first_and_once(self) -> None:
        data = ClientHandshake("h", "/", KEY, headers="X: y\r\nhost: other").request()
        assert data.lower().count(b"\r\nhost:") == 1
        assert data.startswith(b"GET / HTTP/1.1\r\nhost: other\r\n")

    def test_an_origin_of_the_users_own_is_sent(self) -> None:
        assert (
            b"\r\nOrigin: o\r\n"
            in ClientHandshake("h", "/", KEY, headers={"Origin": "o"}).request()
        )

    def test_two_origins_are_one_too_many(self) -> None:
        with pytest.raises(ValueError, match=r"^origin: "):
            ClientHandshake("h", "/", KEY, headers={"origin": "a"}, origin="b")

    @pytest.mark.parametrize("size", [*range(3900, 4200, 50), 100_000])
    def test_bug_15_a_request_of_any_length_is_written_whole(self, size: int) -> None:
        data = ClientHandshake("h", "/" + "a" * size, KEY, headers={"X": "b" * size}).request()
        assert data.startswith(b"GET /" + b"a" * size + b" HTTP/1.1\r\nHost: h\r\n")
        assert data.endswith(b"\r\nX: " + b"b" * size + b"\r\n\r\n")

    @pytest.mark.parametrize("bad", ["\r\nX: y", "\n", "\r", "\x00", "\x7f", " ", "é"])
    @pytest.mark.parametrize("name", ["host", "target", "key", "origin"])
    def test_no_line_is_injected(self, name: str, bad: str) -> None:
        good = {"host": "h", "target": "/", "key": KEY, "origin": "o"}
        with pytest.raises(ValueError, match=f"^{name}: must be "):
            ClientHandshake(**good | {name: good[name] + bad})  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        ("name", "value"),
        [
            *(("host", value) for value in ("", "h/", "u@h", "h?", "h#", "h\\")),
            *(("target", value) for value in ("", "a", "*", "http://h/", "/a#b", "?a")),
            *(("key", value) for value in ("", "abc", KEY[:-1], KEY + "=", "_" * 22 + "==")),
            *(("origin", value) for value in ("", "a b")),
        ],
    )
    def test_bad_arguments_are_named(self, name: str, value: str) -> None:
        good = {"host": "h", "target": "/", "key": KEY, "origin": "o"}
        with pytest.raises(ValueError, match=f"^{name}: must be "):
            ClientHandshake(**good | {name: value})  # type: ignore[arg-type]

    @pytest.mark.parametrize("name", ["host", "target", "key", "origin"])
    def test_arguments_of_the_wrong_type_are_named(self, name: str) -> None:
        good = {"host": "h", "target": "/", "key": KEY, "origin": "o"}
        with pytest.raises(TypeError, match=f"^{name}: must be str, not bytes"):
            ClientHandshake(**good | {name: b"/"})  # type: ignore[arg-type]

    @pytest.mark.parametrize(
        "headers", ["X: y\r\n\r\nGET /", {"X": "a\r\nY: b"}, {"Upgrade": "h2c"}]
    )
    def test_bad_headers_are_refused(self, headers: str | dict[str, str]) -> None:
        with pytest.raises(ValueError, match=r"^headers: "):
            ClientHandshake("h", "/", KEY, headers=headers)

    @pytest.mark.parametrize("names", [["a b"], [""], ["a", "é"], ["a,b"], ["a\r\n"], ["a", "a"]])
    def test_bad_subprotocols_are_refused(self, names: list[str]) -> None:
        with pytest.raises(ValueError, match=r"^subprotocols: "):
            ClientHandshake("h", "/", KEY, subprotocols=names)

    def test_one_str_is_no_list_of_subprotocols(self) -> None:
        with pytest.raises(TypeError, match=r"^subprotocols: "):
            ClientHandshake("h", "/", KEY, subprotocols="chat")

    def test_a_key_is_not_repeated_in_an_error_of_another_argument(self) -> None:
        with pytest.raises(ValueError, match=r"^host: ") as caught:
            ClientHandshake("", "/", KEY)
        assert KEY not in str(caught.value)
