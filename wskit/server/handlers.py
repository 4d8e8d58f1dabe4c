"""What a server knows of its handler class: looked at once, when the server is made."""

from __future__ import annotations

from collections.abc import Callable
from inspect import getattr_static
from typing import Protocol as Interface

from ..callbacks import MessageShape, defines, message_shape, takes
from ..conn import Conn
from ..errors import HandshakeError
from ..protocol.handshake import Handshake
from ..protocol.opcodes import MESSAGE_TYPES
from ..scratch import Scratch

__all__ = ["Handler", "HandlerClass"]


class Handler(Interface):
    """An instance of a handler class, as far as every one has it; the rest is optional."""

    client_message: Callable[..., None]


class HandlerClass:
    """The class that makes one handler per connection, and which callbacks it has."""

    def __init__(self, make: type) -> None:
        """Look at ``make``; TypeError names the method that is missing or has a wrong signature."""
        if not isinstance(make, type):
            raise TypeError(f"Handler: must be a class, not {make!r}")
        self._make = make
        self._wants_app = takes(make, "__init__", 2, 3) == 3
        self.shape = message_shape(make, "client_message")
        self.plain = self.shape is MessageShape.DATA
        self.wants_allocator = self.shape.value[0] == "allocator"
        self.has_ping = self._has("client_ping", 1)
        self.has_pong = self._has("client_pong", 1)
        self.has_close_frame = self._has("client_close", 1)
        self.has_close = self._has("close", 0)
        self.has_after_init = self._has("after_init", 0, 1)
        self._after_init_app = self.has_after_init and takes(make, "after_init", 0, 1) == 1
        self._has_error_hook = self._has_hook("handshake_error_response", 1)

    def make(self, handshake: Handshake, conn: Conn, app: object) -> Handler:
        """Make the handler of one connection; raises whatever its ``__init__`` does."""
        if self._wants_app:
            handler: Handler = self._make(handshake, conn, app)
        else:
            handler = self._make(handshake, conn)
        return handler

    def after_init(self, handler: Handler, app: object) -> None:
        """Call ``after_init`` if there is one."""
        if self.has_after_init:
            method = handler.after_init  # type: ignore[attr-defined]
            method(app) if self._after_init_app else method()

    def error_response(self, error: BaseException) -> HandshakeError | None:
        """Ask the class's ``handshake_error_response`` what to answer to ``error``."""
        if not self._has_error_hook:
            return None
        answer = self._make.handshake_error_response(error)  # type: ignore[attr-defined]
        if answer is not None and not isinstance(answer, HandshakeError):
            raise TypeError("handshake_error_response: must return a HandshakeRejected or None")
        return answer

    def message(self, handler: Handler, opcode: int, data: str | bytes, scratch: Scratch) -> None:
        """Call ``client_message`` in the shape it has; scratch memory is void afterwards."""
        shape, call = self.shape, handler.client_message
        if shape is MessageShape.DATA_TYPE:
            call(data, MESSAGE_TYPES[opcode])
            return
        try:
            if shape is MessageShape.ALLOCATOR_DATA:
                call(scratch, data)
            else:
                call(scratch, data, MESSAGE_TYPES[opcode])
        finally:
            scratch.reset()

    def _has_hook(self, name: str, *counts: int) -> bool:
        """Like ``_has``, for a method that is called while there is no handler yet."""
        if not self._has(name, *counts):
            return False
        if not isinstance(getattr_static(self._make, name), staticmethod | classmethod):
            raise TypeError(f"{self._make.__name__}.{name}: must be a static or class method")
        return True

    def _has(self, name: str, *counts: int) -> bool:
        if not defines(self._make, name):
            return False
        takes(self._make, name, *counts)
        return True
