"""Frames read back from JSON lines: lossless, and what is wrong is said by its line."""

from __future__ import annotations

import dataclasses
import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.frames import IN, OUT, capture, frame
from wskit.buffers import PoolStats
from wskit.events import Ended, Event, Lost, Opened, Sample
from wskit.protocol.opcodes import Side
from wskit.stats import ServerStats
from wskit.taps import Capture
from wskit.trace import event_json, frame_json, json_line
from wskit.tui import reading
from wskit.tui.reading import Wrong, events


def read(*lines: str | bytes) -> list[Event]:
    joined = b"\n".join(line.encode() if isinstance(line, str) else line for line in lines)
    return list(events(io.BytesIO(joined + b"\n")))


RECORDS = st.builds(
    frame,
    st.integers(0, 15),
    st.binary(max_size=130) | st.text().map(str.encode),
    way=st.sampled_from([IN, OUT]),
    fin=st.booleans(),
    rsv=st.integers(0, 7),
    masked=st.booleans(),
    wire=st.none() | st.integers(0, 1 << 62),
)


@given(st.lists(st.builds(capture, st.floats(0, 1e10), RECORDS, st.text(max_size=9))))
def test_what_was_written_is_read(written: list[Event]) -> None:
    assert read(*map(event_json, written)) == written


NUMBERS = st.integers(0, 1 << 63)
HEADERS = st.lists(st.tuples(st.text(), st.text())).map(tuple)
POOLS = st.builds(PoolStats, *[NUMBERS] * len(dataclasses.fields(PoolStats)))
TIMES = st.floats(0, 1e10)
STATS = st.builds(
    ServerStats,
    **{field.name: NUMBERS for field in dataclasses.fields(ServerStats)}
    | {
        "handshake_failures": st.dictionaries(st.integers(0, 999), NUMBERS),
        "small_buffers": POOLS,
        "large_buffers": POOLS,
    },
)
OTHERS = (
    st.builds(Lost, NUMBERS)
    | st.builds(Ended, TIMES, st.text(), st.text())
    | st.builds(Sample, TIMES, st.text(), STATS, st.dictionaries(st.text(), NUMBERS))
    | st.builds(
        Opened,
        TIMES,
        st.text(),
        st.sampled_from(Side),
        st.text(),
        st.text(),
        HEADERS,
        st.integers(0, 999),
        HEADERS,
        st.binary(),
    )
)


@given(st.lists(OTHERS))
def test_other_events_are_read_as_they_were_written(written: list[Event]) -> None:
    assert read(*map(event_json, written)) == written


def stats() -> ServerStats:
    """Give those of a server that has done nothing."""
    pool = PoolStats(*[0] * len(dataclasses.fields(PoolStats)))
    numbers: dict[str, Any] = {field.name: 0 for field in dataclasses.fields(ServerStats)}
    return ServerStats(
        **numbers | {"handshake_failures": {}, "small_buffers": pool, "large_buffers": pool}
    )


OPENED = json.loads(event_json(Opened(1.0, "a", Side.CLIENT)))
SAMPLE = json.loads(event_json(Sample(1.0, "a", stats())))


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (OPENED | {"side": "middle"}, 'side: must be "client" or "server"'),
        (OPENED | {"status": 1000}, "status: must be 0..999, not 1000"),
        (OPENED | {"request": [["a"]]}, "request: must hold pairs of strings"),
        (OPENED | {"response": [["a", 1]]}, "response: must hold pairs of strings"),
        (OPENED | {"response": {}}, "response: must be an array"),
        (OPENED | {"body": "?"}, "body: "),
        (SAMPLE | {"queued": -1}, "queued: must be 0.."),
        (SAMPLE | {"small_buffers": []}, "small_buffers: must be an object"),
        (SAMPLE | {"small_buffers": {}}, "size: must be an integer"),
        (SAMPLE | {"handshake_failures": {"many": 1}}, "handshake_failures: 'many' is no status"),
        (SAMPLE | {"queues": {"a": "b"}}, "a: must be an integer"),
        ({"event": "lost"}, "frames: must be an integer"),
        ({"event": "ended", "time": 1, "connection": "a"}, "how: must be a string"),
    ],
)
def test_what_is_wrong_with_other_events_is_said(line: dict[str, object], words: str) -> None:
    with pytest.raises(Wrong) as caught:
        read(json.dumps(line))
    assert str(caught.value).startswith(f"line 1: {words}")


