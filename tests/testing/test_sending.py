"""Sending: each byte of each frame, told from what a socket at the other end reads."""

from __future__ import annotations

import contextlib
import itertools
import json
import socket
import threading
from collections.abc import Callable, Iterator

import pytest

from tests.deadlines import scaled, wait_for
from tests.protocol.wire import BINARY, CLOSE, CONTINUATION, PING, PONG, SERVER, TEXT, Frame
from tests.protocol.wire import frames as decoded
from tests.testing.ends import Ends, linked, taken_by
from wskit import ConnectionClosed
from wskit.protocol.extensions import DeflateParameters
from wskit.protocol.opcodes import Side
from wskit.testing import Peer
from wskit.testing.timeouts import Patience

KEY = b"\x5a\xa5\x0f\xf0"  # of frames that are made by hand


@pytest.fixture
def ends() -> Iterator[Ends]:
    with linked() as ends:
        yield ends


def plain(frames: list[Frame]) -> list[tuple[int, bytes, bool]]:
    return [(frame.opcode, frame.payload, frame.fin) for frame in frames]


class TestMessages:
    def test_str_is_text_and_bytes_are_binary(self, ends: Ends) -> None:
        for data in ("hé", b"\xff", bytearray(b"b"), memoryview(b"c"), ""):
            ends.peer.send(data)
        ends.peer.send_json({"a": ["é", 1]})
        *found, last = ends.frames()
        assert [(frame.opcode, frame.payload) for frame in found] == [
            (TEXT, "hé".encode()),
            (BINARY, b"\xff"),
            (BINARY, b"b"),
            (BINARY, b"c"),
            (TEXT, b""),
        ]
        assert last.opcode == TEXT
        assert json.loads(last.payload) == {"a": ["é", 1]}
        assert all(frame.key is not None for frame in found)

    def test_a_server_does_not_mask(self) -> None:
        with linked(side=Side.SERVER) as ends:
            ends.peer.send("x")
            ends.peer.send_frame(TEXT, "y")
            assert ends.sent() == b"\x81\x01x\x81\x01y"

    def test_fragments(self, ends: Ends) -> None:
        ends.peer.send_fragments(["a", "", "b"])
        ends.peer.send_fragments((b"c", bytearray(b"d")))
        assert plain(ends.frames()) == [
            (TEXT, b"a", False),
            (CONTINUATION, b"", False),
            (CONTINUATION, b"b", True),
            (BINARY, b"c", False),
            (CONTINUATION, b"d", True),
        ]

    def test_control_frames(self, ends: Ends) -> None:
        ends.peer.ping()
        ends.peer.ping(bytearray(b"p"))
        ends.peer.pong(b"q")
        ends.peer.close(4000, "bye")
        assert plain(ends.frames()) == [
            (PING, b"", True),
            (PING, b"p", True),
            (PONG, b"q", True),
            (CLOSE, b"\x0f\xa0bye", True),
        ]
        calls: tuple[Callable[[], None], ...] = (
            ends.peer.ping,
            ends.peer.close,
            lambda: ends.peer.send("x"),
        )
        for call in calls:
            with pytest.raises(ConnectionClosed):
                call()

    def test_a_close_may_have_no_code(self, ends: Ends) -> None:
        ends.peer.close(None)
        assert plain(ends.frames()) == [(CLOSE, b"", True)]

    def test_compression_where_it_was_agreed_on(self) -> None:
        with linked(deflate=DeflateParameters()) as ends:
            ends.peer.send("a" * 100, compress=True)
            ends.peer.send("a" * 100, compress=False)
            small, large = ends.frames()
            assert (small.rsv, large.rsv) == (4, 0)
            assert len(small.payload) < 20 < len(large.payload)


