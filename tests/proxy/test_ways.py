"""One direction: all bytes pass, and what is let in is only at the end of a frame."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol import wire
from wskit.protocol.frames import Direction, FrameRecord, encode
from wskit.proxy import ways
from wskit.proxy.dissecting import Dissector
from wskit.proxy.ways import Injected, Way

PING = Injected(0x89, b"ping", False)
TEXT = Injected(0x81, b"text", False)


def new() -> tuple[Way, list[FrameRecord]]:
    told: list[FrameRecord] = []
    return Way(Direction.OUT, Dissector(Direction.OUT), told.append), told


def passed(way: Way, data: bytes = b"") -> bytes:
    return b"".join(way.pass_on(data))


def test_a_frame_goes_at_once_between_frames() -> None:
    way, told = new()
    way.inject(TEXT)
    assert passed(way) == encode(0x81, b"text")
    assert told == [FrameRecord(Direction.OUT, 1, True, 0, False, 4, 4, b"text")]
    assert passed(way) == b""


def test_it_waits_for_the_end_of_a_frame() -> None:
    way, told = new()
    data = encode(0x82, b"hello")
    assert passed(way, data[:4]) == data[:4]
    assert way.amid
    way.inject(PING)
    assert passed(way) == b""
    assert passed(way, data[4:] + data) == data[4:] + encode(0x89, b"ping") + data
    assert [each.opcode for each in told] == [2, 9, 2]


def test_data_waits_for_the_end_of_a_message_and_control_does_not() -> None:
    way, told = new()
    one, two, last = encode(0x01, b"a"), encode(0x00, b"b"), encode(0x80, b"c")
    assert passed(way, one) == one
    way.inject(TEXT)
    way.inject(Injected(0x80, b"mine", False))
    way.inject(PING)
    assert passed(way) == encode(0x89, b"ping")
    assert passed(way, two) == two
    mine = encode(0x81, b"text") + encode(0x80, b"mine")
    assert passed(way, last + one) == last + mine + one
    assert [each.payload for each in told] == [b"a", b"ping", b"b", b"c", b"text", b"mine", b"a"]


def test_a_continuation_goes_into_the_message_that_is_open() -> None:
    way, _ = new()
    passed(way, encode(0x01, b"a"))
    way.inject(Injected(0x00, b"more", False))
    assert passed(way) == encode(0x00, b"more")


def test_masked_with_a_key_of_its_own() -> None:
    way, told = new()
    way.inject(Injected(0x81, b"text", True))
    way.inject(Injected(0x81, b"text", True))
    data = passed(way)
    assert data[:2] == b"\x81\x84"
    assert data[2:6] != data[12:16]
    assert [frame.payload for frame in wire.frames(data)] == [b"text", b"text"]
    assert told[0].masked


def test_after_a_close_frame_nothing_follows() -> None:
    way, told = new()
    passed(way, encode(0x01, b"open"))
    way.inject(TEXT)
    assert passed(way, encode(0x88, b"")) == encode(0x88, b"")
    assert passed(way, encode(0x80, b"")) == encode(0x80, b"")
    assert way.closing
    with pytest.raises(ValueError, match="a close frame went this way"):
        way.inject(TEXT)
    assert [each.opcode for each in told] == [1, 8, 0]


def test_a_close_frame_that_is_let_in_is_one() -> None:
    way, _ = new()
    way.inject(Injected(0x88, b"", False))
    way.inject(TEXT)
    assert passed(way) == encode(0x88, b"")
    assert way.closing


def test_what_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    way, told = new()
    with pytest.raises(ValueError, match=r"first: must be 0\.\.255"):
        way.inject(Injected(256, b"", False))
    monkeypatch.setattr(ways, "_ROOM", 6)
    way.inject(TEXT)
    with pytest.raises(ValueError, match="too much waits"):
        way.inject(TEXT)
    assert passed(way) == encode(0x81, b"text")
    way.inject(TEXT)
    way.observe(None)
    assert passed(way, b"any") == b"any"
    with pytest.raises(ValueError, match="not known"):
        way.inject(TEXT)
    assert len(told) == 1


def test_observed_bytes_are_told_and_not_sent() -> None:
    way, told = new()
    data = encode(0x81, b"early")
    way.observe(data[:3])
    assert passed(way, data[3:]) == data[3:]
    assert [each.payload for each in told] == [b"early"]


@given(
    st.lists(st.binary(max_size=30)).map(lambda payloads: [encode(0x82, p) for p in payloads]),
    st.lists(st.tuples(st.integers(1, 50), st.booleans())),
)
def test_however_it_is_cut_both_are_whole(
    frames: list[bytes], cuts: list[tuple[int, bool]]
) -> None:
    data = b"".join(frames)
    way, told = new()
    out, at, injected = b"", 0, 0
    for size, inject in [*cuts, (len(data), True)]:
        if inject:
            way.inject(PING)
            injected += 1
        out += passed(way, data[at : at + size])
        at += size
    assert out.count(encode(0x89, b"ping")) >= injected
    kinds = [frame.opcode for frame in wire.frames(out)]
    assert kinds == [each.opcode for each in told]
    assert (kinds.count(9), kinds.count(2)) == (injected, len(frames))
