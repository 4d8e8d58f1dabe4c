"""The handshake as a handler sees it, what is agreed on, and the bytes of each answer."""

from __future__ import annotations

import re

import h11
import pytest

from wskit.errors import HandshakeError, HandshakeRejected
from wskit.protocol.extensions import Compression, DeflateParameters
from wskit.protocol.handshake import (
    Handshake,
    accept_key,
    accept_response,
    check_origin,
    choose_subprotocol,
    error_response,
    negotiate,
)
from wskit.protocol.headers import Headers

KEY = "dGhlIHNhbXBsZSBub25jZQ=="
ACCEPT = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def handshake(*fields: tuple[str, str], url: str = "/", max_res_headers: int = 32) -> Handshake:
    headers = Headers([("Sec-WebSocket-Key", KEY), *fields])
    return Handshake(url, headers, max_res_headers=max_res_headers)


@pytest.mark.parametrize(
    ("key", "accept"),
    [
        ("this is my key", "flzHu2DevQ2dSCSVqKSii5e9C2o="),
        ("my-key", "L8KGBs4w2MNLLzhfzlVoM0scCIE="),
        (KEY, ACCEPT),
    ],
)
def test_accept_key_is_that_of_rfc_6455_1_3(key: str, accept: str) -> None:
    assert accept_key(key) == accept


class TestHandshake:
    @pytest.mark.parametrize(
        ("url", "path", "query"),
        [
            ("/", "/", {}),
            ("/chat", "/chat", {}),
            ("/a%20b/?x=1&y=%C3%A9&x=2", "/a%20b/", {"x": ["1", "2"], "y": ["é"]}),
            ("/?blank=&none", "/", {"blank": [""], "none": [""]}),
            ("/?a=b?c", "/", {"a": ["b?c"]}),
            ("//host/p", "//host/p", {}),
            ("http://h/p?x=1", "/p", {"x": ["1"]}),
            ("WSS://h:1/p/q", "/p/q", {}),
            ("http://h", "/", {}),
            ("http://h?x=1", "/", {"x": ["1"]}),
            ("/p?to=http://h/q", "/p", {"to": ["http://h/q"]}),
        ],
    )
    def test_splits_the_url(self, url: str, path: str, query: dict[str, list[str]]) -> None:
        request = handshake(url=url)
        assert request.url == url
        assert request.path == path
        assert request.query == query
        assert request.query is request.query

    @pytest.mark.parametrize(
        ("values", "cookies"),
        [
            ([], {}),
            (["a=1"], {"a": "1"}),
            (["a=1; b=2;c=3"], {"a": "1", "b": "2", "c": "3"}),
            (["a=1", "b=2"], {"a": "1", "b": "2"}),
            (["a=1; a=2"], {"a": "1"}),
            (['a="q"; b="; c=\'x\'; d=""'], {"a": "q", "b": '"', "c": "'x'", "d": ""}),
            (["a=b=c; junk; ; =v; e="], {"a": "b=c", "": "v", "e": ""}),
        ],
    )
    def test_parses_cookies(self, values: list[str], cookies: dict[str, str]) -> None:
        request = handshake(*(("Cookie", value) for value in values))
        assert request.cookies == cookies
        assert request.cookies is request.cookies

    def test_gives_what_came(self) -> None:
        request = handshake(("Origin", "https://h"), ("Sec-WebSocket-Protocol", "a, b"))
        assert request.method == "GET"
        assert request.key == KEY
        assert request.origin == "https://h"
        assert request.subprotocols == ("a", "b")
        assert request.raw_headers == (
            f"sec-websocket-key: {KEY}\r\norigin: https://h\r\nsec-websocket-protocol: a, b\r\n"
        )

    def test_gives_nothing_for_what_did_not_come(self) -> None:
        request = Handshake("/", Headers(), remote_address=("127.0.0.1", 1))
        assert request.key == ""
        assert request.origin is None
        assert request.subprotocols == ()
        assert request.subprotocol is None
        assert request.extensions is None
        assert request.remote_address == ("127.0.0.1", 1)

    def test_shows_no_secrets(self) -> None:
        assert repr(handshake(("Authorization", "secret"))) == "<Handshake GET />"

    def test_has_no_place_for_stray_attributes(self) -> None:
        with pytest.raises(AttributeError):
            handshake().stray = 1  # type: ignore[attr-defined]


class TestSubprotocol:
    @pytest.mark.parametrize(
        ("offered", "supported", "chosen"),
        [
            (("a", "b"), ("b", "a"), "b"),
            (("a", "b"), ("c", "a"), "a"),
            (("a",), ("A",), None),
            (("a",), (), None),
            (("a",), None, None),
            ((), ("a",), None),
        ],
    )
    def test_bug_30_is_the_servers_first_choice(
        self, offered: tuple[str, ...], supported: tuple[str, ...] | None, chosen: str | None
    ) -> None:
        assert choose_subprotocol(offered, supported) == chosen