class TestFrames:
    @pytest.mark.parametrize("form", [None, 7, 16, 64])
    @pytest.mark.parametrize("size", [0, 1, 125])
    def test_take_every_length_form(self, ends: Ends, form: int | None, size: int) -> None:
        ends.peer.send_frame(BINARY, b"x" * size, mask=False, length_form=form)
        length = {
            16: b"\x7e" + size.to_bytes(2, "big"),
            64: b"\x7f" + size.to_bytes(8, "big"),
        }.get(form or 7, bytes([size]))
        assert ends.sent() == b"\x82" + length + b"x" * size

    @pytest.mark.parametrize(
        ("size", "head"),
        [
            (126, b"\x82\x7e\x00\x7e"),
            (65535, b"\x82\x7e\xff\xff"),
            (65536, b"\x82\x7f\x00\x00\x00\x00\x00\x01\x00\x00"),
        ],
    )
    def test_take_the_shortest_form_by_themselves(self, ends: Ends, size: int, head: bytes) -> None:
        ends.peer.send_frame(BINARY, b"x" * size, mask=False)
        assert taken_by(ends.sock, len(head) + size)[: len(head)] == head

    @pytest.mark.parametrize("opcode", range(16))
    def test_may_have_any_opcode_and_flags(self, ends: Ends, opcode: int) -> None:
        for fin, rsv1, rsv2, rsv3 in itertools.product([False, True], repeat=4):
            ends.peer.send_frame(opcode, "x", fin=fin, rsv1=rsv1, rsv2=rsv2, rsv3=rsv3)
            frame = Frame(opcode, b"x", fin, rsv1 * 4 + rsv2 * 2 + rsv3, KEY)
            assert ends.frames() == [frame]

    @pytest.mark.parametrize(
        ("mask", "key"), [(None, KEY), (True, KEY), (False, None), (b"abcd", b"abcd")]
    )
    def test_are_masked_as_told(
        self, ends: Ends, mask: bool | bytes | None, key: bytes | None
    ) -> None:
        ends.peer.send_frame(TEXT, b"hello", mask=mask)
        assert ends.frames() == [Frame(TEXT, b"hello", True, 0, key)]

    def test_may_be_too_large_for_a_control_frame_or_come_after_a_close(self, ends: Ends) -> None:
        ends.peer.send_frame(CLOSE, bytes(200))
        ends.peer.send_frame(PING, bytes(200))
        assert [len(frame.payload) for frame in ends.frames()] == [200, 200]

    def test_and_raw_bytes_are_sent_as_they_are(self, ends: Ends) -> None:
        ends.peer.send_raw(b"\xff")
        ends.peer.send_raw(memoryview(b"\x00junk"))
        ends.peer.send_raw(b"")
        assert ends.sent() == b"\xff\x00junk"

    def test_are_on_record_but_raw_bytes_are_not(self, ends: Ends) -> None:
        ends.peer.send_frame(3, b"x", rsv1=True, fin=False)
        ends.peer.send_raw(b"abc")
        (capture,) = ends.peer._stream.wire.captures
        frame = capture.frame
        assert (frame.opcode, frame.payload, frame.rsv, frame.fin) == (3, b"x", 4, False)


class TestWrongArguments:
    @pytest.mark.parametrize(
        ("call", "words"),
        [
            (lambda p: p.send(5), "data: must be bytes-like, not int"),
            (lambda p: p.send([1, 2]), "data: must be bytes-like, not list"),
            (lambda p: p.send(None), "data: must be bytes-like, not NoneType"),
            (lambda p: p.ping("x"), "data: must be bytes-like, not str"),
            (lambda p: p.ping(bytes(126)), "data: a control frame takes 125 bytes, not 126"),
            (lambda p: p.pong(bytes(126)), "data: a control frame takes 125 bytes, not 126"),
            (lambda p: p.send_raw("x"), "data: must be bytes-like, not str"),
            (lambda p: p.close(1005), "code: 1005 may not be sent"),
            (lambda p: p.close(1000, "x" * 124), "reason: must be at most 123 bytes"),
            (lambda p: p.send_fragments("ab"), "parts: must be a sequence of at least two"),
            (lambda p: p.send_fragments(["a"]), "parts: must be a sequence of at least two"),
            (lambda p: p.send_fragments(["a", b"b"]), "parts: must be all str or all bytes"),
            (lambda p: p.send_frame(16), "opcode: must be 0..15, not 16"),
            (lambda p: p.send_frame(1, 5), "payload: must be bytes-like, not int"),
            (lambda p: p.send_frame(1, mask=b"abc"), "mask: a key has 4 bytes, not 3"),
            (lambda p: p.send_frame(1, mask=1), "mask: must be True, False or 4 bytes, not 1"),
            (lambda p: p.send_frame(1, length_form=8), "length_form: must be 7, 16 or 64, not 8"),
            (
                lambda p: p.send_frame(1, bytes(126), length_form=7),
                "length_form: 7 bits cannot hold 126",
            ),
            (
                lambda p: p.send_frame(1, bytes(1 << 16), length_form=16),
                "length_form: 16 bits cannot hold 65536",
            ),
        ],
    )
    def test_name_the_field_and_send_nothing(
        self, ends: Ends, call: Callable[[Peer], object], words: str
    ) -> None:
        with pytest.raises((TypeError, ValueError), match="^" + words):
            call(ends.peer)
        assert ends.peer._stream.wire.captures == []
        ends.peer.send("x")
        assert plain(ends.frames()) == [(TEXT, b"x", True)]


