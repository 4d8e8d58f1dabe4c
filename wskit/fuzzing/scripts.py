"""An attack as data: what is sent, step by step, and what must come of it; JSON lines hold it.

The law of this file: a script has everything that was sent, so that what was read from its lines
does the same again.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from enum import StrEnum

__all__ = ["Attack", "Does", "Ending", "Expects", "Step", "read_attack", "written_attack"]


class Does(StrEnum):
    """What a step does."""

    OPEN = "open"  # the opening handshake as it should be; data: the extensions to offer or agree
    HEAD = "head"  # an opening handshake of its own: {host}, {target} and {accept} are filled in
    SEND = "send"  # data, that many times
    DRIBBLE = "dribble"  # data byte by byte, ``seconds`` apart
    READ = "read"  # for ``seconds``, or until something has come
    STALL = "stall"  # read nothing for ``seconds``, nor while sending before that
    CROWD = "crowd"  # that many more connections, which send data and then wait
    SHUT = "shut"  # the end of what is sent; reading goes on
    CUT = "cut"  # close without a word
    RESET = "reset"  # an RST


@dataclass(frozen=True, slots=True)
class Step:
    """One step; which fields it uses is said in ``Does``."""

    does: Does
    data: bytes = b""
    times: int = 1
    seconds: float = 0.0


class Ending(StrEnum):
    """What must come of an attack."""

    CLOSED = "closed"  # failed: a close frame with one of ``codes``, then the end
    ANSWERED = "answered"  # a close frame answered with one, then the end
    ALIVE = "alive"  # open, and answering
    EITHER = "either"  # ALIVE or CLOSED, as the limits of the other side say
    REFUSED = "refused"  # an HTTP error in place of 101
    OPENED = "opened"  # 101, then ALIVE
    DECLINED = "declined"  # REFUSED, or OPENED without an extension
    DROPPED = "dropped"  # of a client: ended without a frame sent
    ENDED = "ended"  # the end of the stream, however
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Expects:
    """``messages`` are what an echo sends back; ``must`` False makes what is missed a note.

    ``statuses`` of a refusal are what it should have; ``header`` is one that it must have.
    """

    ending: Ending
    codes: tuple[int, ...] = ()
    messages: tuple[bytes, ...] = ()
    must: bool = True
    statuses: tuple[int, ...] = ()
    header: str = ""


@dataclass(frozen=True, slots=True)
class Attack:
    """A name such as "frames: RSV2 on text", the section it is about, what is sent and expected.

    ``case`` names what happened to others; ``uses`` the kinds of message that it sends, which an
    application may not take: "text", "binary". ``deflate``: only where permessage-deflate is
    agreed on.
    """

    name: str
    section: str
    expects: Expects
    steps: tuple[Step, ...]
    case: str = ""
    uses: tuple[str, ...] = ()
    deflate: bool = False

    @property
    def classname(self) -> str:
        """The section as JUnit takes it: "rfc6455.5_1" for "RFC 6455 §5.1"."""
        rfc, _, number = self.section.partition(" §")
        return f"{rfc.replace(' ', '').lower()}.{number.replace('.', '_')}"

    def with_steps(self, steps: tuple[Step, ...]) -> Attack:
        """Return the same with other steps."""
        return replace(self, steps=steps)


def written_attack(attack: Attack) -> bytes:
    """Return the lines of ``attack``: one about it, then one for each step."""
    expects = attack.expects
    about: dict[str, object] = {
        "attack": attack.name,
        "section": attack.section,
        "expects": str(expects.ending),
        "codes": expects.codes,
        "messages": [message.hex() for message in expects.messages],
        "must": expects.must,
        "statuses": expects.statuses,
        "header": expects.header,
        "case": attack.case,
        "uses": attack.uses,
        "deflate": attack.deflate,
    }
    lines = [about, *map(_step_fields, attack.steps)]
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def read_attack(data: bytes) -> Attack:
    """Return the attack that ``data`` holds; ValueError where it is none."""
    if not data.strip():
        raise ValueError("no script of an attack: it is empty")
    try:
        about, *steps = (json.loads(line) for line in data.decode().splitlines() if line.strip())
        expects = Expects(
            Ending(about["expects"]),
            tuple(map(int, about["codes"])),
            tuple(map(bytes.fromhex, about["messages"])),
            bool(about["must"]),
            tuple(map(int, about["statuses"])),
            str(about["header"]),
        )
        return Attack(
            str(about["attack"]),
            str(about["section"]),
            expects,
            tuple(map(_step, steps)),
            str(about["case"]),
            tuple(map(str, about["uses"])),
            bool(about["deflate"]),
        )
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise ValueError(f"no script of an attack: {error}") from None


def _step_fields(step: Step) -> dict[str, object]:
    fields: dict[str, object] = {"step": str(step.does)}
    if step.data:
        fields["data"] = step.data.hex()
    if step.times != 1:
        fields["times"] = step.times
    if step.seconds:
        fields["seconds"] = step.seconds
    return fields


def _step(fields: Mapping[str, object]) -> Step:
    return Step(
        Does(str(fields["step"])),
        bytes.fromhex(str(fields.get("data", ""))),
        int(str(fields.get("times", 1))),
        float(str(fields.get("seconds", 0.0))),
    )
