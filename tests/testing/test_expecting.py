"""Expecting messages: every form, text never binary, nothing lost by a timeout, wrong arguments."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator

import pytest

from tests.deadlines import scaled
from tests.protocol.wire import SERVER
from tests.testing.ends import Ends, failing, linked
from wskit import Message, MessageType
from wskit.testing.matching import Matcher

TEXT, BINARY = MessageType.TEXT, MessageType.BINARY
PING, PONG, CLOSE = MessageType.PING, MessageType.PONG, MessageType.CLOSE


@pytest.fixture
def ends() -> Iterator[Ends]:
    with linked() as ends:
        yield ends


class TestMessages:
    def test_anything_is_returned_as_it_came(self, ends: Ends) -> None:
        ends.come(SERVER.text("hé"), SERVER.binary(b"\xff"), SERVER.text())
        assert ends.peer.expect_message() == Message(TEXT, "hé")
        assert ends.peer.expect_message() == Message(BINARY, b"\xff")
        assert ends.peer.expect_message() == Message(TEXT, "")

    def test_each_form_returns_what_it_received(self, ends: Ends) -> None:
        peer = ends.peer
        ends.come(SERVER.text("hello") * 7, SERVER.binary(b"hello") * 3)
        hello = Message(TEXT, "hello")
        assert peer.expect_message(data="hello") == hello
        assert peer.expect_message(TEXT, "hello") == hello
        assert peer.expect_message(TEXT) == hello
        assert peer.expect_message(type=TEXT) == hello
        assert peer.expect_message(matches="^h.*o$") == hello
        assert peer.expect_message(matches=re.compile("HELL", re.I)) == hello
        assert peer.expect_message(matches=str.islower) == hello
        assert peer.expect_message(b"hello") == (BINARY, b"hello")
        assert peer.expect_message(BINARY, b"hello") == (BINARY, b"hello")
        assert peer.expect_message(matches=b"l+") == (BINARY, b"hello")

    def test_text_and_binary_return_their_data(self, ends: Ends) -> None:
        ends.come(SERVER.text("a"), SERVER.text("b"), SERVER.binary(b"c"), SERVER.binary(b"d"))
        assert ends.peer.expect_text("a") == "a"
        assert ends.peer.expect_text(matches="b") == "b"
        assert ends.peer.expect_binary(b"c") == b"c"
        assert ends.peer.expect_binary(matches=b"[d-f]") == b"d"

    def test_control_messages_have_payloads(self, ends: Ends) -> None:
        ends.come(SERVER.ping(b"1"), SERVER.pong(b"2"), SERVER.ping(), SERVER.close(1000, b"x"))
        assert ends.peer.expect_message(PONG, b"2") == (PONG, b"2")
        assert ends.peer.expect_message(PING, "1") == (PING, b"1")
        assert ends.peer.expect_message(PING) == (PING, b"")
        assert ends.peer.expect_message(CLOSE, b"\x03\xe8x") == (CLOSE, b"\x03\xe8x")
        assert ends.peer.expect_close(1000).reason == "x"

    def test_fragments_make_one_message(self, ends: Ends) -> None:
        ends.come(SERVER.text("a", fin=False), SERVER.ping(), SERVER.more(b"b"), SERVER.last(b"c"))
        assert ends.peer.expect_text() == "abc"

    @pytest.mark.parametrize(
        ("sent", "call"),
        [
            (SERVER.binary(b"x"), lambda peer: peer.expect_message("x")),
            (SERVER.binary(b"x"), lambda peer: peer.expect_text()),
            (SERVER.binary(b"x"), lambda peer: peer.expect_text(matches="x")),
            (SERVER.binary(b"x"), lambda peer: peer.expect_message(matches="x")),
            (SERVER.binary(b"1"), lambda peer: peer.expect_json()),
            (SERVER.binary(b"x"), lambda peer: peer.expect_fragments(["x"])),
            (SERVER.text("x"), lambda peer: peer.expect_message(b"x")),
            (SERVER.text("x"), lambda peer: peer.expect_binary()),
            (SERVER.text("x"), lambda peer: peer.expect_message(matches=b"x")),
            (SERVER.text("x"), lambda peer: peer.expect_message(BINARY, b"x")),
            (SERVER.text("x"), lambda peer: peer.expect_fragments([b"x"])),
            (SERVER.ping(b"x"), lambda peer: peer.expect_text("x", timeout=0)),
            (SERVER.text("x"), lambda peer: peer.expect_ping(b"x", timeout=0)),
        ],
    )
    def test_one_kind_is_never_taken_for_another(
        self, ends: Ends, sent: bytes, call: object
    ) -> None:
        ends.come(sent)
        assert callable(call)
        assert failing(lambda: call(ends.peer)).startswith("expected ")


class TestJSON:
    def test_returns_the_whole_value_for_a_subset(self, ends: Ends) -> None:
        ends.come(SERVER.text('{"a": 1, "b": [true, null]}') * 3)
        whole = {"a": 1, "b": [True, None]}
        assert ends.peer.expect_json() == whole
        assert ends.peer.expect_json({"b": [..., None]}) == whole
        message = ends.peer.expect_message(json={"a": 1})
        assert message == (TEXT, '{"a": 1, "b": [true, null]}')

    def test_null_is_a_value(self, ends: Ends) -> None:
        ends.come(SERVER.text("null"), SERVER.text("1"))
        assert ends.peer.expect_json(None) is None
        assert failing(lambda: ends.peer.expect_json(None)).startswith("expected JSON with 'null'")

    def test_in_binary_only_if_told_so(self, ends: Ends) -> None:
        ends.come(SERVER.binary(b"[1]"))
        assert ends.peer.expect_message(type=BINARY, json=[1]) == (BINARY, b"[1]")

    @pytest.mark.parametrize("text", ["", "{", "nul", "[" * 100_000])
    def test_what_is_none_fails(self, ends: Ends, text: str) -> None:
        ends.come(SERVER.text(text))
        assert "\n  it is not JSON: " in failing(ends.peer.expect_json)

    def test_binary_that_is_not_even_text_fails(self, ends: Ends) -> None:
        ends.come(SERVER.binary(b"\xff"))
        text = failing(lambda: ends.peer.expect_message(type=BINARY, json={}))
        assert "it is not JSON" in text


class TestTimeouts:
    def test_nothing_is_lost_and_a_late_message_is_found(self, ends: Ends) -> None:
        peer = ends.peer
        ends.come(SERVER.text("a", fin=False), SERVER.text("late")[:0], SERVER.last()[:1])
        with pytest.raises(AssertionError, match=r"^expected text within 0.01 s"):
            peer.expect_text(timeout=0.01)
        peer.send("still there")
        assert ends.frames()[0].payload == b"still there"
        ends.come(SERVER.last()[1:], SERVER.text("late"))
        assert peer.expect_text() == "a"
        assert peer.expect_text() == "late"

    def test_the_argument_counts_more_than_the_default(
        self, ends: Ends, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setattr("wskit.testing.timeouts.defaults.timeout", 0.02)
        start = time.monotonic()
        assert "within 0.02 s" in failing(ends.peer.expect_message)
        assert "within 0.05 s" in failing(lambda: ends.peer.expect_close(timeout=0.05))
        assert 0.07 <= time.monotonic() - start < scaled(1)

    @pytest.mark.parametrize("noise", [SERVER.ping(b"x") * 50, SERVER.text("x", fin=False)])
    def test_bytes_that_never_stop_do_not_prolong_it(self, ends: Ends, noise: bytes) -> None:
        ends.peer.auto_pong = False
        receive = ends.peer._stream.receive

        def flooded(patience: object) -> bool:
            ends.come(noise if noise[0] & 8 else SERVER.more(b"x"))
            return receive(patience)  # type: ignore[arg-type]

        ends.come(noise)
        ends.peer._stream.receive = flooded  # type: ignore[method-assign]
        start = time.monotonic()
        assert "within 0.05 s" in failing(lambda: ends.peer.expect_text(timeout=0.05))
        assert time.monotonic() - start < scaled(2)
        ends.peer.drain()
        assert time.monotonic() - start < scaled(3)

    def test_zero_takes_what_is_there(self, ends: Ends, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr("wskit.testing.timeouts._GRACE", scaled(5))  # on a busy machine, too
        ends.come(SERVER.ping() * 2000, SERVER.text("x"))
        assert ends.peer.expect_text(timeout=0) == "x"


class TestWrongArguments:
    @pytest.mark.parametrize(
        ("call", "words"),
        [
            (lambda p: p.expect_message(5), "data: must be str or bytes, not int"),
            (lambda p: p.expect_message(bytearray(b"x")), "data: must be str or bytes"),
            (lambda p: p.expect_text(b"x"), "data: must be str for a text message, not bytes"),
            (lambda p: p.expect_binary("x"), "data: must be bytes for a binary message, not str"),
            (lambda p: p.expect_message(TEXT, b"x"), "data: must be str for a text message"),
            (lambda p: p.expect_message("a", "b"), "payload: goes with a MessageType"),
            (lambda p: p.expect_message(TEXT, "b", type=BINARY), "type: was given twice"),
            (lambda p: p.expect_message(type="text"), "type: must be a MessageType, not 'text'"),
            (lambda p: p.expect_message(type=PING, json={}), "ping: is compared with its payload"),
            (lambda p: p.expect_message(type=CLOSE, matches="x"), "close: is compared with"),
            (lambda p: p.expect_message(PING, 5), "data: must be str or bytes"),
            (lambda p: p.expect_ping(5), "data: must be str or bytes"),
            (lambda p: p.expect_text(matches="("), "matches: missing ), unterminated"),
            (lambda p: p.expect_text(matches=5), "matches: must be a regular expression or a pred"),
            (lambda p: p.expect_text(timeout=-1), "timeout: must be at least 0"),
            (lambda p: p.expect_text(timeout="1"), "timeout: must be a number"),
            (lambda p: p.expect_frame(16), "opcode: must be 0..15, not 16"),
            (lambda p: p.expect_frame(1, 5), "data: must be str or bytes"),
            (lambda p: p.expect_fragments("ab"), "parts: must be a sequence of at least one"),
            (lambda p: p.expect_fragments([]), "parts: must be a sequence of at least one"),
            (lambda p: p.expect_close(initiated_by="me"), 'initiated_by: must be "server" or'),
            (lambda p: p.expect_close("1000"), "code: must be an int"),
            (lambda p: p.expect_error(matches="("), "matches: missing )"),
        ],
    )
    def test_fail_at_once_and_take_nothing(self, ends: Ends, call: object, words: str) -> None:
        ends.come(SERVER.text("x"))
        assert callable(call)
        with pytest.raises((TypeError, ValueError), match="^" + re.escape(words)):
            call(ends.peer)
        assert ends.peer.expect_text() == "x"

    def test_a_predicate_may_raise_what_it_likes(self, ends: Ends) -> None:
        def broken(data: object) -> bool:
            raise LookupError("mine")

        ends.come(SERVER.text("x"))
        matcher: Matcher = broken
        with pytest.raises(LookupError, match="mine"):
            ends.peer.expect_message(matches=matcher)
