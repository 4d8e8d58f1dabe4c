"""What is typed becomes a message or another frame, or says in one line why not."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.frames import capture, frame
from wskit.errors import ConnectionClosed
from wskit.protocol.frames import FrameRecord
from wskit.protocol.opcodes import Side
from wskit.testing import ClientTest
from wskit.tui import outgoing
from wskit.tui.entries import Entry
from wskit.tui.outgoing import HELP, NotSent, Outgoing, as_line, parsed


def send(end: ClientTest, line: str) -> None:
    parsed(line).through(end.client)


@pytest.mark.parametrize(
    ("line", "text"), [("hello", "hello"), ("", ""), ("//ping", "/ping"), ("a /b", "a /b")]
)
def test_a_line_is_a_text_message(wtt_client: ClientTest, line: str, text: str) -> None:
    send(wtt_client, line)
    wtt_client.expect_text(text)


def test_bytes_are_typed_in_hexadecimal(wtt_client: ClientTest) -> None:
    send(wtt_client, "/hex de adBE ef")
    wtt_client.expect_binary(b"\xde\xad\xbe\xef")


def test_a_file_is_a_binary_message(wtt_client: ClientTest, tmp_path: Path) -> None:
    (tmp_path / "a file").write_bytes(b"\x00\x01")
    send(wtt_client, f"/file {tmp_path}/a file")
    wtt_client.expect_binary(b"\x00\x01")


def test_pings_and_pongs_have_payloads(wtt_client: ClientTest) -> None:
    send(wtt_client, "/ping are you there?")
    send(wtt_client, "/pong")
    wtt_client.expect_ping(b"are you there?")
    wtt_client.expect_pong(b"")


@pytest.mark.parametrize(
    ("line", "code", "reason"),
    [("/close", 1000, ""), ("/close 4001", 4001, ""), ("/close 4002 so long", 4002, "so long")],
)
def test_a_close_has_a_code_and_a_reason(
    wtt_client: ClientTest, line: str, code: int, reason: str
) -> None:
    send(wtt_client, line)
    wtt_client.expect_close(code, reason, initiated_by="client")


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("/close soon", "/close: 'soon' is no code such as 1000"),
        ("/close 1005", "/close: code: 1005 may not be sent"),
        ("/close 1000 " + "x" * 124, "/close: reason: must be at most 123 bytes"),
        ("/hex d", "/hex: 'd' is no bytes"),
        ("/file /no/such/file", "/file: /no/such/file: No such file"),
        ("/ping " + "x" * 126, "/ping: takes 125 bytes, not 126"),
        ("/frame op=16 x", "/frame: op must be 0..15, or one of continuation, text"),
        ("/frame rsv=x", "/frame: rsv must be 0..7, not 'x'"),
        ("/frame hex=f", "/frame: 'f' is no bytes"),
        ("/shout", "/shout: no such command; there are /ping, /pong, /close, /hex, /file"),
    ],
)
def test_what_cannot_be_sent_is_said(wtt_client: ClientTest, line: str, words: str) -> None:
    with pytest.raises(NotSent) as caught:
        send(wtt_client, line)
    assert str(caught.value).startswith(words)
    assert "\n" not in str(caught.value)
    wtt_client.expect_nothing(0.01)


def test_nothing_more_goes_through_a_closed_connection(wtt_client: ClientTest) -> None:
    send(wtt_client, "/close 4000")
    with pytest.raises(ConnectionClosed):
        send(wtt_client, "more")


@pytest.mark.parametrize(
    ("line", "first", "payload", "masked"),
    [
        ("/frame hello there", 0x81, b"hello there", None),
        ("/frame op=9 p=q", 0x89, b"p=q", None),
        ("/frame op=0x3 fin=0 rsv=5 mask=0 hex=ff 00", 0x53, b"\xff\x00", False),
        ("/frame mask=1 op=cont", 0x80, b"", True),
        ("/frame op=close hex=", 0x88, b"", None),
        ("/frame fin=0 é", 0x01, "é".encode(), None),
    ],
)
def test_a_frame_can_have_any_bits(
    line: str, first: int, payload: bytes, masked: bool | None
) -> None:
    assert parsed(line) == Outgoing(first, payload, masked)


@pytest.mark.parametrize(
    ("line", "opcode", "bits", "masked"),
    [
        ("/frame op=11 odd", 11, "1000", True),
        ("/frame fin=0 rsv=7 op=text odd", 1, "0111", True),
        ("/frame mask=0 odd", 1, "1000", False),
        ("/frame fin=0 op=ping odd", 9, "0000", True),
    ],
)
def test_what_breaks_the_rules_is_sent_as_it_is(
    wtt_client: ClientTest, line: str, opcode: int, bits: str, masked: bool
) -> None:
    seen: list[FrameRecord] = []
    wtt_client.client.set_tap(seen.append)
    send(wtt_client, line)
    [frame] = seen
    assert (frame.opcode, f"{frame.fin:d}{frame.rsv:03b}", frame.masked) == (opcode, bits, masked)
    # No server may take it; what the bytes are is a matter of the protocol's own tests.
    with pytest.raises(AssertionError, match="a violation of the protocol by the client"):
        wtt_client.expect_frame(opcode, "odd")


def test_it_can_be_meant_for_the_client() -> None:
    assert parsed("/client /ping x") == Outgoing(0x89, b"x", to=Side.CLIENT)


def test_every_command_is_named() -> None:
    names = [f"/{verb}" for verb in outgoing._VERBS if verb != "client"]  # for proxies only
    assert all(name in HELP for name in names)


def line_of(record: FrameRecord) -> str:
    return as_line(Entry(1, 1, capture(1.0, record)))


@pytest.mark.parametrize(
    ("record", "line"),
    [
        (frame(1, b"hello"), "hello"),
        (frame(1, b""), ""),
        (frame(1, b"/ping"), "//ping"),
        (frame(1, b"a", rsv=4, wire=9, masked=True), "a"),
        (frame(1, b"a\nb"), "/frame op=text hex=61 0a 62"),
        (frame(1, b"\xff"), "/frame op=text hex=ff"),
        (frame(1, "\u202e".encode()), "/frame op=text hex=e2 80 ae"),
        (frame(1, b"part", fin=False), "/frame op=text fin=0 part"),
        (frame(1, b"hex=61", fin=False), "/frame op=text fin=0 hex=68 65 78 3d 36 31"),
        (frame(1, b"rsv=1 a", rsv=6), "/frame op=text rsv=2 hex=72 73 76 3d 31 20 61"),
        (frame(0, b"end"), "/frame op=cont end"),
        (frame(0, b"end", rsv=4), "/frame op=cont rsv=4 end"),
        (frame(2, b"\xde\xad"), "/hex de ad"),
        (frame(2), "/hex"),
        (frame(9), "/ping"),
        (frame(9, b"are you there?"), "/ping are you there?"),
        (frame(10, b"x" * 126), f"/frame op=pong {'x' * 126}"),
        (frame(8, b"\x03\xe8"), "/close 1000"),
        (frame(8, b"\x03\xe8bye "), "/close 1000 bye "),
        (frame(8, b"\x03\xed"), "/frame op=close hex=03 ed"),
        (frame(8), "/frame op=close"),
        (frame(3, b"odd"), "/frame op=3 odd"),
    ],
)
def test_a_frame_that_was_seen_becomes_a_line(record: FrameRecord, line: str) -> None:
    assert line_of(record) == line


@given(
    st.builds(
        frame,
        st.integers(0, 15),
        st.binary(max_size=140)
        | st.text().map(str.encode)
        | st.sampled_from([b"hex=", b"op=1 a", b"/client", b" x ", b"mask=0 y"]),
        fin=st.booleans(),
        rsv=st.integers(0, 7),
    )
)
def test_the_line_means_the_same_frame(record: FrameRecord) -> None:
    line = line_of(record)
    assert line.isprintable()
    rsv = record.rsv & 3 if record.opcode in (1, 2) else record.rsv
    assert parsed(line) == Outgoing(record.fin << 7 | rsv << 4 | record.opcode, record.payload)


def test_a_line_may_be_for_the_client() -> None:
    entry = Entry(1, 1, capture(1.0, frame(1, b"/x")))
    assert as_line(entry, to=Side.CLIENT) == "/client //x"
    assert parsed("/client //x") == Outgoing(0x81, b"/x", to=Side.CLIENT)


def test_what_is_not_here_or_too_long_becomes_no_line() -> None:
    with pytest.raises(NotSent, match="4094 of 4096 bytes of this frame were not kept"):
        line_of(frame(2, b"ab", length=4096))
    with pytest.raises(NotSent, match="a line takes frames of 65536 bytes, this one has 65537"):
        line_of(frame(2, bytes(65537)))
    assert len(line_of(frame(2, bytes(65536)))) > 65536