@pytest.mark.parametrize("kind", [None, 5, [], {}])
def test_a_kind_that_is_no_name_passes(kind: object) -> None:
    assert read(json.dumps({"event": kind})) == []


def test_a_payload_that_was_cut_stays_so() -> None:
    [found] = read(frame_json(capture(1.5, frame(1, "aé".encode()[:2], length=900))))
    assert isinstance(found, Capture)
    assert (found.frame.payload, found.frame.length) == (b"a", 900)


def test_other_objects_and_empty_lines_pass() -> None:
    lines = [json_line("listening", url="ws://x"), "", frame_json(capture(1.0)), "  ", '{"a": 1}']
    assert read(*lines) == [capture(1.0)]


GOOD = json.loads(frame_json(capture(1.0, frame(1, b"ok"))))
CLOSE = json.loads(frame_json(capture(1.0, frame(8, b"\x03\xe8ok"))))


def test_a_close_without_a_code_has_no_payload() -> None:
    [found] = read(frame_json(capture(1.0, frame(8))))
    assert isinstance(found, Capture)
    assert found.frame.payload == b""


@pytest.mark.parametrize(
    ("line", "words"),
    [
        (b"\xff\xfe", "is not JSON: 'utf-8' codec"),
        (b"{", "is not JSON: Expecting"),
        (b"[" * 100_000, "is not JSON: "),
        (b"[1]", "is no JSON object"),
        (b'{"event": "frame"}', "code: must be an integer"),
        ({"time": "now"}, "time: must be a number of seconds"),
        ({"time": True}, "time: must be a number of seconds"),
        ({"time": float("nan")}, "time: must be seconds since 1970"),
        ({"time": 10**400}, "time: must be seconds since 1970"),
        ({"time": -1}, "time: must be seconds since 1970"),
        ({"connection": 5}, "connection: must be a string"),
        ({"direction": "up"}, 'direction: must be "in" or "out"'),
        ({"direction": None}, "direction: must be a string"),
        ({"opcode": 16}, "opcode: must be 0..15, not 16"),
        ({"opcode": True}, "opcode: must be an integer"),
        ({"rsv": 8}, "rsv: must be 0..7, not 8"),
        ({"fin": 1}, "fin: must be true or false"),
        ({"masked": None}, "masked: must be true or false"),
        ({"wire_length": -1}, "wire_length: must be 0.."),
        ({"length": 1}, "length: is less than the payload has"),
        ({"length": 10**400}, "length: must be 0.."),
        ({"length": 2.0}, "length: must be an integer"),
        ({"text": 5}, "text: must be a string"),
        ({"text": "\ud800"}, "text: holds half of a surrogate pair"),
        ({"base64": "a"}, "base64: "),
        ({"base64": "é"}, "base64: "),
    ],
)
def test_what_is_wrong_is_said_with_its_line(line: bytes | dict[str, object], words: str) -> None:
    if isinstance(line, dict):
        line = json.dumps(GOOD | line).encode()
    with pytest.raises(Wrong) as caught:
        read(frame_json(capture(1.0)), line)
    assert str(caught.value).startswith(f"line 2: {words}")
    assert str(caught.value).isprintable()


@pytest.mark.parametrize("code", [-1, 65536, "1000"])
def test_a_code_that_is_none_is_said(code: object) -> None:
    with pytest.raises(Wrong, match="line 1: code: must be "):
        read(json.dumps(CLOSE | {"code": code}))


def test_a_line_without_an_end_does_not_fill_the_memory(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(reading, "LONGEST", 1000)
    with pytest.raises(Wrong, match=r"^line 1: has more than 1000 bytes"):
        list(events(io.BytesIO(b"x" * 5000)))


def test_what_came_before_is_given() -> None:
    lines = events(io.BytesIO(f"{frame_json(capture(1.0))}\nrubbish".encode()))
    assert next(lines) == capture(1.0)
    with pytest.raises(Wrong, match="line 2"):
        next(lines)
