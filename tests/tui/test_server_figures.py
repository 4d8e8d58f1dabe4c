"""Figures of servers: rates that were there, charts, tables, and bounded lines of them."""

from __future__ import annotations

from dataclasses import fields, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from wskit.buffers import PoolStats
from wskit.events import Sample
from wskit.stats import ServerStats
from wskit.trace import columns
from wskit.tui.server_figures import rates, series, server_lines, sparkline

POOL = PoolStats(4096, 8, 6, 2, 5, 100, 3, 4, 70_000)
STATS = ServerStats(
    connections=3,
    handshakes_pending=1,
    connections_total=1234,
    messages_in=0,
    messages_out=0,
    bytes_in=0,
    bytes_out=0,
    queued=99,
    compression_bytes=32_768,
    queue_depth=7,
    threads=8,
    threads_busy=2,
    handshake_failures={},
    small_buffers=POOL,
    large_buffers=replace(POOL, size=65_536, count=1),
)


def sample(time: float, **numbers: int) -> Sample:
    return Sample(time, "127.0.0.1:8000", replace(STATS, **numbers))  # type: ignore[arg-type]


def test_rates_are_between_samples_however_far_apart() -> None:
    first, second = rates(
        [
            sample(100.0, messages_in=10, bytes_out=1000),
            sample(101.0, messages_in=30, bytes_out=1500),
            sample(105.0, messages_in=70, bytes_out=1500),
        ]
    )
    assert (first.time, first.seconds, first.messages_in, first.bytes_out) == (101, 1, 20, 500)
    assert (second.seconds, second.messages_in, second.messages_out) == (4, 10, 0)
    assert second.bytes_out == second.bytes_in == 0


@pytest.mark.parametrize(
    ("times", "counts", "expected"),
    [
        ([0, 1, 2], [500, 20, 30], [20, 10]),  # another server, from 0
        ([100, 50, 51], [0, 10, 20], [10]),  # the clock was set back
        ([0, 0, 0.001, 2], [0, 5, 9, 20], [10]),  # too close to each other
        ([0], [5], []),
        ([], [], []),
    ],
)
def test_what_was_not_there_makes_no_rate(
    times: list[float], counts: list[int], expected: list[float]
) -> None:
    samples = [sample(time, messages_in=n) for time, n in zip(times, counts, strict=True)]
    assert [each.messages_in for each in rates(samples)] == expected


def test_rates_are_fitted_into_a_width() -> None:
    samples = [sample(float(n), messages_in=n * n) for n in range(0, 9, 2)]
    assert series(samples, "messages_in", end=8, span=8, width=4) == [2, 6, 10, 14]
    assert series(samples, "messages_in", end=8, span=8, width=2) == [4, 12]
    assert series(samples, "messages_in", end=8, span=8, width=8) == [2, 2, 6, 6, 10, 10, 14, 14]
    # Of the steps before the first sample and behind the last nothing is known.
    assert series(samples, "messages_in", end=12, span=16, width=4) == [None, 4, 12, None]
    assert series(samples, "bytes_in", end=99, span=10, width=2) == [None, None]


def test_other_figures_are_as_they_were() -> None:
    samples = [sample(0, queue_depth=5), sample(1, queue_depth=9), sample(6, queue_depth=1)]
    assert series(samples, "queue_depth", end=8, span=8, width=4) == [9, 9, 9, 9]
    samples = [*samples[:2], sample(2, queue_depth=0), sample(6, queue_depth=1)]
    assert series(samples, "queue_depth", end=10, span=12, width=6) == [None, 9, 9, 0, 1, None]
    assert series([], "threads_busy", end=10, span=10, width=2) == [None, None]
    back = [sample(9, queue_depth=5), sample(2, queue_depth=3)]
    assert series(back, "queue_depth", end=10, span=10, width=2) == [3, None]


@pytest.mark.parametrize(
    ("name", "width", "span"),
    [("queued", 0, 1.0), ("queued", 1, 0.0), ("queued", 1, float("nan"))]
    + [(name, 1, 1.0) for name in ("nothing", "handshake_failures", "small_buffers")],
)
def test_what_is_no_chart_is_refused(name: str, width: int, span: float) -> None:
    with pytest.raises(ValueError, match=r"width and span: |name: "):
        series([sample(1.0)], name, end=1.0, span=span, width=width)


