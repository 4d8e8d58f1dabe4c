"""What an end that echoes must have sent, judged by the reference decoder."""

from __future__ import annotations

from ...protocol.opcodes import CLOSE, PING, PONG, Side
from ..checks import ACCEPTED, FAITHFUL, ONE_CLOSE, Violation
from ..reference import Reading, Rules, close_code_may_appear, read
from .settings import Settings

__all__ = ["check_answer", "echo"]

_Event = tuple[int, str | bytes]


def check_answer(
    sent: bytes, settings: Settings, inbound: Reading, *, every_pong: bool = True
) -> None:
    """Check what an end sent back: legal frames, the echoes, the right close frame and no more.

    Without ``every_pong`` some may be missing: §5.5.3 lets an end answer only the latest ping.
    """
    masked = settings.side is Side.CLIENT
    answer = read(sent, Rules(masked=masked, deflate=settings.deflate, fresh=settings.fresh))
    if answer.code is not None or answer.rest or answer.message_open:
        detail = answer.why or "a frame or a message is unfinished, or something follows the close"
        raise Violation(ACCEPTED, detail, detail)
    wanted = [echo(event) for event in inbound.events if event[0] not in (PONG, CLOSE)]
    got = [event for event in answer.events if event[0] != CLOSE]
    if not (got == wanted if every_pong else _lacks_only_pongs(got, wanted)):
        detail = f"{len(got)} messages and pongs came back, {len(wanted)} were due"
        raise Violation(FAITHFUL, detail, "echo")
    _check_close(answer, inbound)


def echo(event: _Event) -> _Event:
    """Return what is sent back for ``event``."""
    return (PONG, event[1]) if event[0] == PING else event


def _lacks_only_pongs(got: list[_Event], wanted: list[_Event]) -> bool:
    if [e for e in got if e[0] != PONG] != [e for e in wanted if e[0] != PONG]:
        return False
    due = iter([event for event in wanted if event[0] == PONG])
    return all(pong in due for pong in got if pong[0] == PONG)


def _check_close(answer: Reading, inbound: Reading) -> None:
    """RFC 6455 §5.5.1 and §7.1.7: the echo of a close, the code of a violation, or neither."""
    wanted = inbound.close[0] if inbound.close is not None else inbound.code
    got = answer.close[0] if answer.close is not None else None
    if got != wanted and not (inbound.either and got in (1007, 1009)):
        raise Violation(ONE_CLOSE, f"close code {got}, {wanted} was due", f"{got} for {wanted}")
    if got is not None and got != 1005 and not close_code_may_appear(got):
        raise Violation(ACCEPTED, f"close code {got} was sent", "close code")
