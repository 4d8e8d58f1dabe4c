"""Which rule a frame breaks, if its place is known."""

from __future__ import annotations

import pytest

from tests.tui.frames import frame
from wskit.protocol.frames import FrameRecord
from wskit.tui.judging import violation


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        (frame(3), "reserved opcode (§5.2)"),
        (frame(11), "reserved opcode (§5.2)"),
        (frame(9, rsv=4), "reserved bits set (§5.2)"),
        (frame(9, fin=False), "control frame in fragments (§5.5)"),
        (frame(10, bytes(126)), "control frame of more than 125 bytes (§5.5)"),
        (frame(8, b"\x03"), "close payload of 1 byte (§7.4)"),
        (frame(8, b"\x03\xed"), "close code 1005 may not appear on the wire (§7.4)"),
        (frame(8, b"\x03\xe8\xff"), "close reason is not UTF-8 (§7.4)"),
        (frame(0), "continuation of nothing (§5.4)"),
        (frame(1, rsv=2), "reserved bits set (§5.2)"),
        (frame(2, rsv=5), "reserved bits set (§5.2)"),
        (frame(1, b"\xff"), "text is not UTF-8 (§8.1)"),
    ],
)
def test_a_broken_rule_is_named(record: FrameRecord, rule: str) -> None:
    assert violation(record, message_open=False) == rule


@pytest.mark.parametrize(
    ("record", "rule"),
    [
        (frame(1), "new message inside an unfinished one (§5.4)"),
        (frame(2), "new message inside an unfinished one (§5.4)"),
        (frame(0, rsv=4), "reserved bits set (§5.2)"),
        (frame(0, b"\xff"), ""),
        (frame(9), ""),
    ],
)
def test_inside_a_message_other_frames_are_right(record: FrameRecord, rule: str) -> None:
    assert violation(record, message_open=True) == rule


@pytest.mark.parametrize(
    "record",
    [
        frame(1, "é".encode()),
        frame(1, b"\xc3", fin=False),
        frame(1, b"\xc3", length=2),
        frame(2, b"\xff", rsv=4),
        frame(8),
        frame(8, b"\x03\xe8ok"),
        frame(8, b"\x03", length=2),
        frame(10, bytes(125)),
    ],
)
def test_what_is_right_breaks_none(record: FrameRecord) -> None:
    assert violation(record, message_open=False) == ""
