"""The other end of a real connection: everything is read, and a hang is told."""

from __future__ import annotations

import threading

import pytest

from wskit.fuzzing.checks import LIVE, Violation
from wskit.fuzzing.targets import wires
from wskit.fuzzing.targets.wires import converse, pair, read_head


def test_more_than_the_kernel_holds_passes() -> None:
    ours, theirs = pair()
    theirs.setblocking(True)

    def echo() -> None:
        with theirs:
            while data := theirs.recv(65536):
                theirs.sendall(data)

    thread = threading.Thread(target=echo)
    thread.start()
    pieces = [bytes((number,)) * 100_000 for number in range(20)]
    with ours:
        assert converse(ours, pieces) == b"".join(pieces)
    thread.join()


def test_a_peer_that_is_gone_is_an_end() -> None:
    ours, theirs = pair()
    theirs.send(b"bye")
    theirs.close()
    with ours:
        assert converse(ours, [b"x" * 10, b"y"]) in (b"bye", b"")


def test_a_hang_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(wires, "PATIENCE", 0.05)
    ours, theirs = pair()
    with ours, theirs:
        with pytest.raises(Violation, match="no end within") as caught:
            converse(ours, [b"x"])
        assert caught.value.check is LIVE
        with pytest.raises(Violation, match="no head within"):
            read_head(ours)


def test_a_head_is_read() -> None:
    ours, theirs = pair()
    with ours:
        theirs.send(b"GET / HTTP/1.1\r\n\r\n")
        assert read_head(ours) == b"GET / HTTP/1.1\r\n\r\n"
        theirs.close()
        with pytest.raises(Violation, match="before its head"):
            read_head(ours)
