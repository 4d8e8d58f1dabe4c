"""An echo server on wskit: `--small-pool N` pools the small buffers, `--blocking` uses threads.

`--inspect` lets an inspector attach. With `--sleep` a handler sleeps before each answer for the
milliseconds that its path names: `/sleep/10`.
"""

from __future__ import annotations

import argparse
import time

from servers.asked import read_command_line

from wskit import BufferConfig, Compression, Conn, Handshake, Server, ServerConfig


class Echo:
    """Send back every message."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        """Keep the connection."""
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        """Take one message, text as str and binary as bytes."""
        self.conn.write(data)


class Sleep(Echo):
    """Sleep first, as a handler that asks a database does."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        """Keep the connection, and how long to sleep."""
        super().__init__(handshake, conn)
        folder, _, number = handshake.url.rpartition("/")
        self.seconds = int(number) / 1000 if folder == "/sleep" else 0.0

    def client_message(self, data: str | bytes) -> None:
        """Take one message."""
        if self.seconds:
            time.sleep(self.seconds)
        self.conn.write(data)


class Broadcast(Echo):
    """Send every message to all connections."""

    def client_message(self, data: str | bytes) -> None:
        """Take one message."""
        server.broadcast(data)


options = argparse.ArgumentParser()
options.add_argument("--small-pool", type=int)
options.add_argument("--blocking", action="store_true")
options.add_argument("--inspect", action="store_true")
options.add_argument("--sleep", action="store_true")
asked, chosen = read_command_line(options)
config = ServerConfig(
    port=0,
    buffers=BufferConfig(small_pool=chosen.small_pool),
    blocking=chosen.blocking,
    compression=Compression(write_threshold=0) if asked.deflate else None,
    ssl_context=asked.context(),
)
handler = Broadcast if asked.broadcast else Sleep if chosen.sleep else Echo
server = Server(handler, config, inspect=chosen.inspect)
thread = server.listen_in_new_thread()
print(server.port, flush=True)
thread.join()
