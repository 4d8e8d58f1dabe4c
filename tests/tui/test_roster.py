"""Connections as rows: orders, how they were closed, and nothing that a terminal obeys."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.frames import IN, OUT, capture, frame
from wskit.events import Ended, Event, Opened
from wskit.protocol.opcodes import Side
from wskit.trace import columns
from wskit.tui.history import Connection, Flow, History
from wskit.tui.roster import ORDERS, connection_lines, heading, ordered, row

Fields = tuple[tuple[str, str], ...]
AGREED = (
    ("Sec-WebSocket-Protocol", "chat"),
    ("Sec-WebSocket-Extensions", "permessage-deflate; server_max_window_bits=12"),
)


def connection(
    number: int, *, last: float = 0.0, messages: int = 0, octets: int = 0, rtt: float | None = None
) -> Connection:
    flow = Flow(messages=messages, octets=octets)
    return Connection(number, f"c{number}", 0.0, last, inbound=flow, rtt=rtt)


def opened(
    status: int = 101, response: Fields = AGREED, url: str = "ws://host.example.com/path"
) -> Opened:
    return Opened(0.0, "c7", Side.SERVER, url, "10.0.0.1:99", (), status, response)


def text(each: Connection, width: int = 100, now: float = 0.0) -> str:
    return "".join(piece for piece, _ in row(each, now, width))


def known() -> Connection:
    """Give a connection of which everything is known."""
    each = connection(7, last=90.0, messages=5, octets=2_500_000, rtt=0.0015)
    each.outbound.messages = 6
    each.queued = 77
    each.opening = opened()
    each.close = (OUT, 4001, "bye")
    return each


@pytest.mark.parametrize(
    ("order", "numbers"),
    [
        ("first", [1, 2, 3]),
        ("last", [2, 1, 3]),
        ("messages", [3, 1, 2]),
        ("bytes", [2, 3, 1]),
        ("rtt", [3, 2, 1]),
        ("rate", [1, 3, 2]),
        ("queue", [2, 3, 1]),
        ("state", [1, 2, 3]),
    ],
)
def test_there_are_several_orders(order: str, numbers: list[int]) -> None:
    found = [
        connection(3, last=1, messages=9, octets=5, rtt=0.2),
        connection(1, last=2, messages=3, octets=1),
        connection(2, last=3, messages=1, octets=9, rtt=0.1),
    ]
    found[0].queued, found[2].queued = 5, 9
    found[0].ended, found[2].close = Ended(1.0, "3"), (IN, 1000, "")
    found[1].count(10.0)
    assert [each.number for each in ordered(found, order, 10.5)] == numbers
    assert order in ORDERS


def test_a_row_has_what_is_known() -> None:
    each = known()
    assert text(each, 160, 100.0).split() == [
        "#7", "closing", "5", "6", "2.5M", "0", "1.5ms", "77", "10s", "10.0.0.1:99", "chat",
        "deflate", "12/15", "/path", "->", "4001", "bye",
    ]  # fmt: skip
    assert "ws://host.example.com/path" in text(each, 200)
    assert [kind for _, kind in row(each, 100.0, 100)] == ["", "close", "close"]


def test_a_row_of_80_columns_has_what_matters() -> None:
    each = known()
    each.count(89.5)
    assert text(each, 80, 90.0).split() == [
        "#7", "closing", "5", "6", "0.5", "1.5ms", "0us", "/path", "->", "4001", "bye"
    ]  # fmt: skip
    assert text(each, 40).split() == ["#7", "closing", "5", "6", "/path…"]


@pytest.mark.parametrize(
    ("events", "end", "kind"),
    [
        ([], "c7", ""),
        ([capture(1.0, frame(8, b""), "c7")], "c7 <- 1005", "close"),
        ([opened(403)], " /path 403 Forbidden", "wrong"),
        ([opened(0), Ended(1.0, "c7", "timed out")], " /path timed out", "wrong"),
        ([opened(), Ended(1.0, "c7")], " ws://host.example.com/path", ""),
        ([opened(url=""), Ended(1.0, "c7", "reset \x1b")], " c7 reset \\x1b", "wrong"),
    ],
)
def test_a_row_says_how_it_ended(events: list[Event], end: str, kind: str) -> None:
    history = History()
    history.add([*events, capture(2.0, connection="c7")])
    (each,) = history.connections
    assert text(each, 80).endswith(end)
    assert row(each, 0.0, 80)[-1][1] == kind


def test_the_titles_stand_over_their_columns() -> None:
    assert heading(80).split() == [
        "CONN", "STATE", "IN", "OUT", "MSG/S", "RTT", "LAST", "URL", "/", "CLOSE"
    ]  # fmt: skip
    assert heading(180).split()[-6:-3] == ["PEER", "PROTOCOL", "EXTENSIONS"]
    for width in (20, 80, 100, 180):
        assert len(heading(width)) == width
        assert text(known(), width)[:31][heading(width).index("STATE") :].startswith("closing")


def test_the_rate_is_that_of_the_last_seconds() -> None:
    history = History()
    history.add(capture(100 + n / 10) for n in range(100))
    (each,) = history.connections
    rates = [each.rate(now) for now in (109.9, 111.0, 112.0, 115.0)]
    assert rates == pytest.approx([10.5, 5, 0, 0], abs=1e-9)
    assert each.rate(0.0) > 0  # as it was then
    history.add([capture(200.0), capture(202.5), capture(203.0)])
    assert each.rate(203.0) == 1.25
    history.add([capture(50.0)])  # the clock was set back
    assert each.rate(50.0) == 0.5


def test_pieces_of_a_message_and_control_frames_are_no_messages_a_second() -> None:
    history = History()
    records = [frame(1, fin=False), frame(9), frame(0, fin=False), frame(0)]
    history.add(capture(1.0, record) for record in records)
    assert history.connections[0].rate(1.0) == 0.5


def test_one_connection_is_told_in_full() -> None:
    each = known()
    each.inbound.fragment, each.inbound.frames = 2, 9
    each.ended = Ended(95.0, "c7", "both ends closed")
    lines = connection_lines(each, 100.0)
    assert lines[0] == "connection #7: c7"
    for words in (
        "state       closed",
        "URL         ws://host.example.com/path",
        "watched     the server; in is from the client",
        "peer        10.0.0.1:99",
        "in          5 messages, 9 frames, 2,500,000 bytes of payload; a message is unfinished",
        "out         6 messages, 0 frames, 0 bytes of payload",
        "rate        0.0 messages/s",
        "round trip  1.5ms",
        "queue       77 bytes to be sent",
        "close       was sent first: 4001 Private Use",
        "reason      bye",
        "handshake",
        "subprotocol: chat",
    ):
        assert words in lines
    assert any(line.startswith("last frame") and line.endswith(", 10s ago") for line in lines)
    assert any(line.startswith("ended") and line.endswith(": both ends closed") for line in lines)
    assert "HTTP/1.1 101 Switching Protocols" in lines


def test_little_may_be_known() -> None:
    each = connection(1)
    each.close, each.ended = (IN, 1005, ""), Ended(1.0, "c1")
    lines = connection_lines(each, 0.0)
    assert "round trip  no ping was answered" in lines
    assert "last frame  none so far" in lines
    assert "close       came in first: 1005 No Status Received" in lines
    assert "handshake" not in lines
    assert not any(line.startswith(("reason", "URL", "peer")) for line in lines)


def test_secrets_are_for_those_who_ask() -> None:
    each = connection(1)
    each.opening = opened(200, (("Set-Cookie", "id=1"),))
    assert "Set-Cookie: (4 characters, masked)" in connection_lines(each, 0.0)
    assert "Set-Cookie: id=1" in connection_lines(each, 0.0, secrets=True)


@given(
    st.text(),
    st.text(),
    st.integers(1, 250),
    st.floats(0, 1e11),
    st.integers(0, 1 << 63),
    st.sampled_from([0, 101, 599, 999]),
)
def test_no_row_is_wider_than_it_may_be(
    name: str, reason: str, width: int, now: float, octets: int, status: int
) -> None:
    each = Connection(123456789, name, 0.0, 0.0, close=(IN, 65535, reason))
    each.inbound.octets = each.inbound.messages = each.queued = octets
    each.recent, each.turn = octets, now
    fields = (("sec-websocket-protocol", reason), ("sec-websocket-extensions", name))
    for opening in (None, Opened(0.0, "", Side.CLIENT, name, reason, fields, status, fields)):
        each.opening = opening
        each.ended = Ended(now, "", reason)
        shown = text(each, width, now)
        assert shown.isprintable()
        assert columns(shown) <= width
        for line in connection_lines(each, now, width=width):
            assert line.isprintable()
            assert columns(line) <= max(width, 20)
