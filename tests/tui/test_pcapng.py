"""pcapng: blocks as another reader takes them apart."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.capture_files import Packet, packets, section
from wskit.tui import pcapng


def test_the_head_says_who_wrote_it_and_that_packets_are_of_ip() -> None:
    assert section(pcapng.head("wskit 1", "a note é")) == ({1: "a note é", 4: "wskit 1"}, 101)
    assert packets(pcapng.head("wskit", "")) == []


@given(st.integers(0, 1 << 52), st.binary(max_size=99), st.text(max_size=99))
def test_a_packet_is_read_as_it_was(micro: int, data: bytes, comment: str) -> None:
    written = pcapng.head("a", "b") + pcapng.packet(micro / 1e6, data, comment)
    (read,) = packets(written)
    shown = comment.encode("utf-8", "replace").decode()
    assert read == Packet(read.time, data, shown)
    assert read.time == pytest.approx(micro / 1e6, abs=2e-6)


@pytest.mark.parametrize(("time", "shown"), [(-5.0, 0.0), (1e300, (2**64 - 1) / 1e6)])
def test_times_that_cannot_be_written_are_the_nearest_that_can(time: float, shown: float) -> None:
    (read,) = packets(pcapng.head("a", "b") + pcapng.packet(time, b""))
    assert read.time == shown


def test_a_long_comment_is_cut() -> None:
    (read,) = packets(pcapng.head("a", "b") + pcapng.packet(0, b"x", "é" * 40_000))
    assert read.comment == "é" * 8000
