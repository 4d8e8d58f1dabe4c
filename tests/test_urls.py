"""WebSocket URLs taken apart (RFC 6455 §3)."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wskit.urls import WebSocketURL, basic_credentials, host_header, parse_url


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("ws://h", (False, "h", 80, "/")),
        ("wss://h", (True, "h", 443, "/")),
        ("WSS://H.Example", (True, "h.example", 443, "/")),
        ("ws://h:8080/", (False, "h", 8080, "/")),
        ("ws://h:/", (False, "h", 80, "/")),
        ("ws://127.0.0.1:1/a/b", (False, "127.0.0.1", 1, "/a/b")),
        ("ws://[::1]:1/a", (False, "::1", 1, "/a")),
        ("ws://h/a?b=c&d", (False, "h", 80, "/a?b=c&d")),
        ("ws://h?b", (False, "h", 80, "/?b")),
        ("ws://h/?", (False, "h", 80, "/")),
        ("ws://h/?a?b/c", (False, "h", 80, "/?a?b/c")),
        ("ws://h/a%2Fb%20c", (False, "h", 80, "/a%2Fb%20c")),
        ("ws://h/a b", (False, "h", 80, "/a%20b")),
        ("ws://h/\u00fc?\u00fc", (False, "h", 80, "/%C3%BC?%C3%BC")),
        ("ws://h/~a!$&'()*+,;=:@-._", (False, "h", 80, "/~a!$&'()*+,;=:@-._")),
        ("ws://b\u00fccher.example/", (False, "xn--bcher-kva.example", 80, "/")),
        ("ws://h:0/", (False, "h", 0, "/")),
    ],
)
def test_a_url_is_taken_apart(url: str, parts: tuple[bool, str, int, str]) -> None:
    assert parse_url(url) == WebSocketURL(*parts, None)


@pytest.mark.parametrize(
    ("url", "user", "password"),
    [
        ("ws://u:p@h/", "u", "p"),
        ("ws://u@h/", "u", ""),
        ("ws://:p@h/", "", "p"),
        ("ws://a%40b:c%3Ad@h/", "a@b", "c:d"),
        ("ws://u:p:q@h/", "u", "p:q"),
        ("ws://\u00fc:\u00f6@h/", "\u00fc", "\u00f6"),
    ],
)
def test_user_and_password_become_a_header(url: str, user: str, password: str) -> None:
    parts = parse_url(url)
    assert parts.host == "h"
    expected = "Basic " + base64.b64encode(f"{user}:{password}".encode()).decode()
    assert parts.authorization == expected


@pytest.mark.parametrize(
    ("url", "message"),
    [
        ("http://h/", "the scheme must be ws or wss, not 'http'"),
        ("h:80", "the scheme must be ws or wss, not 'h'"),
        ("//h/", "the scheme must be ws or wss, not ''"),
        ("", "the scheme must be ws or wss"),
        ("ws://", "has no host"),
        ("ws:///a", "has no host"),
        ("ws://:80/", "has no host"),
        ("ws://u:p@/", "has no host"),
        ("ws://h/a#f", "must not have a fragment"),
        ("ws://h/a#", "must not have a fragment"),
        ("ws://h:65536/", "Port out of range"),
        ("ws://h:x/", "Port could not be cast"),
        ("ws://[::1/", "Invalid IPv6 URL"),
        ("ws://h/a\r\nX: 1", "must not have control characters"),
        ("ws://h/a\tb", "must not have control characters"),
        ("\0ws://h/", "must not have control characters"),
        ("ws://h/\x7f", "must not have control characters"),
        ("ws://\u00fc" + "x" * 70 + "/", "is no host name"),
    ],
)
def test_a_wrong_url_is_an_error_that_says_why(url: str, message: str) -> None:
    with pytest.raises(ValueError, match=f"^url: .*{message}"):
        parse_url(url)


def test_no_error_repeats_a_password() -> None:
    for url in ("http://u:secret@h/", "ws://u:secret@h/#f", "ws://u:secret@h:x/"):
        with pytest.raises(ValueError, match=r"^url: ") as caught:
            parse_url(url)
        assert "secret" not in str(caught.value)


def test_only_str_will_do() -> None:
    with pytest.raises(TypeError, match=r"^url: must be a str, not bytes"):
        parse_url(b"ws://h/")  # type: ignore[arg-type]


@given(st.text(max_size=50))
def test_any_text_gives_a_target_that_can_be_sent_or_a_value_error(text: str) -> None:
    try:
        target = parse_url("ws://h/" + text).target
    except ValueError:
        return
    assert target.startswith("/")
    assert target.isascii()
    assert target.isprintable()
    assert " " not in target


@pytest.mark.parametrize(
    ("host", "port", "secure", "header"),
    [
        ("h", 80, False, "h"),
        ("h", 443, True, "h"),
        ("h", 443, False, "h:443"),
        ("h", 80, True, "h:80"),
        ("::1", 80, False, "[::1]"),
        ("::1", 81, False, "[::1]:81"),
        ("h", 0, False, "h"),
    ],
)
def test_the_host_header_has_the_port_unless_it_is_the_default(
    host: str, port: int, secure: bool, header: str
) -> None:
    assert host_header(host, port, secure=secure) == header


def test_credentials_may_be_percent_encoded() -> None:
    assert basic_credentials("Aladdin", "open%20sesame") == "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ=="
