"""An echo server on socketify (uWebSockets); compressed only where that is asked for."""

from __future__ import annotations

from servers.asked import asked
from socketify import App, AppListenOptions, AppOptions, CompressOptions, OpCode, WebSocket

ASKED = asked()
TOPIC = "all"


def join(ws: WebSocket) -> None:
    """Subscribe to what goes to all."""
    ws.subscribe(TOPIC)


def echo(ws: WebSocket, message: str | bytes, opcode: OpCode) -> None:
    """Send back every message."""
    ws.send(message, opcode, ASKED.deflate)


def broadcast(ws: WebSocket, message: str | bytes, opcode: OpCode) -> None:
    """Send every message to all connections."""
    app.publish(TOPIC, message, opcode)


tls = AppOptions(key_file_name=ASKED.key, cert_file_name=ASKED.certificate) if ASKED.tls else None
app = App(tls)
app.ws(
    "/*",
    {
        "compression": CompressOptions.DEDICATED_COMPRESSOR_4KB
        if ASKED.deflate
        else CompressOptions.DISABLED,
        "max_payload_length": 16 << 20,
        "max_backpressure": 16 << 20,
        "open": join,
        "message": broadcast if ASKED.broadcast else echo,
    },
)
app.listen(AppListenOptions(0, "127.0.0.1"), lambda config: print(config.port, flush=True))
app.run()
