"""Values: their bytes are those of another encoder, and their repr makes them again."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.protocol import wire
from wskit.testing import strategies
from wskit.testing.strategies import Agreement, DeflateStream, Frame, InvalidFrame, Stream, frames
from wskit.testing.strategies.values import events_of

# Imports every module there is of them, and says what came along of wskit's protocol.
IMPORTED = """
import importlib, pkgutil, sys
from wskit.testing import strategies
for module in pkgutil.iter_modules(strategies.__path__):
    importlib.import_module(f"{strategies.__name__}.{module.name}")
print([name for name in sorted(sys.modules) if name.startswith("wskit.protocol.")])
"""
WITHOUT_HYPOTHESIS = """
import sys
sys.modules["hypothesis"] = None
from wskit.testing.strategies import VIOLATIONS, Frame
assert Frame(9).encode() == b"\\x89\\0" and VIOLATIONS["rsv"].answer == 1002
try:
    from wskit.testing.strategies import frames
except ImportError as exc:
    print(exc)
"""


def run(code: str) -> str:
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    return ran.stdout.strip()


def test_the_encoder_shares_no_code_with_the_protocol() -> None:
    """`opcodes` holds `Message`, which users know; no code."""
    assert run(IMPORTED) == "['wskit.protocol.opcodes']"


def test_without_hypothesis_values_work_and_strategies_say_what_to_install() -> None:
    said = run(WITHOUT_HYPOTHESIS)
    assert said == "wskit.testing.strategies needs Hypothesis: pip install 'wskit[fuzz]'"


@pytest.mark.parametrize("name", strategies.__all__)
def test_every_name_is_there_and_is_no_module(name: str) -> None:
    assert not hasattr(getattr(strategies, name), "__path__")
    assert type(getattr(strategies, name)).__name__ != "module"
    assert name in dir(strategies)


def test_there_is_nothing_else() -> None:
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        strategies.nonsense  # noqa: B018


@given(frames(), st.integers(0, 7))
def test_another_encoder_makes_the_same_bytes(frame: Frame, rsv: int) -> None:
    peer = wire.Peer(frame.mask)
    other = peer.frame(frame.opcode, frame.payload, fin=frame.fin, rsv=rsv)
    changed = Frame(frame.opcode, frame.payload, frame.fin, rsv, frame.mask)
    assert changed.encode() == bytes(changed) == other


@pytest.mark.parametrize(
    ("frame", "data"),
    [
        (Frame(2, length_form=16), b"\x82\x7e\0\0"),
        (Frame(2, b"a", length_form=64), b"\x82\x7f" + bytes(7) + b"\x01a"),
        (Frame(2, announced=1 << 63), b"\x82\x7f\x80" + bytes(7)),
        (Frame(1, b"a", announced=5, mask=bytes(4)), b"\x81\x85\0\0\0\0a"),
    ],
    ids=repr,
)
def test_lengths_can_be_said_wrongly(frame: Frame, data: bytes) -> None:
    assert frame.encode() == data


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ({"opcode": 16}, r"opcode: must be 0\.\.15, not 16"),
        ({"rsv": 8}, r"rsv: must be 0\.\.7, not 8"),
        ({"mask": b"abc"}, "mask: must be 4 bytes or None, not b'abc'"),
        ({"length_form": 8}, "length_form: must be 7, 16, 64 or None, not 8"),
        ({"length_form": 7, "announced": 126}, "announced: 126 does not fit in 7 bits"),
        ({"announced": -1}, "announced: -1 does not fit"),
    ],
)
def test_what_no_frame_can_say_is_refused(arguments: dict[str, object], said: str) -> None:
    with pytest.raises(ValueError, match=said):
        Frame(**{"opcode": 2, **arguments})  # type: ignore[arg-type]


def test_a_stream_knows_its_close_code_and_what_comes_before() -> None:
    good, bad = Frame(1, b"a", mask=bytes(4)), Frame(1, b"\xff", mask=bytes(4))
    stream = Stream("client", (good, bad), violation="utf8")
    assert (stream.close_code, stream.events) == (1007, [(1, "a")])
    assert bytes(stream) == bytes(good) + bytes(bad)
    assert Stream("client", (good,)).close_code is None


def test_an_invalid_frame_knows_its_close_code() -> None:
    frame = InvalidFrame(Frame(3), "server", "opcode")
    assert (bytes(frame), frame.close_code) == (b"\x83\0", 1002)


def test_nothing_is_heard_after_a_close_frame() -> None:
    assert events_of("server", (Frame(8), Frame(9)), None) == [(8, b"")]


@pytest.mark.parametrize("rest", [b"", b"\x00"], ids=["ends at once", "completes the tail"])
@pytest.mark.parametrize("fresh", [False, True], ids=["takeover", "no takeover"])
def test_a_final_block_ends_a_context(rest: bytes, fresh: bool) -> None:
    packed = b"\x4b\x04\x00" + rest  # "a" in a last block (RFC 7692 §7.2.3.4)
    twice = (Frame(2, packed, rsv=4), Frame(2, packed, rsv=4))
    agreement = Agreement(server_no_context_takeover=fresh)
    assert events_of("server", twice, agreement) == [(2, b"a"), (2, b"a")]


def test_an_agreement_knows_both_ends() -> None:
    agreement = Agreement(True, False, 10, 11)
    assert (agreement.fresh("server"), agreement.fresh("client")) == (True, False)
    assert (agreement.window_bits("server"), agreement.window_bits("client")) == (10, 11)


def test_a_deflate_stream_is_its_payload() -> None:
    assert bytes(DeflateStream(b"\x00", b"")) == DeflateStream(b"\x00", b"").encode() == b"\x00"
