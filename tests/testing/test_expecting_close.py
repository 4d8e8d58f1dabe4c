"""Expecting ends: who closed, how, and that a refused handshake is something else."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from tests.protocol.wire import CLOSE, SERVER
from tests.testing.ends import Ends, failing, linked, rejected
from wskit import ConnectionClosed
from wskit.testing import Closed, Peer, Rejection


@pytest.fixture(params=[False, True], ids=["pair", "tcp"])
def ends(request: pytest.FixtureRequest) -> Iterator[Ends]:
    with linked(tcp=request.param) as ends:
        yield ends


class TestClose:
    def test_by_the_server_is_answered_and_returned(self, ends: Ends) -> None:
        ends.come(SERVER.close(4000, b"why"))
        closed = ends.peer.expect_close(4000, "why", initiated_by="server", clean=True)
        assert closed == Closed(4000, "why", "server", True)
        assert [frame.payload for frame in ends.frames()] == [b"\x0f\xa0"]

    def test_by_the_client_waits_for_the_answer(self, ends: Ends) -> None:
        ends.peer.close(4001, "bye")
        assert "within 0.01 s" in failing(lambda: ends.peer.expect_close(timeout=0.01))
        assert ends.frames()[0].payload == b"\x0f\xa1bye"
        ends.come(SERVER.close(4001))
        assert ends.peer.expect_close(initiated_by="client") == Closed(4001, "", "client", True)

    def test_by_both_was_initiated_by_whoever_was_seen_first(self, ends: Ends) -> None:
        ends.come(SERVER.close(1001))
        ends.peer.close(1000)
        assert ends.peer.expect_close(1001).initiated_by == "client"

    def test_a_close_made_by_hand_counts(self, ends: Ends) -> None:
        ends.peer.send_frame(CLOSE, b"\x03")
        ends.come(SERVER.close(1002, b"1 byte"))
        assert ends.peer.expect_close(1002, "1 byte", initiated_by="client").clean

    def test_without_a_code_is_1005(self, ends: Ends) -> None:
        ends.come(SERVER.close())
        assert ends.peer.expect_close(1005) == Closed(1005, "", "server", True)

    def test_can_be_expected_again(self, ends: Ends) -> None:
        ends.come(SERVER.close(1000))
        assert ends.peer.expect_close() == ends.peer.expect_close(1000, "", clean=True)

    def test_is_known_after_another_expectation_saw_it(self, ends: Ends) -> None:
        ends.come(SERVER.close(4000, b"no"))
        text = failing(ends.peer.expect_text)
        assert text == "expected text, got close 4000 'no' initiated by the server"
        assert ends.peer.expect_close(4000).reason == "no"

    def test_messages_before_it_must_be_expected_before_it(self, ends: Ends) -> None:
        ends.come(SERVER.text("a"), SERVER.close(1000))
        text = failing(ends.peer.expect_close)
        assert text == "expected a close, got text 'a', then close 1000 initiated by the server"
        ends.peer.expect_text("a")
        ends.peer.expect_close()

    def test_pings_before_it_need_not(self, ends: Ends) -> None:
        ends.come(SERVER.ping(), SERVER.pong(), SERVER.close(1000))
        ends.peer.expect_close()

    def test_with_auto_close_off_needs_no_answer(self, ends: Ends) -> None:
        assert ends.peer.auto_close
        ends.peer.auto_close = False
        assert not ends.peer.auto_close
        ends.come(SERVER.close(4000))
        assert ends.peer.expect_close(4000) == Closed(4000, "", "server", False)
        assert "without a closing handshake" not in failing(
            lambda: ends.peer.expect_close(4000, clean=True)
        )
        ends.peer.expect_close(4000, clean=False)
        ends.peer.close(4000)
        assert ends.peer.expect_close(4000, clean=True).clean
        assert len(ends.frames()) == 1

    @pytest.mark.parametrize(
        ("call", "wanted"),
        [
            (lambda p: p.expect_close(1000), "close 1000"),
            (lambda p: p.expect_close(4000, "x"), "close 4000 'x'"),
            (lambda p: p.expect_close(reason="x"), "a close 'x'"),
            (lambda p: p.expect_close(initiated_by="client"), "a close initiated by the client"),
            (lambda p: p.expect_close(clean=False), "the end of the connection without a closing"),
            (lambda p: p.expect_close(1006), "the end of the connection without a close frame"),
        ],
    )
    def test_another_is_told(self, ends: Ends, call: Callable[[Peer], object], wanted: str) -> None:
        ends.come(SERVER.close(4000, b"why"))
        text = failing(lambda: call(ends.peer))
        assert text.startswith(f"expected {wanted}")
        assert text.endswith(", got close 4000 'why' initiated by the server")


class TestEndsWithoutAClose:
    def test_the_end_of_the_stream_is_1006(self, ends: Ends) -> None:
        ends.sock.close()
        assert ends.peer.expect_close(1006) == Closed(1006, "", None, False)
        assert ends.peer.expect_close(clean=False).code == 1006
        text = failing(ends.peer.expect_close)
        assert text == (
            "expected a close, got the end of the connection without a close frame"
            " (dropped by the server: end of stream)"
        )

    def test_a_half_close_is_too_but_sending_goes_on(self, ends: Ends) -> None:
        ends.sock.shutdown(1)
        ends.peer.expect_close(1006)
        ends.peer.send("x")
        assert ends.frames()[0].payload == b"x"

    def test_a_close_that_is_not_answered_is_not_clean(self, ends: Ends) -> None:
        ends.peer.close(1000)
        ends.sent()
        ends.sock.close()
        assert ends.peer.expect_close(clean=False, initiated_by="client").code == 1006
        assert "not answered" in failing(lambda: ends.peer.expect_close(1000))

    def test_the_own_abort_is_the_end(self, ends: Ends) -> None:
        ends.peer.abort()
        assert ends.peer.expect_close(1006).initiated_by is None
        assert "reset by the client" in failing(ends.peer.expect_text)

    def test_an_unfinished_message_is_told(self, ends: Ends) -> None:
        ends.come(SERVER.text("a", fin=False), SERVER.more(b"b"))
        ends.sock.close()
        assert failing(ends.peer.expect_text).startswith(
            "expected text, got 2 frames of an unfinished text, then the end of the connection"
        )


def test_a_reset_is_the_end() -> None:
    with linked(tcp=True) as ends:
        ends.peer.send("x" * 10)
        with linked(tcp=True) as other:
            other.peer.abort()
            with pytest.raises(ConnectionResetError):
                other.sent()
        ends.sock.setsockopt(1, 13, b"\1\0\0\0\0\0\0\0")  # SO_LINGER
        ends.sock.close()
        ends.peer.expect_close(1006)
        assert "dropped by the server: reset" in failing(ends.peer.expect_text)


class TestRejections:
    def test_are_returned(self) -> None:
        found = rejected(401, b"who?").expect_rejected(
            401, {"X-WHY": "no", "Set-Cookie": "b=2"}, "who?"
        )
        assert found == Rejection(401, found.headers, b"who?")
        assert dict(found.headers)["x-why"] == "no"
        assert rejected().expect_rejected(headers=[("set-cookie", "a=1")], timeout=0).status == 403

    @pytest.mark.parametrize(
        ("call", "text"),
        [
            (
                lambda p: p.expect_rejected(404),
                "expected the handshake to be rejected with 404, got status 401",
            ),
            (
                lambda p: p.expect_rejected(401, {"X-Why": "yes"}),
                "expected the header X-Why: yes, got ['no']",
            ),
            (
                lambda p: p.expect_rejected(401, {"X-Other": "x"}),
                "expected the header X-Other: x, got none",
            ),
            (
                lambda p: p.expect_rejected(401, body="x"),
                "expected the body b'x', got b'who?'",
            ),
        ],
    )
    def test_another_is_told(self, call: Callable[[Peer], object], text: str) -> None:
        peer = rejected(401, b"who?")
        assert failing(lambda: call(peer)) == text

    @pytest.mark.parametrize(
        "call",
        [
            lambda p: p.expect_message(),
            lambda p: p.expect_text("x"),
            lambda p: p.expect_binary(),
            lambda p: p.expect_json({}),
            lambda p: p.expect_ping(),
            lambda p: p.expect_pong(),
            lambda p: p.expect_frame(),
            lambda p: p.expect_fragments(["a"]),
            lambda p: p.expect_close(),
            lambda p: p.expect_close(1006),
            lambda p: p.expect_close(clean=False),
            lambda p: p.expect_nothing(0.01),
            lambda p: p.send("x"),
            lambda p: p.send(b"x"),
            lambda p: p.send_json({}),
            lambda p: p.send_fragments(["a", "b"]),
            lambda p: p.send_frame(1),
            lambda p: p.send_raw(b"x"),
            lambda p: p.ping(),
            lambda p: p.pong(),
            lambda p: p.close(),
            lambda p: p.half_close(),
        ],
    )
    def test_everything_else_fails_naming_the_status(self, call: Callable[[Peer], object]) -> None:
        text = failing(lambda: call(rejected(429)))
        assert text.endswith("got a rejected handshake with HTTP status 429")

    def test_leave_nothing_to_end(self) -> None:
        with rejected() as peer:
            assert peer.drain() == []
            assert peer.subprotocol is None
            peer.abort()
        peer.end()

    def test_are_no_close_and_a_close_is_no_rejection(self, ends: Ends) -> None:
        text = failing(lambda: ends.peer.expect_rejected(403))
        assert text == (
            "expected the handshake to be rejected with 403, but it was accepted; got nothing"
        )
        ends.come(SERVER.close(4401, b"bad token"))
        ends.peer.expect_close(4401)
        assert failing(ends.peer.expect_rejected) == (
            "expected the handshake to be rejected, but it was accepted; got close 4401"
            " 'bad token' initiated by the server"
        )
        with pytest.raises(ConnectionClosed):
            ends.peer.send("x")
