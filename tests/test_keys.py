"""Masking keys: unpredictable, never the same twice, whatever threads or processes ask."""

from __future__ import annotations

import os
import threading

from tests.deadlines import scaled
from wskit.keys import next_key


def test_keys_fill_32_bits() -> None:
    keys = [next_key() for _ in range(1000)]
    assert all(0 <= key < 1 << 32 for key in keys)
    # Each bit is set in about half of them: 300 is 12 standard deviations off.
    for bit in range(32):
        assert 300 < sum(key >> bit & 1 for key in keys) < 700


def test_keys_do_not_repeat() -> None:
    # 2,000 of 2**32: two that are equal once in 2,000 runs, three never.
    keys = [next_key() for _ in range(2000)]
    assert len(set(keys)) >= len(keys) - 1


def test_threads_never_share_a_key() -> None:
    found: list[list[int]] = [[] for _ in range(8)]
    start = threading.Barrier(len(found))

    def draw(mine: list[int]) -> None:
        start.wait(scaled(10))
        mine.extend(next_key() for _ in range(2000))

    threads = [threading.Thread(target=draw, args=(mine,)) for mine in found]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    everything = [key for mine in found for key in mine]
    assert len(everything) == 16000
    # By chance alone 0.03 pairs are equal; a batch that two threads used would make 256.
    assert len(set(everything)) >= len(everything) - 3


def test_a_forked_child_does_not_go_on_with_the_keys_of_its_parent() -> None:
    next_key()  # there is a batch now
    read, write = os.pipe()
    if not (pid := os.fork()):
        os.write(write, b"".join(next_key().to_bytes(4, "big") for _ in range(100)))
        os._exit(0)
    os.waitpid(pid, 0)
    os.close(write)
    with open(read, "rb") as answer:
        data = answer.read()
    theirs = {int.from_bytes(data[at : at + 4], "big") for at in range(0, 400, 4)}
    assert len({next_key() for _ in range(100)} & theirs) <= 1
