"""Heads: read leniently, and changed nowhere but where they must be."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wskit.protocol.extensions import DeflateParameters
from wskit.proxy.heads import RequestHead, ResponseHead, head_end, joined

ODD = (
    b"GET /a HTTP/1.1\r\nhOsT:here\r\nX: a\rHost: b\r\nno colon\r\nX-Fold: a\r\n\t b \n"
    b"Connection: keep-alive, x\r\nKeep-Alive: 5\r\nUpgrade:  h2c, WEBsocket\r\n\r\n"
)


@pytest.mark.parametrize("blank", [b"\r\n\r\n", b"\n\n", b"\n\r\n"])
def test_a_head_ends_with_a_blank_line(blank: bytes) -> None:
    data = b"a: b" + blank
    assert head_end(data + b"rest\n\n") == len(data)
    for cut in range(len(data)):
        assert head_end(data[:cut]) == -1
        assert head_end(data + b"rest", cut) == len(data)


def test_what_is_read_of_an_odd_head() -> None:
    request = RequestHead.parsed(ODD)
    assert (request.method, request.target, request.is_upgrade) == ("GET", "/a", True)
    assert request.fields == (
        ("hOsT", "here"),
        ("X", "a\rHost: b"),
        ("no colon", ""),
        ("X-Fold", "a b"),
        ("Connection", "keep-alive, x"),
        ("Keep-Alive", "5"),
        ("Upgrade", "h2c, WEBsocket"),
    )


def test_nothing_but_host_and_target_is_rewritten() -> None:
    changed = RequestHead.parsed(ODD).rewritten("/base/a", "there:81", close=False)
    expected = ODD.replace(b"GET /a ", b"GET /base/a ").replace(b"hOsT:here", b"hOsT: there:81")
    assert changed.raw == expected
    assert changed.target == "/base/a"
    assert RequestHead.parsed(ODD).rewritten("/a", None, close=False).raw == ODD


def test_one_exchange_a_connection() -> None:
    changed = RequestHead.parsed(ODD).rewritten("/a", None, close=True)
    expected = ODD.replace(b"Connection: keep-alive, x\r\nKeep-Alive: 5\r\n", b"")
    assert changed.raw == expected[:-2] + b"Connection: close\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [b"hello\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n", b"GET / a HTTP/1.1\r\n\r\n", b"GET /\r\n\r\n"],
)
def test_what_is_no_request(raw: bytes) -> None:
    with pytest.raises(ValueError, match=r"no HTTP/1\.1"):
        RequestHead.parsed(raw)


def test_an_answer() -> None:
    head = ResponseHead.parsed(b"HTTP/1.1 101\r\nA: b\r\n\r\n")
    assert (head.status, head.fields, head.deflate) == (101, (("A", "b"),), None)
    with pytest.raises(ValueError, match="answer"):
        ResponseHead.parsed(b"SSH-2.0\r\n\r\n")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("permessage-deflate", DeflateParameters()),
        ("x, permessage-deflate; client_max_window_bits=8", DeflateParameters()),
        ("permessage-deflate; server_no_context_takeover", DeflateParameters(True)),
        ("Permessage-Deflate;client_no_context_takeover", DeflateParameters(False, True)),
        ("x-webkit", None),
        ("=;=", None),
    ],
)
def test_what_was_agreed_on_compression(value: str, expected: DeflateParameters | None) -> None:
    raw = f"HTTP/1.1 101 x\r\nSec-Websocket-Extensions: {value}\r\n\r\n".encode()
    assert ResponseHead.parsed(raw).deflate == expected


@pytest.mark.parametrize(
    ("base", "target", "expected"),
    [
        ("/", "/", "/"),
        ("/", "/a?b", "/a?b"),
        ("/chat", "/", "/chat"),
        ("/chat/", "/", "/chat/"),
        ("/chat/", "/?a", "/chat/?a"),
        ("/chat", "/room", "/chat/room"),
        ("/chat/?k=1", "/room?a=2", "/chat/room?k=1&a=2"),
        ("/chat", "*", "*"),
        ("/chat", "http://here/", "http://here/"),
    ],
)
def test_where_a_target_is_on_the_server(base: str, target: str, expected: str) -> None:
    assert joined(base, target) == expected


@given(st.binary())
def test_any_head_is_read_or_refused(data: bytes) -> None:
    raw = b"GET / HTTP/1.1\r\n" + data.replace(b"\n\r\n", b"").replace(b"\n\n", b"") + b"\r\n\r\n"
    request = RequestHead.parsed(raw)
    assert isinstance(request.is_upgrade, bool)
    if b"host" not in data.lower():
        assert request.rewritten("/", "x", close=False).raw == raw
