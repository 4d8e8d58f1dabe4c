"""Histories of real conversations, for tests of what is made from them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from tests.deadlines import wait_for
from tests.testing.conversing import Echo
from tests.tui.frames import capture
from wskit import Compression, ServerConfig, connect
from wskit.events import Event, Opened
from wskit.protocol.frames import FrameRecord
from wskit.protocol.opcodes import Side
from wskit.testing import ws_server
from wskit.tui.history import History
from wskit.tui.outgoing import parsed
from wskit.tui.sources import ClientSource

__all__ = ["WHOLE_TALK", "history", "opened", "talk"]

WHOLE_TALK = (
    *("héllo", '{"a": "it\'s"}', "x" * 4000, "", "/hex 00 ff", "/ping hey"),
    *("/frame op=text fin=0 Hel", "/frame op=cont fin=1 lo", "bye"),
)
"""What is typed; an Echo answers each message and closes after the last."""


def talk(
    lines: Sequence[str] = WHOLE_TALK,
    *,
    path: str = "/chat?room=1",
    headers: Mapping[str, str] | None = None,
    compress: bool = False,
) -> History:
    """Send ``lines``, of which the last ends it, to a real server and keep what passed."""
    deflate = Compression(write_threshold=0) if compress else None
    config, kept = ServerConfig(subprotocols=("b",), compression=deflate), History()
    with ws_server(Echo, config=config) as server:
        offered = dict(headers or {})
        client = connect(
            server.url + path, subprotocols=["a", "b"], headers=offered, compression=deflate
        )
        source = ClientSource(client)
        for line in lines:
            source.send("", parsed(line))
        wait_for(lambda: source.ended)
        while events := source.take(0):
            kept.add(events)
        source.end()
    return kept


def opened(connection: str = "a", time: float = 0.0, **others: object) -> Opened:
    """Make an opening handshake of a client."""
    fields: dict[str, object] = {"side": Side.CLIENT, "url": "ws://h/", **others}
    return Opened(time, connection, **fields)  # type: ignore[arg-type]


def history(*events: Event | FrameRecord) -> History:
    """Keep ``events``; frames alone are of connection "a", one each second from 1."""
    kept = History()
    for number, event in enumerate(events, 1):
        kept.add([capture(float(number), event) if isinstance(event, FrameRecord) else event])
    return kept
