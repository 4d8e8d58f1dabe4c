"""The history: frames in their context, bounded memory, and counts that add up."""

from __future__ import annotations

import tracemalloc

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.frames import IN, OUT, capture, frame
from wskit.buffers import PoolStats
from wskit.events import Ended, Lost, Opened, Sample
from wskit.protocol.opcodes import Side
from wskit.stats import ServerStats
from wskit.tui.entries import Entry
from wskit.tui.history import History


def last(history: History) -> Entry:
    entry = history.entry(history.total)
    assert entry is not None
    return entry


def test_entries_are_numbered_and_timed_by_connection() -> None:
    history = History()
    history.add([capture(1.0), capture(1.5, connection="b"), capture(3.0)])
    assert [(e.number, e.conn, e.delta) for e in history] == [
        (1, 1, None),
        (2, 2, None),
        (3, 1, 2.0),
    ]
    assert [(c.number, c.name, c.first, c.last) for c in history.connections] == [
        (1, "a", 1.0, 3.0),
        (2, "b", 1.5, 1.5),
    ]


def test_fragments_know_their_message_also_with_control_frames_in_between() -> None:
    history = History()
    frames = [
        frame(1, b"a"),
        frame(1, b"b", fin=False),
        frame(9),
        frame(0, b"c", fin=False),
        frame(2, b"other way", way=OUT),
        frame(0, b"d"),
        frame(2, b"e"),
    ]
    history.add(capture(float(n), each) for n, each in enumerate(frames))
    places = [(e.message, e.fragment) for e in history]
    assert places == [(1, 1), (2, 1), (0, 0), (2, 2), (1, 1), (2, 3), (3, 1)]
    [connection] = history.connections
    assert (connection.inbound.messages, connection.outbound.messages) == (3, 1)
    assert (connection.inbound.frames, connection.inbound.octets) == (6, 5)


def test_a_pong_knows_how_long_its_ping_was_ago() -> None:
    history = History()
    history.add(
        [
            capture(1.0, frame(9, b"one", way=OUT)),
            capture(1.5, frame(9, b"two", way=OUT)),
            capture(2.0, frame(10, b"two", way=IN)),
            capture(2.5, frame(10, b"two", way=IN)),
            capture(3.0, frame(10, b"one", way=OUT)),
            capture(4.0, frame(10, b"one", way=IN)),
        ]
    )
    assert [e.rtt for e in history] == [None, None, 0.5, None, None, 3.0]
    assert history.connections[0].rtt == 3.0


def test_unanswered_pings_are_remembered_up_to_a_number() -> None:
    history = History()
    history.add(capture(n, frame(9, b"%d" % n)) for n in range(1000))
    assert len(history.connections[0].inbound.pings) == 64
    history.add(
        [capture(1001, frame(10, b"999", way=OUT)), capture(1001, frame(10, b"1", way=OUT))]
    )
    assert [e.rtt for e in history.since(1000)] == [2.0, None]


@pytest.mark.parametrize(
    ("payload", "close"),
    [
        (b"\x03\xe8bye", (IN, 1000, "bye")),
        (b"", (IN, 1005, "")),
        (b"\x03\xed", (IN, 1005, "")),
        (b"\x03", (IN, 3, "")),
    ],
)
def test_the_first_close_is_that_of_the_connection(
    payload: bytes, close: tuple[object, int, str]
) -> None:
    history = History()
    history.add([capture(1, frame(8, payload)), capture(2, frame(8, b"\x0f\xa0", way=OUT))])
    assert history.connections[0].close == close


def test_the_oldest_go_when_there_is_no_room_and_are_counted() -> None:
    history = History(limit=1 << 16)
    for number in range(500):
        history.add([capture(number, frame(2, bytes(1000)))])
        assert history.held <= 1 << 16
        assert history.dropped + len(history) == history.total == number + 1
    assert 20 < len(history) < 66
    first = next(iter(history)).number
    assert first == history.dropped + 1
    assert history.entry(first) is not None
    assert history.entry(first - 1) is history.entry(history.total + 1) is None
    assert [e.number for e in history.since(0)] == [e.number for e in history]
    assert [e.number for e in history.since(498)] == [499, 500]
    assert list(history.since(500)) == []


def test_one_frame_that_is_larger_than_the_limit_is_kept_alone() -> None:
    history = History(limit=1 << 16)
    history.add([capture(1), capture(2, frame(2, bytes(1 << 17)))])
    assert (len(history), history.dropped) == (1, 1)
    assert last(history).frame.length == 1 << 17


def test_the_limit_is_that_of_the_memory() -> None:
    history = History(limit=4 << 20)
    tracemalloc.start()
    try:
        history.add(capture(float(n), frame(1, b"x%d" % n)) for n in range(20_000))
        used = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert history.dropped
    assert used < 4 << 20


def test_what_is_cleared_counts_as_dropped() -> None:
    history = History()
    history.add([capture(1), capture(2)])
    history.clear()
    assert (len(history), history.dropped, history.held) == (0, 2, 0)
    history.add([capture(3)])
    assert last(history).delta == 1.0


