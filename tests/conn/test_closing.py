"""The end of a connection, by whomever, and every method after it."""

from __future__ import annotations

import contextlib
import gc
import select
import socket
import threading
import time
import weakref
from collections.abc import Callable

import pytest

from tests.conn.silence import nothing_was_sent
from tests.deadlines import scaled, wait_for
from tests.server.adopting import Link, linked, upgraded
from tests.server.peer import CLOSE, frame
from wskit import Conn, ConnectionClosed, Opcode, ThreadPoolConfig, frame_text


class TestClose:
    def test_sends_code_and_reason_after_what_was_written(self, link: Link) -> None:
        link.conn.write("last words")
        link.conn.close(4000, "é")
        assert link.peer.read_text() == "last words"
        assert link.peer.read() == (CLOSE, b"\x0f\xa0\xc3\xa9", True, 0)

    def test_is_1000_by_default(self, link: Link) -> None:
        link.conn.close()
        assert link.peer.read() == (CLOSE, b"\x03\xe8", True, 0)

    def test_may_have_no_code(self, link: Link) -> None:
        link.conn.close(None)
        assert link.peer.read() == (CLOSE, b"", True, 0)
        assert (link.conn.close_code, link.conn.close_reason) == (1005, "")

    def test_returns_at_once_and_happens_once(self, link: Link) -> None:
        before = time.monotonic()
        link.conn.close(4000)
        link.conn.close(4001)
        assert time.monotonic() - before < scaled(1), "the peer answers in its own time"
        assert link.conn.is_closed
        assert link.peer.read().code == 4000
        link.peer.close_frame(4000)
        link.peer.read_end()
        link.book.closed()
        assert link.book.handlers[0].calls.count("close") == 1

    def test_goes_out_once_though_many_threads_close(self, link: Link) -> None:
        start = threading.Barrier(8)

        def close(code: int) -> None:
            start.wait(scaled(10))
            link.conn.close(code)

        threads = [threading.Thread(target=close, args=(4000 + n,)) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        code = link.peer.read().code
        assert link.conn.close_code == code
        link.peer.close_frame(code)
        link.peer.read_end()
        link.book.closed()

    @pytest.mark.parametrize(
        ("code", "reason", "field"),
        [(code, "", "code") for code in (0, 999, 1004, 1005, 1006, 1015, 2999, 5000, -1, 65536)]
        + [(1000, "x" * 124, "reason"), (1000, "é" * 62, "reason"), (None, "why", "reason")],
    )
    def test_of_what_may_not_appear_is_an_error_and_sends_nothing(
        self, link: Link, code: int | None, reason: str, field: str
    ) -> None:
        with pytest.raises(ValueError, match=f"^{field}: "):
            link.conn.close(code, reason)
        assert not link.conn.is_closed
        assert nothing_was_sent(link)

    @pytest.mark.parametrize("code", [1000, 1003, 1007, 1014, 3000, 4999])
    def test_takes_every_code_that_may_appear(self, link: Link, code: int) -> None:
        link.conn.close(code, "x" * 123)
        assert link.peer.read().code == code


WRITES: dict[str, Callable[[Conn], None]] = {
    "write": lambda conn: conn.write("a"),
    "write_text": lambda conn: conn.write_text("a"),
    "write_bin": lambda conn: conn.write_bin(b"a"),
    "write_ping": lambda conn: conn.write_ping(),
    "write_pong": lambda conn: conn.write_pong(),
    "write_frame": lambda conn: conn.write_frame(Opcode.TEXT, "a"),
    "write_framed": lambda conn: conn.write_framed(frame_text("a")),
    "write_buffer": lambda conn: conn.write_buffer().send(),
}


def by_us(link: Link) -> None:
    link.conn.close(4000, "ours")


def by_us_and_answered(link: Link) -> None:
    link.conn.close(4000, "ours")
    link.peer.read_close()
    link.peer.close_frame(4001, b"theirs")
    link.peer.read_end()
    link.book.closed()


def by_the_peer(link: Link) -> None:
    link.peer.close_frame(4001, b"theirs")
    link.peer.read_close()
    link.book.closed()


def without_a_code(link: Link) -> None:
    link.peer.close_frame(None)
    link.peer.read_close()


def by_hanging_up(link: Link) -> None:
    link.peer.hang_up()
    link.book.closed()


def by_a_violation(link: Link) -> None:
    link.peer.send(frame(5))
    link.peer.read_close()


ENDS = pytest.mark.parametrize(
    ("end", "code", "reason"),
    [
        (by_us, 4000, "ours"),
        (by_us_and_answered, 4001, "theirs"),
        (by_the_peer, 4001, "theirs"),
        (without_a_code, 1005, ""),
        (by_hanging_up, 1006, ""),
        (by_a_violation, 1002, None),
    ],
)


def nothing_arrived(pairs: list[tuple[socket.socket, socket.socket]]) -> bool:
    """Whether no byte came out of any of these sockets; closes them."""
    with contextlib.ExitStack() as stack:
        ends = [stack.enter_context(sock) for pair in pairs for sock in pair]
        return not select.select(ends, [], [], 0)[0]


class TestAfterTheEnd:
    @ENDS
    def test_every_write_says_how_it_ended(
        self, link: Link, end: Callable[[Link], None], code: int, reason: str | None
    ) -> None:
        end(link)
        wait_for(lambda: link.conn.is_closed)
        wait_for(lambda: link.conn.close_code == code)
        for name, write in WRITES.items():
            with pytest.raises(ConnectionClosed) as caught:
                write(link.conn)
            assert caught.value.code == code, name
            assert reason in (None, caught.value.reason), name
        assert repr(link.conn) == f"<Conn unix closed {code}>"
        link.conn.close(4002)  # which does nothing
        assert link.conn.close_code == code
        assert reason in (None, link.conn.close_reason)

    def test_a_write_never_touches_another_connection(self, blocking: bool) -> None:
        """The descriptor of a closed socket is soon that of another: it must not be written to."""
        with linked(blocking=blocking) as link:
            fd = link.conn._outbound.transport.fileno()
            link.peer.hang_up()
            wait_for(lambda: link.conn._outbound.transport.fileno() == -1)
            others = [socket.socketpair() for _ in range(20)]
            try:
                assert fd in {sock.fileno() for pair in others for sock in pair}
                for write in WRITES.values():
                    with pytest.raises(ConnectionClosed):
                        write(link.conn)
                link.conn.close()
                link.server.broadcast("to everyone")
            finally:
                assert nothing_arrived(others)

    def test_writers_that_race_with_the_end_never_reach_another_connection(
        self, blocking: bool
    ) -> None:
        done = threading.Event()
        with linked(blocking=blocking) as link:

            def write() -> None:
                while not done.is_set():
                    try:
                        link.conn.write("stray")
                    except ConnectionClosed:
                        return

            threads = [threading.Thread(target=write) for _ in range(4)]
            for thread in threads:
                thread.start()
            link.peer.hang_up()
            link.book.closed()
            others = [socket.socketpair() for _ in range(10)]
            done.set()
            for thread in threads:
                thread.join()
            assert nothing_arrived(others)

    def test_while_it_is_open_there_is_no_close_code(self, link: Link) -> None:
        assert not link.conn.is_closed
        assert (link.conn.close_code, link.conn.close_reason) == (None, None)
        assert repr(link.conn) == "<Conn unix open>"

    def test_nothing_of_it_is_kept_when_its_timers_have_passed(self, blocking: bool) -> None:
        with linked(
            blocking=blocking,
            ping_interval=None,
            close_timeout=0.1,
            thread_pool=ThreadPoolConfig(count=1),
        ) as link:
            gone = weakref.ref(link.conn)
            link.peer.close_frame()
            link.peer.read_close()
            link.peer.read_end()
            wait_for(lambda: link.server.stats().connections == 0)
            link.book.handlers.clear()
            del link.conn
            another, end = socket.socketpair()
            link.server.adopt(another, upgraded())  # the handler thread remembers the last one
            end.close()
            wait_for(lambda: gc.collect() >= 0 and gone() is None, what="the Conn to be freed")
