"""What an outcome is worth."""

from __future__ import annotations

import contextlib

import pytest

from tests.deadlines import scaled
from tests.protocol import wire
from wskit.fuzzing.conducting import Learned, Outcome, Reaction
from wskit.fuzzing.links import Link
from wskit.fuzzing.scripts import Attack, Does, Ending, Expects, Step
from wskit.fuzzing.verdicts import Fault, judged
from wskit.protocol.opcodes import Side
from wskit.testing.sockets import socket_pair

ECHO = Learned(text=Reaction.ECHO, binary=Reaction.ECHO, deflate=True)
SILENT = Learned()
CLOSES = Learned(text=Reaction.CLOSE, binary=Reaction.CLOSE)
LEAVES = Learned(leaves=True)
KEY = "dGhlIHNhbXBsZSBub25jZQ=="
HEAD = (
    b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
    b"Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n%s\r\n"
)


def close(code: int) -> bytes:
    return wire.SERVER.frame(wire.CLOSE, code.to_bytes(2, "big"))


def outcome(
    *frames: bytes,
    head: bytes = HEAD % b"",
    ends: str = "",
    began: bool = True,
    sent: int = 0,
    asked: bool = False,
    answered: bool = False,
    side: Side = Side.CLIENT,
) -> Outcome:
    """Give what it looks like when ``frames`` have come, and then the end."""
    ours, theirs = socket_pair(tcp=True)
    link = Link(ours, side, patience=scaled(2))
    with theirs, contextlib.closing(link):
        data = b"".join((head, *frames))
        theirs.setblocking(True)
        theirs.sendall(data)
        link.wait(lambda: len(link.head) >= len(data))
        if began:
            link.begin(None)
    link.ended, link.sent = ends, sent
    return Outcome(link, began=began, asked=asked, answered=answered)


def attack(ending: Ending, *codes: int, opens: bool = True, **options: object) -> Attack:
    uses = ("text",) if "messages" in options else ()
    expects = Expects(ending, codes, **options)  # type: ignore[arg-type]
    first = Step(Does.OPEN) if opens else Step(Does.HEAD)
    return Attack("a", "RFC 6455 §5.2", expects, (first,), uses=uses)


def found(what: Attack, came: Outcome, learned: Learned = ECHO) -> list[tuple[str, bool]]:
    return [(fault.check, fault.must) for fault in judged(what, came, learned, KEY)]


FAILED = attack(Ending.CLOSED, 1002)


@pytest.mark.parametrize(
    ("came", "checks"),
    [
        (outcome(close(1002), ends="end of stream"), []),
        (outcome(close(1002), ends="reset"), []),
        (outcome(close(1000), ends="end of stream"), [("close code 1002", True)]),
        (outcome(close(1002)), [("ends in time", True)]),
        (outcome(close(1002), side=Side.CLIENT, ends=""), [("ends in time", True)]),
        (outcome(ends="end of stream"), [("close frame", False)]),
        (outcome(ends="reset"), [("closes, not resets", True)]),
        (outcome(ends="reset", asked=True), [("closes, not resets", False)]),
        (outcome(ends="reset", sent=1 << 20), [("closes, not resets", False)]),
        (outcome(answered=True), [("fails the connection", True)]),
        (outcome(wire.SERVER.text(b"a")), [("fails the connection", True)]),
        (outcome(), [("fails in time", True)]),
        (outcome(wire.CLIENT.text(b"a")), [("legal frames", True)]),
    ],
)
def test_a_violation(came: Outcome, checks: list[tuple[str, bool]]) -> None:
    assert found(FAILED, came) == checks


def test_a_violation_that_no_must_forbids_is_a_note() -> None:
    lenient = attack(Ending.CLOSED, 1002, must=False)
    assert found(lenient, outcome(answered=True)) == [("fails the connection", False)]


def test_who_closes_on_its_own_may_have_closed_before() -> None:
    assert found(FAILED, outcome(close(1000), ends="end of stream"), LEAVES) == []


def test_a_client_waits_for_its_server_to_end() -> None:
    came = outcome(wire.CLIENT.frame(wire.CLOSE, b"\x03\xea"), side=Side.SERVER)
    assert found(FAILED, came) == []


@pytest.mark.parametrize(
    ("came", "checks"),
    [
        (outcome(close(1000), ends="end of stream"), []),
        (outcome(close(1000)), [("ends in time", True)]),
        (outcome(close(1001), ends="end of stream"), [("echo of the close code", False)]),
        (outcome(ends="end of stream"), [("answers a close", True)]),
        (outcome(), [("answers a close", True)]),
        (outcome(ends="reset"), [("closes, not resets", True)]),
        (
            outcome(wire.SERVER.text(b"a"), close(1000), ends="end of stream"),
            [("nothing after a close", True)],
        ),
    ],
)
def test_a_close(came: Outcome, checks: list[tuple[str, bool]]) -> None:
    assert found(attack(Ending.ANSWERED, 1000), came) == checks


