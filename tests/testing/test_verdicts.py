"""What a missed expectation says: exact lines, nothing raw from a peer, nothing endless."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest

from tests.protocol.wire import SERVER
from tests.testing.ends import Ends, failing, linked
from wskit.testing import Peer


@pytest.fixture
def ends() -> Iterator[Ends]:
    with linked() as ends:
        yield ends


@pytest.mark.parametrize(
    ("sent", "call", "lines"),
    [
        (
            SERVER.text("hello wurld"),
            lambda p: p.expect_text("hello world"),
            [
                "expected text 'hello world', got text 'hello wurld'",
                "  - hello world",
                "  ?        ^",
                "  + hello wurld",
                "  ?        ^",
            ],
        ),
        (
            SERVER.text("hello"),
            lambda p: p.expect_message(b"hello"),
            ["expected binary b'hello', got text 'hello'"],
        ),
        (
            SERVER.text('{"b": 1, "a": 2}'),
            lambda p: p.expect_json({"a": 1}),
            [
                """expected JSON with '{"a": 1}', got text '{"b": 1, "a": 2}'""",
                "    {",
                '  -   "a": 1',
                "  ?        ^",
                '  +   "a": 2',
                "  ?        ^",
                "    }",
            ],
        ),
        (
            SERVER.text("not"),
            lambda p: p.expect_json(),
            [
                "expected JSON, got text 'not'",
                "  it is not JSON: Expecting value: line 1 column 1 (char 0)",
            ],
        ),
        (
            SERVER.binary(b"\x00\x01\x02"),
            lambda p: p.expect_binary(b"\x00\x01\x03\x04"),
            [
                r"expected binary b'\x00\x01\x03\x04', got binary b'\x00\x01\x02'",
                "  they differ at byte 2, of 4 bytes expected and 3 seen",
                "  - 00 01 03 04",
                "  + 00 01 02",
            ],
        ),
        (
            SERVER.text("x"),
            lambda p: p.expect_text(matches="^y"),
            ["expected text that matches '^y', got text 'x'"],
        ),
        (
            b"",
            lambda p: p.expect_text("x", timeout=0.01),
            ["expected text 'x' within 0.01 s, got nothing"],
        ),
        (
            SERVER.close(4000, b"go"),
            lambda p: p.expect_text(),
            ["expected text, got close 4000 'go' initiated by the server"],
        ),
        (
            SERVER.text("x", fin=False),
            lambda p: p.expect_text(timeout=0.01),
            ["expected text within 0.01 s, got 1 frame of an unfinished text"],
        ),
        (
            SERVER.ping(b"p") + SERVER.pong(),
            lambda p: p.expect_binary(timeout=0.01),
            ["expected binary within 0.01 s, got ping b'p', then pong b''"],
        ),
        (
            SERVER.ping() * 6,
            lambda p: p.expect_text(timeout=0.01),
            [
                "expected text within 0.01 s, got "
                "ping b'', then ping b'', then ping b'', then 3 more"
            ],
        ),
    ],
)
def test_the_lines_before_the_last_frames(
    ends: Ends, sent: bytes, call: Callable[[Peer], object], lines: list[str]
) -> None:
    ends.come(sent)
    assert failing(lambda: call(ends.peer)).splitlines() == lines


def test_the_last_frames_follow(ends: Ends) -> None:
    ends.peer.send("ask")
    ends.come(SERVER.text("one"), SERVER.ping())
    with pytest.raises(AssertionError) as caught:
        ends.peer.expect_text("two")
    lines = str(caught.value).splitlines()
    start = lines.index("the last frames, seen from the client:")
    assert [re.sub(r"^ +\d\.\d{3} ", "", line).split()[:2] for line in lines[start + 1 :]] == [
        ["->", "text"],
        ["<-", "text"],
        ["<-", "ping"],
        ["->", "pong"],
    ]


def test_only_eight_of_them(ends: Ends) -> None:
    ends.come(SERVER.text("x") * 20)
    ends.peer.expect_text()
    with pytest.raises(AssertionError) as caught:
        ends.peer.expect_binary()
    assert len(str(caught.value).splitlines()) == 1 + 1 + 8


ESCAPES = "\x1b[2J\x07\u202e\x9b"


@pytest.mark.parametrize(
    "sent",
    [
        SERVER.text(ESCAPES),
        SERVER.text(f'{{"{ESCAPES.encode("unicode_escape").decode()}'),
        SERVER.binary(ESCAPES.encode()),
        SERVER.close(4000, ESCAPES.encode()),
        SERVER.ping(ESCAPES.encode()),
        SERVER.text(ESCAPES, fin=False),
        SERVER.frame(8, b"\x03\xed" + ESCAPES.encode()),
    ],
)
def test_terminal_escapes_do_not_reach_it(ends: Ends, sent: bytes) -> None:
    ends.come(sent)
    calls: tuple[Callable[[], object], ...] = (
        lambda: ends.peer.expect_text("\x1b", timeout=0.01),
        lambda: ends.peer.expect_json({"a": "b"}, timeout=0.01),
        lambda: ends.peer.expect_fragments([b"\x1b"], timeout=0.01),
        lambda: ends.peer.expect_frame(fin=True, rsv1=True, timeout=0.01),
        lambda: ends.peer.expect_close(1000, timeout=0.01),
        lambda: ends.peer.expect_nothing(0.01),
    )
    for call in calls:
        try:
            call()
        except AssertionError as error:
            text = str(error).replace("\n", "")
            assert text.isprintable(), text
    assert repr(ends.peer).isprintable()


def test_a_long_payload_is_cut(ends: Ends) -> None:
    ends.come(SERVER.text("x" * 100_000), SERVER.text("y" * 100_000))
    text = failing(lambda: ends.peer.expect_text("x" * 99_999))
    assert "… (100000 characters)" in text
    assert len(text) < 1000
    assert len(failing(lambda: ends.peer.expect_fragments(["z" * 50_000] * 2))) < 2000
