"""Messages written piece by piece: sent once, when the block ends well."""

from __future__ import annotations

from typing import Any

import pytest

from wskit.message_buffers import BinaryBuffer, TextBuffer

KINDS = pytest.mark.parametrize(
    ("kind", "one", "two"), [(TextBuffer, "é", "b"), (BinaryBuffer, b"\xff", b"b")]
)


@KINDS
class TestBothKinds:
    def test_sends_one_message_at_the_end_of_the_block(self, kind: Any, one: Any, two: Any) -> None:
        sent: list[Any] = []
        with kind(sent.append) as buffer:
            buffer.write(one)
            buffer.write(two)
            assert not sent
        assert sent == [one + two]
        assert buffer.closed

    def test_sends_nothing_when_the_block_fails(self, kind: Any, one: Any, two: Any) -> None:
        sent: list[Any] = []
        with pytest.raises(ZeroDivisionError), kind(sent.append) as buffer:
            buffer.write(one * (1 // len(sent)))
        assert not sent
        assert buffer.closed

    def test_sends_once_when_asked_to(self, kind: Any, one: Any, two: Any) -> None:
        sent: list[Any] = []
        with kind(sent.append) as buffer:
            buffer.write(one)
            buffer.send()
            assert sent == [one]
        assert sent == [one]

    def test_cannot_be_sent_twice(self, kind: Any, one: Any, two: Any) -> None:
        sent: list[Any] = []
        buffer = kind(sent.append)
        buffer.write(one)
        buffer.send()
        with pytest.raises(ValueError, match="closed"):
            buffer.send()
        with pytest.raises(ValueError, match="closed"):
            buffer.write(two)
        assert sent == [one]

    def test_an_empty_one_is_an_empty_message(self, kind: Any, one: Any, two: Any) -> None:
        sent: list[Any] = []
        with kind(sent.append):
            pass
        assert sent == [one[:0]]

    def test_closed_by_hand_it_sends_nothing(self, kind: Any, one: Any, two: Any) -> None:
        sent: list[Any] = []
        with kind(sent.append) as buffer:
            buffer.write(one)
            buffer.close()
        assert not sent

    def test_is_a_file(self, kind: Any, one: Any, two: Any) -> None:
        sent: list[Any] = []
        with kind(sent.append) as buffer:
            buffer.writelines([one, two])
            buffer.seek(0)
            assert buffer.read() == one + two
            buffer.truncate(0)
            buffer.seek(0)
            buffer.write(two)
        assert sent == [two]

    def test_an_error_of_the_connection_comes_out(self, kind: Any, one: Any, two: Any) -> None:
        def fail(_: object) -> None:
            raise ConnectionError("gone")

        with pytest.raises(ConnectionError), kind(fail) as buffer:
            buffer.write(one)
        assert buffer.closed


def test_print_writes_into_a_text_buffer() -> None:
    sent: list[str] = []
    with TextBuffer(sent.append) as buffer:
        print("x =", 1, file=buffer)
    assert sent == ["x = 1\n"]
