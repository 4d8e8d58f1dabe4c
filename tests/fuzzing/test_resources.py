"""Whether a process holds on to something, for a process that is a list of costs."""

from __future__ import annotations

from wskit.fuzzing.process_watch import Cost
from wskit.fuzzing.resources import Limits, Meter

MIB = 1 << 20
LIMITS = Limits(memory=10 * MIB, seconds=1.0, files=5)


class Played:
    """A watch that gives one cost after the other, and the last for ever."""

    def __init__(self, *costs: Cost) -> None:
        self.costs = list(costs)

    def cost(self) -> Cost:
        return self.costs.pop(0) if len(self.costs) > 1 else self.costs[0]


def cost(memory: float = 0, seconds: float = 0.0, files: int = 3) -> Cost:
    return Cost(int(memory * MIB), seconds, files)


def metered(*costs: Cost) -> Meter:
    return Meter(Played(*costs), LIMITS, sleep=lambda _: None)


def test_memory_must_grow_beyond_the_limit_and_again_by_as_much() -> None:
    meter = metered(cost(1), cost(9), cost(12), cost(12), cost(20), cost(20), cost(23))
    said = []
    for _ in range(3):
        meter.start()
        said.append([fault.detail for fault in meter.stop()])
    assert said == [
        ["11 MiB of memory more than at the start, limit 10 MiB"],
        [],
        ["11 MiB of memory more than at the start, limit 10 MiB"],
    ]


def test_processor_time_is_that_of_one_attack() -> None:
    meter = metered(cost(), cost(seconds=5), cost(seconds=5.9), cost(seconds=5.9), cost(seconds=8))
    meter.start()
    assert meter.stop() == []
    meter.start()
    (fault,) = meter.stop()
    assert (fault.check, fault.detail[:5]) == ("processor time", "2.1 s")


def test_what_stays_open() -> None:
    (fault,) = metered(cost(), cost(files=9)).finish(0)
    assert fault.check == "connections are let go"
    assert fault.detail == "6 descriptors more than at the start are open"


def test_what_goes_in_time_has_not_stayed() -> None:
    meter = metered(cost(), *[cost(files=9)] * 4, cost(files=4))
    assert meter.finish(60) == []


def test_descriptors_that_are_not_known() -> None:
    assert metered(cost(files=-1), cost(files=100)).finish(0) == []


def test_burning_while_idle() -> None:
    (fault,) = metered(cost(), cost(seconds=1), cost(seconds=1.4)).finish(0)
    assert fault.check == "idle"
