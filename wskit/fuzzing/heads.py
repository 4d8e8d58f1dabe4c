"""The other side's half of an opening handshake, read leniently, then judged."""

from __future__ import annotations

from dataclasses import dataclass

from ..errors import HandshakeError
from ..protocol.extensions import (
    Compression,
    DeflateParameters,
    accept_client,
)
from ..protocol.handshake import accept_key
from ..protocol.headers import Headers, list_elements

__all__ = ["FAIR", "NAMES", "Head", "parsed"]

FAIR = Compression(server_max_window_bits=15, client_max_window_bits=15)
"""What is offered and agreed where an attack needs permessage-deflate: all that peers can do."""

NAMES = ("upgrade", "connection", "sec-websocket-accept")


@dataclass(frozen=True, slots=True)
class Head:
    """A start line and headers; ``status`` is 0 where it is no response."""

    line: str
    status: int
    headers: Headers

    def faults(self, key: str) -> list[str]:
        """Say what is wrong with this as the 101 to a request with ``key`` (§4.2.2)."""
        found = []
        for name, wanted in (("upgrade", "websocket"), ("connection", "upgrade")):
            values = [value.lower() for value in list_elements(self.headers.get_all(name))]
            if wanted not in values:
                found.append(f"{name.title()} does not name {wanted}")
        if self.headers.get_all("sec-websocket-accept") != [accept_key(key)]:
            found.append("Sec-WebSocket-Accept does not belong to the key")
        return found

    def agreed(self) -> DeflateParameters | None:
        """Return what the answer to the offer of ``FAIR`` means; HandshakeError if it is wrong."""
        return accept_client(self.headers.get_all("sec-websocket-extensions"), FAIR)

    def deflates(self) -> DeflateParameters | None:
        """Return what this says of permessage-deflate, right or wrong."""
        try:
            return self.agreed()
        except HandshakeError:
            return DeflateParameters()


def parsed(data: bytes) -> Head:
    """Return what ``data``, up to a blank line, says; never raises."""
    line, *fields = data.partition(b"\r\n\r\n")[0].decode("latin-1").split("\r\n")
    words = line.split(" ", 2)
    status = words[1] if len(words) > 1 and words[0].startswith("HTTP/1.") else ""
    pairs = [field.partition(":") for field in fields]
    headers = Headers((name.strip(), value.strip()) for name, _, value in pairs)
    return Head(line, int(status) if status.isascii() and status.isdigit() else 0, headers)
