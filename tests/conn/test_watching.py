"""What a connection tells about itself: counters, frames, its name."""

from __future__ import annotations

import logging
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.deadlines import scaled, wait_for
from tests.server.adopting import Link, linked
from tests.server.peer import CLOSE, PING, PONG, TEXT, frame
from wskit.conn import format_address
from wskit.protocol.frames import Direction, FrameRecord, Tap
from wskit.protocol.gates import Budget, Gate


class TestStats:
    def test_count_whole_messages_and_bytes_on_the_wire(self, link: Link) -> None:
        link.peer.text("12345")
        assert link.peer.read_text() == "12345"
        link.conn.write_ping(b"p")
        link.peer.read()
        wait_for(lambda: link.conn.stats().bytes_out == 7 + 3)
        stats = link.conn.stats()
        assert (stats.messages_in, stats.messages_out) == (1, 1)
        assert stats.bytes_in == 6 + 5
        assert (stats.queued, stats.compression_bytes, stats.latency) == (0, 0, None)

    def test_know_the_latency_of_the_last_keepalive(self, blocking: bool) -> None:
        with linked(blocking=blocking, ping_interval=0.05) as link:
            ping = link.peer.read()
            assert ping.opcode == PING
            link.peer.send(frame(PONG, ping.payload))
            latency = wait_for(lambda: link.conn.stats().latency)
            assert latency is not None
            assert 0 < latency < scaled(5)

    def test_stay_when_it_is_closed(self, link: Link) -> None:
        link.peer.text("hi")
        link.peer.read_text()
        link.peer.hang_up()
        link.book.closed()
        stats = link.conn.stats()
        assert (stats.messages_in, stats.messages_out, stats.queued) == (1, 1, 0)


class TestTaps:
    def test_see_every_frame_of_both_directions(self, link: Link) -> None:
        seen: list[FrameRecord] = []
        link.conn.set_tap(seen.append)
        link.peer.text("hi")
        link.peer.read_text()
        link.conn.write_ping(b"p")
        link.peer.read()
        link.peer.close_frame(3000)
        link.peer.read_close()
        assert [(each.direction, each.opcode, each.payload, each.masked) for each in seen] == [
            (Direction.IN, TEXT, b"hi", True),
            (Direction.OUT, TEXT, b"hi", False),
            (Direction.OUT, PING, b"p", False),
            (Direction.IN, CLOSE, b"\x0b\xb8", True),
            (Direction.OUT, CLOSE, b"\x0b\xb8", False),
        ]

    def test_one_that_raises_is_detached_and_said_once_and_harms_nothing(
        self, link: Link, caplog: pytest.LogCaptureFixture
    ) -> None:
        def fails(record: FrameRecord) -> None:
            raise LookupError("broken tap")

        link.conn.set_tap(fails)
        with caplog.at_level(logging.WARNING, "wskit"):
            for text in "abc":
                link.peer.text(text)
                assert link.peer.read_text() == text
        assert [entry.getMessage() for entry in caplog.records] == [
            f"tap {fails!r} raised and was detached"
        ]
        assert not link.conn.is_closed

    def test_can_be_taken_off(self, link: Link) -> None:
        seen: list[FrameRecord] = []
        link.conn.set_tap(seen.append)
        link.conn.write("a")
        link.conn.set_tap(None)
        link.conn.write("b")
        assert len(seen) == 1


class TestTapsOfTools:
    @pytest.fixture(autouse=True)
    def nobody(self, link: Link) -> None:
        """Have nobody watch, not even the plugin."""
        for each in link.conn._watch_taps:
            link.conn._unwatch(each.tap)

    def test_come_and_go_beside_the_applications(self, link: Link) -> None:
        own: list[FrameRecord] = []
        tools: list[list[FrameRecord]] = [[], []]
        taps = [tool.append for tool in tools]
        link.conn.set_tap(own.append)
        for tap in taps:
            link.conn._watch(tap)
        link.conn.write("a")
        link.conn._unwatch(taps[0])
        link.conn._unwatch(taps[0])
        link.conn.write("b")
        link.conn.set_tap(None)
        link.conn.write("c")
        link.conn._unwatch(taps[1])
        link.conn.write("d")
        assert [len(own), *map(len, tools)] == [2, 1, 3]
        assert link.conn._protocol.tap is None

    def test_a_gate_saves_the_record_only_where_nobody_else_wants_it(self, link: Link) -> None:
        gate, seen = Gate(Budget(0)), list[FrameRecord]()
        tap = seen.append
        link.conn._watch(tap, gate)
        assert link.conn._protocol.gate is gate
        link.conn.write("a")
        assert (gate.skipped_out, seen) == (1, [])
        link.conn.set_tap(lambda record: None)
        assert link.conn._protocol.gate is None
        link.conn.set_tap(None)
        assert link.conn._protocol.gate is gate
        link.conn._watch(other := list[FrameRecord]().append, Gate(Budget(0)))
        assert link.conn._protocol.gate is None
        link.conn._unwatch(other)
        assert link.conn._protocol.gate is gate
        link.conn._unwatch(tap)
        assert link.conn._protocol.tap is None
        assert link.conn._protocol.gate is None

    def test_taps_that_change_on_several_threads_are_all_kept(self, link: Link) -> None:
        def change(tap: Tap) -> None:
            for _ in range(200):
                link.conn._watch(tap)
                link.conn._unwatch(tap)
            link.conn._watch(tap)

        taps = [list[FrameRecord]().append for _ in range(4)]
        with ThreadPoolExecutor(4) as pool:
            assert list(pool.map(change, taps)) == [None] * 4
        assert sorted(map(id, (each.tap for each in link.conn._watch_taps))) == sorted(
            map(id, taps)
        )


@pytest.mark.parametrize(
    ("address", "text"),
    [
        (("127.0.0.1", 80), "127.0.0.1:80"),
        (("::1", 80), "[::1]:80"),
        ("/run/ws.sock", "/run/ws.sock"),
        ("", "unix"),
    ],
)
def test_an_address_reads_as_in_a_url(address: tuple[str, int] | str, text: str) -> None:
    assert format_address(address) == text
