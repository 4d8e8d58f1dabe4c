"""UTF-8 by the grammar of RFC 3629 §4, independent of Python's decoder, and its hard cases."""

from __future__ import annotations

__all__ = ["INVALID", "VALID", "first_bad"]

_TAIL = range(0x80, 0xC0)
# The first byte, and what may follow it.
_FORMS: list[tuple[range, list[range]]] = [
    (range(0x80), []),
    (range(0xC2, 0xE0), [_TAIL]),
    (range(0xE0, 0xE1), [range(0xA0, 0xC0), _TAIL]),
    (range(0xE1, 0xED), [_TAIL, _TAIL]),
    (range(0xED, 0xEE), [range(0x80, 0xA0), _TAIL]),
    (range(0xEE, 0xF0), [_TAIL, _TAIL]),
    (range(0xF0, 0xF1), [range(0x90, 0xC0), _TAIL, _TAIL]),
    (range(0xF1, 0xF4), [_TAIL, _TAIL, _TAIL]),
    (range(0xF4, 0xF5), [range(0x80, 0x90), _TAIL, _TAIL]),
]


def first_bad(data: bytes) -> int | None:
    """Return where ``data`` stops being the beginning of any UTF-8 text; None if it does not."""
    awaited: list[range] = []
    for at, byte in enumerate(data):
        if awaited:
            if byte not in awaited[0]:
                return at
            awaited = awaited[1:]
            continue
        follow = next((rest for lead, rest in _FORMS if byte in lead), None)
        if follow is None:
            return at
        awaited = follow
    return None


# What Autobahn tries in 6.2 and 6.5 to 6.23.
VALID: dict[str, bytes] = {
    "greek": b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5",
    "mixed lengths": "Hello-µ@ßöäüàá-UTF-8!! 日本 \U0001f600".encode(),
    "first of 1 byte": b"\x00",
    "first of 2 bytes": b"\xc2\x80",
    "first of 3 bytes": b"\xe0\xa0\x80",
    "first of 4 bytes": b"\xf0\x90\x80\x80",
    "last of 1 byte": b"\x7f",
    "last of 2 bytes": b"\xdf\xbf",
    "last of 3 bytes": b"\xef\xbf\xbf",
    "last of 4 bytes": b"\xf4\x8f\xbf\xbf",
    "before the surrogates": b"\xed\x9f\xbf",
    "after the surrogates": b"\xee\x80\x80",
    "replacement character": b"\xef\xbf\xbd",
    "noncharacters": b"\xef\xb7\x90\xef\xbf\xbe\xf0\x9f\xbf\xbe\xf3\xbf\xbf\xbf",
    "NUL within": b"a\x00b",
}

# Each is bad at its last byte or before, whatever follows.
INVALID: dict[str, bytes] = {
    "surrogate in greek": b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xed\xa0\x80edited",
    "above U+10FFFF in greek": b"\xce\xba\xe1\xbd\xb9\xcf\x83\xce\xbc\xce\xb5\xf4\x90\x80\x80.",
    "5 bytes": b"\xf8\x88\x80\x80\x80",
    "6 bytes": b"\xfc\x84\x80\x80\x80\x80",
    "last of 5 bytes": b"\xfb\xbf\xbf\xbf\xbf",
    "last of 6 bytes": b"\xfd\xbf\xbf\xbf\xbf\xbf",
    "above the last of 4 bytes": b"\xf7\xbf\xbf\xbf",
    "U+110000": b"\xf4\x90\x80\x80",
    "a lone continuation, first": b"\x80",
    "a lone continuation, last": b"\xbf",
    "two lone continuations": b"\x80\xbf",
    "all continuations": bytes(range(0x80, 0xC0)),
    "2-byte leads, each then a space": b"".join(bytes([lead, 32]) for lead in range(0xC0, 0xE0)),
    "3-byte leads, each then a space": b"".join(bytes([lead, 32]) for lead in range(0xE0, 0xF0)),
    "4-byte leads, each then a space": b"".join(bytes([lead, 32]) for lead in range(0xF0, 0xF8)),
    "2 bytes cut short": b"\xc2 ",
    "3 bytes cut short": b"\xe0\xa0 ",
    "3 bytes cut short, last": b"\xef\xbf ",
    "4 bytes cut short": b"\xf0\x90\x80 ",
    "4 bytes cut short, last": b"\xf7\xbf\xbf ",
    "impossible fe": b"\xfe",
    "impossible ff": b"\xff",
    "byte order mark of UTF-16": b"\xfe\xff",
    "overlong slash in 2": b"\xc0\xaf",
    "overlong slash in 3": b"\xe0\x80\xaf",
    "overlong slash in 4": b"\xf0\x80\x80\xaf",
    "overlong slash in 5": b"\xf8\x80\x80\x80\xaf",
    "largest overlong of 2": b"\xc1\xbf",
    "largest overlong of 3": b"\xe0\x9f\xbf",
    "largest overlong of 4": b"\xf0\x8f\xbf\xbf",
    "overlong NUL in 2": b"\xc0\x80",
    "overlong NUL in 3": b"\xe0\x80\x80",
    "overlong NUL in 4": b"\xf0\x80\x80\x80",
    "first surrogate": b"\xed\xa0\x80",
    "last surrogate": b"\xed\xbf\xbf",
    "a pair of surrogates": b"\xed\xa0\x80\xed\xb0\x80",
}
