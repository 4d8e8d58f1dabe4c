"""The echo server that Autobahn's fuzzing client tests: prints its URL, runs until stdin ends."""

from __future__ import annotations

import sys

from limits import MAX_FRAGMENTS, MAX_MESSAGE_SIZE

from wskit import Compression, Conn, Handshake, Server, ServerConfig


class Echo:
    """Send back every message as the type it came."""

    def __init__(self, handshake: Handshake, conn: Conn) -> None:
        """Keep the connection."""
        self.conn = conn

    def client_message(self, data: str | bytes) -> None:
        """Answer one message."""
        self.conn.write(data)


def main(*, blocking: bool) -> None:
    """Serve on a free port of 127.0.0.1 until standard input ends."""
    config = ServerConfig(
        port=0,
        max_message_size=MAX_MESSAGE_SIZE,
        max_fragments=MAX_FRAGMENTS,
        compression=Compression(write_threshold=0),
        # The suite compares every frame it receives, and has not asked for a ping.
        ping_interval=None,
        blocking=blocking,
    )
    with Server(Echo, config) as server:
        server.listen_in_new_thread()
        print(f"ws://127.0.0.1:{server.port}", flush=True)
        sys.stdin.read()


if __name__ == "__main__":
    main(blocking=sys.argv[1:] == ["--blocking"])
