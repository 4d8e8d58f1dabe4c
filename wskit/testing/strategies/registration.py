"""Tells Hypothesis how to make wskit's values: its entry point, run whenever it is imported.

The law of this file: it imports types only, which cost next to nothing; the strategies wait until
a type is asked for. Enums (``Opcode``, ``MessageType``, ``CloseCode``) Hypothesis knows by itself.
"""

from __future__ import annotations

from collections.abc import Callable
from importlib import import_module
from typing import TYPE_CHECKING, TypeVar

from ...protocol.opcodes import Message, MessageType
from .exchanges import Conversation, HandshakeRequest, HandshakeResponse
from .values import Agreement, DeflateStream, Frame, InvalidFrame, Stream

if TYPE_CHECKING:  # Hypothesis imports this while it is imported itself
    from hypothesis.strategies import SearchStrategy

__all__ = ["register"]

Value = TypeVar("Value")


def register() -> None:
    """Register the types, so that ``st.from_type`` and ``st.builds`` give legal values of each."""
    from hypothesis.strategies import register_type_strategy

    _later(Agreement, "deflating", "agreements")
    _later(Conversation, "conversing", "conversations")
    _later(DeflateStream, "deflating", "deflate_streams")
    _later(Frame, "framing", "frames")
    _later(HandshakeRequest, "handshakes", "handshake_requests")
    _later(InvalidFrame, "framing", "invalid_frames")
    _later(Stream, "streaming", "streams")
    register_type_strategy(Message, _messages)
    register_type_strategy(HandshakeResponse, _responses)


def _later(kind: type[Value], home: str, name: str) -> None:
    from hypothesis.strategies import register_type_strategy

    def found(_: type[Value]) -> SearchStrategy[Value]:
        strategy: Callable[[], SearchStrategy[Value]] = getattr(_module(home), name)
        return strategy()

    register_type_strategy(kind, found)


def _messages(_: type[Message]) -> SearchStrategy[Message]:
    from .fragmenting import messages

    return messages(types=list(MessageType))


def _responses(_: type[HandshakeResponse]) -> SearchStrategy[HandshakeResponse]:
    from .handshakes import handshake_requests, handshake_responses

    return handshake_requests().flatmap(handshake_responses)


def _module(home: str) -> object:
    return import_module(f".{home}", __package__)
