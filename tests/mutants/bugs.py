"""Bugs to plant in a copy of wskit, one at a time: each breaks one sentence of an RFC.

The law of this file: ``before`` occurs exactly once in its module, so that a bug cannot silently
stop being planted; ``test_bugs.py`` checks it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["BUGS", "Bug"]


@dataclass(frozen=True)
class Bug:
    """``before`` becomes ``after`` in ``module``; ``rule`` is the sentence that breaks."""

    name: str
    rule: str
    module: str
    before: str
    after: str

    def plant(self, root: Path) -> None:
        """Change the copy of wskit under ``root``; ValueError unless it matches once."""
        path = root / self.module
        source = path.read_text()
        if (count := source.count(self.before)) != 1:
            raise ValueError(f"{self.name}: matches {count} times in {self.module}")
        path.write_text(source.replace(self.before, self.after))


_CONNECTION = "wskit/protocol/connection.py"
_PARSER = "wskit/protocol/parser.py"
_MESSAGES = "wskit/protocol/messages.py"
_DEFLATE = "wskit/protocol/deflate.py"

BUGS = (
    Bug(
        "drop a mask check",
        "RFC 6455 §5.1",
        _PARSER,
        "        if size & 0x80 != mask_bit:\n",
        "        if size & 0x80 > mask_bit:\n",
    ),
    Bug(
        "accept RSV2",
        "RFC 6455 §5.2",
        _PARSER,
        "        if not self._legal[first]:\n",
        "        if not self._legal[first & ~0x20]:\n",
    ),
    Bug(
        "off by one at 126",
        "RFC 6455 §5.2",
        _PARSER,
        "        if size > 125:\n",
        "        if size > 126:\n",
    ),
    Bug(
        "forget the UTF-8 state across fragments",
        "RFC 6455 §5.6, §8.1",
        _MESSAGES,
        "        data = self._rest + piece if self._rest else piece\n",
        "        data = piece\n",
    ),
    Bug(
        "echo the wrong close code",
        "RFC 6455 §5.5.1",
        _CONNECTION,
        "            return self.close(None if code == 1005 else code)\n",
        "            return self.close(None if code == 1005 else 1000)\n",
    ),
    Bug(
        "leave a loan unreturned",
        "invariant 6",
        _PARSER,
        "        self.release()\n        self.start = self.end = 0\n",
        "        self.start = self.end = 0\n",
    ),
    Bug(
        "accept a length that is not minimal",
        "RFC 6455 §5.2",
        _PARSER,
        "    if size < (126 if extra == 2 else 0x10000):\n",
        "    if size < 126:\n",
    ),
    Bug(
        "allow control frames of 126 bytes",
        "RFC 6455 §5.5",
        _PARSER,
        "            if 0x88 <= first <= 0x8A:\n"
        '                raise ProtocolError("control frame of',
        "            if 0x88 <= first <= 0x8A and size == 127:\n"
        '                raise ProtocolError("control frame of',
    ),
    Bug(
        "answer a ping with another payload",
        "RFC 6455 §5.5.3",
        _CONNECTION,
        "            return self.control(PONG, data)\n",
        "            return self.control(PONG, data[:124])\n",
    ),
    Bug(
        "deliver a message before its last fragment",
        "RFC 6455 §5.4",
        _MESSAGES,
        "        return self._add(payload, final=first & 0x80 != 0)\n",
        "        return self._add(payload, final=first & 0x80 != 0 or first == 0)\n",
    ),
    Bug(
        "keep the inflater without context takeover",
        "RFC 7692 §7.1.1",
        _DEFLATE,
        "        self._fresh = no_context_takeover\n",
        "        self._fresh = no_context_takeover = False\n",
    ),
    Bug(
        "send a frame after the close frame",
        "RFC 6455 §5.5.1",
        _CONNECTION,
        "        if not self.writable:\n"
        "            raise self.closed()\n"
        "        return self._frame(FIN | opcode, payload, payload)\n",
        "        return self._frame(FIN | opcode, payload, payload)\n",
    ),
)
