"""The splitter: every length form, masked or not, at any cut, and not a byte changed."""

from __future__ import annotations

import itertools

from hypothesis import given
from hypothesis import strategies as st

from wskit.testing.faults.splitter import Part, Splitter

REQUEST = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
RESPONSE = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n"


def frame(opcode: int, payload: bytes, form: int, mask: bool) -> bytes:
    bit = 0x80 if mask else 0
    head = bytes([0x80 | opcode])
    if form == 7:
        head += bytes([bit | len(payload)])
    else:
        head += bytes([bit | (126 if form == 16 else 127)])
        head += len(payload).to_bytes(form // 8, "big")
    return head + (b"\x01\x02\x03\x04" if mask else b"") + payload


def cuts(data: bytes, places: list[int]) -> list[bytes]:
    edges = sorted({0, len(data), *(place % (len(data) + 1) for place in places)})
    return [data[a:b] for a, b in itertools.pairwise(edges)]


def parts_of(pieces: list[bytes], *, response: bool = False) -> list[Part]:
    splitter = Splitter(response=response)
    return [part for piece in pieces for part in splitter.split(piece)]


frames = st.builds(
    frame,
    st.integers(0, 15),
    st.binary(max_size=125) | st.sampled_from([b"", b"x"]),
    st.sampled_from([7, 16, 64]),
    st.booleans(),
)


@given(st.lists(frames, max_size=6), st.lists(st.integers(0, 10_000), max_size=40), st.booleans())
def test_any_cut_of_any_frames(sent: list[bytes], places: list[int], response: bool) -> None:
    head = RESPONSE if response else REQUEST
    parts = parts_of(cuts(head + b"".join(sent), places), response=response)
    found = [b""] * (len(sent) + 1)
    for part in parts:
        assert part.data
        if part.frame:
            assert part.at == len(found[part.frame])
            assert part.opcode == sent[part.frame - 1][0] & 15
            header = len(found[part.frame]) - (part.payload_at or 0)
            assert (
                part.payload_at is None
                or found[part.frame][:header] == found[part.frame][: part.at - part.payload_at]
            )
        found[part.frame] += part.data
        assert part.last == (found[part.frame] == [head, *sent][part.frame])
    assert found == [head, *sent]


@given(st.lists(st.integers(0, 10_000), max_size=20), st.binary(max_size=60))
def test_what_is_no_protocol_passes_unchanged(places: list[int], data: bytes) -> None:
    pieces = cuts(REQUEST + data, places)
    assert b"".join(part.data for part in parts_of(pieces)) == REQUEST + data


def test_frames_of_each_length_form() -> None:
    for form, size in ((7, 0), (7, 125), (16, 126), (16, 65535), (64, 65536)):
        for mask in (False, True):
            data = frame(2, bytes(size), form, mask)
            parts = parts_of([REQUEST + data])
            header = len(data) - size
            assert parts[1].data == data[:header]
            assert [p.data for p in parts[2:]] == ([data[header:]] if size else [])
            assert parts[-1].last
            if size:
                assert (parts[2].at, parts[2].payload_at) == (header, 0)


def test_a_header_goes_on_byte_by_byte() -> None:
    data = frame(1, b"hi", 64, True)
    parts = parts_of([REQUEST, *(bytes([byte]) for byte in data)])
    assert [part.data for part in parts[1:]] == [bytes([byte]) for byte in data]
    assert [part.at for part in parts[1:]] == list(range(16))
    assert [part.last for part in parts[1:]] == [False] * 15 + [True]


def test_behind_a_refusal_there_are_no_frames() -> None:
    refusal = b"HTTP/1.1 403 Forbidden\r\n\r\n"
    parts = parts_of([refusal + b"\x81", b"\x02hi\r\n\r\n\x8a\x00"], response=True)
    assert {part.frame for part in parts} == {0}
    assert not any(part.last for part in parts)


def test_the_end_of_the_head_is_no_accident_of_cuts() -> None:
    head = b"GET / HTTP/1.1\r\nA: " + b"x" * 40 + b"\r\nB: c\r\n\r\n"
    for at in range(len(head)):
        parts = parts_of([piece for piece in (head[:at], head[at:]) if piece] + [b"\x89\x00"])
        assert b"".join(part.data for part in parts if not part.frame) == head
        assert parts[-1].frame == 1
