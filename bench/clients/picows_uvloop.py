"""The client of picows on uvloop, as shipped: it hands out frames; their text is decoded here."""

from __future__ import annotations

import uvloop
from clients.window import BATCH, Window
from picows import WSFrame, WSListener, WSMsgType, WSTransport, ws_connect

window = Window()
text, payload = window.text, window.text.encode()


class Client(WSListener):
    """Answer each reply with the next message."""

    def __init__(self) -> None:
        """Begin at nothing."""
        self.batch = 0

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Fill the line."""
        for _ in range(window.depth):
            transport.send(WSMsgType.TEXT, payload)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one reply."""
        if frame.get_payload_as_utf8_text() != text:
            raise RuntimeError("wrong reply")
        self.batch += 1
        if self.batch == BATCH:
            self.batch = 0
            window.count(BATCH)
        if window.open:
            transport.send(WSMsgType.TEXT, text.encode())
        else:
            transport.disconnect()


async def main() -> None:
    """Run until the window has closed."""
    transport, _ = await ws_connect(Client, window.url)
    await transport.wait_disconnected()


uvloop.run(main())