class TestEnds:
    def test_a_half_close_ends_the_stream_and_reading_goes_on(self, ends: Ends) -> None:
        ends.peer.send("x")
        ends.peer.half_close()
        assert plain(decoded(ends.sent())) == [(TEXT, b"x", True)]
        assert ends.sent() == b""
        ends.come(SERVER.text("still"))
        assert ends.peer.expect_text() == "still"

    def test_an_abort_is_a_reset_over_tcp(self) -> None:
        with linked(tcp=True) as ends:
            ends.peer.abort()
            with pytest.raises(ConnectionResetError):
                ends.sent()
            with pytest.raises(ConnectionClosed):
                ends.peer.send("x")
            ends.peer.abort()

    def test_an_abort_of_a_pair_is_its_end(self, ends: Ends) -> None:
        ends.peer.abort()
        assert ends.sent() == b""
        assert repr(ends.peer).endswith(": reset by the client>")

    def test_to_one_that_is_gone_nothing_can_be_sent(self, ends: Ends) -> None:
        ends.sock.close()
        for _ in range(2):
            with pytest.raises(ConnectionClosed, match="the other end is gone"):
                ends.peer.send("x")


class TestSlowReaders:
    def test_one_that_does_not_read_is_told(
        self, ends: Ends, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("wskit.testing.timeouts.defaults.timeout", 0.05)
        with pytest.raises(TimeoutError, match=r"server did not read the last \d+ bytes within"):
            ends.peer.send(bytes(8 << 20))

    def test_the_rest_goes_before_the_next_frame(
        self, ends: Ends, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("wskit.testing.timeouts.defaults.timeout", 0.02)
        with pytest.raises(TimeoutError):
            ends.peer.send(bytes(1 << 20))
        ends.sock.setblocking(False)
        data = bytearray()

        def all_there() -> bool:
            with contextlib.suppress(BlockingIOError):
                data.extend(ends.sock.recv(1 << 20))
            with contextlib.suppress(AssertionError):
                ends.peer.expect_ping(timeout=0.001)  # whoever waits sends what waits, too
            return len(data) == (1 << 20) + 14

        wait_for(all_there)
        ends.peer.send("next")
        data += ends.sent()
        assert plain(decoded(bytes(data))) == [
            (BINARY, bytes(1 << 20), True),
            (TEXT, b"next", True),
        ]

    def test_an_answer_does_not_go_into_the_middle_of_a_frame(
        self, ends: Ends, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        """A ping is read while a large message is under way and waits for room."""
        monkeypatch.setattr("wskit.testing.timeouts.defaults.timeout", 0.05)
        ends.come(SERVER.ping(b"p"))
        with pytest.raises(TimeoutError):
            ends.peer.send(bytes(1 << 20))
        ends.peer.expect_ping(b"p")
        data = bytearray()
        ends.sock.settimeout(scaled(5))
        total = (1 << 20) + 14 + 7
        while len(data) < total:
            data += ends.sock.recv(1 << 20)
            ends.peer._stream.wait_readable(Patience(0))
        assert plain(decoded(bytes(data))) == [(BINARY, bytes(1 << 20), True), (PONG, b"p", True)]

    def test_one_that_reads_slowly_has_time(self, ends: Ends) -> None:
        """The time is counted from the last byte that it took."""

        class Renewed(Patience):
            renewals = 0

            @property
            def left(self) -> float:
                if reader.ident is None:  # it is full now
                    reader.start()
                return super().left

            def restart(self) -> None:
                super().restart()
                self.renewals += 1

        patience = Renewed(scaled(5))

        def read_twice() -> None:
            full = ends.peer._stream._taken
            taken_by(ends.sock, full)
            wait_for(lambda: patience.renewals > 1)
            taken_by(ends.sock, 2_000_000 - full)

        reader = threading.Thread(target=read_twice)
        ends.peer._stream.send(bytes(2_000_000), patience)
        reader.join(scaled(5))
        assert patience.renewals > 1

    def test_one_that_has_ended_its_stream_and_does_not_read(
        self, ends: Ends, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("wskit.testing.timeouts.defaults.timeout", 0.05)
        ends.sock.shutdown(socket.SHUT_WR)
        ends.peer.expect_close(1006)
        with pytest.raises(TimeoutError):
            ends.peer.send(bytes(8 << 20))