class TestOrigin:
    ALLOWED = ("https://a.example", re.compile(r"https://\w+\.b\.example"))

    @pytest.mark.parametrize("origin", ["https://a.example", "https://www.b.example"])
    def test_bug_30_allowed_ones_pass(self, origin: str) -> None:
        check_origin(handshake(("Origin", origin)), self.ALLOWED)

    @pytest.mark.parametrize(
        "origin",
        [
            *("null", "", "https://evil.example", "http://a.example", "https://A.example"),
            *("https://a.example:8443", "https://a.example.evil.example", "https://x.a.example"),
            *("https://www.b.example.evil.example", "https://b.example", "xhttps://www.b.example"),
        ],
    )
    def test_bug_30_others_are_refused_with_403(self, origin: str) -> None:
        with pytest.raises(HandshakeError, match="origin") as caught:
            check_origin(handshake(("Origin", origin)), self.ALLOWED)
        assert caught.value.status == 403

    def test_a_request_without_origin_passes_only_where_none_is_allowed(self) -> None:
        check_origin(handshake(), [*self.ALLOWED, None])
        with pytest.raises(HandshakeError):
            check_origin(handshake(), self.ALLOWED)
        with pytest.raises(HandshakeError):
            check_origin(handshake(("Origin", "null")), [None])

    def test_two_origins_are_none(self) -> None:
        fields = [("Origin", "https://a.example")] * 2
        with pytest.raises(HandshakeError):
            check_origin(handshake(*fields), self.ALLOWED)

    def test_any_passes_where_nothing_is_configured(self) -> None:
        check_origin(handshake(("Origin", "https://evil.example")), None)

    def test_none_passes_an_empty_list(self) -> None:
        with pytest.raises(HandshakeError):
            check_origin(handshake(("Origin", "https://a.example")), [])


class TestAccept:
    def test_is_129_bytes_without_extras(self) -> None:
        assert accept_response(handshake()) == (
            b"HTTP/1.1 101 Switching Protocols\r\n"
            b"Upgrade: websocket\r\n"
            b"Connection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + ACCEPT.encode() + b"\r\n\r\n"
        )
        assert len(accept_response(handshake())) == 129

    def test_says_what_was_agreed_on_then_the_added_headers(self) -> None:
        request = handshake(
            ("Sec-WebSocket-Protocol", "a, b"),
            ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits"),
        )
        negotiate(request, subprotocols=("b",), compression=Compression())
        request.res_headers.add("Set-Cookie", "caf\xe9=1")
        assert request.subprotocol == "b"
        assert request.extensions == DeflateParameters(False, False, 12, 12)
        assert accept_response(request).splitlines()[4:] == [
            b"Sec-WebSocket-Protocol: b",
            b"Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits=12",
            b"Set-Cookie: caf\xe9=1",
            b"",
        ]

    def test_says_nothing_of_what_was_not_agreed_on(self) -> None:
        request = handshake(
            ("Sec-WebSocket-Protocol", "a"), ("Sec-WebSocket-Extensions", "permessage-deflate")
        )
        negotiate(request)
        assert request.subprotocol is None
        assert request.extensions is None
        assert len(accept_response(request)) == 129

    def test_a_malformed_extension_list_is_400(self) -> None:
        with pytest.raises(HandshakeError, match="malformed") as caught:
            negotiate(handshake(("Sec-WebSocket-Extensions", "permessage-deflate;")))
        assert caught.value.status == 400

    def test_bug_29_a_comma_separated_offer_list_is_understood(self) -> None:
        offers = "permessage-deflate; server_max_window_bits=10, permessage-deflate"
        request = handshake(("Sec-WebSocket-Extensions", offers))
        negotiate(request, compression=Compression())
        assert request.extensions == DeflateParameters(server_max_window_bits=10)

    @pytest.mark.parametrize("size", [*range(1900, 1920), 5000])
    def test_bug_13_response_headers_of_any_length_arrive_whole(self, size: int) -> None:
        request = handshake()
        request.res_headers.add("X", "a" * size)
        assert accept_response(request).endswith(b"\r\nX: " + b"a" * size + b"\r\n\r\n")

    def test_bug_13_too_many_response_headers_are_an_error(self) -> None:
        request = handshake(max_res_headers=1)
        request.res_headers.add("A", "1")
        with pytest.raises(ValueError, match=r"^max_res_headers: "):
            request.res_headers.add("B", "2")

    def test_a_handler_may_choose_among_what_was_offered(self) -> None:
        request = handshake(("Sec-WebSocket-Protocol", "a, b"))
        request.subprotocol = "b"
        assert b"\r\nSec-WebSocket-Protocol: b\r\n" in accept_response(request)

    @pytest.mark.parametrize("chosen", ["c", "a, b", "a\r\nX: y", ""])
    def test_a_handler_may_not_choose_anything_else(self, chosen: str) -> None:
        request = handshake(("Sec-WebSocket-Protocol", "a, b"))
        request.subprotocol = chosen
        with pytest.raises(ValueError, match=r"^subprotocol: .* was not offered"):
            accept_response(request)


