"""The builds of the protocol core: the one that runs, and its pure twin beside a compiled one."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from ..errors import ConnectionClosed, ProtocolError
from ..protocol.connection import Protocol
from ..protocol.deflate import Inflater
from ..protocol.messages import Assembler
from ..protocol.opcodes import Side
from ..protocol.parser import FrameParser
from ..testing.builds import build, pure
from .checks import PURE, Check, Violation

__all__ = ["RUNNING", "Core", "compare", "pure_checks", "twin"]


@dataclass(frozen=True, slots=True)
class Core:
    """The classes of one build."""

    assembler: type[Assembler]
    closed: type[ConnectionClosed]
    error: type[ProtocolError]
    inflater: type[Inflater]
    parser: type[FrameParser]
    protocol: type[Protocol]
    side: type[Side]


RUNNING = Core(Assembler, ConnectionClosed, ProtocolError, Inflater, FrameParser, Protocol, Side)


@cache
def twin() -> Core | None:
    """Return the pure build where the other is compiled; None where there is only one."""
    if build() == "pure":
        return None
    errors, protocol = pure("wskit.errors"), "wskit.protocol."
    return Core(
        pure(protocol + "messages").Assembler,
        errors.ConnectionClosed,
        errors.ProtocolError,
        pure(protocol + "deflate").Inflater,
        pure(protocol + "parser").FrameParser,
        pure(protocol + "connection").Protocol,
        pure(protocol + "opcodes").Side,
    )


def pure_checks() -> tuple[Check, ...]:
    """Return the check that needs both builds, where there are both."""
    return () if twin() is None else (PURE,)


def compare(compiled: tuple[object, ...], plain: tuple[object, ...]) -> None:
    """Check that both builds tell the same of one stream."""
    for ours, theirs in zip(compiled, plain, strict=True):
        if ours != theirs:
            detail = f"compiled {ours!r:.120}, pure {theirs!r:.120}"
            raise Violation(PURE, detail, f"{type(ours).__name__}")
