"""Which wires a transcript takes, and which of them it shows."""

from __future__ import annotations

from wskit.protocol.opcodes import Side
from wskit.testing.transcripts import Transcript, current, new_wire, transcribing
from wskit.testing.wires import Exchange, Wire


def test_new_wires_are_added_inside_the_block_only() -> None:
    outer = current()
    with transcribing(Transcript(keep_all=True)) as transcript:
        wires = [new_wire("client", Side.CLIENT), new_wire("client", Side.CLIENT)]
    assert current() is outer
    assert transcript.wires == wires
    assert [wire.name for wire in wires] == ["client 1", "client 2"]
    assert all(wire.keep_all for wire in wires)


def test_a_key_that_is_used_twice_does_not_hide_a_connection() -> None:
    transcript = Transcript()
    exchange = Exchange("/", (("Sec-WebSocket-Key", "dGhlIHNhbXBsZSBub25jZQ=="),), 101, ())
    for kind, side in [("client", Side.CLIENT), ("server", Side.SERVER), ("server", Side.SERVER)]:
        transcript.add(kind, side).exchange = exchange
    assert [wire.name for wire in transcript.distinct()] == ["client 1", "server 2"]
    assert transcript.wires[0].key == "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="


def test_connections_of_unknown_handshake_are_all_shown() -> None:
    transcript = Transcript([Wire("a", Side.CLIENT), Wire("b", Side.SERVER)])
    assert len(transcript.distinct()) == 2
    transcript.wires[1].exchange = Exchange("", (), 101, ())
    assert len(transcript.distinct()) == 2
