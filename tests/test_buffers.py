"""Buffer pools: what is lent, what comes back, and that the counters tell the truth."""

from __future__ import annotations

import random
import threading
import tracemalloc

import pytest

from wskit.buffers import BufferProvider, PoolStats
from wskit.errors import MessageTooBig


class TestLending:
    def test_a_wish_that_fits_is_met_from_the_pool(self) -> None:
        provider = BufferProvider(2, 100, 1000)
        first, second = provider.lend(1), provider.lend(100)
        assert first is not second
        assert (len(first), len(second)) == (100, 100)
        assert (provider.stats().hits, provider.stats().dynamic) == (2, 0)

    def test_what_comes_back_is_lent_again_the_last_one_first(self) -> None:
        provider = BufferProvider(2, 100, 1000)
        first, second = provider.lend(1), provider.lend(1)
        provider.release(first)
        provider.release(second)
        assert provider.lend(1) is second

    def test_a_buffer_of_the_pool_is_made_when_it_is_first_needed(self) -> None:
        tracemalloc.start()
        try:
            provider = BufferProvider(8, 1 << 20, 1 << 20)
            assert tracemalloc.get_traced_memory()[0] < 1 << 20
            provider.release(provider.lend(1))
            provider.release(provider.lend(1))
            assert 1 << 20 <= tracemalloc.get_traced_memory()[0] < 2 << 20
        finally:
            tracemalloc.stop()
        assert provider.stats().available == 8

    def test_an_empty_pool_makes_one_of_the_size_asked_for(self) -> None:
        provider = BufferProvider(1, 100, 1000)
        provider.lend(50)
        assert len(provider.lend(50)) == 50
        stats = provider.stats()
        assert (stats.hits, stats.misses, stats.dynamic, stats.dynamic_bytes) == (1, 1, 1, 50)

    def test_a_larger_wish_is_made_exactly_and_leaves_the_pool_alone(self) -> None:
        provider = BufferProvider(1, 100, 1000)
        assert len(provider.lend(101)) == 101
        stats = provider.stats()
        assert (stats.available, stats.misses, stats.dynamic, stats.dynamic_bytes) == (1, 0, 1, 101)

    def test_above_max_nothing_is_lent(self) -> None:
        provider = BufferProvider(1, 100, 1000)
        assert len(provider.lend(1000)) == 1000
        with pytest.raises(MessageTooBig):
            provider.lend(1001)
        assert provider.stats().in_use == 1

    @pytest.mark.parametrize(("count", "size"), [(0, 100), (5, 0)])
    def test_without_a_pool_every_loan_is_dynamic(self, count: int, size: int) -> None:
        provider = BufferProvider(count, size, 1000)
        provider.release(provider.lend(10))
        provider.release(provider.lend(10))
        stats = provider.stats()
        assert (stats.count, stats.hits, stats.dynamic, stats.available) == (0, 0, 2, 0)

    def test_the_defaults_are_one_buffer_of_64_kib(self) -> None:
        stats = BufferProvider().stats()
        assert (stats.count, stats.size) == (1, 65536)


class TestReleasing:
    def test_a_dynamic_buffer_is_not_kept(self) -> None:
        provider = BufferProvider(1, 100, 1000)
        kept, made = provider.lend(10), provider.lend(10)
        provider.release(made)
        assert provider.stats().available == 0
        provider.release(kept)
        assert provider.stats().available == 1

    def test_the_pool_never_grows(self) -> None:
        provider = BufferProvider(1, 100, 1000)
        lent = [provider.lend(100) for _ in range(5)]  # four are made, each of the pool's size
        for buffer in lent:
            provider.release(buffer)
        stats = provider.stats()
        assert (stats.available, stats.in_use, stats.high_water) == (1, 0, 5)


def test_stats_are_a_moment() -> None:
    provider = BufferProvider(2, 10, 100)
    before = provider.stats()
    lent = provider.lend(5)
    provider.lend(50)
    provider.release(lent)
    assert before == PoolStats(10, 2, 2, 0, 0, 0, 0, 0, 0)
    assert provider.stats() == PoolStats(
        size=10,
        count=2,
        available=2,
        in_use=1,
        high_water=2,
        hits=1,
        misses=0,
        dynamic=1,
        dynamic_bytes=50,
    )


def test_threads_never_hold_the_same_buffer_and_nothing_is_lost() -> None:
    provider = BufferProvider(4, 64, 256)
    clashes: list[int] = []

    def borrow(number: int) -> None:
        chance = random.Random(number)
        for _ in range(500):
            buffer = provider.lend(chance.choice((10, 64, 200)))
            buffer[:4] = mark = number.to_bytes(4, "big")
            if buffer[:4] != mark:
                clashes.append(number)
            provider.release(buffer)

    threads = [threading.Thread(target=borrow, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    stats = provider.stats()
    assert not clashes
    assert (stats.in_use, stats.available) == (0, 4)
    assert stats.hits + stats.dynamic == 4000
    assert 1 <= stats.high_water <= 8


@pytest.mark.parametrize("field", ["count", "size", "max"])
class TestArguments:
    def test_may_not_be_negative(self, field: str) -> None:
        with pytest.raises(ValueError, match=rf"^{field}: must not be negative, not -1$"):
            BufferProvider(**{field: -1})

    @pytest.mark.parametrize("value", [True, 1.5, None])
    def test_must_be_ints(self, field: str, value: int) -> None:
        with pytest.raises(TypeError, match=rf"^{field}: must be an int, not"):
            BufferProvider(**{field: value})
