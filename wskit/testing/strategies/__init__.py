"""Hypothesis strategies for WebSocket traffic, legal and illegal, from frames to conversations.

The law of this package: its bytes are made by an encoder of its own, which shares no code with
`wskit.protocol`. Everything generated is legal unless ``violations`` names rules; then each value
breaks exactly one of them. Names are loaded when they are first used; what is no strategy (the
values and the tables of rules) needs no Hypothesis.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .contents import close_payloads, payloads, utf8_boundaries
    from .conversing import conversations
    from .cutting import cuts
    from .deflating import deflate_streams
    from .exchanges import Conversation, HandshakeRequest, HandshakeResponse
    from .fragmenting import fragmentations, messages
    from .framing import control_frames, frames, invalid_frames
    from .handshakes import handshake_requests, handshake_responses
    from .numbers import close_codes, lengths, masks, opcodes
    from .offers import extension_offers
    from .rules import (
        OFFER_VIOLATIONS,
        REQUEST_VIOLATIONS,
        RESPONSE_VIOLATIONS,
        VIOLATIONS,
        Rule,
    )
    from .spoiling import bad_streams
    from .streaming import streams
    from .values import Agreement, DeflateStream, Frame, InvalidFrame, Stream

_HOMES = {
    "conversing": ("conversations",),
    "cutting": ("cuts",),
    "deflating": ("deflate_streams",),
    "exchanges": ("Conversation", "HandshakeRequest", "HandshakeResponse"),
    "framing": ("control_frames", "frames", "invalid_frames"),
    "handshakes": ("handshake_requests", "handshake_responses"),
    "fragmenting": ("fragmentations", "messages"),
    "numbers": ("close_codes", "lengths", "masks", "opcodes"),
    "offers": ("extension_offers",),
    "contents": ("close_payloads", "payloads", "utf8_boundaries"),
    "rules": (
        "OFFER_VIOLATIONS",
        "REQUEST_VIOLATIONS",
        "RESPONSE_VIOLATIONS",
        "VIOLATIONS",
        "Rule",
    ),
    "spoiling": ("bad_streams",),
    "streaming": ("streams",),
    "values": ("Agreement", "DeflateStream", "Frame", "InvalidFrame", "Stream"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}

__all__ = [
    "OFFER_VIOLATIONS",
    "REQUEST_VIOLATIONS",
    "RESPONSE_VIOLATIONS",
    "VIOLATIONS",
    "Agreement",
    "Conversation",
    "DeflateStream",
    "Frame",
    "HandshakeRequest",
    "HandshakeResponse",
    "InvalidFrame",
    "Rule",
    "Stream",
    "bad_streams",
    "close_codes",
    "close_payloads",
    "control_frames",
    "conversations",
    "cuts",
    "deflate_streams",
    "extension_offers",
    "fragmentations",
    "frames",
    "handshake_requests",
    "handshake_responses",
    "invalid_frames",
    "lengths",
    "masks",
    "messages",
    "opcodes",
    "payloads",
    "streams",
    "utf8_boundaries",
]


def __getattr__(name: str) -> object:
    home = _HOME.get(name)
    if home is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    try:
        module = import_module(f".{home}", __name__)
    except ModuleNotFoundError as exc:
        if exc.name != "hypothesis":
            raise
        raise ImportError(f"{__name__} needs Hypothesis: pip install 'wskit[fuzz]'") from None
    value = globals()[name] = getattr(module, name)
    return value


def __dir__() -> list[str]:
    return __all__
