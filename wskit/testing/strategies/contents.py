"""Strategies for what frames carry: bytes, UTF-8 and its edges, the payloads of close frames."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from functools import lru_cache

from hypothesis import strategies as st

from .arguments import flag, most, named, sizes
from .numbers import around_borders, close_codes

__all__ = ["CUT_SHORT", "MOST", "WRONG", "close_payloads", "payloads", "utf8_boundaries"]

MOST = 65_600  # bytes of a payload unless asked for: just beyond the last border
_SMALL = 32
_UNIT = 12  # bytes or characters that a long payload repeats

# The first and last character of each length of UTF-8, and those around the surrogates (RFC 3629).
_EDGES = tuple(
    chr(point).encode()
    for point in (0, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFEFF, 0xFFFD, 0xFFFF)
) + tuple(chr(point).encode() for point in (0x10000, 0x10FFFF))

# What is not UTF-8, and where its first bad byte is: so many bytes may begin a character.
WRONG = {
    b"\x80": 0,  # a continuation of nothing
    b"\xbf": 0,
    b"\xc0\x80": 0,  # overlong
    b"\xc1\xbf": 0,
    b"\xe0\x80\x80": 1,
    b"\xe0\x9f\xbf": 1,
    b"\xf0\x80\x80\x80": 1,
    b"\xf0\x8f\xbf\xbf": 1,
    b"\xed\xa0\x80": 1,  # surrogates
    b"\xed\xbf\xbf": 1,
    b"\xf4\x90\x80\x80": 1,  # beyond U+10FFFF
    b"\xf5\x80\x80\x80": 0,
    b"\xfe": 0,
    b"\xff": 0,
    b"\xc20": 1,  # cut short by the next character
    b"\xe0\xa00": 2,
    b"\xf0\x90\x800": 3,
}
# The beginnings of characters: wrong at the end of a message only.
CUT_SHORT = (b"\xc2", b"\xdf", b"\xe0\xa0", b"\xef\xbf", b"\xf0\x90\x80", b"\xf4\x8f\xbf")


def utf8_boundaries(*, violations: Collection[str] = ()) -> st.SearchStrategy[bytes]:
    """Generates the first and last characters of each length of UTF-8, with text around them.

    With ``{"utf8"}`` the bytes are not UTF-8 instead: overlong, surrogate, beyond U+10FFFF, a
    stray or missing continuation, the end inside a character. Examples shrink towards one
    character, NUL, else towards the single byte 0x80.
    """
    if named("violations", violations, ["utf8"]):
        cut_short = st.builds(_joined, _texts(8), st.sampled_from(CUT_SHORT))
        return st.sampled_from([*WRONG, *CUT_SHORT]) | _around(WRONG) | cut_short
    return st.sampled_from(_EDGES) | _around(_EDGES)


def payloads(
    *, min_size: int = 0, max_size: int | None = None, text: bool = False
) -> st.SearchStrategy[bytes]:
    """Generates payloads of ``min_size`` to ``max_size`` bytes; with ``text`` they are UTF-8.

    Without ``max_size`` they have up to 65,600. Lengths are often at a border of their three
    forms; long payloads repeat a few bytes. Examples shrink towards ``min_size`` bytes of zeros,
    text towards as many ``"0"``.
    """
    low, high = sizes(min_size, max_size, MOST)
    flag("text", text)
    return _sized_text(low, high) if text else _sized(low, high)


def close_payloads(
    *, violations: Collection[str] = (), max_reason: int | None = None
) -> st.SearchStrategy[bytes]:
    """Generates payloads of close frames: none, or a code and a reason of up to 123 bytes.

    ``max_reason`` limits the reason, in bytes. ``violations`` may name "close_length",
    "close_code" and "close_reason". Examples shrink towards b"", else towards the shortest that
    breaks the first of these rules.
    """
    names = ("close_length", "close_code", "close_reason")
    longest = most("max_reason", max_reason, 123)
    wrong = named("violations", violations, names)
    if not wrong:
        return st.just(b"") | st.builds(_closing, close_codes(), _reasons(longest))
    made = {
        "close_length": st.binary(min_size=1, max_size=1),
        "close_code": st.builds(
            _closing, close_codes(violations={"close_code"}), _reasons(longest)
        ),
        "close_reason": st.builds(_closing, close_codes(), utf8_boundaries(violations={"utf8"})),
    }
    return st.one_of([made[name] for name in wrong])


# The first three of both are alike, so that text shrinks to bytes where it need not be text.
@lru_cache(256)
def _sized(low: int, high: int) -> st.SearchStrategy[bytes]:
    zeros = st.integers(low, high).map(bytes)
    unit = st.binary(min_size=1, max_size=_UNIT)
    small = zeros if low > _SMALL else st.binary(min_size=low, max_size=min(high, _SMALL))
    return st.just(bytes(low)) | small | zeros | _repeating(_repeated, unit, low, high)


@lru_cache(256)
def _sized_text(low: int, high: int) -> st.SearchStrategy[bytes]:
    zeros = st.integers(low, high).map(lambda size: b"0" * size)
    unit = st.text(min_size=1, max_size=_UNIT).map(str.encode)
    small, edges = (
        made.map(lambda data: _fitted(data, low, high))
        for made in (_texts(_SMALL), utf8_boundaries())
    )
    filled = _repeating(_filled, unit, low, high)
    return st.just(b"0" * low) | small | zeros | edges | filled


def _repeating(
    made: Callable[[bytes, int], bytes], unit: st.SearchStrategy[bytes], low: int, high: int
) -> st.SearchStrategy[bytes]:
    return st.builds(made, unit, around_borders(low, high))


def _texts(longest: int) -> st.SearchStrategy[bytes]:
    return st.text(max_size=longest).map(str.encode)


def _around(middles: Iterable[bytes]) -> st.SearchStrategy[bytes]:
    return st.builds(_joined, _texts(8), st.sampled_from([*middles]), _texts(8))


def _joined(*parts: bytes) -> bytes:
    return b"".join(parts)


def _repeated(unit: bytes, size: int) -> bytes:
    return (unit * (size // len(unit) + 1))[:size]


def _filled(unit: bytes, size: int) -> bytes:
    return unit * (size // len(unit)) + b"0" * (size % len(unit))


def _fitted(data: bytes, low: int, high: int) -> bytes:
    data = data[:high].decode("utf-8", "ignore").encode()
    return data + b"0" * (low - len(data))


def _reasons(longest: int) -> st.SearchStrategy[bytes]:
    return payloads(max_size=longest, text=True)


def _closing(code: int, reason: bytes) -> bytes:
    return code.to_bytes(2, "big") + reason
