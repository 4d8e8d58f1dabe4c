"""Taps: the guard that silences one that raises, and the bounded ring that counts what it drops."""

from __future__ import annotations

import logging
import threading
import time

import pytest

from tests.deadlines import scaled, wait_for
from wskit.protocol.frames import Direction, FrameRecord
from wskit.taps import Capture, Ring, guarded


def record(number: int = 0) -> FrameRecord:
    return FrameRecord(Direction.IN, 1, True, 0, True, 2, 2, b"%d" % number)


def payloads(captures: list[Capture]) -> list[int]:
    return [int(capture.frame.payload) for capture in captures]


class TestGuarded:
    def test_passes_each_frame_on(self) -> None:
        seen: list[FrameRecord] = []
        tap = guarded(seen.append)
        frames = [record(1), record(2)]
        for frame in frames:
            tap(frame)
        assert seen == frames

    def test_one_that_raises_is_logged_once_and_never_called_again(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        calls: list[FrameRecord] = []

        def fails(frame: FrameRecord) -> None:
            calls.append(frame)
            raise LookupError("broken tap")

        tap = guarded(fails)
        with caplog.at_level(logging.DEBUG, "wskit"):
            tap(record())
            tap(record())
        assert len(calls) == 1
        assert [entry.levelname for entry in caplog.records] == ["ERROR"]
        assert "detached" in caplog.text
        assert "LookupError: broken tap" in caplog.text

    @pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit])
    def test_does_not_swallow_what_ends_the_program(self, error: type[BaseException]) -> None:
        def fails(frame: FrameRecord) -> None:
            raise error

        with pytest.raises(error):
            guarded(fails)(record())


class TestRing:
    def test_gives_frames_in_order_and_once(self) -> None:
        ring = Ring()
        tap = ring.tap("a")
        for number in range(3):
            tap(record(number))
        assert payloads(ring.take(0)) == [0, 1, 2]
        assert ring.take(0) == []

    def test_stamps_time_and_connection(self) -> None:
        ring = Ring()
        before = time.time()
        ring.tap("a")(record())
        ring.tap("b")(record())
        first, second = ring.take(0)
        assert (first.connection, second.connection) == ("a", "b")
        assert before <= first.time <= second.time <= time.time()

    def test_drops_the_oldest_and_counts_them(self) -> None:
        ring = Ring(3)
        tap = ring.tap("a")
        for number in range(8):
            tap(record(number))
        assert ring.dropped == 5
        assert payloads(ring.take(0)) == [5, 6, 7]
        tap(record(8))
        assert ring.dropped == 5, "there was room"

    def test_take_waits_for_the_first_frame(self) -> None:
        ring = Ring()
        taken: list[Capture] = []
        thread = threading.Thread(target=lambda: taken.extend(ring.take(scaled(10))))
        thread.start()
        ring.tap("a")(record(7))
        thread.join(scaled(5))
        assert payloads(taken) == [7]

    def test_take_gives_up_after_its_timeout(self) -> None:
        assert Ring().take(0.01) == []

    def test_close_wakes_everyone_who_waits(self) -> None:
        ring = Ring()
        threads = [threading.Thread(target=ring.take) for _ in range(3)]
        for thread in threads:
            thread.start()
        ring.close()
        wait_for(lambda: not any(thread.is_alive() for thread in threads))

    def test_after_close_what_is_there_can_still_be_taken(self) -> None:
        ring = Ring()
        ring.tap("a")(record(1))
        ring.close()
        assert payloads(ring.take()) == [1]
        assert ring.take() == []

    def test_counts_everything_that_many_threads_record(self) -> None:
        ring = Ring(100)
        threads = [
            threading.Thread(target=lambda: [ring.tap("a")(record()) for _ in range(500)])
            for _ in range(4)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(ring.take(0)) == 100
        assert ring.dropped == 1900

    def test_holds_at_least_one(self) -> None:
        with pytest.raises(ValueError, match=r"^size: must be at least 1, not 0$"):
            Ring(0)