def test_a_chart_is_a_line_of_blocks() -> None:
    values = [0, 1, 2, 3, 4, 5, 6, 7, None]
    assert sparkline(values) == "▁▂▃▄▅▆▇█ "
    assert sparkline(values, plain=True) == "_.-:=+*# "
    assert sparkline([0, 0.001, 14], top=7) == "▁▂█"
    assert sparkline([0.0, None, 0]) == "▁ ▁"
    assert sparkline([]) == sparkline([], plain=True) == ""


def shown(*samples: Sample, width: int = 80, plain: bool = False, now: float = 100.0) -> str:
    return "\n".join(server_lines(samples, now=now, width=width, plain=plain))


def test_everything_about_a_server_is_shown() -> None:
    text = shown(
        *(sample(90.0 + n, messages_in=n * 25, bytes_out=n * 3_000_000) for n in range(11))
    )
    lines = text.splitlines()
    assert lines[0] == "server 127.0.0.1:8000, now"
    charts = {line[:15].strip(): line[15:] for line in lines}
    assert charts["messages/s in"].split()[-2:] == ["25", "25"]
    assert charts["messages/s in"].split()[0] == "██"  # 10 of 300 s
    assert charts["bytes/s out"].split()[-2:] == ["3.0M", "3.0M"]
    assert charts["threads busy"].split() == ["▃▃", "2", "2"]  # of 8
    assert charts["backlog"]
    for words in (
        "connections    3 open, 1,234 since the start",
        "handshakes     1 pending",
        "messages       250 in, 0 out",
        "bytes          0 in, 30,000,000 out, 99 queued",
        "threads        2 busy of 8",
        "backlog        7 ready and without a thread",
        "compression    32,768 bytes of memory",
        "BUFFERS     SIZE   COUNT  IN USE    MOST    HITS  MISSES DYNAMIC   BYTES",
        "small       4096       8       2       5     100       3       4   70000",
        "large      65536       1       2       5     100       3       4   70000",
        "no handshake failed",
    ):
        assert words in lines


def test_failures_have_their_reasons_the_most_first() -> None:
    failures = {403: 2, 426: 1500, 799: 2, 0: 1}
    text = shown(Sample(0.0, "s", replace(STATS, handshake_failures=failures)))
    assert text.splitlines()[-5:] == [
        "handshakes failed: 1,505",
        "   1,500  426 Upgrade Required",
        "       2  403 Forbidden",
        "       2  799",
        "       1      no answer was sent",
    ]
    assert text.splitlines()[0] == "server s, as it was 100 s ago"
    many = replace(STATS, handshake_failures=dict.fromkeys(range(400, 450), 1))
    assert shown(Sample(0.0, "s", many)).endswith("and 30 more statuses")


def test_little_may_be_known() -> None:
    assert shown() == "no figures came so far"
    charts = shown(sample(100.0)).splitlines()[3:5]
    assert [line.split() for line in charts] == [["messages/s", "in"], ["messages/s", "out"]]


def test_it_can_be_ascii() -> None:
    odd = Sample(100.0, "sö\x1b", STATS)
    assert shown(odd, plain=True).isascii()
    assert shown(odd).startswith("server sö\\x1b, now")


NUMBERS = {each.name: st.integers(0, 1 << 63) for each in fields(ServerStats) if each.type == "int"}
POOLS = st.builds(PoolStats, *[st.integers(0, 1 << 63)] * len(fields(PoolStats)))
SAMPLES = st.lists(
    st.builds(
        Sample,
        st.floats(0, 1e11) | st.floats(0, 400),
        st.text(max_size=200),
        st.builds(
            ServerStats,
            **NUMBERS,
            handshake_failures=st.dictionaries(st.integers(), st.integers(0, 1 << 63), max_size=30),
            small_buffers=POOLS,
            large_buffers=POOLS,
        ),
    ),
    max_size=6,
)


@given(SAMPLES, st.floats(0, 1e11), st.integers(1, 200), st.booleans())
def test_any_samples_can_be_shown(
    samples: list[Sample], now: float, width: int, plain: bool
) -> None:
    lines = server_lines(samples, now=now, width=width, plain=plain)
    for line in lines:
        assert line.isprintable()
        assert columns(line) <= max(width, 40)
        assert line.isascii() or not plain
    assert len(lines) <= 60