def read(response: bytes) -> tuple[int, bytes, dict[bytes, bytes], bytes]:
    """Let h11 read a response to GET: status, reason, headers and body."""
    reader = h11.Connection(h11.CLIENT)
    reader.send(h11.Request(method="GET", target="/", headers=[("Host", "h")]))
    reader.send(h11.EndOfMessage())
    reader.receive_data(response)
    head = reader.next_event()
    assert isinstance(head, h11.Response)
    body = b""
    while isinstance(event := reader.next_event(), h11.Data):
        body += event.data
    assert isinstance(event, h11.EndOfMessage)
    assert reader.trailing_data[0] == b""
    return head.status_code, head.reason, dict(head.headers), body


class TestRefusal:
    def test_has_the_errors_text_as_body(self) -> None:
        error = HandshakeError(400, "no key", headers=[("Error", "missingheaders")])
        assert error_response(error) == (
            b"HTTP/1.1 400 Bad Request\r\n"
            b"Error: missingheaders\r\n"
            b"Connection: close\r\n"
            b"Content-Type: text/plain; charset=utf-8\r\n"
            b"Content-Length: 7\r\n\r\nno key\n"
        )

    @pytest.mark.parametrize(
        ("status", "reason"),
        [
            (302, b"Found"),
            (400, b"Bad Request"),
            (403, b"Forbidden"),
            (405, b"Method Not Allowed"),
            (408, b"Request Timeout"),
            (426, b"Upgrade Required"),
            (431, b"Request Header Fields Too Large"),
            (500, b"Internal Server Error"),
            (503, b"Service Unavailable"),
            (505, b"HTTP Version Not Supported"),
            (599, b""),
        ],
    )
    def test_has_the_standard_reason(self, status: int, reason: bytes) -> None:
        assert read(error_response(HandshakeError(status)))[:2] == (status, reason)

    def test_of_a_handler_has_the_body_that_it_gives(self) -> None:
        error = HandshakeRejected(401, {"WWW-Authenticate": "Bearer"}, "who are you? é")
        status, _, headers, body = read(error_response(error))
        assert (status, body.decode()) == (401, "who are you? é")
        assert headers[b"www-authenticate"] == b"Bearer"
        assert headers[b"connection"] == b"close"

    def test_of_a_handler_without_body_has_none(self) -> None:
        _, _, headers, body = read(error_response(HandshakeRejected(401)))
        assert body == b""
        assert headers == {b"connection": b"close", b"content-length": b"0"}

    def test_keeps_the_type_of_a_body_of_its_own(self) -> None:
        error = HandshakeRejected(403, [("content-type", "application/json")], b"{}")
        _, _, headers, body = read(error_response(error))
        assert (headers[b"content-type"], body) == (b"application/json", b"{}")

    def test_decides_itself_where_it_ends(self) -> None:
        wrong = [("Content-Length", "99"), ("Transfer-Encoding", "chunked"), ("Connection", "x")]
        _, _, headers, body = read(error_response(HandshakeRejected(403, wrong, b"no")))
        assert body == b"no"
        assert headers[b"content-length"] == b"2"
        assert headers[b"connection"] == b"close"
        assert b"transfer-encoding" not in headers

    def test_names_upgrade_in_connection_where_it_sends_one(self) -> None:
        error = HandshakeError(426, headers=[("Upgrade", "websocket")])
        assert read(error_response(error))[2][b"connection"] == b"close, Upgrade"

    @pytest.mark.parametrize("status", [304, 405])
    def test_has_no_body_where_none_may_be(self, status: int) -> None:
        assert error_response(HandshakeRejected(status, body=b"x")).endswith(b"\r\n\r\n")

    @pytest.mark.parametrize("status", [0, 101, 200, 299, 600])
    def test_is_no_other_kind_of_response(self, status: int) -> None:
        with pytest.raises(ValueError, match=r"^status: must be 300\.\.599"):
            error_response(HandshakeError(status))

    @pytest.mark.parametrize("value", ["a\r\nX: y", "a\n", "\u0113", 1])
    def test_bug_13_takes_no_injected_header(self, value: str) -> None:
        with pytest.raises(ValueError, match=r"^headers: value: "):
            error_response(HandshakeRejected(403, {"X": value}))
