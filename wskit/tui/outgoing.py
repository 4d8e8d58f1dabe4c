"""What a line that is typed means: a text message, or after a slash a frame of another kind."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from ..client import Client
from ..protocol.frames import FIN, MAX_CONTROL, FrameRecord, close_payload
from ..protocol.opcodes import BINARY, CLOSE, PING, PONG, TEXT, Opcode, Side
from .entries import Entry

__all__ = ["HELP", "NotSent", "Outgoing", "as_line", "parsed"]

HELP = "text, or /ping /pong /close /hex /file /frame, //text for a slash"
"""What can be typed, on one line."""

_OPCODES = {opcode.name.lower(): int(opcode) for opcode in Opcode} | {"cont": 0}
_NAMES = {opcode: name for name, opcode in _OPCODES.items()}
_LONGEST = 1 << 16  # bytes of a frame that is put into a line
_USUAL = tuple(FIN | opcode for opcode in (TEXT, BINARY, PING, PONG))


class NotSent(ValueError):
    """Why nothing was sent, in one line."""


@dataclass(frozen=True, slots=True)
class Outgoing:
    """A frame to be sent: ``first`` is the first byte of its header, with FIN, RSV and opcode.

    ``masked`` None is as RFC 6455 §5.1 has it for whoever sends; ``to`` is who gets it.
    """

    first: int
    payload: bytes
    masked: bool | None = None
    to: Side = Side.SERVER

    def through(self, client: Client) -> None:
        """Send it by ``client``: as a message or control frame if it is one, else as it is."""
        if self.masked is False or self.first not in (*_USUAL, FIN | CLOSE):
            client._send_unchecked(self.first, self.payload, masked=self.masked is not False)
        elif self.first == FIN | TEXT:
            client.write_text(self.payload)
        else:
            client.write_frame(self.first & 0x0F, self.payload)


def as_line(entry: Entry, *, to: Side = Side.SERVER) -> str:
    """Return the line that sends the frame of ``entry`` once more, in the clear, ``to`` that end.

    Raises NotSent for a frame of which not all was kept, or that is too long for a line.
    """
    frame = entry.frame
    if entry.is_cut:
        missing = frame.length - len(frame.payload)
        raise NotSent(f"{missing} of {frame.length} bytes of this frame were not kept")
    if frame.length > _LONGEST:
        raise NotSent(f"a line takes frames of {_LONGEST} bytes, this one has {frame.length}")
    # On the first frame of a message RSV1 says that it was compressed (RFC 7692 §6).
    rsv = frame.rsv & 3 if frame.opcode in (TEXT, BINARY) else frame.rsv
    same = Outgoing(frame.fin << 7 | rsv << 4 | frame.opcode, frame.payload)
    line = next(line for line in _lines(frame, rsv) if _means(line, same))
    return f"/client {line}" if to is Side.CLIENT else line


def _lines(frame: FrameRecord, rsv: int) -> Iterator[str]:
    """Yield lines that might mean ``frame``, the last one for sure; the simplest come first."""
    text = frame.payload.decode("utf-8", "replace")
    spaced = f" {text}" if text else ""
    if frame.opcode == TEXT:
        yield f"/{text}" if text.startswith("/") else text
    elif frame.opcode in (PING, PONG):
        yield f"/{_NAMES[frame.opcode]}{spaced}"
    elif frame.opcode == CLOSE:
        code, reason = frame.payload[:2], frame.payload[2:].decode("utf-8", "replace")
        yield f"/close {int.from_bytes(code, 'big')} {reason}".rstrip()
        yield f"/close {int.from_bytes(code, 'big')} {reason}"
    elif frame.opcode == BINARY:
        yield f"/hex {frame.payload.hex(' ')}".rstrip()
    bits = f"op={_NAMES.get(frame.opcode, frame.opcode)}"
    bits += "" if frame.fin else " fin=0"
    bits += f" rsv={rsv}" if rsv else ""
    yield f"/frame {bits}{spaced}"
    yield f"/frame {bits} hex={frame.payload.hex(' ')}"


def _means(line: str, frame: Outgoing) -> bool:
    try:
        return line.isprintable() and parsed(line) == frame
    except NotSent:
        return False


def parsed(line: str) -> Outgoing:
    """Return the frame that ``line`` means; raises NotSent."""
    if not line.startswith("/"):
        return Outgoing(FIN | TEXT, _octets(line))
    if line.startswith("//"):
        return Outgoing(FIN | TEXT, _octets(line[1:]))
    name, _, rest = line[1:].partition(" ")
    verb = _VERBS.get(name)
    if verb is None:
        raise NotSent(f"/{name}: no such command; there are {', '.join(f'/{v}' for v in _VERBS)}")
    return verb(rest)


def _octets(text: str) -> bytes:
    return text.encode("utf-8", "surrogatepass")


def _ping(rest: str) -> Outgoing:
    return Outgoing(FIN | PING, _short("ping", rest))


def _pong(rest: str) -> Outgoing:
    return Outgoing(FIN | PONG, _short("pong", rest))


def _short(name: str, rest: str) -> bytes:
    payload = _octets(rest)
    if len(payload) > MAX_CONTROL:
        raise NotSent(f"/{name}: takes {MAX_CONTROL} bytes, not {len(payload)}")
    return payload


def _close(rest: str) -> Outgoing:
    code, _, reason = rest.partition(" ")
    if code and not code.isdecimal():
        raise NotSent(f"/close: {code!r} is no code such as 1000")
    try:
        return Outgoing(FIN | CLOSE, close_payload(int(code) if code else 1000, reason))
    except ValueError as error:
        raise NotSent(f"/close: {error}") from None


def _hex(rest: str) -> Outgoing:
    return Outgoing(FIN | BINARY, _from_hex("/hex", rest))


def _from_hex(where: str, text: str) -> bytes:
    try:
        return bytes.fromhex(text)
    except ValueError:
        raise NotSent(f"{where}: {text!r} is no bytes such as 'de ad be ef'") from None


def _file(rest: str) -> Outgoing:
    try:
        return Outgoing(FIN | BINARY, Path(rest).expanduser().read_bytes())
    except (OSError, RuntimeError) as error:
        why = error.strerror if isinstance(error, OSError) else None
        raise NotSent(f"/file: {rest}: {why or error}") from None


def _frame(rest: str) -> Outgoing:
    """Read op=, fin=, rsv=, mask= in any order, then hex= with bytes or anything else as text."""
    bits = {"op": TEXT, "fin": 1, "rsv": 0, "mask": -1}
    while True:
        word, _, others = rest.partition(" ")
        name, equals, value = word.partition("=")
        if not equals or name not in bits:
            break
        bits[name], rest = _bit(name, value), others
    payload = _from_hex("/frame", rest[4:]) if rest.startswith("hex=") else _octets(rest)
    first = bits["fin"] << 7 | bits["rsv"] << 4 | bits["op"]
    return Outgoing(first, payload, None if bits["mask"] < 0 else bool(bits["mask"]))


_MOST = {"op": 15, "fin": 1, "rsv": 7, "mask": 1}


def _bit(name: str, value: str) -> int:
    if name == "op" and value in _OPCODES:
        return _OPCODES[value]
    try:
        number = int(value, 0)
    except ValueError:
        number = -1
    if not 0 <= number <= _MOST[name]:
        names = f", or one of {', '.join(_OPCODES)}" if name == "op" else ""
        raise NotSent(f"/frame: {name} must be 0..{_MOST[name]}{names}, not {value!r}")
    return number


def _client(rest: str) -> Outgoing:
    return replace(parsed(rest), to=Side.CLIENT)


_VERBS: dict[str, Callable[[str], Outgoing]] = {
    "ping": _ping,
    "pong": _pong,
    "close": _close,
    "hex": _hex,
    "file": _file,
    "frame": _frame,
    "client": _client,
}
