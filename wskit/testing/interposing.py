"""Faults between the two ends of a connection that a test has made."""

from __future__ import annotations

import socket
from collections.abc import Sequence
from typing import TYPE_CHECKING

from ..relaying.relay import Relay
from .faults.fault import Fault, check_faults, stages_of
from .sockets import socket_pair

if TYPE_CHECKING:
    from ..tls import TLSSocket

__all__ = ["interpose", "needs_tcp"]


def needs_tcp(faults: Sequence[Fault]) -> bool:
    """Whether one of ``faults`` does nothing special on a socket pair; TypeError for no faults."""
    check_faults(faults)
    return any(fault.needs_tcp for fault in faults)


def interpose(
    transport: socket.socket | TLSSocket, faults: Sequence[Fault], *, tcp: bool
) -> tuple[socket.socket, Relay]:
    """Return a client's end of a connection that leads through ``faults`` to ``transport``.

    The relay runs and owns ``transport``; the end that is returned is not blocking.
    """
    ours, theirs = socket_pair(tcp=tcp)
    try:
        relay = Relay(theirs, transport, *stages_of(faults))
        relay.start()
    except BaseException:
        for end in (ours, theirs, transport):
            end.close()
        raise
    return ours, relay
