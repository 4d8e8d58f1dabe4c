"""An echo server on wskit: `--small-pool N` pools the small buffers, `--blocking` uses threads.

`--inspect` lets an inspector attach.
"""

from __future__ import annotations

import argparse

from wskit import BufferConfig, Conn, Handshake, Server, ServerConfig


class Echo:
    """Send back every message."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        """Keep the connection."""
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        """Take one message, text as str and binary as bytes."""
        self.conn.write(data)


options = argparse.ArgumentParser()
options.add_argument("--small-pool", type=int)
options.add_argument("--blocking", action="store_true")
options.add_argument("--inspect", action="store_true")
chosen = options.parse_args()
config = ServerConfig(
    port=0,
    buffers=BufferConfig(small_pool=chosen.small_pool),
    blocking=chosen.blocking,
)
server = Server(Echo, config, inspect=chosen.inspect)
thread = server.listen_in_new_thread()
print(server.port, flush=True)
thread.join()
