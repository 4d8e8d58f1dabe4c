"""Bugs planted one at a time: the fuzzer finds each within its bound, from a fixed seed."""

from __future__ import annotations

import pytest

from tests.fuzzing.planting import plant
from wskit.fuzzing import minimising, overdue
from wskit.fuzzing.campaign import Campaign, Limits, examined
from wskit.fuzzing.findings import Finding
from wskit.fuzzing.seeds import seeds
from wskit.fuzzing.targets import make_target

SECONDS = 60.0  # what the issue allows; the bound that counts is that of executions

PARSER, MESSAGES = "wskit.protocol.parser", "wskit.protocol.messages"
CORE, FRAMES = "wskit.protocol.connection", "wskit.protocol.frames"
DEFLATE, MASKING = "wskit.protocol.deflate", "wskit.protocol.masking"
REQUEST, RESPONSE = "wskit.protocol.request", "wskit.protocol.response"

# What is broken: target, module, what is there, what takes its place, executions that usually do.
PLANTED: dict[str, tuple[str, str, str, str, int]] = {
    "no mask check": ("parser", PARSER, "if size & 0x80 != mask_bit:", "if size < 0:", 500),
    "RSV2 passes": (
        "parser",
        PARSER,
        "not self._legal[first]:",
        "not self._legal[first & 0xDF]:",
        2000,
    ),
    "126 is no longer the least 16-bit length": (
        "parser",
        PARSER,
        "126 if extra == 2",
        "127 if extra == 2",
        2000,
    ),
    "127 in 16 bits is refused": (
        "protocol",
        PARSER,
        "126 if extra == 2",
        "128 if extra == 2",
        2000,
    ),
    "lengths with the top bit": ("parser", PARSER, "if size >> 63:", "if size >> 64:", 4000),
    "long control frames": ("parser", PARSER, "if 0x88 <= first <= 0x8A:", "if size < 0:", 2000),
    "the key does not turn": ("parser", MASKING, "shift = 8 * (count & 3)", "shift = 0", 2000),
    "a loan stays out": ("parser", PARSER, "self._lender.release(loan)\n", "pass\n", 2000),
    "UTF-8 state is lost": (
        "assembler",
        MESSAGES,
        "self._rest + piece if self._rest else piece",
        "piece",
        2000,
    ),
    "fragments are not counted": (
        "assembler",
        MESSAGES,
        "self._fragments += 1",
        "self._fragments += 0",
        4000,
    ),
    "fragments have no limit together": (
        "assembler",
        MESSAGES,
        "self._max_size - len(self._buffer)\n        return",
        "self._max_size\n        return",
        6000,
    ),
    "surrogates are seen late": (
        "assembler",
        MESSAGES,
        'if b"\\xed\\xa0" <= self._rest < b"\\xee":',
        "if not self:",
        6000,
    ),
    "a final block is not the end": (
        "deflate",
        DEFLATE,
        "if self._decoder.eof:\n                self._decoder = None",
        "if not self:\n                self._decoder = None",
        6000,
    ),
    "an end that gives bytes is taken": ("deflate", DEFLATE, "if added or self", "if self", 6000),
    "the inflated limit is off by one": (
        "deflate",
        DEFLATE,
        "if limit < 0:",
        "if limit < -1:",
        4000,
    ),
    "the wrong code is echoed": (
        "protocol",
        CORE,
        "None if code == 1005 else code)",
        "None if code == 1005 else 1000)",
        2000,
    ),
    "1005 is echoed as 1000": (
        "protocol",
        CORE,
        "None if code == 1005 else code)",
        "1000 if code == 1005 else code)",
        2000,
    ),
    "data after the close frame": (
        "protocol",
        CORE,
        "self.writable = False\n        self.close_sent",
        "self.close_sent",
        500,
    ),
    "a ping after the close frame": (
        "protocol",
        CORE,
        "if not self.writable:\n            raise self.closed()\n"
        "        return self._frame(FIN | opcode",
        "return self._frame(FIN | opcode",
        500,
    ),
    "close code 1015 passes": (
        "protocol",
        FRAMES,
        "1007 <= code <= 1014",
        "1007 <= code <= 1015",
        6000,
    ),
    "a length of 126 in 7 bits": ("protocol", FRAMES, "if size <= 125:", "if size <= 126:", 2000),
    "the ping is answered with nothing": (
        "protocol",
        CORE,
        "self.control(PONG, data)",
        'self.control(PONG, b"")',
        500,
    ),
    "the server echoes the wrong code": (
        "server",
        CORE,
        "None if code == 1005 else code)",
        "None if code == 1005 else 1000)",
        500,
    ),
    "the client takes masked frames": (
        "client",
        PARSER,
        "if size & 0x80 != mask_bit:",
        "if size < 0:",
        2000,
    ),
    "any key will do": (
        "handshake",
        REQUEST,
        "len(keys) > 1 or not _KEY.fullmatch(keys[0])",
        "len(keys) > 1",
        3000,
    ),
    "any accept will do": ("handshake", RESPONSE, "!= [accept_key(key)]", "== []", 3000),
}


def found(target_name: str, executions: int, seed: int = 1) -> list[Finding]:
    target = make_target(target_name)
    try:
        first: list[Finding] = []
        campaign = Campaign(target, list(seeds(target_name).values()), seed=seed, most_findings=1)
        report = campaign.run(Limits(SECONDS, executions))
        first += report.findings
        return first
    finally:
        target.close()


@pytest.mark.uncounted
@pytest.mark.parametrize("name", PLANTED)
def test_each_is_found(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    target, module, old, new, usual = PLANTED[name]
    executions = 4 * usual  # another corpus, another order
    monkeypatch.setattr(overdue, "SECONDS", 0.5)
    monkeypatch.setattr(minimising, "SECONDS", 1.0)
    with monkeypatch.context() as planted:
        plant(planted, module, old, new)
        findings = found(target, executions)
        assert findings, f"nothing found in {executions} executions"
        (finding,) = findings
        assert len(finding.data) < 3000
    healthy = make_target(target)
    try:
        assert examined(healthy, finding.data) == []
    finally:
        healthy.close()
