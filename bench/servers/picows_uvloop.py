"""An echo server on picows and uvloop, as shipped: frames, no UTF-8 check, no keepalive."""

from __future__ import annotations

import uvloop
from picows import (
    WSFrame,
    WSListener,
    WSMsgType,
    WSTransport,
    WSUpgradeRequest,
    ws_create_server,
)
from servers.asked import asked

ASKED = asked()
connected: set[WSTransport] = set()


class Echo(WSListener):
    """Send back every frame; answer a close (picows answers pings by itself)."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one frame."""
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        else:
            transport.send(frame.msg_type, frame.get_payload_as_memoryview(), frame.fin, frame.rsv1)


class Broadcast(WSListener):
    """Send every message to all connections."""

    def on_ws_connected(self, transport: WSTransport) -> None:
        """Remember who is there."""
        connected.add(transport)

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one frame."""
        payload = frame.get_payload_as_bytes()
        for each in connected:
            each.send(frame.msg_type, payload)

    def on_ws_disconnected(self, transport: WSTransport) -> None:
        """Forget who has left."""
        connected.discard(transport)


def accept(request: WSUpgradeRequest) -> WSListener:
    """Accept every client."""
    return Broadcast() if ASKED.broadcast else Echo()


async def main() -> None:
    """Serve until the process is ended."""
    server = await ws_create_server(accept, "127.0.0.1", 0, ssl=ASKED.context(), backlog=1024)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


uvloop.run(main())