def test_connections_are_remembered_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wskit.tui.history._CONNECTIONS", 3)
    history = History()
    history.add(capture(n, connection=str(n)) for n in range(5))
    assert [c.name for c in history.connections] == ["2", "3", "4"]
    assert history.forgotten == 2
    history.add([capture(6, connection="0")])
    assert last(history).conn == 6


def test_a_limit_that_is_too_small_is_named() -> None:
    with pytest.raises(ValueError, match=r"^limit: must be at least 65536 bytes, not 5"):
        History(limit=5)


@given(
    st.lists(
        st.builds(
            frame,
            st.integers(0, 15),
            st.binary(max_size=130),
            way=st.sampled_from([IN, OUT]),
            fin=st.booleans(),
            rsv=st.integers(0, 7),
            length=st.none() | st.integers(130, 1 << 62),
        )
    )
)
def test_any_frames_in_any_order_are_taken(frames: list[object]) -> None:
    history = History()
    history.add(capture(float(n), each) for n, each in enumerate(frames))  # type: ignore[arg-type]
    assert len(history) == len(frames)


def opened(name: str, moment: float = 1.0, status: int = 101, size: int = 0) -> Opened:
    return Opened(moment, name, Side.SERVER, "/", status=status, body=bytes(size))


def test_a_connection_is_known_from_its_opening_to_its_end() -> None:
    history = History()
    history.add([opened("a")])
    [connection] = history.connections
    assert (connection.number, connection.state, connection.first) == (1, "open", 1.0)
    history.add([capture(2.0, frame(8, b"\x03\xe8"), "a")])
    assert connection.state == "closing"
    history.add([Ended(3.0, "a", "by itself")])
    assert connection.state == "closed"
    assert connection.ended is not None
    assert connection.ended.how == "by itself"
    assert connection.opening is not None
    assert history.connection(1) is connection
    assert history.connection(2) is None
    assert len(history) == 1


@pytest.mark.parametrize(("status", "state"), [(403, "refused"), (0, "no answer")])
def test_a_handshake_that_opened_nothing_is_a_connection_that_was_refused(
    status: int, state: str
) -> None:
    history = History()
    history.add([opened("a", status=status), Ended(2.0, "a")])
    assert [c.state for c in history.connections] == [state]


def test_openings_take_a_quarter_of_the_memory() -> None:
    history = History(limit=1 << 16)
    history.add(opened(str(n), size=1000) for n in range(100))
    known = [c.name for c in history.connections if c.opening is not None]
    assert known == [str(n) for n in range(100 - len(known), 100)]
    assert 5 < len(known) < 17
    assert history.held_openings <= 1 << 14


def test_the_opening_of_a_forgotten_connection_goes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wskit.tui.history._CONNECTIONS", 2)
    history = History(limit=1 << 16)
    history.add(opened(str(n), size=1000) for n in range(100))
    assert [c.name for c in history.connections if c.opening is not None] == ["98", "99"]
    assert history.held_openings <= 1 << 14


def test_after_a_gap_nothing_is_judged_that_may_have_begun_in_it() -> None:
    history = History()
    more = frame(0, b"x", fin=False)
    history.add([capture(1, frame(1, fin=False)), Lost(5), capture(2, frame(1)), capture(3, more)])
    assert [bool(e.wrong) for e in history] == [False, False, True]
    history.add([Lost(2), capture(4, more), capture(5, frame(0)), capture(6, frame(0))])
    assert [bool(e.wrong) for e in history.since(3)] == [False, False, True]
    history.add([Lost(1), capture(7, frame(1, way=OUT)), capture(8, frame(0, way=OUT))])
    assert [bool(e.wrong) for e in history.since(6)] == [False, True]
    assert history.lost == 8


def sample(server: str, moment: float, **queues: int) -> Sample:
    pool = PoolStats(*[0] * 9)
    names = ServerStats.__dataclass_fields__
    numbers = {name: 0 for name in names if not name.endswith("_buffers")}
    stats = ServerStats(
        **numbers | {"handshake_failures": {}},  # type: ignore[arg-type]
        small_buffers=pool,
        large_buffers=pool,
    )
    return Sample(moment, server, stats, queues)


def test_samples_are_kept_by_server_up_to_a_number(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wskit.tui.history._SAMPLES", 3)
    monkeypatch.setattr("wskit.tui.history._SERVERS", 2)
    history = History()
    history.add(sample("one", float(n)) for n in range(5))
    history.add([sample("two", 1.0)])
    assert [s.time for s in history.servers["one"]] == [2.0, 3.0, 4.0]
    history.add([sample("three", 1.0)])
    assert list(history.servers) == ["two", "three"]


def test_queues_are_those_of_the_last_sample() -> None:
    history = History()
    history.add([opened("a"), opened("b"), sample("s", 1.0, a=5, b=7, gone=1)])
    assert [c.queued for c in history.connections] == [5, 7]
    history.add([sample("s", 2.0, b=8)])
    assert [c.queued for c in history.connections] == [0, 8]
    history.add([Ended(3.0, "b")])
    assert [c.queued for c in history.connections] == [0, 0]
