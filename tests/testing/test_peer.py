"""A peer: the end that it makes of its connection, and the errors of handlers that it hands on."""

from __future__ import annotations

import contextlib
import re
import socket
import threading
import time
from collections.abc import Callable, Iterator

import pytest

from tests.deadlines import scaled
from tests.protocol.wire import CLOSE, PONG, SERVER, frames
from tests.testing.ends import Ends, failing, linked
from tests.testing.faults.echoes import Echo
from wskit.protocol.headers import Headers
from wskit.protocol.response import ClientHandshakeResult
from wskit.testing import Peer, Rejection, ws_pair
from wskit.testing.failures import Failures
from wskit.testing.matching import Matcher
from wskit.testing.timeouts import defaults

NORMAL = b"\x03\xe8"  # close code 1000


class Fragile(Echo):
    """Raises a ValueError with each message that it gets."""

    def client_message(self, data: str | bytes) -> None:
        raise ValueError(f"cannot take {data!r}")


@pytest.fixture
def ends() -> Iterator[Ends]:
    with linked() as ends:
        yield ends


@pytest.fixture
def prompt() -> Iterator[None]:
    """Fail a test that takes long."""
    began = time.monotonic()
    yield
    assert time.monotonic() - began < scaled(2)


@pytest.fixture
def patient(prompt: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for long, in a test that does not take long."""
    monkeypatch.setattr(defaults, "timeout", scaled(5))


@pytest.fixture
def hasty(prompt: None, monkeypatch: pytest.MonkeyPatch) -> None:
    """Wait for next to nothing."""
    monkeypatch.setattr(defaults, "timeout", 0.02)


def closes(ends: Ends) -> list[bytes]:
    """Give the payloads of all that was sent up to the end, which must be close frames."""
    sent = frames(b"".join(iter(ends.sent, b"")))
    assert {frame.opcode for frame in sent} <= {CLOSE}
    return [frame.payload for frame in sent]


@pytest.mark.usefixtures("patient")
class TestTheEnd:
    def test_the_block_gives_the_peer_and_leaving_it_closes_in_order(self, ends: Ends) -> None:
        ends.come(SERVER.text("unread"), SERVER.close(1000))
        with ends.peer as peer:
            assert peer is ends.peer
        assert closes(ends) == [NORMAL]
        assert repr(peer).endswith(": closed by the client with 1000>")

    def test_what_came_before_can_still_be_expected(self, ends: Ends) -> None:
        ends.come(SERVER.text("last words"), SERVER.close(1000))
        ends.peer.end()
        ends.peer.expect_text("last words")
        ends.peer.expect_close(1000, initiated_by="client", clean=True)

    def test_it_may_be_made_again_and_inside_of_the_block(self, ends: Ends) -> None:
        ends.come(SERVER.close(1000))
        with ends.peer as peer:
            peer.end()
            peer.end()
        peer.end()
        assert closes(ends) == [NORMAL]

    def test_what_belongs_to_it_is_ended_once_after_the_connection(self, ends: Ends) -> None:
        finished: list[bool] = []
        cleanup = contextlib.ExitStack()
        cleanup.callback(lambda: finished.append(peer._stream.finished))
        peer = Peer(ends.peer._stream, cleanup=cleanup)
        ends.come(SERVER.close(1000))
        peer.end()
        peer.end()
        assert finished == [True]

    def test_of_a_refused_one_ends_what_belongs_to_it(self, ends: Ends) -> None:
        ended: list[str] = []
        cleanup = contextlib.ExitStack()
        cleanup.callback(ended.append, "server")
        rejection = Rejection(403, (), b"")
        with Peer(ends.peer._stream, rejection=rejection, cleanup=cleanup):
            assert ended == []
        assert ended == ["server"]
        assert ends.sent() == b"", "there is no WebSocket to close"

    def test_a_close_of_the_test_is_not_sent_again_but_its_answer_awaited(self, ends: Ends) -> None:
        ends.peer.close(4000, "bye")
        ends.come(SERVER.close(4001))
        ends.peer.end()
        assert closes(ends) == [b"\x0f\xa0bye"]
        ends.peer.expect_close(4001, clean=True)

    @pytest.mark.parametrize("answered", [True, False])
    def test_a_close_of_the_server_was_answered_or_not(self, ends: Ends, answered: bool) -> None:
        ends.peer.auto_close = answered
        ends.come(SERVER.close(4000))
        ends.peer.expect_close(4000)
        ends.peer.end()
        assert closes(ends) == [b"\x0f\xa0"] * answered

    def test_a_lost_connection_has_no_other(self, ends: Ends) -> None:
        ends.sock.shutdown(socket.SHUT_WR)
        ends.peer.expect_close(1006)
        ends.peer.end()
        assert closes(ends) == []
        assert repr(ends.peer).endswith(": dropped by the server: end of stream>")

    def test_a_connection_whose_loss_was_not_noticed_is_no_error(self, ends: Ends) -> None:
        ends.sock.close()
        ends.peer.end()
        assert ends.peer._stream.finished

    def test_a_violation_was_the_end(self, ends: Ends) -> None:
        ends.come(SERVER.frame(3))
        assert "violation" in failing(ends.peer.expect_text)
        ends.peer.end()
        (payload,) = closes(ends)
        assert payload[:2] == b"\x03\xea"

    @pytest.mark.parametrize("begin", [Peer.abort, Peer.half_close])
    def test_one_that_the_test_began_is_made_whole(
        self, ends: Ends, begin: Callable[[Peer], None]
    ) -> None:
        with ends.peer as peer:
            begin(peer)
        assert closes(ends) == []
        assert peer._stream.finished

    def test_raw_bytes_that_are_half_a_frame_do_not_make_the_server_wait(self) -> None:
        codes: list[int | None] = []

        class Handler(Echo):
            def close(self) -> None:
                codes.append(self.conn.close_code)

        with ws_pair(Handler) as peer:
            peer.send_raw(b"\x82\xfe\xff\xff")
        assert codes == [1006]


@pytest.mark.usefixtures("hasty")
class TestWhoDoesNotAnswer:
    def test_is_awaited_as_long_as_expectations_wait(self, ends: Ends) -> None:
        began = time.monotonic()
        ends.peer.end()
        assert time.monotonic() - began >= defaults.timeout
        assert closes(ends) == [NORMAL]

    def test_is_not_awaited_for_ever_by_somebody_who_debugs(
        self, ends: Ends, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(defaults, "debugging", True)
        ends.peer.end()
        assert closes(ends) == [NORMAL]

    def test_nor_by_being_talkative(self, ends: Ends) -> None:
        receive = ends.peer._stream.receive

        def flooded(patience: object) -> bool:
            ends.come(SERVER.text("on and on"))
            return receive(patience)  # type: ignore[arg-type]

        ends.peer._stream.receive = flooded  # type: ignore[method-assign]
        ends.peer.end()
        assert closes(ends) == [NORMAL]

    def test_nor_by_reading_nothing(self, ends: Ends) -> None:
        with pytest.raises(TimeoutError):
            ends.peer.send(bytes(8 << 20))
        ends.peer.end()
        assert ends.peer._stream.finished


Observed = tuple[Peer, Failures]


@pytest.fixture
def observed(ends: Ends) -> Observed:
    """Give a peer whose connection is about to close, and where its handlers' errors go."""
    failures = Failures()
    ends.come(SERVER.close(1000))
    return Peer(ends.peer._stream, failures=failures), failures


class TestErrorsOfHandlers:
    def test_the_first_unseen_is_raised_once_when_all_has_ended(self, observed: Observed) -> None:
        peer, failures = observed
        failures.add("client_message", first := ValueError("1"))
        failures.add("close", KeyError("2"))
        with pytest.raises(ValueError, match="1") as caught, peer:
            assert not peer._stream.finished
        assert caught.value is first
        assert peer._stream.finished
        with peer:
            assert failures.unknown() == []

    def test_one_of_the_end_itself_counts(self, ends: Ends) -> None:
        failures, cleanup = Failures(), contextlib.ExitStack()
        cleanup.callback(failures.add, "close", LookupError("late"))
        ends.come(SERVER.close(1000))
        with (
            pytest.raises(LookupError, match="late"),
            Peer(ends.peer._stream, failures=failures, cleanup=cleanup),
        ):
            assert failures.unknown() == []

    def test_none_is_raised_over_an_error_of_the_block(self, observed: Observed) -> None:
        peer, failures = observed
        failures.add("close", error := ValueError("of the handler"))
        with pytest.raises(ZeroDivisionError), peer:
            raise ZeroDivisionError
        assert peer._stream.finished
        assert [each.error for each in failures.unknown()] == [error], "nobody has seen it"

    def test_none_that_was_expected_is_raised(self, observed: Observed) -> None:
        peer, failures = observed
        failures.add("close", error := ValueError())
        with peer:
            assert peer.expect_error() is error

    def test_none_is_raised_by_end(self, observed: Observed) -> None:
        peer, failures = observed
        failures.add("close", ValueError())
        peer.end()
        assert len(failures.unknown()) == 1

    def test_those_of_a_server_come_with_their_traceback(self) -> None:
        peer = ws_pair(Fragile)
        peer.send("this")
        peer.expect_close(1011, initiated_by="server")
        with pytest.raises(ValueError, match="cannot take 'this'") as caught, peer:
            pass
        assert "client_message" in [entry.name for entry in caught.traceback]


class TestExpectingErrors:
    def test_any_exception_is_returned_in_order(self, observed: Observed) -> None:
        peer, failures = observed
        failures.add("a", one := ValueError())
        failures.add("b", other := KeyError())
        assert peer.expect_error() is one
        assert peer.expect_error(timeout=0) is other

    def test_a_kind_is_picked_out_and_others_wait(self, observed: Observed) -> None:
        peer, failures = observed
        failures.add("a", key := KeyError())
        failures.add("b", value := ValueError())
        failures.add("c", leaving := SystemExit())
        assert peer.expect_error(ValueError) is value
        assert peer.expect_error(LookupError) is key
        assert peer.expect_error(BaseException) is leaving

    @pytest.mark.parametrize(
        "matcher", ["take [a-z]+", re.compile("TAKE", re.I), lambda text: text == "I take it"]
    )
    def test_its_text_may_be_matched(self, observed: Observed, matcher: Matcher) -> None:
        peer, failures = observed
        failures.add("a", error := ValueError("I take it"))
        assert peer.expect_error(ValueError, matches=matcher) is error

    @pytest.mark.parametrize(
        ("matcher", "words"),
        [("^take", "'^take'"), (re.compile("x"), "'x'"), (str.isupper, "isupper")],
    )
    def test_another_text_fails_with_the_error_as_its_cause(
        self, observed: Observed, matcher: Matcher, words: str
    ) -> None:
        peer, failures = observed
        failures.add("a", error := ValueError("I take it"))
        with pytest.raises(AssertionError) as caught, peer:
            peer.expect_error(ValueError, matches=matcher)
        wanted = f"expected ValueError that matches {words}, got {error!r}"
        assert str(caught.value).splitlines()[0] == wanted
        assert caught.value.__cause__ is error
        with peer:
            assert failures.unknown() == [], "the test has seen it"

    def test_one_of_another_kind_is_the_cause_of_the_failure(self, observed: Observed) -> None:
        peer, failures = observed
        failures.add("a", error := KeyError("no"))
        with pytest.raises(AssertionError, match="expected a handler to raise ValueError") as info:
            peer.expect_error(ValueError, timeout=0)
        assert info.value.__cause__ is error

    def test_one_that_comes_in_time_is_waited_for(self, observed: Observed) -> None:
        peer, failures = observed
        error = ValueError()
        timer = threading.Timer(0.02, lambda: failures.add("a", error))
        timer.start()
        assert peer.expect_error(timeout=scaled(5)) is error
        timer.join()

    @pytest.mark.usefixtures("hasty")
    @pytest.mark.parametrize(("timeout", "words"), [(None, "0.02 s"), (0.01, "0.01 s"), (0, "0 s")])
    def test_none_in_time_fails_and_leaves_the_connection_usable(
        self, ends: Ends, timeout: float | None, words: str
    ) -> None:
        peer = Peer(ends.peer._stream, failures=Failures())
        text = failing(lambda: peer.expect_error(KeyError, timeout=timeout))
        assert text == f"expected a handler to raise KeyError within {words}, got nothing"
        ends.come(SERVER.text("still"))
        peer.expect_text("still")

    def test_a_failure_says_how_the_connection_has_ended(self, observed: Observed) -> None:
        peer, _ = observed
        peer.expect_close(1000)
        text = failing(lambda: peer.expect_error(timeout=0))
        assert text == (
            "expected a handler to raise Exception, got close 1000 initiated by the server"
        )

    def test_time_does_not_pass_for_somebody_who_debugs(
        self, observed: Observed, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr(defaults, "debugging", True)
        peer, failures = observed
        error = ValueError()
        timer = threading.Timer(0.05, lambda: failures.add("a", error))
        timer.start()
        assert peer.expect_error(timeout=0.001) is error
        timer.join()

    def test_without_a_handler_in_this_process_it_fails_at_once(self, ends: Ends) -> None:
        text = failing(lambda: ends.peer.expect_error(timeout=scaled(60)))
        assert text == "expected a handler to fail, but there is none in this process"

    @pytest.mark.parametrize(
        ("call", "words"),
        [
            (lambda peer: peer.expect_error(5), "kind: must be a class of exceptions"),
            (lambda peer: peer.expect_error(matches=5), "matches: "),
            (lambda peer: peer.expect_error(timeout=-1), "timeout: "),
            (lambda peer: peer.expect_error(timeout="1"), "timeout: "),
        ],
    )
    def test_wrong_arguments_are_named_and_nothing_is_seen(
        self, observed: Observed, call: Callable[[Peer], object], words: str
    ) -> None:
        peer, failures = observed
        failures.add("a", ValueError())
        with pytest.raises((TypeError, ValueError), match=f"^{words}"):
            call(peer)
        assert len(failures.unknown()) == 1


def test_answers_can_be_turned_off_and_on_again(ends: Ends) -> None:
    peer = ends.peer
    for answered in (False, True):
        peer.auto_pong = peer.auto_close = answered
        assert (peer.auto_pong, peer.auto_close) == (answered, answered)
        ends.come(SERVER.ping(b"%d" % answered))
        peer.expect_ping()
    ends.come(SERVER.close(4000))
    peer.expect_close(4000, clean=True)
    assert [(frame.opcode, frame.payload) for frame in ends.frames()] == [
        (PONG, b"1"),
        (CLOSE, b"\x0f\xa0"),
    ]


@pytest.mark.parametrize("subprotocol", [None, "chat"])
def test_it_knows_the_response_that_opened_it(ends: Ends, subprotocol: str | None) -> None:
    assert (ends.peer.response, ends.peer.subprotocol, ends.peer.rejection) == (None, None, None)
    response = ClientHandshakeResult(101, Headers([]), subprotocol, None)
    peer = Peer(ends.peer._stream, response=response)
    assert peer.response is response
    assert peer.subprotocol == subprotocol


def test_it_says_which_connection_it_is_and_how_it_does(ends: Ends) -> None:
    assert repr(ends.peer) == f"<Peer {ends.peer._stream.wire.name}: open>"
    ends.come(SERVER.close(4000, b"a\x1bb"))
    ends.peer.expect_close(4000)
    assert re.search(r": closed by the server with 4000 a[^\x1b]+b>$", repr(ends.peer))
