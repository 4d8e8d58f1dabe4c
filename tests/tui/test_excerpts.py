"""What of a history is exported, and in which order."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.frames import IN, OUT, capture, frame
from tests.tui.talks import history, opened
from wskit.buffers import PoolStats
from wskit.events import Ended, Event, Lost, Opened, Sample
from wskit.protocol.opcodes import Side
from wskit.stats import ServerStats
from wskit.taps import Capture
from wskit.tui.excerpts import excerpt
from wskit.tui.history import History

POOL = PoolStats(*[0] * len(PoolStats.__dataclass_fields__))
KINDS = {"handshake_failures": {}, "small_buffers": POOL, "large_buffers": POOL}
STATS = ServerStats(**{name: KINDS.get(name, 0) for name in ServerStats.__dataclass_fields__})  # type: ignore[arg-type]


def test_all_of_it_is_told_as_it_happened() -> None:
    events: list[Event] = [
        opened("a", 1.0),
        capture(2.0, frame(1, b"1")),
        opened("b", 2.5),
        capture(3.0, frame(1, b"2"), "b"),
        Ended(3.0, "b", "gone"),
        Sample(3.5, "s", STATS),
        capture(4.0, frame(1, b"3")),
        opened("c", 5.0, status=403),
        Ended(6.0, "c"),
        Ended(7.0, "a"),
    ]
    kept = History()
    kept.add(events)
    assert list(excerpt(kept).events()) == events


def test_clocks_that_are_set_back_change_no_order_in_a_connection() -> None:
    events: list[Event] = [
        opened("a", 50.0),
        capture(10.0, frame(1, b"1")),
        capture(9.0, frame(1, b"2"), "b"),
        capture(5.0, frame(1, b"3")),
        Ended(1.0, "a"),
        opened("c", 3.0),
        Ended(2.0, "c"),
    ]
    kept = History()
    kept.add(events)
    found = list(excerpt(kept).events())
    assert len(found) == len(events)
    for name in "abc":
        own = [event for event in events if name == getattr(event, "connection", "")]
        assert [event for event in found if name == getattr(event, "connection", "")] == own


def test_what_is_no_longer_known_is_counted_first() -> None:
    kept = History(1 << 16)
    kept.add([opened(), *(capture(float(n), frame(2, bytes(30_000))) for n in range(3))])
    kept.add([Lost(4)])
    assert next(excerpt(kept).events()) == Lost(1 + 4)
    assert next(excerpt(kept, connection=1).events()) == Lost(1)
    (conversation,) = excerpt(kept).conversations
    assert (conversation.left_out, conversation.total, len(conversation.entries)) == (1, 3, 2)
    assert excerpt(kept, numbers=[3]).lost == 0


def test_a_message_is_taken_whole() -> None:
    kept = history(
        frame(1, b"1", fin=False),
        frame(2, b"2", way=OUT),
        frame(9),
        frame(0, b"3"),
        frame(1, b"4"),
    )
    assert [entry.number for entry in excerpt(kept, numbers={4}).entries] == [1, 4]
    assert [entry.number for entry in excerpt(kept, numbers=[3, 2]).entries] == [2, 3]
    (conversation,) = excerpt(kept, numbers=[5]).conversations
    assert conversation.left_out == 4


def test_one_connection_or_those_that_have_chosen_frames() -> None:
    kept = history(opened("a"), frame(1), opened("b"), capture(3.0, connection="b"), opened("c"))
    assert [c.number for c in excerpt(kept).conversations] == [1, 2, 3]
    assert [c.name for c in excerpt(kept, connection=2).conversations] == ["b"]
    assert [c.name for c in excerpt(kept, numbers=[2]).conversations] == ["b"]
    for numbers, connection in ((None, 9), ([], None), ([1], 2)):
        with pytest.raises(ValueError, match="nothing to export"):
            excerpt(kept, numbers=numbers, connection=connection)


def test_a_connection_that_is_forgotten_keeps_its_frames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("wskit.tui.history._CONNECTIONS", 1)
    kept = history(frame(1, b"old"), capture(2.0, connection="b"))
    found = {c.name: c for c in excerpt(kept).conversations}
    assert list(found) == ["b", "a"]
    assert (found["a"].number, found["a"].opening, found["a"].left_out) == (1, None, 0)


@pytest.mark.parametrize(
    ("way", "masked", "side"),
    [
        (OUT, True, Side.CLIENT),
        (IN, False, Side.CLIENT),
        (OUT, False, Side.SERVER),
        (IN, True, Side.SERVER),
    ],
)
def test_the_side_is_told_by_the_mask(way: object, masked: bool, side: Side) -> None:
    kept = history(frame(1, way=way, masked=masked))  # type: ignore[arg-type]
    (conversation,) = excerpt(kept).conversations
    assert conversation.opened == Opened(1.0, "a", side, "ws://localhost/")
    assert conversation.by_client(conversation.entries[0]) is masked


def test_only_the_end_may_be_known() -> None:
    kept = history(Ended(5.0, "a", "gone"))
    (conversation,) = excerpt(kept).conversations
    assert conversation.opened == Opened(5.0, "a", Side.CLIENT, "ws://localhost/")
    assert list(excerpt(kept).events()) == [Ended(5.0, "a", "gone")]


EVENTS = st.lists(
    st.one_of(
        st.builds(capture, st.floats(0, 9), st.just(None), st.sampled_from("ab")),
        st.builds(Ended, st.floats(0, 9), st.sampled_from("ab")),
        st.builds(opened, st.sampled_from("ab"), st.floats(0, 9)),
    ),
    min_size=1,
    max_size=9,
)


@given(EVENTS)
def test_nothing_is_told_twice(events: list[Event]) -> None:
    kept = History()
    kept.add(events)
    found = list(excerpt(kept).events())
    captures = [event for event in events if isinstance(event, Capture)]
    assert [event for event in found if isinstance(event, Capture)] == captures
    for kind in (Opened, Ended):
        for name in "ab":
            own = [e for e in found if isinstance(e, kind) and e.connection == name]
            assert own == [e for e in events if isinstance(e, kind) and e.connection == name][-1:]
