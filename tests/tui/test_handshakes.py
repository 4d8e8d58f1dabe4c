"""Handshakes as lines: judged and explained, secrets masked, nothing that a terminal obeys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wskit.events import Opened
from wskit.protocol.opcodes import Side
from wskit.trace import columns
from wskit.tui.handshakes import extensions, handshake_lines, phrase, subprotocol, target

# The example of RFC 6455 §1.3.
KEY, ACCEPT = "dGhlIHNhbXBsZSBub25jZQ==", "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="
OFFER = ("Sec-WebSocket-Extensions", "permessage-deflate; client_max_window_bits, x-new")
Pairs = tuple[tuple[str, str], ...]


def opened(
    *response: tuple[str, str],
    url: str = "wss://example.com/chat?room=1",
    request: Pairs = (("Sec-WebSocket-Key", KEY), OFFER, ("Sec-WebSocket-Protocol", "a, b")),
    status: int = 101,
    body: bytes = b"",
) -> Opened:
    answer = (("Sec-WebSocket-Accept", ACCEPT), *response) if status == 101 else response
    return Opened(1.0, "c", Side.CLIENT, url, "peer:1", request, status, answer, body)


def shown(event: Opened, *, width: int = 100, secrets: bool = False) -> str:
    return "\n".join(handshake_lines(event, width=width, secrets=secrets))


def test_request_and_response_are_as_they_were() -> None:
    text = shown(opened(("Server", "x/1"), ("Sec-WebSocket-Protocol", "b")))
    assert text.splitlines() == [
        "GET /chat?room=1 HTTP/1.1",
        f"Sec-WebSocket-Key: {KEY}",
        "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits, x-new",
        "Sec-WebSocket-Protocol: a, b",
        "",
        "HTTP/1.1 101 Switching Protocols",
        f"Sec-WebSocket-Accept: {ACCEPT}",
        "Server: x/1",
        "Sec-WebSocket-Protocol: b",
        "",
        "Sec-WebSocket-Accept: right (RFC 6455 §4.2.2)",
        "subprotocol: b",
        "extensions: none",
    ]


def test_extensions_are_explained() -> None:
    answer = (
        "permessage-deflate; server_no_context_takeover; client_max_window_bits=12;"
        " server_max_window_bits=7, X-New; level=3, x-unasked"
    )
    text = shown(opened(("sec-websocket-extensions", answer)), width=120)
    assert text.splitlines()[-7:] == [
        "extension permessage-deflate",
        "    server_no_context_takeover: the server compresses each message by itself",
        "    client_max_window_bits=12: the client looks back 4,096 bytes when it compresses",
        "    server_max_window_bits=7: wrong, must be 8..15",
        "extension x-new",
        "    level=3",
        "extension x-unasked, wrong: not offered",
    ]
    assert "wrong, malformed list (RFC 6455 §9.1)" in shown(opened((OFFER[0], "a;;")))


@pytest.mark.parametrize(
    ("answer", "short"),
    [
        ((), ""),
        (((OFFER[0], "permessage-deflate"),), "deflate 15/15"),
        (((OFFER[0], "permessage-deflate; server_max_window_bits=12"),), "deflate 12/15"),
        (((OFFER[0], "x-a"), (OFFER[0], "x-b; c")), "x-a, x-b"),
        (((OFFER[0], "=\x1b"),), "malformed"),
    ],
)
def test_extensions_are_short_in_a_table(answer: Pairs, short: str) -> None:
    assert extensions(opened(*answer)) == short


@pytest.mark.parametrize(
    ("key", "accept", "words"),
    [
        (KEY, ACCEPT, "Sec-WebSocket-Accept: right"),
        (KEY, "abc", f"Sec-WebSocket-Accept: wrong, it must be {ACCEPT}"),
        (KEY, None, f"Sec-WebSocket-Accept: missing, it must be {ACCEPT}"),
        (None, ACCEPT, "Sec-WebSocket-Accept: cannot be checked without the key"),
        ("c2hvcnQ=", ACCEPT, "Sec-WebSocket-Key: wrong, it is not 16 bytes in base64"),
        ("\u2603", ACCEPT, "Sec-WebSocket-Key: wrong, it is not 16 bytes in base64"),
        ("%", ACCEPT, "Sec-WebSocket-Key: wrong, it is not 16 bytes in base64"),
    ],
)
def test_key_and_answer_are_checked(key: str | None, accept: str | None, words: str) -> None:
    request = () if key is None else (("sec-websocket-key", key),)
    response = () if accept is None else (("sec-websocket-accept", accept),)
    assert words in shown(Opened(1.0, "c", Side.SERVER, "/", request=request, response=response))


@pytest.mark.parametrize(
    ("answer", "offer", "words"),
    [
        ("", "a, b", "subprotocol: none, of 2 offers"),
        ("", "", "subprotocol: none"),
        ("b", "a, b", "subprotocol: b"),
        ("c", "a, b", "subprotocol: c, wrong: not offered"),
    ],
)
def test_the_subprotocol_is_checked(answer: str, offer: str, words: str) -> None:
    response = [("Sec-WebSocket-Protocol", answer)] if answer else []
    request = (("Sec-WebSocket-Protocol", offer),) if offer else (("Host", "x"),)
    event = opened(*response, request=request)
    assert words in shown(event).splitlines()
    assert subprotocol(event) == answer


SECRET = (
    ("Authorization", "Bearer abc"), ("COOKIE", "s=t"), ("Proxy-Authorization", "x"), ("Host", "h")
)  # fmt: skip


def test_secrets_are_masked_unless_they_are_asked_for() -> None:
    event = opened(("set-cookie", "id=1; Secure"), request=SECRET)
    masked = shown(event)
    assert masked.splitlines()[1:5] == [
        "Authorization: (10 characters, masked)",
        "COOKIE: (3 characters, masked)",
        "Proxy-Authorization: (1 character, masked)",
        "Host: h",
    ]
    assert "id=1" not in masked
    full = shown(event, secrets=True)
    for words in ("Bearer abc", "s=t", "id=1; Secure"):
        assert words in full


def test_a_refusal_has_its_body() -> None:
    event = opened(("Content-Type", "text/plain"), status=403, body="nö\n\tno\x1b[m".encode())
    lines = handshake_lines(event)
    assert lines[-5:] == [
        "HTTP/1.1 403 Forbidden",
        "Content-Type: text/plain",
        "",
        "nö",
        "    no\\x1b[m",
    ]
    assert "Accept" not in shown(event)
    assert "00000000  ff fe" in shown(opened(status=500, body=b"\xff\xfe"))
    assert shown(opened(status=500)).endswith("(the headers are not known)")


def test_what_is_long_is_cut() -> None:
    event = opened(
        ("X", "y" * 5000),
        request=tuple((f"n{n}", "v") for n in range(250)),
        status=500,
        body="ä".encode() * 5000,
    )
    text = shown(event)
    assert "… 50 more headers" in text
    assert "… 904 more characters" in text.replace("\n    ", "")
    assert text.endswith("… 5,904 more bytes")
    assert len(text) < 15_000


def test_what_is_not_known_is_said() -> None:
    text = shown(opened(url="/only", request=(), status=0))
    assert text.splitlines() == [
        "GET /only HTTP/1.1", "(the request is not known)", "", "no answer came"
    ]  # fmt: skip
    event = Opened(1.0, "c", Side.CLIENT, "", response=((OFFER[0], "x-new"),))
    assert "wrong" not in shown(event)
    assert "(the request is not known)" in shown(event)


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("ws://h", "/"),
        ("ws://h?q", "/?q"),
        ("/a?b=c", "/a?b=c"),
        ("ws://[", "ws://["),
        ("", ""),
    ],
)
def test_a_target_is_the_path_and_the_query(url: str, path: str) -> None:
    assert target(opened(url=url)) == path


def test_statuses_have_phrases() -> None:
    assert (phrase(426), phrase(799)) == ("Upgrade Required", "")
    assert "HTTP/1.1 799\n" in shown(opened(("A", "b"), status=799))


TEXT = st.text(max_size=80)
NAMES = st.sampled_from(
    ["sec-websocket-key", "sec-websocket-accept", "sec-websocket-extensions", "Cookie"]
) | TEXT  # fmt: skip
FIELDS = st.lists(st.tuples(NAMES, TEXT), max_size=5).map(tuple)


@given(
    st.builds(
        Opened,
        st.just(1.0),
        TEXT,
        st.sampled_from(Side),
        TEXT,
        TEXT,
        FIELDS,
        st.sampled_from([0, 101, 200, 999]),
        FIELDS,
        st.binary(max_size=100) | TEXT.map(lambda text: text.encode("utf-8", "replace")),
    ),
    st.integers(1, 150),
    st.booleans(),
)
def test_any_handshake_can_be_shown(event: Opened, width: int, secrets: bool) -> None:
    for line in handshake_lines(event, width=width, secrets=secrets):
        assert line.isprintable()
        assert columns(line) <= max(width, 20)
    assert isinstance(extensions(event), str)
