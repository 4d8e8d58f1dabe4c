"""Nothing was sent: a claim that takes no waiting."""

from __future__ import annotations

from tests.server.adopting import Link
from tests.server.peer import PING, PONG, frame

__all__ = ["nothing_was_sent"]


def nothing_was_sent(link: Link) -> bool:
    """Whether a pong is the first thing that comes."""
    link.peer.send(frame(PING, b"first?"))
    return link.peer.read() == (PONG, b"first?", True, 0)
