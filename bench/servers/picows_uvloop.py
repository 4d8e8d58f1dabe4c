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


class Echo(WSListener):
    """Send back every frame; answer a close (picows answers pings by itself)."""

    def on_ws_frame(self, transport: WSTransport, frame: WSFrame) -> None:
        """Take one frame."""
        if frame.msg_type is WSMsgType.CLOSE:
            transport.send_close(frame.get_close_code(), frame.get_close_message())
            transport.disconnect()
        else:
            transport.send(frame.msg_type, frame.get_payload_as_memoryview(), frame.fin, frame.rsv1)


def accept(request: WSUpgradeRequest) -> Echo:
    """Accept every client."""
    return Echo()


async def main() -> None:
    """Serve until the process is ended."""
    server = await ws_create_server(accept, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


uvloop.run(main())
