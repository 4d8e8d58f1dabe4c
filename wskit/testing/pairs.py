"""A handler under test over a socket pair: the real server, the full handshake, no port."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Sequence
from dataclasses import replace

from .. import fields
from ..errors import HeaderFields
from ..protocol.extensions import Compression
from ..server import Server, ServerConfig, ThreadPoolConfig
from ..timers import Clock
from .clients import open_peer, pair_opening
from .failures import collected
from .faults.fault import Fault
from .interposing import interpose, needs_tcp
from .peer import Peer
from .sockets import socket_pair

__all__ = ["ws_pair"]

# One connection needs one thread.
_CONFIG = ServerConfig(port=None, thread_pool=ThreadPoolConfig(count=1))


def ws_pair(
    Handler: type,
    *,
    app: object = None,
    path: str = "/",
    headers: HeaderFields = (),
    subprotocols: Sequence[str] = (),
    origin: str | None = None,
    compression: Compression | None = None,
    config: ServerConfig | None = None,
    tcp: bool = False,
    faults: Sequence[Fault] = (),
    clock: Clock = time.monotonic,
) -> Peer:
    """Serve one connection with ``Handler`` and return its client's end, a context manager.

    ``app`` goes to the handler, ``config`` to the server (but for address and TLS); the others are
    the client's. Both ends are a socket pair, with ``tcp`` a TCP connection over loopback;
    ``faults`` lie between them. ``clock`` is the server's, such as a ManualClock. A refused
    handshake does not raise: ``expect_rejected``.
    """
    if config is None:
        config = _CONFIG
    else:
        fields.instance("config", config, ServerConfig)
        config = replace(config, port=None, unix_path=None, unix_mode=None, ssl_context=None)
    opening = pair_opening(path, headers, subprotocols, origin, compression)
    with contextlib.ExitStack() as stack:
        failures = stack.enter_context(collected())
        server = Server(Handler, config, clock=clock)
        server.listen_in_new_thread(app)
        stack.callback(server.stop, timeout=1.0)
        tcp, relay = tcp or needs_tcp(faults), None
        ours, theirs = socket_pair(tcp=tcp)
        stack.callback(ours.close)
        server.adopt(theirs)
        if faults:
            ours, relay = interpose(ours, faults, tcp=tcp)
            stack.callback(ours.close)
            stack.callback(relay.finish)
        return open_peer(
            ours,
            opening,
            f"ws://localhost{path}",
            compression,
            failures=failures,
            cleanup=stack.pop_all(),
            relay=relay,
        )
