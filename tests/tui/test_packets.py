"""Conversations as packets, read by a reader of our own and by Wireshark's."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.tui.capture_files import Frame, Packet, frames, packets, section, streams
from tests.tui.frames import IN, OUT, capture, frame
from tests.tui.talks import history, opened, talk
from wskit.events import Ended
from wskit.protocol.frames import FrameRecord
from wskit.protocol.opcodes import Side
from wskit.tui.excerpts import excerpt
from wskit.tui.history import History
from wskit.tui.packets import capture_file

TSHARK = shutil.which("tshark")
CLIENT, SERVER = ("10.0.0.1", "192.0.2.1"), ("192.0.2.1", "10.0.0.1")


def written(kept: History) -> bytes:
    return b"".join(capture_file(excerpt(kept).conversations))


def read(kept: History) -> list[Packet]:
    return packets(written(kept))


def said(found: list[Packet], way: tuple[str, str] = CLIENT) -> tuple[bytes, list[Frame]]:
    """Give the HTTP message of one end, and its frames."""
    head, blank, rest = bytes(streams(found)[way].data).partition(b"\r\n\r\n")
    return head + blank, frames(rest)


def comments(found: list[Packet]) -> list[str]:
    return [packet.comment for packet in found if packet.comment]


def test_a_conversation_is_written_as_it_was_on_the_wire() -> None:
    kept = talk(headers={"Authorization": "s3cret"})
    found = read(kept)
    for way, direction in ((CLIENT, OUT), (SERVER, IN)):
        sent = [entry.frame for entry in kept if entry.frame.direction is direction]
        expected = [Frame(f.fin << 7 | f.rsv << 4 | f.opcode, f.masked, f.payload) for f in sent]
        assert said(found, way)[1] == expected
        assert streams(found)[way].ended
    request, response = said(found)[0], said(found, SERVER)[0]
    assert request.startswith(b"GET /chat?room=1 HTTP/1.1\r\nhost: 127.0.0.1:")
    assert b"authorization: REDACTED\r\n" in request
    assert response.startswith(b"HTTP/1.1 101 Switching Protocols\r\n")
    assert b"s3cret" not in written(kept)
    times = [entry.capture.time for entry in kept]
    assert found[-1].time >= times[-1] - 1e-5
    assert [packet.time for packet in found] == sorted(packet.time for packet in found)
    assert comments(found)[0].startswith("connection 1: ws://127.0.0.1:")


def test_what_was_compressed_is_inflated_and_marked() -> None:
    deflated = frame(1, b"inflated", rsv=4, wire=3)
    rest = frame(0, b" rest", wire=2)
    agreed = opened(response=(("Sec-WebSocket-Extensions", "permessage-deflate"),))
    for first in (agreed, None):
        events = [first, deflated, rest] if first is not None else [deflated, rest]
        found = read(history(*events))
        way = SERVER
        assert [f.first for f in said(found, way)[1]] == [0x81, 0x80]
        assert comments(found)[-2:] == [
            "was compressed, 3 bytes on the wire",
            "was compressed, 2 bytes on the wire",
        ]
    # Without the extension the bit is just wrong, and stays.
    assert said(read(history(opened(), deflated)), SERVER)[1][0].first == 0xC1


def test_what_was_cut_or_dropped_is_said() -> None:
    found = read(history(opened(), frame(2, b"abc", length=99)))
    assert comments(found)[-1] == "has 3 of its 99 bytes"
    kept = History(1 << 16)
    kept.add([opened(), *(capture(float(n), frame(2, bytes(30_000))) for n in range(3))])
    assert comments(read(kept))[-1] == "1 other frames are not here"


def test_an_unknown_handshake_is_made_up() -> None:
    found = read(history(frame(1, b"x", way=IN, masked=True)))
    assert comments(found) == ["connection 1: its opening handshake is made up"]
    head, (only,) = said(found)
    assert head.startswith(b"GET / HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n")
    assert only == Frame(0x81, True, b"x")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in said(found, SERVER)[0]


def test_a_refusal_and_no_answer() -> None:
    fields = (("X-Why", "é"), ("Transfer-Encoding", "chunked"), ("Content-Length", "99"))
    refused = opened(status=403, response=fields, body=b"go away")
    found = read(history(refused, Ended(2.0, "a", "refused\n")))
    flow = streams(found)[SERVER]
    assert flow.data == (
        b"HTTP/1.1 403 Forbidden\r\nX-Why: \xe9\r\nContent-Length: 7\r\n\r\ngo away"
    )
    assert comments(found)[-1] == "refused\\n"
    assert streams(read(history(opened(status=799))))[SERVER].data.startswith(b"HTTP/1.1 799 Un")
    assert not streams(read(history(opened(status=0))))[SERVER].data


def test_hostile_headers_stay_on_their_line() -> None:
    fields = (("X\r\nEvil: 1", "a\r\n\r\nb"), ("Sec-WebSocket-Key", "ключ"))
    found = read(history(opened(url="\n", request=fields, response=fields, peer="\x1b[1m")))
    request, response = said(found)[0], said(found, SERVER)[0]
    assert b"X\\r\\nEvil: 1: a\\r\\n\\r\\nb\r\n" in request
    assert request.startswith(b"GET / HTTP/1.1\r\n")
    assert b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n" in response


def test_connections_are_put_in_order_of_time() -> None:
    other = replace(opened("b", 1.5), side=Side.SERVER)
    found = read(history(opened(), frame(1, b"1"), other, frame(1, b"3")))
    assert [packet.time for packet in found] == sorted(packet.time for packet in found)
    assert ("10.0.0.2", "192.0.2.1") in streams(found)
    assert section(written(history(opened())))[0][4].startswith("wskit ")


RECORDS = st.lists(
    st.builds(
        frame,
        st.integers(0, 15),
        st.binary(max_size=200) | st.just(bytes(70_000)),
        way=st.sampled_from([IN, OUT]),
        fin=st.booleans(),
        rsv=st.integers(0, 7),
        masked=st.booleans(),
        wire=st.none() | st.integers(0, 1 << 63),
    ),
    min_size=1,
    max_size=8,
)


@given(RECORDS)
def test_any_frames_can_be_written(records: list[FrameRecord]) -> None:
    found = read(history(opened(), *records))
    for way, direction in ((CLIENT, OUT), (SERVER, IN)):
        sent = [record for record in records if record.direction is direction]
        assert [(f.masked, f.payload) for f in said(found, way)[1]] == [
            (record.masked, record.payload) for record in sent
        ]


@pytest.mark.skipif(TSHARK is None, reason="needs tshark")
@pytest.mark.parametrize(
    "make",
    [
        talk,
        lambda: talk(compress=True),
        lambda: history(opened(), frame(1, b"x" * 150_000), frame(2, bytes(126), way=OUT)),
        lambda: history(frame(1, b"cut", way=IN, masked=True, length=9)),
    ],
    ids=["plain", "compressed", "large", "unknown"],
)
def test_wireshark_reads_it(tmp_path: Path, make: Callable[[], History]) -> None:
    kept = make()
    (path := tmp_path / "a.pcapng").write_bytes(written(kept))
    fields = ["opcode", "fin", "mask", "payload.text"]
    names = [part for name in fields for part in ("-e", f"websocket.{name}")]
    checks = ["-o", "ip.check_checksum:TRUE", "-o", "tcp.check_checksum:TRUE"]
    command = [str(TSHARK), "-r", str(path), *checks, "-T", "fields"]
    done = subprocess.run(
        [*command, "-Y", "websocket", *names], capture_output=True, text=True, check=True
    )
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    sent = sorted((e.capture.time, e.number, e.frame) for e in kept)
    assert [line[:3] for line in lines] == [
        [str(f.opcode), str(int(f.fin)), str(int(f.masked))] for *_, f in sent
    ]
    for line, (*_, record) in zip(lines, sent, strict=True):
        if record.opcode == 1 and record.fin and len(record.payload) < 200:
            assert line[3] == record.payload.decode()
    wrong = "_ws.malformed || tcp.analysis.flags || ip.checksum.status == 0"
    bad = subprocess.run(
        [*command, "-Y", f"{wrong} || tcp.checksum.status == 0", "-e", "frame.number"],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert bad.stdout == ""
