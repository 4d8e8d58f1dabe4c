"""The body of a refusal, as it passes: its start, and where it ends (RFC 9112 §6)."""

from __future__ import annotations

import h11

from .heads import RequestHead, ResponseHead

__all__ = ["Body"]

_MOST = 65536  # bytes that are kept
_FRAMING = ("content-length", "transfer-encoding")


class Body:
    """Is fed what follows a response's head; what breaks the framing ends with the connection.

    ``start`` are the first 64 KiB, without chunks' sizes; ``complete``: no byte of it is to come.
    """

    def __init__(self, request: RequestHead, response: ResponseHead) -> None:
        """Nothing has come."""
        self.start = bytearray()
        self.complete = False
        self._http: h11.Connection | None = h11.Connection(h11.CLIENT)
        try:
            # h11 need not see, and would judge, more than what the framing depends on.
            asked = h11.Request(method=request.method, target="/", headers=[("Host", "x")])
            self._http.send(asked)
            self._http.send(h11.EndOfMessage())
            self._feed(self._http, _framing_head(response))
        except h11.ProtocolError:
            self._http = None

    def add(self, data: bytes) -> None:
        """Take the next bytes."""
        if self._http is None:
            self._keep(data)
            return
        try:
            self._feed(self._http, data)
        except h11.RemoteProtocolError:
            self._http = None

    def _feed(self, http: h11.Connection, data: bytes) -> None:
        if self.complete or not data:
            return
        http.receive_data(data)
        while (event := http.next_event()) not in (h11.NEED_DATA, h11.PAUSED):
            if isinstance(event, h11.Data):
                self._keep(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                self.complete = True
                return

    def _keep(self, data: bytes) -> None:
        self.start += data[: _MOST - len(self.start)]


def _framing_head(response: ResponseHead) -> bytes:
    lines = [f"HTTP/1.1 {response.status} x\r\n"]
    lines += [f"{name}: {value}\r\n" for name, value in response.fields if name.lower() in _FRAMING]
    return "".join((*lines, "\r\n")).encode("latin-1")
