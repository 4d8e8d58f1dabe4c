"""The dissector: every frame as it is, whatever it is, wherever the stream is cut."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wskit.protocol.deflate import Deflater
from wskit.protocol.frames import Direction, FrameRecord, encode, header
from wskit.proxy.dissecting import PREVIEW, Dissector
from wskit.proxy.inflating import Looker

IN = Direction.IN


def new(deflate: bool = False, fresh: bool = False) -> Dissector:
    looker = Looker(no_context_takeover=fresh, preview=PREVIEW) if deflate else None
    return Dissector(IN, looker=looker)


def frames(dissector: Dissector, *pieces: bytes) -> list[FrameRecord]:
    """Give the frames in ``pieces``."""
    found = []
    for piece in pieces:
        at = 0
        while at < len(piece):
            before = at
            at, record = dissector.step(piece, at)
            assert at > before
            if record is not None:
                found.append(record)
    return found


def record(
    first: int,
    payload: bytes,
    *,
    masked: bool = False,
    wire: int | None = None,
    length: int | None = None,
) -> FrameRecord:
    size = len(payload)
    wire = size if wire is None else wire
    length = size if length is None else length
    return FrameRecord(
        IN, first & 15, first > 127, first >> 4 & 7, masked, wire, length, payload[:PREVIEW]
    )


MALFORMED = {
    "reserved bits": (encode(0xF1, b"a"), record(0xF1, b"a")),
    "reserved opcode": (encode(0x83, b"a"), record(0x83, b"a")),
    "reserved control": (encode(0x8F, b"a"), record(0x8F, b"a")),
    "masked": (encode(0x81, b"abcde", 0x01020304), record(0x81, b"abcde", masked=True)),
    "not minimal 16": (b"\x81\x7e\x00\x01a", record(0x81, b"a")),
    "not minimal 64": (b"\x81\x7f" + bytes(7) + b"\x01a", record(0x81, b"a")),
    "fragmented control": (encode(0x09, b"a"), record(0x09, b"a")),
    "lone continuation": (encode(0x80, b"a"), record(0x80, b"a")),
    "compressed continuation": (encode(0xC0, b"a"), record(0xC0, b"a")),
    "long control": (encode(0x89, b"a" * 300), record(0x89, b"a" * 300)),
    "bad close": (encode(0x88, b"\x03"), record(0x88, b"\x03")),
    "bad text": (encode(0x81, b"\xff"), record(0x81, b"\xff")),
    "compressed ping": (encode(0xC9, b"a"), record(0xC9, b"a")),
    "no deflate": (encode(0xC1, b"\xff\xff"), record(0xC1, b"\xff\xff")),
}


@pytest.mark.parametrize("kind", MALFORMED)
@pytest.mark.parametrize("deflate", [False, True])
def test_malformed_frames_are_told_as_they_are(kind: str, deflate: bool) -> None:
    data, expected = MALFORMED[kind]
    dissector = new(deflate)
    good = encode(0x81, b"good")
    assert frames(dissector, data + good) == [expected, record(0x81, b"good")]
    assert dissector.at_boundary
    pieces = [bytes([byte]) for byte in data]
    assert frames(new(deflate), *pieces) == [expected]


@pytest.mark.parametrize("top", [0xFF, 0x7F, 0x40])
def test_a_frame_without_an_end_is_the_last(top: int) -> None:
    dissector = new()
    head = b"\x82\x7f" + bytes([top]) + bytes(7)
    assert frames(dissector, head + b"abc", b"more") == [
        record(0x82, b"", wire=top << 56, length=top << 56)
    ]
    assert dissector.lost
    assert not dissector.at_boundary


def test_states() -> None:
    dissector = new()
    assert dissector.at_boundary
    frames(dissector, b"\x01")
    assert not dissector.at_boundary
    frames(dissector, b"\x01a")
    assert dissector.at_boundary
    assert dissector.message_open
    frames(dissector, encode(0x89, b""))
    assert dissector.message_open
    frames(dissector, encode(0x80, b"b"))
    assert not dissector.message_open
    assert not dissector.close_seen
    frames(dissector, encode(0x88, b""))
    assert dissector.close_seen


@pytest.mark.parametrize("fresh", [False, True])
@pytest.mark.parametrize("key", [None, 0x9ABCDEF1])
def test_compressed_messages(fresh: bool, key: int | None) -> None:
    deflater, dissector = Deflater(12, no_context_takeover=fresh), new(True, fresh)
    masked = key is not None
    for _ in range(3):
        text = b"say it again " * 1000
        data = deflater.compress(text)
        frame = encode(0xC1, data, key)
        (one,) = frames(dissector, *(frame[at : at + 3] for at in range(0, len(frame), 3)))
        assert one == record(0xC1, text, masked=masked, wire=len(data))
        assert frames(dissector, encode(0x81, b"plain", key)) == [
            record(0x81, b"plain", masked=masked)
        ]


def test_fragments_of_a_compressed_message_with_a_ping_between() -> None:
    text = b"over and over " * 2000
    data = Deflater(15).compress(text)
    one, two, three, ping, last = frames(
        new(True),
        encode(0x42, data[:20], 5),
        encode(0x00, data[20:], 6) + encode(0x00, b"", 7),
        encode(0x89, b"ping"),
        encode(0x80, b"", 8),
    )
    assert one.payload == text[: one.length]
    assert two.payload == text[one.length :][: len(two.payload)]
    assert one.length + two.length + three.length + last.length == len(text)
    assert ping.payload == b"ping"


def test_a_message_that_another_interrupts() -> None:
    found = frames(new(True), encode(0x41, b"\x00"), encode(0x81, b"text"), encode(0x80, b"x"))
    assert [each.payload for each in found[1:]] == [b"text", b"x"]


def test_corruption_of_a_shared_context_shows_what_is_on_the_wire() -> None:
    good = Deflater(15).compress(b"good")
    found = frames(new(True), encode(0xC1, b"\xff"), encode(0xC1, good))
    assert [each.payload for each in found] == [b"\xff", good]
    found = frames(new(True, True), encode(0xC1, b"\xff"), encode(0xC1, good))
    assert [each.payload for each in found] == [b"\xff", b"good"]


def test_only_the_start_of_a_payload_is_held() -> None:
    size = 64 << 20
    dissector = new()
    piece = bytes(range(256)) * 256
    tracemalloc.start()
    try:
        assert frames(dissector, header(0x82, size)) == []
        found: list[FrameRecord] = []
        for _ in range(size // len(piece)):
            found += frames(dissector, piece)
        assert tracemalloc.get_traced_memory()[1] < 1 << 20
    finally:
        tracemalloc.stop()
    assert found == [record(0x82, piece[:PREVIEW], wire=size, length=size)]


@st.composite
def wires(draw: st.DrawFn) -> bytes:
    """Give frames of any kind, and bytes of any kind behind them."""
    first = st.sampled_from([0x01, 0x81, 0x41, 0xC1, 0xC2, 0x00, 0x80, 0x88, 0x89]) | st.integers(
        0, 255
    )
    payload = st.binary(max_size=200) | st.binary(max_size=50).map(
        lambda data: Deflater(15).compress(data)
    )
    key = st.none() | st.integers(0, 0xFFFFFFFF)
    parts = draw(st.lists(st.builds(encode, first, payload, key), max_size=6))
    return b"".join(parts) + draw(st.binary(max_size=20))


@given(wires(), st.lists(st.integers(1, 40), min_size=1), st.booleans(), st.booleans())
def test_cuts_change_nothing(data: bytes, sizes: list[int], deflate: bool, fresh: bool) -> None:
    pieces, at, turn = [], 0, 0
    while at < len(data):
        pieces.append(data[at : at + sizes[turn % len(sizes)]])
        at += len(pieces[-1])
        turn += 1
    whole, cut = new(deflate, fresh), new(deflate, fresh)
    assert frames(whole, data) == frames(cut, *pieces)
    assert (whole.at_boundary, whole.message_open) == (cut.at_boundary, cut.message_open)


@given(st.binary(max_size=2000), st.booleans())
def test_any_bytes(data: bytes, deflate: bool) -> None:
    for each in frames(new(deflate), data):
        assert len(each.payload) <= PREVIEW
