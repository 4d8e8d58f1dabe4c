"""The read loop: events of one client become calls of a handler, one at a time and in order."""

from __future__ import annotations

from collections.abc import Callable

from ..callbacks import MessageShape, defines, message_shape, takes
from ..protocol.connection import Event
from ..protocol.opcodes import BINARY, MESSAGE_TYPES, PING, PONG
from ..scratch import Scratch

__all__ = ["ServerCallbacks"]


class ServerCallbacks:
    """The methods of a read loop's handler; TypeError names the one with a wrong signature."""

    def __init__(self, handler: object) -> None:
        """Look at ``handler``."""
        kind = type(handler)
        self._shape = message_shape(kind, "server_message")
        self._message: Callable[..., None] = handler.server_message  # type: ignore[attr-defined]
        self.ping = self._optional(handler, "server_ping", 1)
        self.pong = self._optional(handler, "server_pong", 1)
        self.close_frame = self._optional(handler, "server_close", 1)
        self._close = self._optional(handler, "close", 0)
        self._scratch = Scratch() if self._shape.value[0] == "allocator" else None

    def deliver(self, event: Event, answer: Callable[[Event], None]) -> None:
        """Call what ``event`` is for; ``answer`` it where there is no callback."""
        opcode, data = event
        if opcode <= BINARY:
            self.message(opcode, data)
        elif opcode == PING:
            answer(event) if self.ping is None else self.ping(data)
        elif opcode == PONG:
            if self.pong is not None:
                self.pong(data)
        else:
            if self.close_frame is not None:
                self.close_frame(data)
            # §5.5.1: a close frame MUST be answered, so if the callback did not, we do.
            answer(event)

    def message(self, opcode: int, data: str | bytes) -> None:
        """Call ``server_message`` in the shape it has."""
        call, shape = self._message, self._shape
        if shape is MessageShape.DATA:
            call(data)
        elif shape is MessageShape.DATA_TYPE:
            call(data, MESSAGE_TYPES[opcode])
        else:
            self._with_scratch(call, opcode, data)

    def close(self) -> None:
        """Call ``close`` if there is one."""
        if self._close is not None:
            self._close()

    def _with_scratch(self, call: Callable[..., None], opcode: int, data: str | bytes) -> None:
        assert self._scratch is not None
        try:
            if self._shape is MessageShape.ALLOCATOR_DATA:
                call(self._scratch, data)
            else:
                call(self._scratch, data, MESSAGE_TYPES[opcode])
        finally:
            self._scratch.reset()

    def _optional(self, handler: object, name: str, count: int) -> Callable[..., None] | None:
        if not defines(type(handler), name):
            return None
        takes(type(handler), name, count)
        method: Callable[..., None] = getattr(handler, name)
        return method
