"""Messages written piece by piece, as to a file, and sent as one frame."""

from __future__ import annotations

import io
from collections.abc import Callable
from types import TracebackType

from .protocol.frames import BytesLike

__all__ = ["BinaryBuffer", "TextBuffer"]


class TextBuffer(io.StringIO):
    """A text file that becomes one text message; for one thread.

    Leaving the ``with`` block sends it, leaving by an exception does not; so does ``send()``, once.
    """

    def __init__(self, write: Callable[[str], None]) -> None:
        """``write`` sends the whole text."""
        super().__init__()
        self._write = write

    def send(self) -> None:
        """Send what was written and close the buffer; ValueError if that was done before."""
        text = self.getvalue()
        self.close()
        self._write(text)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Send, unless the block failed or sent by itself."""
        _leave(self, kind)


class BinaryBuffer(io.BytesIO):
    """A binary file that becomes one binary message. Else as TextBuffer."""

    def __init__(self, write: Callable[[BytesLike], None]) -> None:
        """``write`` sends all the bytes."""
        super().__init__()
        self._write = write

    def send(self) -> None:
        """Send what was written and close the buffer; ValueError if that was done before."""
        data = self.getvalue()
        self.close()
        self._write(data)

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Send, unless the block failed or sent by itself."""
        _leave(self, kind)


def _leave(buffer: TextBuffer | BinaryBuffer, failure: type[BaseException] | None) -> None:
    if failure is not None:
        buffer.close()
    elif not buffer.closed:
        buffer.send()