@pytest.mark.parametrize(
    ("came", "learned", "checks"),
    [
        (outcome(wire.SERVER.text(b"a"), answered=True), ECHO, []),
        (outcome(wire.SERVER.text(b"b"), answered=True), ECHO, [("echo", True)]),
        (outcome(answered=True), ECHO, [("echo", True)]),
        (outcome(answered=True), SILENT, []),
        (outcome(ends="end of stream"), CLOSES, []),
        (outcome(ends="end of stream"), LEAVES, []),
        (outcome(ends="end of stream"), ECHO, [("stays open", True)]),
        (outcome(close(1011)), ECHO, [("stays open", True)]),
        (outcome(), ECHO, [("answers in time", True)]),
        (
            outcome(wire.SERVER.text(b"hi"), wire.SERVER.text(b"a"), answered=True),
            Learned(text=Reaction.ECHO, greets=True),
            [],
        ),
    ],
)
def test_a_message(came: Outcome, learned: Learned, checks: list[tuple[str, bool]]) -> None:
    assert found(attack(Ending.ALIVE, messages=(b"a",)), came, learned) == checks


@pytest.mark.parametrize(
    ("came", "checks"),
    [
        (outcome(answered=True), []),
        (outcome(close(1009)), []),
        (outcome(close(1011)), [("close code 1009", False)]),
        (outcome(ends="reset"), [("close frame", False)]),
        (outcome(), [("answers in time", True)]),
    ],
)
def test_a_limit(came: Outcome, checks: list[tuple[str, bool]]) -> None:
    assert found(attack(Ending.EITHER, 1009), came) == checks


def test_a_limit_of_an_application_that_closes() -> None:
    limit = Attack("a", "RFC 6455 §5", Expects(Ending.EITHER, (1009,)), (Step(Does.OPEN),), "",
                   ("text",))  # fmt: skip
    assert found(limit, outcome(close(1008)), CLOSES) == []


@pytest.mark.parametrize(
    ("head", "checks"),
    [
        (b"HTTP/1.1 426 a\r\nUpgrade: websocket\r\n\r\n", []),
        (b"HTTP/1.1 400 a\r\nUpgrade: websocket\r\n\r\n", [("status", False)]),
        (b"HTTP/1.1 426 a\r\n\r\n", [("refuses with Upgrade", True)]),
        (HEAD % b"", [("refuses", True)]),
        (b"", [("refuses with a status", True)]),
    ],
)
def test_a_request_that_is_wrong(head: bytes, checks: list[tuple[str, bool]]) -> None:
    wrong = attack(Ending.REFUSED, opens=False, statuses=(426,), header="Upgrade")
    assert found(wrong, outcome(head=head, began=head.startswith(b"HTTP/1.1 101"))) == checks


@pytest.mark.parametrize(
    ("head", "answered", "checks"),
    [
        (HEAD % b"", True, []),
        ((HEAD % b"").replace(b"s3p", b"abc"), True, [("a right 101", True)]),
        (HEAD % b"", False, [("accepts", True)]),
        (b"HTTP/1.1 403 a\r\n\r\n", False, [("accepts", True)]),
        (b"", False, [("accepts", True)]),
    ],
)
def test_a_request_that_is_right(
    head: bytes, answered: bool, checks: list[tuple[str, bool]]
) -> None:
    came = outcome(head=head, answered=answered, began=head.startswith(b"HTTP/1.1 101"))
    assert found(attack(Ending.OPENED, opens=False), came) == checks


@pytest.mark.parametrize(
    ("head", "answered", "checks"),
    [
        (b"HTTP/1.1 400 a\r\n\r\n", False, []),
        (HEAD % b"", True, []),
        (HEAD % b"Sec-WebSocket-Extensions: a\r\n", True, [("declines", True)]),
        (b"", False, [("accepts", True)]),
    ],
)
def test_an_offer_that_is_wrong(
    head: bytes, answered: bool, checks: list[tuple[str, bool]]
) -> None:
    came = outcome(head=head, answered=answered, began=head.startswith(b"HTTP/1.1 101"))
    assert found(attack(Ending.DECLINED, opens=False), came) == checks


@pytest.mark.parametrize(
    ("came", "checks"),
    [
        (outcome(ends="end of stream"), []),
        (outcome(close(1002), ends="end of stream"), []),
        (outcome(), [("fails in time", True)]),
        (outcome(wire.SERVER.text(b"a")), [("fails the handshake", True)]),
    ],
)
def test_an_answer_that_is_wrong(came: Outcome, checks: list[tuple[str, bool]]) -> None:
    assert found(attack(Ending.DROPPED), came) == checks


def test_an_end_and_anything() -> None:
    assert found(attack(Ending.ENDED, must=False), outcome()) == [("ends in time", False)]
    assert found(attack(Ending.ENDED), outcome(ends="reset")) == []
    assert found(attack(Ending.ANY), outcome()) == []


def test_a_fault_says_where_its_rule_is() -> None:
    (fault,) = judged(FAILED, outcome(close(1000), ends="reset"), ECHO, KEY)
    assert fault == Fault("close code 1002", "closed with 1000, expected 1002", "RFC 6455 §5.2")
